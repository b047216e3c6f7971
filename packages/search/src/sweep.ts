/** A value of an axis: a scalar, or for axes such as `schedule` a flat object that the axis' own rules read. */
export type AxisValue = number | string | boolean | null | { readonly [key: string]: unknown };

/** A value of a typed free parameter. */
export type HyperValue = number | string | boolean;

/**
 * One direction of the grid. `kind` says where a cell carries it; `path` is where the sweep file states it, and `list`
 * is true where the value at index i stands at `[...path, i]` (a scalar or a range stands at `path` itself).
 */
export type Dimension = { readonly path: readonly string[]; readonly list: boolean } & (
  | { readonly kind: 'dataset'; readonly name: 'dataset'; readonly values: readonly string[] }
  | { readonly kind: 'axis'; readonly name: string; readonly values: readonly AxisValue[] }
  | { readonly kind: 'hyper'; readonly name: string; readonly values: readonly HyperValue[] }
  | { readonly kind: 'seed'; readonly name: 'seed'; readonly values: readonly number[] }
);

/** Axes, params or the seed whose values go together row by row: one direction of the grid. */
export interface Coupled {
  /** Each with as many values as there are rows. */
  readonly parts: readonly Dimension[];
  readonly rows: number;
}

/** An interval that a search draws from: evenly, evenly in the logarithm, or whole numbers with both ends. */
export interface Range {
  readonly of: 'axis' | 'hyper';
  readonly name: string;
  readonly path: readonly string[];
  readonly scale: 'uniform' | 'logUniform' | 'integers';
  readonly low: number;
  readonly high: number;
}

/** An axis or param that counts only where all of these hold; elsewhere it has its default, and its values are one cell. */
export interface Condition {
  readonly name: string;
  readonly on: readonly { readonly name: string; readonly values: readonly AxisValue[] }[];
}

/** Metrics by which runs are stopped early. */
export const STOP_METRICS = {
  test_accuracy: 'maximise',
  test_loss: 'minimise',
  train_accuracy: 'maximise',
  train_loss: 'minimise',
} as const;
export type StopMetric = keyof typeof STOP_METRICS;

/** How runs of a sweep are stopped early by what others of it have reached. */
export type EarlyStopping =
  | {
      readonly kind: 'halving';
      readonly metric: StopMetric;
      /** One of this many goes on at a rung. */
      readonly eta: number;
      /** Epochs of the first rung; the next are η times as far each. */
      readonly from: number;
    }
  | {
      readonly kind: 'median';
      readonly metric: StopMetric;
      /** Epochs that every run gets. */
      readonly after: number;
      /** Runs that must have got as far before one is stopped. */
      readonly least: number;
    };

export const STRATEGIES = ['grid', 'random', 'sobol', 'halving'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** A sweep file after parseSweep: every default filled in, every list written out. */
export interface SweepDefinition {
  readonly name: string;
  /** In listed order: data set, model, the file's axes, hyper params, and the seed last where the file names none. */
  readonly dimensions: readonly Dimension[];
  /** Vary fastest, after the dimensions. */
  readonly coupled: readonly Coupled[];
  readonly ranges: readonly Range[];
  readonly when: readonly Condition[];
  /** Settings that every cell has, by axis name. Never the seed, and never an axis of `dimensions`. */
  readonly fixed: Readonly<Record<string, AxisValue>>;
  readonly strategy: Strategy;
  /** Cells that are drawn; null for every cell of the grid. */
  readonly cells: number | null;
  /** Of what is drawn. */
  readonly searchSeed: number;
  readonly stopping: EarlyStopping | null;
  /** Names of what is measured besides, once an epoch. */
  readonly measures: readonly string[];
  readonly order: 'shuffled' | 'listed';
  readonly orderSeed: number;
  readonly reuse: boolean;
}

/** One thing wrong with a sweep file: where (keys and list indices from its top), which value, what is allowed there. */
export interface Problem {
  path: (string | number)[];
  value: unknown;
  message: string;
  allowed: string;
}

export type ParsedSweep = { ok: true; sweep: SweepDefinition } | { ok: false; problems: Problem[] };

/** One point of the search space. `axes` holds the model, the fixed settings and the axes' values, as checkAxes takes them. */
export interface Cell {
  dataset: string;
  axes: Record<string, AxisValue>;
  hyper: Record<string, HyperValue>;
  seed: number;
}
