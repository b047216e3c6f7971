import { nearest } from './nearest.ts';
import { HYPER_NAME, readHyper, readSeeds } from './parts.ts';
import {
  type AxisValue,
  type Condition,
  type Coupled,
  type Dimension,
  type EarlyStopping,
  type Problem,
  type Range,
  STOP_METRICS,
  STRATEGIES,
  type StopMetric,
  type Strategy,
} from './sweep.ts';
import { isObject, type Path, readValues, show } from './values.ts';

export const SCALES = ['uniform', 'logUniform', 'integers'] as const;

/** Names of what can be measured besides accuracy and loss, once an epoch. */
export const MEASURES = [
  'gradient_norm',
  'weight_norm',
  'distance_from_start',
  'gradient_noise_scale',
] as const;

export function isRange(input: unknown): input is Record<string, unknown> {
  return isObject(input) && SCALES.some((scale) => Object.hasOwn(input, scale));
}

/** `{ uniform: [low, high] }`, `{ logUniform: … }` or `{ integers: … }`, both ends included. */
export function readRange(
  of: Range['of'],
  name: string,
  path: string[],
  input: Record<string, unknown>,
  problems: Problem[],
): Range | null {
  const [key = '', ...more] = Object.keys(input);
  const allowed =
    '{ uniform: [low, high] }, { logUniform: [low, high] } with 0 < low, or { integers: [low, high] }, low < high';
  const bad = (at: string[], value: unknown, message: string): null => {
    problems.push({ path: at, value, message, allowed });
    return null;
  };
  const scale = SCALES.find((one) => one === key);
  if (!scale || more.length > 0) {
    return bad(path, input, `invalid ${path.join('.')}: ${show(input)} is not one range`);
  }
  const ends: unknown = input[scale];
  const here = [...path, scale];
  const [low, high] = Array.isArray(ends) ? (ends as unknown[]) : [];
  const good =
    Array.isArray(ends) &&
    ends.length === 2 &&
    [low, high].every((end) => (scale === 'integers' ? Number.isSafeInteger(end) : Number.isFinite(end))) &&
    (low as number) < (high as number) &&
    (scale !== 'logUniform' || (low as number) > 0);
  if (!good) return bad(here, ends, `invalid ${here.join('.')}: ${show(ends)}`);
  return { of, name, path, scale, low: low as number, high: high as number };
}

/** The strategy, the number of cells it draws and the seed that it draws by. */
export function readStrategy(
  definition: Record<string, unknown>,
  ranges: readonly Range[],
  problems: Problem[],
): { strategy: Strategy; cells: number | null; searchSeed: number } {
  const given = definition.strategy ?? 'grid';
  const strategy = STRATEGIES.find((one) => one === given);
  if (!strategy) {
    const hint = typeof given === 'string' ? nearest(given, STRATEGIES) : '';
    const message = `unknown strategy ${show(given)}${hint}`;
    problems.push({ path: ['strategy'], value: given, message, allowed: STRATEGIES.join(', ') });
    return { strategy: 'grid', cells: null, searchSeed: 0 };
  }
  const draws = strategy === 'random' || strategy === 'sobol';
  const allowed = 'a whole number from 1 to 2^53 − 1: how many cells are drawn';
  let cells: number | null = null;
  if (definition.cells !== undefined) {
    if (strategy === 'grid') {
      const message = 'invalid cells: the grid has every cell';
      problems.push({
        path: ['cells'],
        value: definition.cells,
        message,
        allowed: 'strategy: random or sobol',
      });
    } else if (!Number.isSafeInteger(definition.cells) || (definition.cells as number) < 1) {
      const message = `invalid cells: ${show(definition.cells)}`;
      problems.push({ path: ['cells'], value: definition.cells, message, allowed });
    } else cells = definition.cells as number;
  } else if (draws) {
    problems.push({
      path: ['cells'],
      value: null,
      message: `missing cells for strategy ${strategy}`,
      allowed,
    });
  }
  if (cells === null && !draws) {
    for (const { path } of ranges) {
      const message = `invalid ${path.join('.')}: a range has no list of values`;
      const way = 'a list or powersOfTwo, or strategy: random or sobol with cells';
      problems.push({ path: [...path], value: null, message, allowed: way });
    }
  }
  const seed = definition.searchSeed ?? 0;
  if (Number.isSafeInteger(seed) && (seed as number) >= 0) {
    return { strategy, cells, searchSeed: seed as number };
  }
  problems.push({
    path: ['searchSeed'],
    value: seed,
    message: `invalid searchSeed: ${show(seed)}`,
    allowed: 'a whole number from 0 to 2^53 − 1',
  });
  return { strategy, cells, searchSeed: 0 };
}

