import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseProblem } from '../problem.ts';
import type { Account } from './account.ts';
import { born } from './lock.ts';
import type { Place } from './place.ts';

export interface Postmaster {
  port: number;
  pid: number;
  exited: Promise<string>;
  stop(): Promise<void>;
}

const START_LIMIT = 60_000;

/** What the postmaster writes about itself into postmaster.pid; line 4 is its port, line 8 says `ready` once it takes connections. */
export function readPid(data: string): { pid: number; port: number; status: string } | undefined {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
    const pid = Number(lines[0]);
    return pid > 0 ? { pid, port: Number(lines[3]), status: lines[7]?.trim() ?? '' } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether process `pid` is a postmaster of `data`, and not something else that got its number. */
function isPostmasterOf(pid: number, data: string): boolean {
  if (born(pid) === undefined) return false;
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const place = words[words.indexOf('-D') + 1];
    return /postgres/.test(words[0] ?? '') && place !== undefined && resolve(place) === resolve(data);
  } catch {
    // No /proc: PostgreSQL's own check of shared memory decides when it starts.
    return !existsSync('/proc');
  }
}

async function signalUntilGone(pid: number, signals: [NodeJS.Signals, number][]): Promise<boolean> {
  for (const [signal, milliseconds] of signals) {
    try {
      process.kill(pid, signal);
    } catch {}
    for (const end = Date.now() + milliseconds; Date.now() < end; await sleep(20)) {
      if (born(pid) === undefined) return true;
    }
  }
  return born(pid) === undefined;
}

/** SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one (recovery at the next start), SIGKILL the last resort. */
const STOP: [NodeJS.Signals, number][] = [
  ['SIGINT', 3_000],
  ['SIGQUIT', 1_000],
  ['SIGKILL', 500],
];

/** Ends a postmaster that outlived its keeper (kill -9), and clears a postmaster.pid that nobody owns any more. */
export async function endLeftOver(data: string, onStep: (text: string) => void): Promise<void> {
  const left = readPid(data);
  if (!left) return;
  if (isPostmasterOf(left.pid, data)) {
    onStep(`ending a PostgreSQL left over from a killed start (process ${left.pid})`);
    if (!(await signalUntilGone(left.pid, STOP))) {
      throw new DatabaseProblem(
        'HOME_IN_USE',
        `a PostgreSQL (process ${left.pid}) left over from a killed start does not end: end it by hand`,
      );
    }
  }
  rmSync(join(data, 'postmaster.pid'), { force: true });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function openLog(home: string): { fd: number; path: string; from: number } {
  const path = join(home, 'postgres.log');
  if (existsSync(path) && statSync(path).size > 8 << 20) renameSync(path, `${path}.1`);
  const fd = openSync(path, 'a', 0o600);
  return { fd, path, from: statSync(path).size };
}

/** What PostgreSQL may use of a machine's memory: its own 128 MB would read a large team's indexes from the system again and again. */
function memory(bytes: number): Record<string, string> {
  const megabytes = (part: number): number => Math.floor((bytes * part) / 2 ** 20);
  return {
    shared_buffers: `${Math.max(128, Math.min(1024, megabytes(1 / 16)))}MB`,
    effective_cache_size: `${Math.max(512, megabytes(1 / 2))}MB`,
    work_mem: '32MB',
    maintenance_work_mem: '128MB',
    max_wal_size: '2GB',
  };
}

/** Starts PostgreSQL on loopback only, and resolves when it takes connections. `port` 0 takes a free one. */
export async function startPostmaster(options: {
  home: string;
  place: Place;
  account: Account | undefined;
  port: number;
  settings: Record<string, string>;
}): Promise<Postmaster> {
  const { home, place, account } = options;
  // Another process may take the free port between the look and the start, so try a few.
  for (let tries = 0; ; tries++) {
    const port = options.port || (await freePort());
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      port: String(port),
      timezone: 'UTC',
      log_timezone: 'UTC',
      // Every statement here is short or bound by memory; compiling it costs more than it saves.
      jit: 'off',
      max_connections: '100',
      ...memory(totalmem()),
      log_checkpoints: 'off',
      ...options.settings,
    };
    const log = openLog(home);
    const child = spawn(
      join(place.native, 'bin', 'postgres'),
      ['-D', place.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      {
        ...account,
        cwd: place.base,
        stdio: ['ignore', log.fd, log.fd],
        env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
      },
    );
    closeSync(log.fd);
    let ended: string | undefined;
    const exited = new Promise<string>((resolve) => {
      const end = (text: string) => {
        ended = text;
        resolve(text);
      };
      child.on('error', (error) => end(`PostgreSQL could not be started: ${error.message}`));
      child.on('exit', (code, signal) =>
        end(`PostgreSQL ended unexpectedly (${signal ?? code}); its log is ${log.path}`),
      );
    });
    const limit = Date.now() + START_LIMIT;
    while (ended === undefined && Date.now() < limit) {
      const now = readPid(place.data);
      if (now?.pid === child.pid && now?.status === 'ready') {
        const pid = now!.pid;
        return {
          port,
          pid,
          exited,
          stop: async () => {
            await signalUntilGone(pid, STOP);
          },
        };
      }
      await sleep(20);
    }
    if (ended === undefined && child.pid) await signalUntilGone(child.pid, STOP);
    const said = readFileSync(log.path).subarray(log.from).toString();
    if (/could not bind IPv4 address|Address already in use/.test(said) && !options.port && tries < 5)
      continue;
    throw startProblem(said, home, port, log.path);
  }
}

function startProblem(said: string, home: string, port: number, log: string): DatabaseProblem {
  if (/No space left on device|Disk quota exceeded/.test(said)) {
    return new DatabaseProblem(
      'DISK_FULL',
      `missing disk space for ${home}: free some, or set SMALLBATCH_HOME`,
    );
  }
  if (/Address already in use/.test(said)) {
    return new DatabaseProblem(
      'START_FAILED',
      `port ${port} for PostgreSQL is taken: leave it out to take a free one`,
    );
  }
  if (/has invalid permissions|has wrong ownership|Permission denied/.test(said)) {
    return new DatabaseProblem(
      'HOME_UNUSABLE',
      `invalid permissions of the database in ${home}: it must belong to the user who made it, with mode 0700 (${lastFatal(said)})`,
    );
  }
  return new DatabaseProblem(
    'START_FAILED',
    `PostgreSQL did not start: ${lastFatal(said)}; its log is ${log}`,
  );
}

function lastFatal(said: string): string {
  const lines = said.trim().split('\n');
  const fatal = lines.findLast((line) => /FATAL|PANIC/.test(line)) ?? lines.at(-1) ?? 'no word why';
  return fatal.replace(/^.*?(FATAL|PANIC):\s*/, '');
}
