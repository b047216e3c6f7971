import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Embedded, type EmbeddedOptions, startEmbedded } from '@smallbatch/db';
import pg from 'pg';
import { afterAll, afterEach, describe, expect, test } from 'vitest';

const homes: string[] = [];
const running: Embedded[] = [];
const starters: ChildProcess[] = [];
const root = process.getuid?.() === 0;

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'smallbatch-home-'));
  homes.push(home);
  return home;
}

async function start(home: string, options: Partial<EmbeddedOptions> = {}): Promise<Embedded> {
  const embedded = await startEmbedded({ home, settings: { fsync: 'off' }, ...options });
  running.push(embedded);
  return embedded;
}

async function startElsewhere(
  home: string,
): Promise<{ starter: ChildProcess; url: string; keeper: number; postmaster: number }> {
  const script = join(import.meta.dirname, 'starter.mts');
  const starter = spawn(process.execPath, ['--import', 'tsx', '--conditions=source', script, home], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  starters.push(starter);
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    starter.stdout!.on('data', (part: Buffer) => {
      text += part.toString();
      if (text.includes('\n')) resolve(text);
    });
    starter.once('exit', (code) => reject(new Error(`the starter ended with ${code}`)));
  });
  return { starter, ...JSON.parse(line) };
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return !existsSync('/proc');
  }
}

