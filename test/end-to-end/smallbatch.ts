import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const main = join(import.meta.dirname, '../../apps/cli/dist/main.js');
const run = promisify(execFile);

export interface Installation {
  readonly url: string;
  readonly home: string;
  /** Of `smallbatch up`, whose children API and dashboard are. */
  readonly pid: number;
  /** Runs the command line to its end and returns what it prints. */
  smallbatch(...args: string[]): Promise<string>;
  ask<T>(query: string, variables?: object): Promise<T>;
  /** A process of workers that trains until it is stopped, or there is nothing left. */
  worker(...flags: string[]): { readonly ended: Promise<number | null>; stop(): void };
  stop(): Promise<void>;
}

/** `smallbatch up` on a home of its own: embedded PostgreSQL, API and dashboard; workers only when asked for. */
export const startUp = (...flags: string[]): Promise<Installation> => startUpOn(undefined, ...flags);

/** The same on a database that is there. */
export async function startUpOn(databaseUrl: string | undefined, ...flags: string[]): Promise<Installation> {
  const home = mkdtempSync(join(tmpdir(), 'smallbatch-e2e-'));
  const child: ChildProcess = spawn(process.execPath, [main, 'up', '--home', home, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}) },
  });
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      said += chunk;
      const at = /Smallbatch is at (http:\/\/\S+)/.exec(said);
      if (at) resolve(at[1]!);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`smallbatch up ended with ${code}:\n${said}`)));
  });
  const env = { ...process.env, SMALLBATCH_URL: url, SMALLBATCH_HOME: home };
  return {
    url,
    home,
    pid: child.pid!,
    async smallbatch(...args) {
      const { stdout } = await run(process.execPath, [main, ...args], { env, maxBuffer: 1e8 });
      return stdout;
    },
    worker(...flags) {
      const worker = spawn(process.execPath, [main, 'worker', ...flags], { env, stdio: 'ignore' });
      const ended = new Promise<number | null>((resolve) => worker.once('exit', resolve));
      return { ended, stop: () => void worker.kill('SIGINT') };
    },
    async ask(query, variables = {}) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      const { data, errors } = (await response.json()) as { data: never; errors?: { message: string }[] };
      if (errors) throw new Error(errors[0]!.message);
      return data;
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await ended;
      rmSync(home, { recursive: true, force: true });
    },
  };
}