/** `coupled`: tables whose columns are axes, params or the seed, and whose rows go together. */
export function readCoupled(input: unknown, axes: readonly string[], problems: Problem[]): Coupled[] {
  if (input === undefined) return [];
  const allowed = 'a list of objects: axis name → list of values, all lists of one length';
  if (!Array.isArray(input)) {
    problems.push({ path: ['coupled'], value: input, message: `invalid coupled: ${show(input)}`, allowed });
    return [];
  }
  return input.flatMap((table: unknown, i): Coupled[] => {
    const path = ['coupled', i];
    const bad = (at: Path, value: unknown, message: string): [] => {
      problems.push({ path: [...at], value, message, allowed });
      return [];
    };
    if (!isObject(table) || Object.keys(table).length < 2) {
      return bad(path, table, `invalid coupled.${i}: ${show(table)} couples fewer than two`);
    }
    const parts = Object.entries(table).flatMap(([name, values]): Dimension[] => {
      const at = [...path, name];
      if (!Array.isArray(values) || values.length === 0) {
        return bad(at, values, `invalid ${at.join('.')}: ${show(values)} is not a list`);
      }
      // A value may come again here: what counts is the row.
      const problemsOf: Problem[] = [];
      const cells = values.map((value) => {
        const one =
          name === 'seed'
            ? readSeeds(at as string[], value, problemsOf)
            : axes.includes(name)
              ? readValues(at, value, problemsOf)
              : (readHyper({ [name]: value }, axes, problemsOf)[0] ?? null);
        return one?.values[0];
      });
      if (!axes.includes(name) && name !== 'seed' && !HYPER_NAME.test(name)) {
        return bad(at, name, `unknown axis ${show(name)}${nearest(name, axes)}`);
      }
      if (problemsOf.length > 0) {
        problems.push(...problemsOf.map((problem) => ({ ...problem, path: at })));
        return [];
      }
      const kind = name === 'seed' ? 'seed' : axes.includes(name) ? 'axis' : 'hyper';
      return [{ kind, name, path: at, list: true, values: cells } as unknown as Dimension];
    });
    const rows = parts[0]?.values.length ?? 0;
    const uneven = parts.find(({ values }) => values.length !== rows);
    if (uneven) {
      return bad(
        path,
        table,
        `invalid coupled.${i}: ${parts[0]!.name} has ${rows} values, and ${uneven.name} ${uneven.values.length}`,
      );
    }
    return [{ parts, rows }];
  });
}

/** `when: { axis: { otherAxis: value or list } }`: the axis counts only where all of that holds. */
export function readConditions(
  input: unknown,
  names: readonly string[],
  fixed: readonly string[],
  problems: Problem[],
): Condition[] {
  if (input === undefined) return [];
  const allowed = 'an object: axis of this sweep → { other axis: value or list of values }';
  const bad = (path: Path, value: unknown, message: string): void => {
    problems.push({ path: [...path], value, message, allowed });
  };
  if (!isObject(input)) {
    bad(['when'], input, `invalid when: ${show(input)}`);
    return [];
  }
  const found: Condition[] = [];
  for (const [name, others] of Object.entries(input)) {
    const path = ['when', name];
    if (!names.includes(name) || name === 'dataset' || name === 'seed') {
      bad(path, name, `invalid when: ${show(name)} is not varied by this sweep${nearest(name, names)}`);
      continue;
    }
    if (!isObject(others) || Object.keys(others).length === 0) {
      bad(path, others, `invalid ${path.join('.')}: ${show(others)}`);
      continue;
    }
    const on: { name: string; values: readonly AxisValue[] }[] = [];
    for (const [other, value] of Object.entries(others)) {
      const at = [...path, other];
      if (![...names, ...fixed].includes(other) || other === name) {
        bad(
          at,
          other,
          `invalid ${at.join('.')}: ${show(other)} is not an axis of this sweep${nearest(other, names)}`,
        );
        continue;
      }
      const read = readValues(at, value, problems);
      if (read) on.push({ name: other, values: read.values });
    }
    found.push({ name, on });
  }
  const circular = found.find(({ name }) => leadsTo(found, name, name, found.length));
  if (circular)
    bad(['when', circular.name], circular.name, `invalid when: ${circular.name} depends on itself`);
  return circular ? [] : found;
}

