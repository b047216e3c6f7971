import { shuffledOrder } from './order.ts';
import { splitmix32, streamAt } from './random.ts';
import { sobol } from './sobol.ts';
import type { Cell, Dimension, Range, SweepDefinition } from './sweep.ts';
import { canonical, sameValue } from './values.ts';

/** Combinations up to which a grid with conditions is counted out. */
const COUNTED = 1_000_000;
/** Draws for each cell that is asked for, before a space is taken to have no more. */
const PATIENCE = 64;

/** A search space that has fewer cells than were asked for. */
export class SpaceExhausted extends Error {
  override readonly name = 'SpaceExhausted';
  readonly found: number;
  constructor(asked: number, found: number) {
    super(`the search space gave ${found} different cells in place of ${asked}`);
    this.found = found;
  }
}

/**
 * How many cells the sweep has, without making one: the cells that are drawn, or the product of its directions. With `when`, axes
 * that do not count are taken together; beyond a million combinations these are not counted out, and the product stands.
 * Beyond 2^53 it is approximate, which is good enough to refuse it.
 */
export function countCells(sweep: SweepDefinition): number {
  return sweep.cells ?? gridSize(sweep);
}

/** Cells of the whole grid; infinite with a range. */
export function gridSize(sweep: SweepDefinition): number {
  if (sweep.ranges.length > 0) return Number.POSITIVE_INFINITY;
  const product = combinations(sweep);
  if (sweep.when.length === 0 || product > COUNTED) return product;
  let count = 0;
  for (const _ of places(sweep)) count++;
  return count;
}

function combinations({ dimensions, coupled }: SweepDefinition): number {
  const sizes = [...dimensions.map(({ values }) => values.length), ...coupled.map(({ rows }) => rows)];
  return sizes.reduce((product, size) => product * size, 1);
}

/**
 * Every cell of the sweep once. A grid comes in listed order: dimensions as the file lists them, later ones vary fastest, coupled
 * rows fastest of all. Drawn cells come in the order of the draws, which the search seed alone decides. Position i of a sweep
 * is the i-th cell, whatever order its runs are trained in (`shuffledOrder`). Throws SpaceExhausted.
 */
export function* cells(sweep: SweepDefinition): Generator<Cell, void, void> {
  if (sweep.cells === null) {
    for (const place of places(sweep)) yield cellAt(sweep, place, []);
    return;
  }
  const all = gridSize(sweep);
  if (all < sweep.cells) throw new SpaceExhausted(sweep.cells, all);
  // A small finite space is drawn from without replacement; others by draws that are not yet there.
  if (sweep.strategy !== 'sobol' && all <= COUNTED) yield* withoutReplacement(sweep, all, sweep.cells);
  else yield* distinct(sweep, sweep.cells);
}

function* withoutReplacement(
  sweep: SweepDefinition,
  all: number,
  count: number,
): Generator<Cell, void, void> {
  const drawn = new Map([...shuffledOrder(all, sweep.searchSeed).subarray(0, count)].map((at, i) => [at, i]));
  const found: Cell[] = [];
  let at = 0;
  for (const place of places(sweep)) {
    const index = drawn.get(at++);
    if (index !== undefined) found[index] = cellAt(sweep, place, []);
  }
  yield* found;
}

function* distinct(sweep: SweepDefinition, count: number): Generator<Cell, void, void> {
  const { dimensions, coupled, ranges, searchSeed } = sweep;
  const sizes = [...dimensions.map(({ values }) => values.length), ...coupled.map(({ rows }) => rows)];
  // A direction of one value takes no part in the sequence, so that few directions are left.
  const free = sizes.flatMap((size, i) => (size > 1 ? [i] : []));
  const draw =
    sweep.strategy === 'sobol'
      ? sobol(free.length + ranges.length, splitmix32(searchSeed))
      : (index: number): number[] => {
          const next = streamAt(searchSeed, index);
          return Array.from({ length: free.length + ranges.length }, () => next() / 2 ** 32);
        };
  const seen = new Set<string>();
  for (let index = 0; seen.size < count; index++) {
    if (index > PATIENCE * (count + 64)) throw new SpaceExhausted(count, seen.size);
    const point = draw(index);
    const place = sizes.map(() => 0);
    free.forEach((direction, i) => {
      place[direction] = Math.floor(point[i]! * sizes[direction]!);
    });
    const drawn = ranges.map((range, i) => within(range, point[free.length + i]!));
    const cell = cellAt(sweep, place, drawn);
    const key = canonical(cell);
    if (seen.has(key)) continue;
    seen.add(key);
    yield cell;
  }
}

