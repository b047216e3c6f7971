/** The API answered with a fault: its code and message say what to change. */
export class ApiError extends Error {
  readonly code: string;
  /** Whether the same request may fare better later: the fault is the server's (INTERNAL, 429, 5xx). */
  readonly passing: boolean;
  /** Seconds that the server asks to wait. */
  readonly retryAfter: number | undefined;
  constructor(message: string, code: string, passing = code === 'INTERNAL', retryAfter?: number) {
    super(message);
    this.code = code;
    this.passing = passing;
    this.retryAfter = retryAfter;
  }
}

/** The API could not be reached, however often it was tried. */
export class Unreachable extends Error {
  readonly code = 'UNREACHABLE';
  readonly passing = true;
  readonly retryAfter: number | undefined;
  constructor(message: string, retryAfter?: number, options?: ErrorOptions) {
    super(message, options);
    this.retryAfter = retryAfter;
  }
}

/** Whether the same request may fare better later (docs/protocol.md, retries). */
export const isPassing = (error: unknown): boolean =>
  (error instanceof ApiError || error instanceof Unreachable) && error.passing;
