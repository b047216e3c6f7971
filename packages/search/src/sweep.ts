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

/** A sweep file after parseSweep: every default filled in, every range a list. */
export interface SweepDefinition {
  readonly name: string;
  /** In listed order: data set, model, the file's axes, hyper params, and the seed last where the file names none. */
  readonly dimensions: readonly Dimension[];
  /** Settings that every cell has, by axis name. Never the seed, and never an axis of `dimensions`. */
  readonly fixed: Readonly<Record<string, AxisValue>>;
  readonly strategy: 'grid';
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

/** One point of the grid. `axes` holds the model, the fixed settings and the axes' values, as checkAxes takes them. */
export interface Cell {
  dataset: string;
  axes: Record<string, AxisValue>;
  hyper: Record<string, HyperValue>;
  seed: number;
}
