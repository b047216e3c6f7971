import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DatabaseProblem } from '../problem.ts';
import {
  type BackupEnd,
  type BackupHeader,
  FORMAT,
  type Letter,
  MOST_FRAME_BYTES,
  type SequenceState,
  type TableEnd,
  type TableStart,
} from './format.ts';

/** What a backup consists of, in the order of the file. Everything before an end has been compared with its sum when the end comes. */
export type Part =
  | { readonly kind: 'header'; readonly header: BackupHeader }
  | { readonly kind: 'table'; readonly table: TableStart }
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'tableEnd'; readonly table: TableStart; readonly end: TableEnd }
  | { readonly kind: 'sequences'; readonly sequences: readonly SequenceState[] }
  | { readonly kind: 'end'; readonly end: BackupEnd };

/** What every gzip file begins with. */
const GZIP = Buffer.from([0x1f, 0x8b]);

const count = (value: number): string => value.toLocaleString('en-US');

/**
 * Reads a backup from its beginning. `onBytes` hears how many bytes of the file were read. Throws a DatabaseProblem that names the place
 * where the file ends too early, or is not what was written.
 */
export async function* readBackup(
  file: FileHandle,
  path: string,
  onBytes: (bytes: number) => void = () => {},
): AsyncGenerator<Part> {
  const { size } = await file.stat();
  const gunzip = createGunzip();
  const raw = Readable.from(readAll(file));
  raw.on('error', (error) => gunzip.destroy(error));
  // Whoever takes the next piece is told, if anybody still does.
  gunzip.on('error', () => {});
  const source = new Pieces(raw.pipe(gunzip));
  let table: TableStart | undefined;
  let sum = createHash('sha256');
  let [bytes, tables, rows] = [0, 0, 0];
  const total = createHash('sha256');

  /** Where the reader is, in words. */
  const place = (): string => {
    const within = table ? `in table ${table.name}, after ${count(bytes)} of its bytes, ` : '';
    return `${within}near byte ${count(Math.min(gunzip.bytesWritten, size))} of ${count(size)}`;
  };
  const invalid = (what: string): DatabaseProblem =>
    new DatabaseProblem(
      'INVALID_BACKUP',
      `invalid backup ${path}: ${what}; nothing of it was restored: take another copy of the file, or an older backup`,
    );
  const changed = (why: string) => invalid(`it is not what was written (${why}) ${place()}`);
  const take = async (length: number): Promise<Buffer> => {
    const piece = await source.take(length);
    if (!piece) throw invalid(`it ends too early, ${place()}`);
    return piece;
  };
  const json = <T>(text: Buffer): T => {
    try {
      return JSON.parse(text.toString()) as T;
    } catch {
      throw changed('unreadable JSON');
    }
  };

  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    if (bytesRead === 2 && !buffer.equals(GZIP)) throw invalid('it is no backup of Smallbatch');
    const line = await source.line(MOST_FRAME_BYTES);
    if (!line) throw invalid(`it ends too early, ${place()}`);
    const header = json<BackupHeader>(line);
    if (header?.smallbatch !== 'backup') throw invalid('it is no backup of Smallbatch');
    if (header.format > FORMAT)
      throw new DatabaseProblem(
        'NEWER_BACKUP',
        `unsupported backup ${path} of format ${header.format} (this reads up to ${FORMAT}): Smallbatch ${header.version} wrote it; restore it with that version or newer`,
      );
    total.update(line).update('\n');
    yield { kind: 'header', header };
    for (;;) {
      const head = await take(5);
      const letter = head.toString('latin1', 0, 1) as Letter;
      const length = head.readUInt32BE(1);
      if (length > MOST_FRAME_BYTES || !'TDESZ'.includes(letter)) throw changed('an unknown part');
      const body = await take(length);
      onBytes(gunzip.bytesWritten);
      if (letter === 'D') {
        if (!table) throw changed('data outside of a table');
        sum.update(body);
        bytes += length;
        yield { kind: 'data', bytes: body };
        continue;
      }
      if (letter === 'Z') {
        const end = json<BackupEnd>(body);
        if (end.sha256 !== total.digest('hex') || end.tables !== tables || end.rows !== rows)
          throw changed('the sum of the whole differs');
        // The sum of gzip itself, and what must not follow.
        if (await source.take(1)) throw changed('more follows its end');
        if (gunzip.bytesWritten !== size)
          throw changed(`${count(size - gunzip.bytesWritten)} bytes follow its end`);
        yield { kind: 'end', end };
        return;
      }
      total.update(head).update(body);
      if (letter === 'T') {
        table = json<TableStart>(body);
        sum = createHash('sha256');
        bytes = 0;
        yield { kind: 'table', table };
      } else if (letter === 'E') {
        const end = json<TableEnd>(body);
        if (!table || end.bytes !== bytes || end.sha256 !== sum.digest('hex'))
          throw changed('the sum of the table differs');
        tables++;
        rows += end.rows;
        yield { kind: 'tableEnd', table, end };
        table = undefined;
      } else {
        yield { kind: 'sequences', sequences: json<SequenceState[]>(body) };
      }
    }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (code === 'Z_BUF_ERROR') throw invalid(`it ends too early, ${place()}`);
    if (!code.startsWith('Z_')) throw error;
    throw changed(message);
  } finally {
    raw.destroy();
    gunzip.destroy();
  }
}

/** By position: a stream of a file handle would close it when it is destroyed, and it is read twice. */
async function* readAll(file: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.allocUnsafe(256 << 10), position });
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** A stream of buffers, taken in the lengths that are asked for. */
class Pieces {
  readonly #parts: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(parts: AsyncIterable<Buffer>) {
    this.#parts = parts[Symbol.asyncIterator]();
  }

  /** Exactly `length` bytes; undefined where fewer are left. */
  async take(length: number): Promise<Buffer | undefined> {
    if (this.#held.length < length) {
      const list = [this.#held];
      for (let held = this.#held.length; held < length; ) {
        const { done, value } = await this.#parts.next();
        if (done) return undefined;
        list.push(value);
        held += value.length;
      }
      this.#held = Buffer.concat(list);
    }
    const piece = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return piece;
  }

  /** Up to the next newline, without it; undefined where none comes within `most` bytes. */
  async line(most: number): Promise<Buffer | undefined> {
    while (!this.#held.includes(0x0a)) {
      const { done, value } = await this.#parts.next();
      if (done || this.#held.length > most) return undefined;
      this.#held = Buffer.concat([this.#held, value]);
    }
    const line = await this.take(this.#held.indexOf(0x0a));
    await this.take(1);
    return line;
  }
}
