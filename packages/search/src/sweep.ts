/** A sweep file: what is varied, what is fixed, over which data sets, in which order. Pure: knows no axis by name but `seed`. */

/** One thing wrong with an input: where, which value, and what is allowed there. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  readonly message: string;
  readonly allowed: string;
}

export interface Axis {
  readonly name: string;
  /** A free parameter, part of the configuration but unknown to the trainer. */
  readonly hyper: boolean;
  readonly values: readonly unknown[];
}

export interface SweepDefinition {
  readonly name: string;
  readonly datasets: readonly string[];
  /** In the order of the file, the last varying fastest. `model`, free parameters and `seed` are among them. */
  readonly axes: readonly Axis[];
  readonly fixed: Readonly<Record<string, unknown>>;
  readonly order: 'shuffled' | 'listed';
  readonly orderSeed: number;
  readonly reuse: boolean;
}

type Parsed = { ok: true; sweep: SweepDefinition } | { ok: false; problems: Problem[] };
type Path = (string | number)[];
type Bad = (path: Path, value: unknown, message: string, allowed: string) => void;

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,79}$/u;
const NAMES = 'up to 80 letters, digits, spaces, ".", "_" or "-", beginning with a letter or digit';
const FIELDS = ['name', 'dataset', 'model', 'axes', 'fixed', 'hyper', 'strategy', 'order', 'orderSeed', 'reuse'];
const STRATEGIES = ['grid', 'random', 'sobol', 'halving'];
const MAX_VALUES = 10_000;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Letters to change, add or take away to get from one word to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1]!.toLowerCase() === b[j - 1]!.toLowerCase() ? 0 : 1;
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + change));
    }
    row = next;
  }
  return row[b.length]!;
}

/** "unknown axis …", with the known name that was probably meant. */
function unknownName(kind: string, name: string, known: readonly string[]): string {
  const short = name.slice(0, 60);
  const [nearest] = [...known].sort((a, b) => distance(short, a) - distance(short, b));
  const close = nearest && distance(short, nearest) <= Math.max(2, nearest.length / 3);
  return `unknown ${kind} "${short}"${close ? `; did you mean "${nearest}"?` : ''}`;
}

function powersOfTwo(path: Path, given: Record<string, unknown>, bad: Bad): number[] {
  const range = given.powersOfTwo;
  const [low, high] = Array.isArray(range) ? (range as unknown[]) : [];
  const fits = (n: unknown): n is number => Number.isInteger(n) && Math.abs(n as number) <= 64;
  const alone = Object.keys(given).length === 1;
  if (!Array.isArray(range) || range.length !== 2 || !fits(low) || !fits(high) || low > high || !alone) {
    const allowed = '[low, high]: two whole exponents from −64 to 64, low first';
    bad([...path, 'powersOfTwo'], range, 'invalid powersOfTwo', allowed);
    return [];
  }
  return Array.from({ length: high - low + 1 }, (_, i) => 2 ** (low + i));
}

/** The values of one axis: a list, a range of powers of two, or one value. */
function expand(path: Path, given: unknown, hyper: boolean, bad: Bad): unknown[] {
  if (isRecord(given) && 'powersOfTwo' in given) return powersOfTwo(path, given, bad);
  const values: unknown[] = Array.isArray(given) ? given : [given];
  if (values.length === 0) bad(path, given, 'invalid axis: an empty list leaves an empty grid', 'at least one value');
  if (values.length > MAX_VALUES) {
    bad(path, `${values.length} values`, 'invalid axis: too many values', `at most ${MAX_VALUES} values`);
    return [];
  }
  const seen = new Map<string, number>();
  values.forEach((value, i) => {
    const text = JSON.stringify(value) ?? 'undefined';
    const first = seen.get(text);
    if (first !== undefined) {
      bad([...path, i], value, `invalid axis: the value is listed twice (also at place ${first + 1})`, 'each value once');
    } else seen.set(text, i);
    const free = typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
    if (hyper && !free) bad([...path, i], value, 'invalid free parameter', 'a number, a text, true or false');
  });
  return values;
}

/**
 * Reads a sweep file's content (already parsed YAML or JSON), and names everything that is wrong with it at once.
 * `axisNames` are the axes that the trainer knows; their values are checked by the trainer's own rules, not here.
 */
