import { EVENT_DAYS, type Midway, type PointsSeen, type Snapshot } from '@smallbatch/db';
import { fault } from '../errors.ts';

/** Kept this much shorter than the log itself, so that what a long transaction tells late is still there for an old cursor. */
const MARGIN_HOURS = 1;
const DAY_MS = 86_400_000;

/** What a subscription to events has seen, and when. */
export interface EventsSeen {
  readonly at: number;
  readonly seen: Snapshot;
  readonly midway: Midway | null;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const bad = (cursor: string): Error =>
  fault(
    'BAD_CURSOR',
    `invalid cursor "${cursor.slice(0, 60)}": use one that this subscription sent, for the same key`,
  );

function decode(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw bad(cursor);
  }
}

const whole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= -1;
const UINT8 = /^\d{1,19}$/;

/** As PostgreSQL writes one: "xmin:xmax:xip,…", the numbers rising. Anything else would be its error, and not the client's. */
function isSnapshot(value: unknown): value is Snapshot {
  if (typeof value !== 'string') return false;
  const [min = '', max = '', open, ...rest] = value.split(':');
  if (open === undefined || rest.length > 0) return false;
  const inside = open === '' ? [] : open.split(',');
  const all = [min, ...inside, max];
  if (!all.every((one) => UINT8.test(one))) return false;
  const numbers = all.map(BigInt);
  const rising = numbers.every(
    (one, i) =>
      i === 0 || (i === 1 || i === numbers.length - 1 ? one >= numbers[i - 1]! : one > numbers[i - 1]!),
  );
  return (
    rising &&
    numbers[0]! > 0n &&
    numbers.at(-1)! < 2n ** 63n &&
    (inside.length === 0 || numbers.at(-1)! > numbers.at(-2)!)
  );
}

const isMidway = (value: unknown): value is Midway | null => {
  if (value === null) return true;
  const { upTo, xid, id } = (value ?? {}) as Partial<Midway>;
  return (
    isSnapshot(upTo) &&
    UINT8.test(String(xid)) &&
    typeof xid === 'string' &&
    BigInt(xid) < 2n ** 63n &&
    whole(id)
  );
};

/** `of`: what is watched; a cursor of something else is refused. */
export const encodeEvents = (of: string, { at, seen, midway }: EventsSeen): string =>
  encode(['e', of, at, seen, midway]);

export function decodeEvents(cursor: string, of: string): EventsSeen {
  const value = decode(cursor);
  if (!Array.isArray(value) || value.length !== 5) throw bad(cursor);
  const [kind, whose, at, seen, midway] = value;
  if (kind !== 'e' || whose !== of || !whole(at) || !isSnapshot(seen) || !isMidway(midway)) throw bad(cursor);
  const oldest = Date.now() - EVENT_DAYS * DAY_MS + MARGIN_HOURS * 3_600_000;
  if (at < oldest)
    throw fault(
      'CURSOR_EXPIRED',
      `cursor of ${new Date(at).toISOString()}: events are kept for ${EVENT_DAYS} days, so some since then may be gone. Begin anew without "after"`,
    );
  return { at, seen, midway };
}

/** What a cursor of another database, or of before a restore, gets. */
export const unknownSnapshot = (): Error =>
  fault(
    'BAD_CURSOR',
    'invalid cursor: made by another database, or before this one was restored. Begin anew without "after"',
  );

export const encodePoints = (runId: string, { of, attempt, sequence }: PointsSeen): string =>
  encode(['p', runId, of, attempt, sequence]);

export function decodePoints(cursor: string, runId: string): PointsSeen {
  const value = decode(cursor);
  if (!Array.isArray(value) || value.length !== 5) throw bad(cursor);
  const [kind, id, of, attempt, sequence] = value;
  const fits = [of, attempt, sequence].every((one) => whole(one) && one < 2 ** 31);
  if (kind !== 'p' || id !== runId || !fits) throw bad(cursor);
  return { of, attempt, sequence };
}

/** The place of an event in the list of all. */
export const encodePlace = (xid: string, id: number): string => encode(['a', xid, String(id)]);

export function decodePlace(cursor: string): [xid: string, id: string] {
  const value = decode(cursor);
  const [kind, xid, id] = Array.isArray(value) ? value : [];
  const fits = [xid, id].every(
    (one) => typeof one === 'string' && UINT8.test(one) && BigInt(one) < 2n ** 63n,
  );
  if (kind !== 'a' || !fits) throw bad(cursor);
  return [xid, id];
}
