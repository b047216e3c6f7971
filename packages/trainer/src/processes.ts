import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';

/** Exit code of a worker's process whose engine needs a new one to go on. */
export const EXHAUSTED = 75;

/** Starts a file beside `from` as a process: compiled beside compiled, source beside source. */
export function forkBeside(name: string, from: string, options: ForkOptions = {}): ChildProcess {
  const source = from.endsWith('.ts');
  const execArgv = source ? ['--import', 'tsx', '--conditions=source'] : [];
  return fork(new URL(`./${name}${source ? '.ts' : '.js'}`, from), { execArgv, ...options });
}

/** Ends this process when its parent is gone, so that no child outlives a parent that was killed. */
export function endWithParent(): void {
  process.on('disconnect', () => process.exit(0));
}
