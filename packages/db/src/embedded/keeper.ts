/**
 * The process that owns an embedded PostgreSQL. It is started by startEmbedded with a channel to its parent; when the channel
 * closes, however the parent died, it stops PostgreSQL and ends, so that nothing lives on. It holds the lock of the home.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseProblem } from '../problem.ts';
import { serverAccount } from './account.ts';
import { prepareBinaries } from './binaries.ts';
import { initialise } from './initialise.ts';
import { takeLock } from './lock.ts';
import { findPlace } from './place.ts';
import { endLeftOver, type Postmaster, startPostmaster } from './postmaster.ts';

export interface KeeperOptions {
  home: string;
  port: number;
  settings: Record<string, string>;
  /** Remove the home at the end (tests). */
  temporary: boolean;
}

export type KeeperMessage =
  | { step: string }
  | { ready: { port: number; pid: number } }
  | { problem: { code: DatabaseProblem['code']; message: string } }
  | { fault: string };

const options = JSON.parse(process.argv[2] ?? '{}') as KeeperOptions;
let unlock: (() => void) | undefined;
let postmaster: Postmaster | undefined;
let ending = false;

function say(message: KeeperMessage): void {
  if (process.connected) process.send?.(message);
}

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  await postmaster?.stop();
  unlock?.();
  if (options.temporary) rmSync(options.home, { recursive: true, force: true });
  process.exit(0);
}

async function start(): Promise<void> {
  unlock = takeLock(join(options.home, 'postgres.lock'), options.home);
  const account = serverAccount();
  const place = findPlace(options.home, prepareBinaries(), account);
  await endLeftOver(place.data, (step) => say({ step }));
  await initialise(options.home, place, account, (step) => say({ step }));
  if (ending) return;
  postmaster = await startPostmaster({
    home: options.home,
    place,
    account,
    port: options.port,
    settings: options.settings,
  });
  if (ending) return void (await postmaster.stop());
  postmaster.exited.then((text) => {
    if (ending) return;
    say({ fault: text });
    unlock?.();
    process.exit(1);
  });
  say({ ready: { port: postmaster.port, pid: postmaster.pid } });
}

process.on('disconnect', end);
process.on('SIGTERM', end);
process.on('SIGINT', end);
process.on('message', (message) => {
  if (message === 'stop') void end();
});
if (!process.connected) process.exit(0);

start().catch((error: unknown) => {
  if (error instanceof DatabaseProblem) say({ problem: { code: error.code, message: error.message } });
  else {
    const { code } = error as NodeJS.ErrnoException;
    const message = (error as Error).message;
    if (code === 'ENOSPC' || code === 'EDQUOT')
      say({
        problem: {
          code: 'DISK_FULL',
          message: `missing disk space for ${options.home}: free some, or set SMALLBATCH_HOME`,
        },
      });
    else if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
      say({
        problem: {
          code: 'HOME_UNUSABLE',
          message: `invalid permissions in ${options.home} (${message}): correct them, or set SMALLBATCH_HOME to a folder of your own`,
        },
      });
    else say({ fault: (error as Error).stack ?? message });
  }
  void end();
});
