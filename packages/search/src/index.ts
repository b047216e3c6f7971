export { cells, countCells } from './cells.ts';
export { locate } from './locate.ts';
export { shuffledOrder } from './order.ts';
export { parseSweep } from './parse.ts';
export { sweepSchema } from './schema.ts';
export type {
  AxisValue,
  Cell,
  Dimension,
  HyperValue,
  ParsedSweep,
  Problem,
  SweepDefinition,
} from './sweep.ts';