export function parseSweep(definition: unknown, axisNames: readonly string[]): Parsed {
  const problems: Problem[] = [];
  const bad: Bad = (path, value, message, allowed) => problems.push({ path, value, message, allowed });
  if (!isRecord(definition)) {
    bad([], definition, 'invalid sweep: not a mapping', `a mapping with ${FIELDS.join(', ')}`);
    return { ok: false, problems };
  }
  for (const field of Object.keys(definition)) {
    if (FIELDS.includes(field)) continue;
    bad([field], definition[field], unknownName('field', field, FIELDS), `one of ${FIELDS.join(', ')}`);
  }
  const { name, strategy = 'grid', order = 'shuffled', orderSeed = 0, reuse = true } = definition;
  if (name === undefined) bad(['name'], name, 'missing name', NAMES);
  else if (typeof name !== 'string' || !NAME.test(name)) bad(['name'], name, 'invalid name', NAMES);
  if (!STRATEGIES.includes(strategy as string)) {
    bad(['strategy'], strategy, unknownName('strategy', String(strategy), STRATEGIES), 'grid');
  } else if (strategy !== 'grid') {
    bad(['strategy'], strategy, `unsupported strategy "${strategy}" in this version`, 'grid');
  }
  if (order !== 'shuffled' && order !== 'listed') bad(['order'], order, 'invalid order', 'shuffled or listed');
  if (!Number.isSafeInteger(orderSeed) || (orderSeed as number) < 0) {
    bad(['orderSeed'], orderSeed, 'invalid orderSeed', 'a whole number from 0');
  }
  if (typeof reuse !== 'boolean') bad(['reuse'], reuse, 'invalid reuse', 'true or false');
  const datasets = readDatasets(definition.dataset, bad);
  const { axes, fixed } = readAxes(definition, axisNames, bad);
  if (problems.length > 0) return { ok: false, problems };
  const checked = { name, datasets, axes, fixed, order, orderSeed, reuse } as unknown as SweepDefinition;
  return { ok: true, sweep: checked };
}

function readDatasets(given: unknown, bad: Bad): unknown[] {
  const allowed = 'the name of a data set, or a list of names';
  if (given === undefined) {
    bad(['dataset'], given, 'missing dataset', allowed);
    return [];
  }
  const datasets: unknown[] = Array.isArray(given) ? given : [given];
  if (datasets.length === 0) bad(['dataset'], given, 'invalid dataset: an empty list', allowed);
  datasets.forEach((one, i) => {
    const path = Array.isArray(given) ? ['dataset', i] : ['dataset'];
    if (typeof one !== 'string' || one === '') bad(path, one, 'invalid dataset', allowed);
    else if (datasets.indexOf(one) !== i) bad(path, one, 'invalid dataset: listed twice', 'each name once');
  });
  return datasets;
}

function readAxes(definition: Record<string, unknown>, axisNames: readonly string[], bad: Bad) {
  const axes: Axis[] = [];
  const fixed: Record<string, unknown> = {};
  const known = [...axisNames, 'seed'];
  const section = (key: 'axes' | 'fixed' | 'hyper'): [string, unknown][] => {
    const value = definition[key] ?? {};
    if (isRecord(value)) return Object.entries(value);
    bad([key], value, `invalid ${key}: not a mapping`, 'a mapping of names to values');
    return [];
  };
  const places = new Map<string, string>();
  const once = (path: string[], axis: string, value: unknown): boolean => {
    const before = places.get(axis);
    if (before) bad(path, value, `invalid axis: "${axis}" is given in ${before} too`, 'each axis in one place');
    places.set(axis, path.length > 1 ? path[0]! : 'the file');
    return before === undefined;
  };
  const isAxis = (path: string[], axis: string, value: unknown): boolean => {
    if (known.includes(axis)) return once(path, axis, value);
    bad(path, value, unknownName('axis', axis, known), `one of ${known.join(', ')}; anything else goes under "hyper"`);
    return false;
  };
  if (definition.model !== undefined && once(['model'], 'model', definition.model)) {
    axes.push({ name: 'model', hyper: false, values: expand(['model'], definition.model, false, bad) });
  }
  for (const [axis, given] of section('axes')) {
    const path = ['axes', axis];
    if (isAxis(path, axis, given)) axes.push({ name: axis, hyper: false, values: expand(path, given, false, bad) });
  }
  for (const [axis, given] of section('hyper')) {
    const path = ['hyper', axis];
    if (known.includes(axis)) bad(path, given, `invalid free parameter: "${axis}" is an axis`, 'put it under "axes"');
    else if (!NAME.test(axis)) bad(path, given, 'invalid name of a free parameter', NAMES);
    else axes.push({ name: axis, hyper: true, values: expand(path, given, true, bad) });
  }
  for (const [axis, value] of section('fixed')) {
    if (isAxis(['fixed', axis], axis, value)) fixed[axis] = value;
  }
  const inAxes = axes.find((axis) => axis.name === 'seed');
  const seeds = inAxes?.values ?? ('seed' in fixed ? [fixed.seed] : []);
  seeds.forEach((seed, i) => {
    if (Number.isSafeInteger(seed) && (seed as number) >= 0) return;
    bad(inAxes ? ['axes', 'seed', i] : ['fixed', 'seed'], seed, 'invalid seed', 'a whole number from 0 to 2^53 − 1');
  });
  return { axes, fixed };
}
