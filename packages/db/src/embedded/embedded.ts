import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { connectionProblem, DatabaseProblem } from '../problem.ts';
import { password } from './initialise.ts';
import type { KeeperMessage, KeeperOptions } from './keeper.ts';

export interface EmbeddedOptions {
  /** Folder of the state (SMALLBATCH_HOME); made if missing. */
  home: string;
  /** Port on loopback; a free one unless given. */
  port?: number;
  /** Hears of each slow step, in words. */
  onStep?: (text: string) => void;
  /** Hears when PostgreSQL ends without having been stopped. */
  onEnd?: (text: string) => void;
  /** Server settings beside the usual ones. */
  settings?: Record<string, string>;
  /** Remove the home when it stops. */
  temporary?: boolean;
}

export interface Embedded {
  /** Of the database `smallbatch`, as its owner. */
  url: string;
  /** Process numbers of the keeper and of PostgreSQL. */
  keeper: number;
  postmaster: number;
  stop(): Promise<void>;
}

/** Of the database of `home`, whose PostgreSQL listens on `port`, with its password. */
export const urlOf = (home: string, port: number): string =>
  `postgresql://postgres:${encodeURIComponent(password(home))}@127.0.0.1:${port}/smallbatch`;

/** From source the keeper runs through tsx, built it is plain JavaScript. */
function forkKeeper(options: KeeperOptions): ChildProcess {
  const here = fileURLToPath(import.meta.url);
  const source = here.endsWith('.ts');
  return fork(resolve(dirname(here), source ? 'keeper.ts' : 'keeper.js'), [JSON.stringify(options)], {
    cwd: dirname(here),
    execArgv: source ? ['--import', 'tsx', '--conditions=source'] : [],
    // Own process group: Ctrl-C in the terminal goes to the parent, which stops its other processes before the database.
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
}

/**
 * Starts the embedded PostgreSQL of `home` (made at the first start) under a keeper process that ends it when this process
 * ends, however that happens. Throws a DatabaseProblem that says in one sentence what is wrong: the home is in use (with the
 * process), not writable, the disk is full, the port is taken.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const home = resolve(options.home);
  try {
    mkdirSync(home, { recursive: true });
  } catch (cause) {
    throw new DatabaseProblem(
      'HOME_UNUSABLE',
      `invalid home ${home} (${(cause as NodeJS.ErrnoException).code}): set SMALLBATCH_HOME or --home to a folder that you may write`,
      { cause },
    );
  }
  const keeper = forkKeeper({
    home,
    port: options.port ?? 0,
    settings: options.settings ?? {},
    temporary: options.temporary ?? false,
  });
  let stopping = false;
  const ended = new Promise<void>((resolve) => keeper.once('exit', () => resolve()));
  const stop = async () => {
    stopping = true;
    keeper.ref();
    if (keeper.connected) keeper.send('stop', () => {});
    await ended;
  };

  const { port, pid } = await new Promise<{ port: number; pid: number }>((resolve, reject) => {
    let fault = 'it ended without a word';
    keeper.on('message', (message: KeeperMessage) => {
      if ('step' in message) options.onStep?.(message.step);
      else if ('ready' in message) resolve(message.ready);
      else if ('problem' in message)
        reject(new DatabaseProblem(message.problem.code, message.problem.message));
      else fault = message.fault;
    });
    keeper.on('error', reject);
    keeper.once('exit', () =>
      reject(new DatabaseProblem('START_FAILED', `PostgreSQL did not start: ${fault}`)),
    );
    keeper.on('exit', () => {
      if (!stopping) options.onEnd?.(fault);
    });
  });
  // The keeper alone must not keep this process alive; it ends when we do.
  keeper.once('exit', () => {
    // A killed keeper leaves its PostgreSQL behind; we are still here to end it.
    if (!stopping) endQuietly(pid);
  });
  keeper.unref();
  keeper.channel?.unref();

  const url = urlOf(home, port);
  try {
    await ensureDatabase(url);
  } catch (error) {
    await stop();
    throw connectionProblem(error, url);
  }
  return { url, keeper: keeper.pid!, postmaster: pid, stop };
}

function endQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGINT');
  } catch {}
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url.replace(/smallbatch$/, 'postgres') });
  await client.connect();
  try {
    const { rowCount } = await client.query(
      "/* databaseExists */ SELECT 1 FROM pg_database WHERE datname = 'smallbatch'",
    );
    if (!rowCount) await client.query('/* createDatabase */ CREATE DATABASE smallbatch');
  } finally {
    await client.end();
  }
}
