import { explainApiError } from './api.ts';
import { Problem } from './problem.ts';

/** Says what went wrong: a problem as its message, a bug with its stack. Returns the exit code. */
export function sayFailure(error: unknown): 1 | 2 {
  if (error instanceof Problem) {
    console.error(error.message);
    return error.exitCode;
  }
  console.error(explainApiError(error) ?? (error instanceof Error ? (error.stack ?? error.message) : error));
  return 1;
}
