import { nearest } from './nearest.ts';
import { HYPER_NAME, readDatasets, readHyper, readSeeds } from './parts.ts';
import {
  isRange,
  readConditions,
  readCoupled,
  readMeasures,
  readRange,
  readStopping,
  readStrategy,
} from './search-keys.ts';
import type { AxisValue, Dimension, ParsedSweep, Problem, Range, SweepDefinition } from './sweep.ts';
import { isObject, readValues, show } from './values.ts';

/** The keys of a sweep file, in the order of SURFACE's example. */
export const KEYS = [
  'name',
  'dataset',
  'model',
  'axes',
  'hyper',
  'coupled',
  'when',
  'fixed',
  'strategy',
  'cells',
  'searchSeed',
  'halving',
  'median',
  'measures',
  'order',
  'orderSeed',
  'reuse',
] as const;

export const NAME_LENGTH = 100;

/** Levels of lists and objects: what the deepest axis needs, with room. Bounds every recursion over a definition. */
const DEPTH = 8;

/**
 * Reads a sweep file's content. `axisNames` are the axes that the trainer knows (`seed` and `dataset` are always known,
 * and are not axes of the trainer); whether a value fits its axis is the trainer's rule, not checked here. All problems
 * are found at once. Takes any JSON value; never throws.
 */
export function parseSweep(definition: unknown, axisNames: readonly string[]): ParsedSweep {
  if (!isObject(definition)) {
    const message = `invalid sweep: ${show(definition)} is not an object`;
    return {
      ok: false,
      problems: [{ path: [], value: definition, message, allowed: `an object with ${KEYS.join(', ')}` }],
    };
  }
  if (deeper(definition, DEPTH)) {
    const message = `invalid sweep: nested deeper than ${DEPTH} levels`;
    return { ok: false, problems: [{ path: [], value: null, message, allowed: `at most ${DEPTH} levels` }] };
  }
  const problems: Problem[] = [];
  const axes = axisNames.filter((name) => name !== 'seed' && name !== 'dataset' && name !== 'model');
  unknownKeys([], definition, KEYS, problems);
  const name = readName(definition.name, problems);
  const dimensions: Dimension[] = [];
  const ranges: Range[] = [];
  const coupled = readCoupled(definition.coupled, [...axes, 'model'], problems);
  const together = coupled.flatMap(({ parts }) => parts);
  const dataset = readDatasets(definition.dataset, problems);
  if (dataset) dimensions.push(dataset);
  dimensions.push(...readAxes(definition, axes, ranges, together, problems));
  const hyper = withoutRanges(definition.hyper, ranges, problems);
  dimensions.push(...readHyper(hyper, [...axes, 'model', 'seed', 'dataset'], problems));
  const fixed = readFixed(definition, axes, problems);
  for (const { name: one, path } of together) {
    const also = [...dimensions, ...ranges].find((other) => other.name === one)?.path;
    const twice = also ?? (Object.hasOwn(fixed, one) ? ['fixed', one] : undefined);
    const again = together.filter((other) => other.name === one).length > 1 ? ['coupled'] : undefined;
    if (!twice && !again) continue;
    const message = `invalid ${path.join('.')}: ${(twice ?? again)!.join('.')} sets it too`;
    problems.push({ path: [...path], value: one, message, allowed: `${one} in one place` });
  }
  if (![...dimensions, ...together].some(({ kind }) => kind === 'seed')) {
    const seed = Object.hasOwn(fixed, 'seed') ? readSeeds(['fixed', 'seed'], fixed.seed, problems) : null;
    dimensions.push(seed ?? { kind: 'seed', name: 'seed', path: ['axes', 'seed'], list: false, values: [0] });
  }
  const { seed: _seed, ...settings } = fixed;
  const varied = [...dimensions, ...together, ...ranges].map((one) => one.name);
  const search = readStrategy(definition, ranges, problems);
  const sweep: SweepDefinition = {
    name,
    dimensions,
    coupled,
    ranges,
    when: readConditions(definition.when, varied, Object.keys(settings), problems),
    fixed: settings,
    ...search,
    stopping: readStopping(definition, search.strategy, problems),
    measures: readMeasures(definition.measures, problems),
    order: readOrder(definition.order, problems),
    orderSeed: readOrderSeed(definition.orderSeed, problems),
    reuse: readReuse(definition.reuse, problems),
  };
  return problems.length === 0 ? { ok: true, sweep } : { ok: false, problems };
}

function deeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => deeper(inner, levels - 1));
}

function readName(name: unknown, problems: Problem[]): string {
  const allowed = `text of 1 … ${NAME_LENGTH} characters with a letter or digit, on one line`;
  if (name === undefined) {
    problems.push({ path: ['name'], value: null, message: 'missing name', allowed });
    return '';
  }
  // Control characters (NUL among them, which PostgreSQL cannot store) and lone surrogates have no place in a name.
  const good =
    typeof name === 'string' &&
    [...name].length <= NAME_LENGTH &&
    /[\p{L}\p{N}]/u.test(name) &&
    !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(name);
  if (good) return name;
  const long =
    typeof name === 'string' && [...name].length > NAME_LENGTH
      ? ` is ${[...name].length} characters long`
      : '';
  problems.push({ path: ['name'], value: name, message: `invalid name: ${show(name)}${long}`, allowed });
  return '';
}

