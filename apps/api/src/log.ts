import { AsyncLocalStorage } from 'node:async_hooks';
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import pino, { type DestinationStream, type Logger } from 'pino';

const SECRETS = ['password', 'old', 'secret', 'authorization', 'cookie', 'set-cookie', 'body', 'token'];
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
/** A file of more is put aside, in place of the one before. */
const MOST_BYTES = 10e6;

/** The request that is being answered: everything that is logged meanwhile says its id. */
export const asking = new AsyncLocalStorage<{ readonly requestId: string }>();

/** What LOG_LEVEL says; throws what is wrong with it. */
export function logLevel(given = process.env.LOG_LEVEL): string {
  if (!given) return 'info';
  if (LEVELS.includes(given)) return given;
  throw new Error(`invalid LOG_LEVEL "${given}": one of ${LEVELS.join(', ')}`);
}

/** What a terminal would obey, or show in another order, that JSON leaves as it is: written as JSON writes the others. */
const OBEYED = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const harmless = (to: DestinationStream): DestinationStream => ({
  write: (line) =>
    to.write(line.replace(OBEYED, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)),
});

/** The log of the process, one JSON a line. What could be a secret is left out, wherever in what is logged it stands. */
export const makeLogger = (destination?: DestinationStream): Logger =>
  pino(
    {
      level: logLevel(),
      mixin: () => ({ ...asking.getStore() }),
      redact: ['', '*.', '*.*.', '*.*.*.'].flatMap((place) =>
        SECRETS.map((name) => (name.includes('-') ? `${place.replace(/\.$/, '')}["${name}"]` : place + name)),
      ),
    },
    harmless(destination ?? process.stdout),
  );

/** A log's file, which never fills a disk: what is over 10 MB is put aside as `PATH.1`, once. Nothing written is lost in between. */
export function logFile(path: string, mostBytes = MOST_BYTES): DestinationStream {
  const open = (): number => openSync(path, 'a', 0o600);
  let file = open();
  let bytes = fstatSync(file).size;
  return {
    write(line) {
      if (bytes > mostBytes) {
        closeSync(file);
        renameSync(path, `${path}.1`);
        file = open();
        bytes = 0;
      }
      bytes += writeSync(file, line);
    },
  };
}
