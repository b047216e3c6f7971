/**
 * A backup is one gzip stream: a line of JSON (the header), then frames: one letter, the payload's length (4 bytes, big endian), the
 * payload. For each table T, as many D as it takes, E; then S; then Z, after which nothing comes.
 */

/** What this program writes, and the newest it reads. */
export const FORMAT = 1;

/** No frame is longer, so that a damaged length is not taken for one. */
export const MOST_FRAME_BYTES = 16 << 20;

/** The first line: `zcat FILE | head -1` shows it. */
export interface BackupHeader {
  readonly smallbatch: 'backup';
  readonly format: number;
  /** Of the Smallbatch that wrote it. */
  readonly version: string;
  /** The last migration of the database. */
  readonly migration: string;
  /** Of the server, as PostgreSQL writes it. */
  readonly postgres: string;
  /** Of the snapshot: ISO 8601, UTC. */
  readonly time: string;
  readonly tables: readonly string[];
}

/**
 * T: the next D frames are COPY's binary form of these columns, the same since PostgreSQL 7.4. (Arrays hold the number of their element's
 * type, which each database gives anew to types of ours; servers since 14 overlook it there.)
 */
export interface TableStart {
  readonly name: string;
  readonly columns: readonly string[];
}

/** E: what the D frames were, and their SHA-256. */
export interface TableEnd {
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** One of S: a sequence's state, its number as digits because it may be over 2^53. */
export interface SequenceState {
  readonly name: string;
  readonly last: string;
  readonly called: boolean;
}

/** Z: SHA-256 over the header's line and all frames before but D, which are in by the sums of their E. */
export interface BackupEnd {
  readonly tables: number;
  readonly rows: number;
  readonly sha256: string;
}

export interface Payloads {
  readonly T: TableStart;
  readonly E: TableEnd;
  readonly S: readonly SequenceState[];
  readonly Z: BackupEnd;
}
export type Letter = keyof Payloads | 'D';

export function frameHead(letter: Letter, length: number): Buffer {
  const head = Buffer.alloc(5);
  head.write(letter, 'latin1');
  head.writeUInt32BE(length, 1);
  return head;
}

export function frame<L extends keyof Payloads>(letter: L, payload: Payloads[L]): Buffer {
  const body = Buffer.from(JSON.stringify(payload));
  return Buffer.concat([frameHead(letter, body.length), body]);
}