/** What remains of the params when their ranges have been taken out. */
function withoutRanges(input: unknown, ranges: Range[], problems: Problem[]): unknown {
  if (!isObject(input)) return input;
  const rest = Object.entries(input).filter(([name, value]) => {
    if (!isRange(value) || !HYPER_NAME.test(name)) return true;
    const range = readRange('hyper', name, ['hyper', name], value, problems);
    if (range) ranges.push(range);
    return false;
  });
  return Object.fromEntries(rest);
}

function readAxes(
  definition: Record<string, unknown>,
  axes: readonly string[],
  ranges: Range[],
  together: readonly Dimension[],
  problems: Problem[],
): Dimension[] {
  const found: Dimension[] = [];
  const add = (name: string, path: string[], input: unknown) => {
    if (isRange(input) && axes.includes(name)) {
      const range = readRange('axis', name, path, input, problems);
      if (range) ranges.push(range);
      return;
    }
    const read = readValues(path, input, problems);
    if (read) found.push({ kind: 'axis', name, path, ...read });
  };
  const input = definition.axes;
  const inner = isObject(input) ? input : {};
  if (definition.model !== undefined) add('model', ['model'], definition.model);
  else if (
    !Object.hasOwn(inner, 'model') &&
    !together.some(({ name }) => name === 'model') &&
    !(isObject(definition.fixed) && Object.hasOwn(definition.fixed, 'model'))
  ) {
    problems.push({
      path: ['model'],
      value: null,
      message: 'missing model',
      allowed: 'the name of a model, or a list of names',
    });
  }
  if (input === undefined) return found;
  if (!isObject(input)) {
    problems.push({
      path: ['axes'],
      value: input,
      message: `invalid axes: ${show(input)}`,
      allowed: 'an object: axis name → values',
    });
    return found;
  }
  unknownKeys(['axes'], input, [...axes, 'model', 'seed'], problems);
  for (const [name, values] of Object.entries(input)) {
    if (name === 'seed') {
      const seed = readSeeds(['axes', 'seed'], values, problems);
      if (seed) found.push(seed);
    } else if (name === 'model' && definition.model !== undefined) {
      problems.push({
        path: ['axes', name],
        value: values,
        message: 'invalid axes.model: model is already set at the top',
        allowed: 'model in one place',
      });
    } else if (axes.includes(name) || name === 'model') add(name, ['axes', name], values);
  }
  return found;
}

function readFixed(
  definition: Record<string, unknown>,
  axes: readonly string[],
  problems: Problem[],
): Record<string, AxisValue> {
  const input = definition.fixed;
  if (input === undefined) return {};
  if (!isObject(input)) {
    problems.push({
      path: ['fixed'],
      value: input,
      message: `invalid fixed: ${show(input)}`,
      allowed: 'an object: axis name → value',
    });
    return {};
  }
  const fixed: Record<string, AxisValue> = {};
  const known = [...axes, 'model', 'seed'];
  const varied = isObject(definition.axes) ? definition.axes : {};
  unknownKeys(['fixed'], input, known, problems);
  for (const [name, value] of Object.entries(input)) {
    if (!known.includes(name)) continue;
    const path = ['fixed', name];
    if (Object.hasOwn(varied, name) || (name === 'model' && definition.model !== undefined)) {
      const place = Object.hasOwn(varied, name) ? `axes.${name}` : 'model';
      problems.push({
        path,
        value,
        message: `invalid fixed.${name}: ${place} sets it too`,
        allowed: `${name} in one place`,
      });
    } else if (Array.isArray(value) || (isObject(value) && Object.hasOwn(value, 'powersOfTwo'))) {
      const message = `invalid fixed.${name}: ${show(value)} is more than one value`;
      problems.push({ path, value, message, allowed: `one value, or the list under axes.${name}` });
    } else {
      const read = readValues(path, value, problems);
      if (read) fixed[name] = read.values[0]!;
    }
  }
  return fixed;
}

function readOrder(order: unknown, problems: Problem[]): 'shuffled' | 'listed' {
  if (order === undefined || order === 'shuffled') return 'shuffled';
  if (order === 'listed') return 'listed';
  problems.push({
    path: ['order'],
    value: order,
    message: `unknown order ${show(order)}`,
    allowed: 'shuffled, listed',
  });
  return 'shuffled';
}

function readOrderSeed(seed: unknown, problems: Problem[]): number {
  if (seed === undefined) return 0;
  if (Number.isSafeInteger(seed) && (seed as number) >= 0) return seed as number;
  problems.push({
    path: ['orderSeed'],
    value: seed,
    message: `invalid orderSeed: ${show(seed)}`,
    allowed: 'a whole number from 0 to 2^53 − 1',
  });
  return 0;
}

function readReuse(reuse: unknown, problems: Problem[]): boolean {
  if (reuse === undefined || reuse === true) return true;
  if (reuse === false) return false;
  problems.push({
    path: ['reuse'],
    value: reuse,
    message: `invalid reuse: ${show(reuse)}`,
    allowed: 'true, false',
  });
  return true;
}

function unknownKeys(
  path: string[],
  input: Record<string, unknown>,
  known: readonly string[],
  problems: Problem[],
): void {
  for (const key of Object.keys(input)) {
    if (known.includes(key)) continue;
    const what = path.length === 0 ? 'key' : path[0] === 'axes' ? 'axis' : 'setting';
    const message = `unknown ${what} ${show(key)}${nearest(key, known)}`;
    const own = what === 'key' ? '' : '; parameters of your own go under hyper';
    problems.push({ path: [...path, key], value: input[key], message, allowed: `${known.join(', ')}${own}` });
  }
}
