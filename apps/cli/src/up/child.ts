import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../problem.ts';

const MOST_LOG_BYTES = 10e6;

export interface ChildOptions {
  /** What people call it. */
  name: string;
  /** The script of the process. */
  script: string;
  /** The file of its log; stdout otherwise. */
  log: string | undefined;
  env: Record<string, string>;
}

/**
 * A process of ours. It has a channel to us, and ends by itself when that closes, however we ended. It is in its own process
 * group: Ctrl-C in the terminal reaches us alone, and we stop everything in the right order.
 */
export class Child {
  readonly name: string;
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly #process: ChildProcess;
  readonly #log: string | undefined;
  #ended = false;

  constructor({ name, script, log: path, env }: ChildOptions) {
    this.name = name;
    this.#log = path;
    const log = path === undefined ? 1 : openLog(path);
    const source = script.endsWith('.ts');
    this.#process = fork(script, [], {
      execArgv: source ? ['--import', 'tsx', '--conditions=source'] : [],
      env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', ...env },
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    });
    if (path !== undefined) closeSync(log);
    this.exited = new Promise((done) => {
      this.#process.once('error', () => done(1));
      this.#process.once('exit', (code, signal) => done(signal ?? code ?? 1));
    });
    void this.exited.then(() => {
      this.#ended = true;
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The first message that `wanted` takes; a Problem with the end of its log when it ends before. */
  async message<T>(wanted: (message: unknown) => T | undefined): Promise<T> {
    const said = new Promise<T>((done) => {
      this.#process.on('message', (message) => {
        const found = wanted(message);
        if (found !== undefined) done(found);
      });
    });
    return Promise.race([said, this.exited.then((end): never => this.fail(end))]);
  }

  fail(end: number | string): never {
    if (this.#log === undefined)
      throw new Problem(`The ${this.name} ended with ${end}. What it said of that is in its log on stdout`);
    const last = readFileSync(this.#log, 'utf8').trimEnd().split('\n').slice(-12).join('\n');
    throw new Problem(`${last}\n\nThe ${this.name} ended with ${end}. Its log is ${this.#log}`);
  }

  /** Asks it to stop, and makes it when it has not within `patience` ms. */
  async stop(patience: number): Promise<void> {
    if (this.#ended) return;
    this.#process.kill('SIGTERM');
    if (await Promise.race([this.exited.then(() => true), sleep(patience, false, { ref: false })])) return;
    this.#process.kill('SIGKILL');
    await this.exited;
  }
}

/** Appends; what has become large is put aside once, so that logs never fill a disk. */
export function openLog(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MOST_LOG_BYTES) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}
