import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';
import { isBuilt } from '../../../setup/build.mjs';

export const root = resolve(import.meta.dirname, '../../..');

const BUILT = isBuilt();
/** What Node is given to run a process of an app: its build where that is of these sources, else the sources, a second later. */
export const program = (app: 'api' | 'cli'): string[] =>
  BUILT
    ? [join(root, `apps/${app}/dist/main.js`)]
    : ['--import', 'tsx', '--conditions=source', join(root, `apps/${app}/src/main.ts`)];

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  process: ChildProcess;
  /** All that it has said on both streams until now. */
  said(): string;
  /** Waits until it says something that matches. */
  says(pattern: RegExp, patience?: number): Promise<RegExpExecArray>;
  ended: Promise<Ended>;
}

const started: ChildProcess[] = [];
afterAll(() => {
  for (const child of started)
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
});

/** Starts the command line as its own process; killed after the file if it still lives. */
export function start(
  args: readonly string[],
  { env = {}, input }: { env?: NodeJS.ProcessEnv; input?: string } = {},
): Started {
  const {
    SMALLBATCH_URL: _url,
    SMALLBATCH_TOKEN: _token,
    DATABASE_URL: _database,
    ...inherited
  } = process.env;
  const child = spawn(process.execPath, [...program('cli'), ...args], {
    cwd: root,
    env: { ...inherited, npm_execpath: '', ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  started.push(child);
  child.stdin?.end(input);
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((done) => child.once('close', (code) => done({ code, stdout, stderr })));
  const said = () => stdout + stderr;
  const says = async (pattern: RegExp, patience = 60_000) => {
    const until = Date.now() + patience;
    for (;;) {
      const found = pattern.exec(said());
      if (found) return found;
      if (child.exitCode !== null || Date.now() > until)
        throw new Error(`it never said ${pattern}, but:\n${said()}`);
      await new Promise((next) => setTimeout(next, 50));
    }
  };
  return { process: child, said, says, ended };
}

/** Runs the command line to its end. */
export function smallbatch(args: readonly string[], options?: Parameters<typeof start>[1]): Promise<Ended> {
  return start(args, options).ended;
}
