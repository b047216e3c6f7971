import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

export type Kind = 'report' | 'finish';

/** A batch or an end. Its text is in memory, or in the spool file from `at`. */
export interface Entry {
  readonly kind: Kind;
  readonly bytes: number;
  readonly text?: string;
  readonly at?: number;
}

/** Seconds that a file is its writer's own after the last sign of life, if a process has the writer's number. */
const SIGN_OF_LIFE = 60;

/** Files that reporters of this process write to. */
const held = new Set<string>();

/** Another process may have removed the folder, empty as it was. */
function open(path: string): number {
  try {
    return openSync(path, 'a+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, 'a+');
  }
}

/**
 * What one attempt has to say and the API has not acknowledged, in order. With a folder it lies in a file there (its texts are
 * not kept in memory too), so that it outlives the process; see docs/protocol.md, the spool.
 */
export class Queue {
  readonly key: string;
  /** Number of the last batch that an earlier process wrote. */
  sequence = 0;
  #entries: Entry[] = [];
  #first = 0;
  #fd: number | undefined;
  #path: string | undefined;
  #size = 0;

  constructor(key: string, folder?: string, path?: string) {
    this.key = key;
    if (folder === undefined) return;
    this.#path = path ?? join(folder, `${encodeURIComponent(key)}.${process.pid}.ndjson`);
    this.#fd = open(this.#path);
    held.add(this.#path);
    this.#load();
  }

  get length(): number {
    return this.#entries.length - this.#first;
  }

  at(place: number): Entry | undefined {
    return this.#entries[this.#first + place];
  }

  textOf({ text, at, bytes }: Entry): string {
    if (text !== undefined) return text;
    const buffer = Buffer.allocUnsafe(bytes);
    let read = 0;
    while (read < bytes) {
      const n = readSync(this.#fd!, buffer, read, bytes - read, at! + read);
      if (n === 0) throw new Error(`the spool file ${this.#path} was cut off by somebody`);
      read += n;
    }
    return buffer.toString();
  }

  /** Appends texts by one write. They are on disk when this returns; where the disk refuses, they stay in memory and it throws. */
  push(kind: Kind, texts: readonly string[]): void {
    if (this.#fd === undefined) {
      for (const text of texts) this.#entries.push({ kind, text, bytes: Buffer.byteLength(text) });
      return;
    }
    try {
      // Another process may have thought this one dead, and have delivered and removed its file.
      if (fstatSync(this.#fd).nlink === 0) this.#renew();
      this.#append(kind, texts);
    } catch (error) {
      for (const text of texts) this.#entries.push({ kind, text, bytes: Buffer.byteLength(text) });
      throw error;
    }
  }

  #append(kind: Kind, texts: readonly string[]): void {
    const lines = Buffer.from(texts.map((text) => `${text}\n`).join(''));
    let written = 0;
    try {
      while (written < lines.length) written += writeSync(this.#fd!, lines, written);
    } catch (error) {
      // Half a line would spoil the next.
      ftruncateSync(this.#fd!, this.#size);
      throw error;
    }
    for (const text of texts) {
      const bytes = Buffer.byteLength(text);
      this.#entries.push({ kind, at: this.#size, bytes });
      this.#size += bytes + 1;
    }
  }

  #renew(): void {
    const old = this.#fd!;
    const left = this.#entries
      .slice(this.#first)
      .map((entry) => ({ kind: entry.kind, text: this.textOf(entry) }));
    this.#fd = open(this.#path!);
    closeSync(old);
    this.#entries = [];
    this.#first = 0;
    this.#size = 0;
    for (const { kind, text } of left) this.#append(kind, [text]);
  }

  /** The first is acknowledged. */
  shift(): void {
    if (this.length === 0) return;
    this.#first++;
    if (this.length === 0) {
      this.#entries = [];
      this.#first = 0;
      this.#size = 0;
      if (this.#fd !== undefined) ftruncateSync(this.#fd, 0);
    } else if (this.#first >= 1024 && this.#first * 2 > this.#entries.length) {
      this.#entries.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** Tells other processes that this one lives. */
  touch(): void {
    if (this.#fd !== undefined) futimesSync(this.#fd, new Date(), new Date());
  }

  /** Ends it; what was not acknowledged stays on disk for the next process. */
  close(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
    held.delete(this.#path!);
    if (this.length === 0) rmSync(this.#path!, { force: true });
  }

  /** Ends it for good. With `keep` the file stays beside for people to look at: → where. */
  remove(keep = false): string | undefined {
    const kept =
      keep && this.#fd !== undefined && existsSync(this.#path!) ? `${this.#path}.refused` : undefined;
    if (kept) renameSync(this.#path!, kept);
    this.#entries = [];
    this.#first = 0;
    this.close();
    return kept;
  }

  /** Finds the lines of a file that was there. A last line that a kill cut off was never promised to anyone. */
  #load(): void {
    const buffer = Buffer.allocUnsafe(1 << 20);
    let head = '';
    let at = 0;
    let last: Entry | undefined;
    let place = 0;
    for (;;) {
      const n = readSync(this.#fd!, buffer, 0, buffer.length, place);
      if (n === 0) break;
      let from = 0;
      for (;;) {
        if (head.length < 10) head += buffer.toString('latin1', from, Math.min(n, from + 10 - head.length));
        const end = buffer.indexOf(10, from);
        if (end < 0 || end >= n) break;
        const bytes = place + end - at;
        const kind = /^\{"(report|finish)"/.exec(head)?.[1] as Kind | undefined;
        if (kind) {
          const entry = { kind, at, bytes };
          this.#entries.push(entry);
          if (kind === 'report') last = entry;
        }
        at = place + end + 1;
        from = end + 1;
        head = '';
      }
      place += n;
    }
    this.#size = at;
    if (at < place) ftruncateSync(this.#fd!, at);
    if (last) this.sequence = Number(JSON.parse(this.textOf(last)).report.sequence);
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Whether a running process still writes to a file: the one that its name says, with a sign of life in the last minute. */
function isWritten(path: string, pid: number): boolean {
  if (pid === 0) return false;
  if (pid === process.pid) return held.has(path);
  return isAlive(pid) && Date.now() - statSync(path).mtimeMs < SIGN_OF_LIFE * 1000;
}

/** Takes over what earlier processes left undelivered in a folder: by renaming, so that one process has each file. */
export function takeOver(folder: string): Queue[] {
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder).flatMap((name) => {
    const [, key, pid = '0'] = /^([^.]+)(?:\.(\d+))?\.ndjson$/.exec(name) ?? [];
    if (key === undefined) return [];
    const path = join(folder, name);
    const mine = join(folder, `${key}.${process.pid}.ndjson`);
    try {
      if (isWritten(path, Number(pid)) || held.has(mine)) return [];
      if (path !== mine) renameSync(path, mine);
    } catch {
      // Another process was first.
      return [];
    }
    const queue = new Queue(decodeURIComponent(key), folder, mine);
    if (queue.length > 0) return [queue];
    queue.remove();
    return [];
  });
}

/** Leaves no empty folder behind. */
export function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It is not empty.
  }
}
