import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const here = import.meta.dirname;

/** Both clients, each by the driver that does tasks with it. */
const COMMANDS = {
  TypeScript: [process.execPath, '--import', 'tsx', '--conditions=source', join(here, 'driver.ts')],
  Python: ['python3', join(here, 'driver.py')],
} as const;
export type Language = keyof typeof COMMANDS;
export const LANGUAGES = Object.keys(COMMANDS) as Language[];

/** Why a client cannot be tried here. */
export const missing: Readonly<Record<Language, string | undefined>> = {
  TypeScript: undefined,
  Python: (() => {
    try {
      execFileSync('python3', ['-c', 'import sys; assert sys.version_info >= (3, 9)'], { stdio: 'ignore' });
      return undefined;
    } catch {
      return 'no python3 of version 3.9 or later on this machine: the Python client was not tried';
    }
  })(),
};

// biome-ignore lint/suspicious/noExplicitAny: a result has the shape of its task, which only the test knows.
type Line = any;

export interface Driver {
  readonly child: ChildProcess;
  send(line: unknown): void;
  /** Waits for the next line. */
  next(): Promise<Line>;
  /** Waits for a task's last line. */
  result(): Promise<{ result?: Line; error?: { code: string; message: string } }>;
  /** What it has said on stderr. */
  stderr(): string;
  /** No more tasks: waits for its end. */
  end(): Promise<void>;
}

/** Starts a driver. The environment names a proxy that nobody answers at: it must not stand between a client and this machine. */
export function startDriver(language: Language, url: string): Driver {
  const [command, ...rest] = COMMANDS[language];
  const nowhere = 'http://127.0.0.1:9';
  const { SMALLBATCH_TOKEN: _token, ...env } = process.env;
  const child = spawn(command!, rest, {
    env: {
      ...env,
      SMALLBATCH_URL: url,
      http_proxy: nowhere,
      HTTP_PROXY: nowhere,
      no_proxy: '',
      NO_PROXY: '',
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const closed = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Line> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the ${language} driver ended without a word:\n${stderr}`);
    return JSON.parse(value);
  };
  return {
    child,
    next,
    send: (line) => child.stdin.write(`${JSON.stringify(line)}\n`),
    async result() {
      for (;;) {
        const line = await next();
        if (typeof line === 'object' && ('result' in line || 'error' in line)) return line;
      }
    },
    stderr: () => stderr,
    async end() {
      child.stdin.end();
      await closed;
    },
  };
}