function leadsTo(conditions: readonly Condition[], from: string, to: string, steps: number): boolean {
  if (steps < 0) return false;
  const on = conditions.find(({ name }) => name === from)?.on ?? [];
  return on.some(({ name }) => name === to || leadsTo(conditions, name, to, steps - 1));
}

/** `halving` (with strategy: halving) or `median`: how runs are stopped early. */
export function readStopping(
  definition: Record<string, unknown>,
  strategy: Strategy,
  problems: Problem[],
): EarlyStopping | null {
  const numbers = (key: 'halving' | 'median', limits: Record<string, [number, number, number]>) => {
    const given = definition[key] ?? {};
    const known = ['metric', ...Object.keys(limits)];
    const allowed = `an object with ${known.join(', ')}`;
    if (!isObject(given)) {
      problems.push({ path: [key], value: given, message: `invalid ${key}: ${show(given)}`, allowed });
      return null;
    }
    for (const name of Object.keys(given)) {
      if (known.includes(name)) continue;
      const message = `unknown ${key}.${name}${nearest(name, known)}`;
      problems.push({ path: [key, name], value: given[name], message, allowed });
    }
    const metric = given.metric ?? 'test_accuracy';
    if (typeof metric !== 'string' || !Object.hasOwn(STOP_METRICS, metric)) {
      const metrics = Object.keys(STOP_METRICS);
      const hint = typeof metric === 'string' ? nearest(metric, metrics) : '';
      const message = `unknown metric ${show(metric)}${hint}`;
      problems.push({ path: [key, 'metric'], value: metric, message, allowed: metrics.join(', ') });
    }
    const read: Record<string, number> = {};
    for (const [name, [usual, low, high]] of Object.entries(limits)) {
      const value = given[name] ?? usual;
      read[name] = value as number;
      if (Number.isInteger(value) && (value as number) >= low && (value as number) <= high) continue;
      const message = `invalid ${key}.${name}: ${show(value)}`;
      problems.push({ path: [key, name], value, message, allowed: `a whole number from ${low} to ${high}` });
    }
    return { metric: metric as StopMetric, read };
  };
  if (definition.halving !== undefined && strategy !== 'halving') {
    problems.push({
      path: ['halving'],
      value: definition.halving,
      message: `invalid halving: the strategy is ${strategy}`,
      allowed: 'strategy: halving',
    });
  }
  if (definition.median !== undefined && strategy === 'halving') {
    problems.push({
      path: ['median'],
      value: definition.median,
      message: 'invalid median: successive halving stops runs already',
      allowed: 'one of halving and median',
    });
  }
  if (strategy === 'halving') {
    const found = numbers('halving', { eta: [3, 2, 100], from: [1, 1, 1e6] });
    return found && { kind: 'halving', metric: found.metric, eta: found.read.eta!, from: found.read.from! };
  }
  if (definition.median === undefined) return null;
  const found = numbers('median', { after: [5, 1, 1e6], least: [5, 1, 1e6] });
  return (
    found && { kind: 'median', metric: found.metric, after: found.read.after!, least: found.read.least! }
  );
}

export function readMeasures(input: unknown, problems: Problem[]): string[] {
  if (input === undefined) return [];
  const allowed = `a list of ${MEASURES.join(', ')}`;
  if (!Array.isArray(input)) {
    problems.push({ path: ['measures'], value: input, message: `invalid measures: ${show(input)}`, allowed });
    return [];
  }
  input.forEach((name: unknown, i) => {
    if (MEASURES.some((one) => one === name) && input.indexOf(name) === i) return;
    const hint = typeof name === 'string' ? nearest(name, MEASURES) : '';
    const message = `${input.indexOf(name) < i ? 'repeated' : 'unknown'} measure ${show(name)}${hint}`;
    problems.push({ path: ['measures', i], value: name, message, allowed });
  });
  return MEASURES.filter((one) => input.includes(one));
}
