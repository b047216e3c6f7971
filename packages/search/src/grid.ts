import type { SweepDefinition } from './sweep.ts';

/** One place of a sweep's list, before the trainer's rules have filled in its defaults. */
export interface Cell {
  readonly dataset: string;
  readonly axes: Readonly<Record<string, unknown>>;
  readonly hyper: Readonly<Record<string, string | number | boolean>>;
  readonly seed: number;
}

/** Number of cells, without writing them down. */
export const countCells = (sweep: SweepDefinition): number =>
  sweep.axes.reduce((product, { values }) => product * values.length, sweep.datasets.length);

/** All cells in listed order: data sets slowest, then the axes as the file has them, the last fastest. */
export function* cells(sweep: SweepDefinition): Generator<Cell> {
  const total = countCells(sweep);
  const fastestFirst = sweep.axes.toReversed();
  for (let index = 0; index < total; index++) {
    const axes: Record<string, unknown> = { ...sweep.fixed };
    const hyper: Record<string, string | number | boolean> = {};
    let rest = index;
    for (const { name, hyper: free, values } of fastestFirst) {
      const value = values[rest % values.length];
      rest = Math.floor(rest / values.length);
      if (free) hyper[name] = value as string | number | boolean;
      else axes[name] = value;
    }
    const { seed = 0, ...others } = axes;
    yield { dataset: sweep.datasets[rest]!, axes: others, hyper, seed: seed as number };
  }
}

/** 32 mixed bits of a counter (the finaliser of MurmurHash3): enough to shuffle a list by, and the same everywhere. */
function mix(counter: number, seed: number): number {
  let h = Math.imul(counter ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(seed + 1, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The order in which cells are trained: position → rank. Shuffled, so that an early overview of the whole grid exists. */
export function ranks(n: number, order: SweepDefinition['order'], seed: number): Uint32Array {
  const rank = Uint32Array.from({ length: n }, (_, i) => i);
  if (order === 'listed') return rank;
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor((mix(i, seed) / 2 ** 32) * (i + 1));
    const taken = rank[j]!;
    rank[j] = rank[i]!;
    rank[i] = taken;
  }
  return rank;
}
