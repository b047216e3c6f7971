import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError } from './db.ts';
import type { KeeperOrder, KeeperReply } from './keeper.ts';

export interface Embedded {
  readonly url: string;
  stop(): Promise<void>;
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** A postmaster that outlived its keeper is asked to stop, then made to, before its folder is used again. */
async function stopLeftover(folder: string): Promise<void> {
  const text = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  if (!pid || !alive(pid)) return;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => 'postgres');
  if (!command.includes('postgres')) return;
  for (const [signal, seconds] of [['SIGINT', 10], ['SIGQUIT', 5]] as const) {
    process.kill(pid, signal);
    for (let i = 0; i < seconds * 20 && alive(pid); i++) await sleep(50);
    if (!alive(pid)) return;
  }
  throw new DatabaseError(`a PostgreSQL of an earlier start (process ${pid}) does not stop: end it by hand and start again.`);
}

/** As root, PostgreSQL runs as the user "postgres", who has to be able to enter every folder above its files. */
async function checkReachable(folder: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  for (let path = folder; path !== dirname(path); path = dirname(path)) {
    const mode = await stat(path).then(({ mode }) => mode, () => undefined);
    if (mode !== undefined && (mode & 0o001) === 0) {
      throw new DatabaseError(`PostgreSQL does not run as root, and its user cannot enter ${path}: move the checkout or --home elsewhere, run "chmod o+x ${path}", or start as another user.`);
    }
  }
}

/**
 * Starts the PostgreSQL that comes with the npm packages, on a free port of the loopback interface, its data in
 * `home`/postgres. Only one start at a time may use a home.
 */
export async function startEmbedded({ home }: { home: string }): Promise<Embedded> {
  const folder = join(home, 'postgres');
  await mkdir(home, { recursive: true }).catch((error: Error) => {
    throw new DatabaseError(`cannot create ${home}: ${error.message}`);
  });
  // The home is ours: as root it is opened just enough for the user of PostgreSQL to walk through.
  if (process.getuid?.() === 0) await chmod(home, ((await stat(home)).mode & 0o777) | 0o011);
  await checkReachable(home);
  await checkReachable(new URL('.', import.meta.url).pathname);
  const lock = join(home, 'postgres.lock');
  await takeLock(lock, home);
  try {
    await stopLeftover(folder);
    const passwordFile = join(home, 'postgres.password');
    const fresh = !existsSync(join(folder, 'PG_VERSION'));
    if (fresh) await rm(folder, { recursive: true, force: true });
    if (!existsSync(passwordFile)) {
      await writeFile(`${passwordFile}.new`, randomBytes(24).toString('base64url'), { mode: 0o600 });
      await rename(`${passwordFile}.new`, passwordFile);
    }
    const password = await readFile(passwordFile, 'utf8');
    const port = await freePort();
    const source = import.meta.url.endsWith('.ts');
    const keeper = fork(new URL(source ? './keeper.ts' : './keeper.js', import.meta.url), {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: source ? ['--import', 'tsx'] : [],
    });
    const ended = new Promise<void>((resolve) => keeper.once('exit', () => resolve()));
    keeper.send({ folder, port, password, fresh } satisfies KeeperOrder);
    const reply = await Promise.race([
      new Promise<KeeperReply>((resolve) => keeper.once('message', (message) => resolve(message as KeeperReply))),
      ended.then((): KeeperReply => ({ failed: 'its process ended' })),
    ]);
    if ('failed' in reply) {
      const full = /No space left/i.test(reply.failed) ? ` The disk under ${home} is full.` : '';
      throw new DatabaseError(`the embedded PostgreSQL does not start: ${reply.failed}.${full}`);
    }
    keeper.unref();
    keeper.channel?.unref?.();
    return {
      url: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`,
      async stop() {
        if (keeper.connected) keeper.send('stop');
        await ended;
        await rm(lock, { force: true });
      },
    };
  } catch (error) {
    await rm(lock, { force: true });
    throw error;
  }
}

async function takeLock(lock: string, home: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw new DatabaseError(`cannot write to ${home}: ${(error as Error).message}`);
      const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
      if (holder && holder !== process.pid && alive(holder)) {
        throw new DatabaseError(`${home} is in use by process ${holder}: stop that one, or give another folder with --home.`);
      }
      await rm(lock, { force: true });
    }
  }
  throw new DatabaseError(`cannot lock ${lock}: remove it and start again.`);
}