/** The number at a place u of [0, 1) in a range. */
export function within({ scale, low, high }: Range, u: number): number {
  if (scale === 'integers') return low + Math.floor(u * (high - low + 1));
  if (scale === 'uniform') return Math.min(high, low + u * (high - low));
  return Math.min(high, Math.max(low, low * (high / low) ** u));
}

/** Digits of every cell of the grid, each cell once. */
function* places(sweep: SweepDefinition): Generator<number[], void, void> {
  const { dimensions, coupled } = sweep;
  const sizes = [...dimensions.map(({ values }) => values.length), ...coupled.map(({ rows }) => rows)];
  const digits = sizes.map(() => 0);
  for (;;) {
    if (isFirst(sweep, digits)) yield digits;
    let i = digits.length - 1;
    while (i >= 0 && digits[i] === sizes[i]! - 1) digits[i--] = 0;
    if (i < 0) return;
    digits[i] = digits[i]! + 1;
  }
}

/** Whether these digits are the first of those that make the same cell: an axis that does not count stands at its first value. */
function isFirst(sweep: SweepDefinition, digits: readonly number[]): boolean {
  if (sweep.when.length === 0) return true;
  const counts = counting(sweep, digits);
  return sweep.dimensions.every(({ name }, i) => digits[i] === 0 || counts(name));
}

/** Which axes count, by name. */
function counting(sweep: SweepDefinition, digits: readonly number[]): (name: string) => boolean {
  const settingOf = (name: string): unknown => {
    const at = sweep.dimensions.findIndex((one) => one.name === name);
    if (at >= 0) return sweep.dimensions[at]!.values[digits[at]!];
    for (const [i, { parts }] of sweep.coupled.entries()) {
      const part = parts.find((one) => one.name === name);
      if (part) return part.values[digits[sweep.dimensions.length + i]!];
    }
    return sweep.fixed[name];
  };
  const counts = (name: string): boolean => {
    const condition = sweep.when.find((one) => one.name === name);
    return (
      !condition ||
      condition.on.every(
        (other) =>
          counts(other.name) && other.values.some((value) => sameValue(value, settingOf(other.name))),
      )
    );
  };
  return counts;
}

function cellAt(sweep: SweepDefinition, digits: readonly number[], drawn: readonly number[]): Cell {
  const counts = counting(sweep, digits);
  const cell: Cell = { dataset: '', axes: { ...sweep.fixed }, hyper: {}, seed: 0 };
  const set = (dimension: Dimension, digit: number): void => {
    if (!counts(dimension.name)) return;
    if (dimension.kind === 'dataset') cell.dataset = dimension.values[digit]!;
    else if (dimension.kind === 'seed') cell.seed = dimension.values[digit]!;
    else if (dimension.kind === 'hyper') cell.hyper[dimension.name] = dimension.values[digit]!;
    else cell.axes[dimension.name] = dimension.values[digit]!;
  };
  sweep.dimensions.forEach((dimension, i) => {
    set(dimension, digits[i]!);
  });
  sweep.coupled.forEach(({ parts }, i) => {
    for (const part of parts) set(part, digits[sweep.dimensions.length + i]!);
  });
  sweep.ranges.forEach(({ of, name }, i) => {
    if (counts(name)) (of === 'hyper' ? cell.hyper : cell.axes)[name] = drawn[i]!;
  });
  return cell;
}
