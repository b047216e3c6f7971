import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TRAINER_VERSION } from '@smallbatch/program';
import type { Measured, Snapshot, Sums } from './training.ts';

/** A run's snapshot on disk, with all points that it had measured until then, so that none is missing where the run goes on. */
export interface Checkpoint {
  readonly snapshot: Snapshot;
  readonly points: readonly (Measured & { readonly wallTime: number })[];
}

/** Kept of each run: the newest, and the one before in case the newest is torn. */
const KEPT = 2;
const MAGIC = 'smallbatch checkpoint 1\n';
const HASH_BYTES = 32;

interface Header {
  readonly run: string;
  readonly trainerVersion: string;
  readonly step: number;
  readonly samplesSeen: number;
  readonly deviceSeconds: number;
  readonly sums: Sums;
  readonly points: Checkpoint['points'];
  readonly tensors: readonly { readonly name: string; readonly length: number }[];
}

const FILE = /^([\w%.~-]+)\.(\d+)\.checkpoint$/;
const fileOf = (run: string, step: number): string => `${encodeURIComponent(run)}.${step}.checkpoint`;

/** JSON keeps no NaN: a run whose loss was not finite has ended, but a measure of it may be. */
const toJson = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? { nonFinite: String(value) } : value;
const fromJson = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'nonFinite' in value ? Number(value.nonFinite) : value;

/** The checkpoints of the runs that this machine (or a folder shared by several) has trained on. */
export class Checkpoints {
  readonly #folder: string;

  constructor(home: string) {
    this.#folder = join(home, 'checkpoints');
  }

  /** Steps at which there are checkpoints, by run, the newest first. Whether one is whole shows when it is read. */
  async list(): Promise<Map<string, number[]>> {
    const found = new Map<string, number[]>();
    for (const name of await readdir(this.#folder).catch(() => [])) {
      const [, run, step] = FILE.exec(name) ?? [];
      if (!run || !step) continue;
      const key = decodeURIComponent(run);
      found.set(
        key,
        [...(found.get(key) ?? []), Number(step)].sort((a, b) => b - a),
      );
    }
    return found;
  }

  /** Writes a checkpoint, whole or not at all, and drops those of the run that are older than the one before. */
  async write(run: string, { snapshot, points }: Checkpoint): Promise<void> {
    const { state, ...rest } = snapshot;
    const header: Header = {
      run,
      trainerVersion: TRAINER_VERSION,
      ...rest,
      points,
      tensors: [...state].map(([name, { length }]) => ({ name, length })),
    };
    const text = Buffer.from(JSON.stringify(header, toJson));
    const size = Buffer.alloc(4);
    size.writeUInt32LE(text.length);
    const parts = [
      Buffer.from(MAGIC),
      size,
      text,
      ...[...state.values()].map(({ buffer, byteOffset, byteLength }) =>
        Buffer.from(buffer, byteOffset, byteLength),
      ),
    ];
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    await mkdir(this.#folder, { recursive: true });
    const target = join(this.#folder, fileOf(run, snapshot.step));
    const draft = `${target}.${randomBytes(6).toString('hex')}.draft`;
    try {
      const file = await open(draft, 'w');
      try {
        await file.writev(parts);
        await file.write(hash.digest());
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    const steps = (await this.list()).get(run) ?? [];
    for (const step of steps.filter((step) => step < snapshot.step).slice(KEPT - 1)) {
      await rm(join(this.#folder, fileOf(run, step)), { force: true });
    }
  }

  /** Reads a checkpoint, or undefined when it is torn, of another version or gone; such a file is removed. */
  async read(run: string, step: number): Promise<Checkpoint | undefined> {
    const path = join(this.#folder, fileOf(run, step));
    const bytes = await readFile(path).catch(() => undefined);
    if (!bytes) return undefined;
    const checkpoint = parse(bytes, run);
    if (!checkpoint) await rm(path, { force: true });
    return checkpoint;
  }

  /** Forgets a run that has ended. */
  async drop(run: string): Promise<void> {
    for (const step of (await this.list()).get(run) ?? []) {
      await rm(join(this.#folder, fileOf(run, step)), { force: true });
    }
  }
}

function parse(bytes: Buffer, run: string): Checkpoint | undefined {
  const end = bytes.length - HASH_BYTES;
  if (end < MAGIC.length + 4 || !bytes.subarray(0, MAGIC.length).equals(Buffer.from(MAGIC))) return undefined;
  if (!createHash('sha256').update(bytes.subarray(0, end)).digest().equals(bytes.subarray(end)))
    return undefined;
  const from = MAGIC.length + 4;
  const length = bytes.readUInt32LE(MAGIC.length);
  const header = JSON.parse(bytes.subarray(from, from + length).toString(), fromJson) as Header;
  if (header.run !== run || header.trainerVersion !== TRAINER_VERSION) return undefined;
  const state = new Map<string, Float32Array>();
  let place = from + length;
  for (const { name, length } of header.tensors) {
    const values = new Float32Array(length);
    Buffer.from(values.buffer).set(bytes.subarray(place, place + 4 * length));
    state.set(name, values);
    place += 4 * length;
  }
  const { step, samplesSeen, deviceSeconds, sums, points } = header;
  return { snapshot: { step, samplesSeen, deviceSeconds, sums, state }, points };
}