async function gone(pids: number[], milliseconds: number): Promise<void> {
  for (const end = Date.now() + milliseconds; Date.now() < end && pids.some(alive); ) await sleep(50);
  expect(pids.filter(alive)).toEqual([]);
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

afterEach(async () => {
  for (const starter of starters.splice(0)) starter.kill('SIGKILL');
  await Promise.all(running.splice(0).map((embedded) => embedded.stop()));
});
afterAll(() => {
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

describe('the embedded PostgreSQL', () => {
  test('keeps its data from one start to the next, listens on loopback only, and leaves no process', async () => {
    const home = newHome();
    const first = await start(home);
    await query(first.url, "CREATE TABLE kept AS SELECT 'ä' AS text");
    expect(await query(first.url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(statSync(join(home, 'postgres.password')).mode & 0o777).toBe(0o600);
    await expect(
      query(first.url.replace(/postgres:[^@]*@/, 'postgres:guess@'), 'SELECT 1'),
    ).rejects.toMatchObject({ code: '28P01' });
    await first.stop();
    await gone([first.keeper, first.postmaster], 0);

    const second = await start(home);
    expect(await query(second.url, 'SELECT text FROM kept')).toEqual([{ text: 'ä' }]);
    const [encoding] = await query(
      second.url,
      "SELECT current_setting('server_encoding') AS encoding, datcollate FROM pg_database WHERE datname = current_database()",
    );
    expect(encoding).toEqual({ encoding: 'UTF8', datcollate: 'C' });
  });

  test('ends within five seconds when its parent is killed, and the next start goes on by itself', async () => {
    const home = newHome();
    const { starter, url, keeper, postmaster } = await startElsewhere(home);
    await query(url, 'CREATE TABLE kept AS SELECT 1 AS one');
    starter.kill('SIGKILL');
    await gone([keeper, postmaster], 5000);
    expect(existsSync(join(home, 'postgres.lock'))).toBe(false);
    expect(await query((await start(home)).url, 'SELECT * FROM kept')).toEqual([{ one: 1 }]);
  });

  test('is ended by its parent when the keeper between them is killed', async () => {
    const home = newHome();
    let end = '';
    const { keeper, postmaster } = await start(home, { onEnd: (text) => (end = text) });
    process.kill(keeper, 'SIGKILL');
    await gone([keeper, postmaster], 5000);
    expect(end).not.toBe('');
  });

  test('that lost parent and keeper at once is ended by the next start, which has all its data', async () => {
    const home = newHome();
    const { starter, url, keeper, postmaster } = await startElsewhere(home);
    await query(url, 'CREATE TABLE kept AS SELECT 1 AS one');
    process.kill(keeper, 'SIGSTOP');
    starter.kill('SIGKILL');
    process.kill(keeper, 'SIGKILL');
    await gone([keeper], 2000);
    expect(alive(postmaster)).toBe(true);
    const steps: string[] = [];
    const next = await start(home, { onStep: (text) => steps.push(text) });
    expect(steps.join()).toContain(`process ${postmaster}`);
    await gone([postmaster], 0);
    expect(await query(next.url, 'SELECT * FROM kept')).toEqual([{ one: 1 }]);
  });

  test('says when it ends unexpectedly', async () => {
    const ended = new Promise<string>(
      (resolve) =>
        void start(newHome(), { onEnd: resolve }).then(({ postmaster }) =>
          process.kill(postmaster, 'SIGKILL'),
        ),
    );
    expect(await ended).toContain('PostgreSQL ended unexpectedly (SIGKILL)');
  });

  test('starts over a postmaster.pid whose number belongs to another process by now', async () => {
    const home = newHome();
    await (await start(home)).stop();
    writeFileSync(
      join(home, 'postgres/postmaster.pid'),
      `${process.pid}\n${home}/postgres\n1\n5432\n\n127.0.0.1\n\nready\n`,
    );
    expect(await query((await start(home)).url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('starts over the remains of a killed initdb', async () => {
    const home = newHome();
    mkdirSync(join(home, 'postgres.new/base'), { recursive: true });
    writeFileSync(join(home, 'postgres.new/PG_VERSION'), '18');
    expect(await query((await start(home)).url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(existsSync(join(home, 'postgres.new'))).toBe(false);
  });
});

describe('a home', () => {
  test('takes one start at a time; the second is told by which process', async () => {
    const home = newHome();
    const results = await Promise.allSettled([start(home), start(home), start(home)]);
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    const [taken] = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(refused.length).toBe(2);
    for (const error of refused) {
      expect(error).toMatchObject({ name: 'DatabaseProblem', code: 'HOME_IN_USE' });
      expect(error.message).toContain(home);
      expect(error.message).toContain(`process ${taken!.keeper}`);
    }
  });

  test.each([
    ['of a process that is gone', () => ({ pid: 2 ** 22 + 1, born: '1' })],
    ['of a number that another process got later', () => ({ pid: process.pid, born: '1' })],
  ])('with a stale lock %s is taken over', async (_, holder) => {
    const home = newHome();
    writeFileSync(join(home, 'postgres.lock'), JSON.stringify(holder()));
    expect(await query((await start(home)).url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('that cannot be made is named, with the way out', async () => {
    const file = join(newHome(), 'file');
    writeFileSync(file, '');
    await expect(start(join(file, 'home'))).rejects.toMatchObject({
      code: 'HOME_UNUSABLE',
      message: expect.stringContaining('set SMALLBATCH_HOME'),
    });
  });

  test('whose database everyone may read is refused with what to correct', async () => {
    const home = newHome();
    await (await start(home)).stop();
    chmodSync(join(home, 'postgres'), 0o777);
    await expect(start(home)).rejects.toMatchObject({
      code: 'HOME_UNUSABLE',
      message: expect.stringContaining('0700'),
    });
  });

  test('with a port that is taken is told so', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await expect(start(newHome(), { port })).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringContaining(`port ${port}`),
    });
    server.close();
  });

  test('on a full disk is told so, and can be started once there is room', async ({ skip }) => {
    const home = newHome();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', home], { stdio: 'pipe' });
    } catch {
      skip('a small file system needs root and mount');
    }
    try {
      await expect(start(home)).rejects.toMatchObject({
        code: 'DISK_FULL',
        message: expect.stringContaining(home),
      });
      execFileSync('mount', ['-o', 'remount,size=256m', home]);
      expect(await query((await start(home)).url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await Promise.all(running.splice(0).map((embedded) => embedded.stop()));
    } finally {
      execFileSync('umount', ['-l', home]);
    }
  });

  test('that only root may enter has its database in /var/lib/smallbatch (only as root)', async ({
    skip,
  }) => {
    skip(!root, 'only root has such a folder');
    const closed = newHome();
    const home = join(closed, 'home');
    mkdirSync(home);
    const elsewhere = join(
      '/var/lib/smallbatch',
      createHash('sha256').update(home).digest('hex').slice(0, 12),
    );
    try {
      const first = await start(home);
      await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS one');
      expect(existsSync(join(elsewhere, 'postgres/PG_VERSION'))).toBe(true);
      expect(statSync(closed).mode & 0o777).toBe(0o700);
      await first.stop();
      expect(await query((await start(home)).url, 'SELECT * FROM kept')).toEqual([{ one: 1 }]);
      await Promise.all(running.splice(0).map((embedded) => embedded.stop()));
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });
});
