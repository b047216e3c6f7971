/** The settings of a sweep file as cells, published experiments as sweep files, and which runs of a sweep are stopped early. Pure: runs anywhere. */
export { cells, countCells, gridSize, SpaceExhausted } from './cells.ts';
export { locate } from './locate.ts';
export { shuffledOrder } from './order.ts';
export { parseSweep } from './parse.ts';
export * from './presets/index.ts';
export { streamAt } from './random.ts';
export { sweepSchema } from './schema.ts';
export { MEASURES } from './search-keys.ts';
export { SOBOL_DIRECTIONS, sobol } from './sobol.ts';
export { goesOn, isBelowMedian, rungs } from './stopping.ts';
export type {
  AxisValue,
  Cell,
  Dimension,
  EarlyStopping,
  HyperValue,
  ParsedSweep,
  Problem,
  SweepDefinition,
} from './sweep.ts';
