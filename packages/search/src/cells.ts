import type { AxisValue, Cell, HyperValue, SweepDefinition } from './sweep.ts';

/**
 * How many cells the sweep has, without making one: the product of its dimensions. Beyond 2^53 it is approximate,
 * which is good enough to refuse it.
 */
export function countCells(sweep: SweepDefinition): number {
  return sweep.dimensions.reduce((product, dimension) => product * dimension.values.length, 1);
}

/**
 * Every cell of the grid once, in listed order: dimensions as the file lists them, later ones vary fastest. Position i
 * of a sweep is the i-th cell, whatever order its runs are trained in (`shuffledOrder`). Lazy: memory of one cell.
 */
export function* cells(sweep: SweepDefinition): Generator<Cell, void, void> {
  const { dimensions, fixed } = sweep;
  const digits = dimensions.map(() => 0);
  for (;;) {
    const axes: Record<string, AxisValue> = { ...fixed };
    const hyper: Record<string, HyperValue> = {};
    let dataset = '';
    let seed = 0;
    for (const [i, dimension] of dimensions.entries()) {
      const digit = digits[i]!;
      if (dimension.kind === 'dataset') dataset = dimension.values[digit]!;
      else if (dimension.kind === 'seed') seed = dimension.values[digit]!;
      else if (dimension.kind === 'hyper') hyper[dimension.name] = dimension.values[digit]!;
      else axes[dimension.name] = dimension.values[digit]!;
    }
    yield { dataset, axes, hyper, seed };
    let i = digits.length - 1;
    while (i >= 0 && digits[i] === dimensions[i]!.values.length - 1) digits[i--] = 0;
    if (i < 0) return;
    digits[i] = digits[i]! + 1;
  }
}
