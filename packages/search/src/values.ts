import { nearest } from './nearest.ts';
import type { AxisValue, Problem } from './sweep.ts';

/** Exponents of `powersOfTwo`: what a double holds exactly, with the margin that η = η̃·m needs. */
export const POWERS = { low: -60, high: 60 } as const;

export interface ValueList {
  values: AxisValue[];
  list: boolean;
}

export type Path = readonly (string | number)[];

/**
 * The values of one axis: a scalar, a list of scalars, or `{ powersOfTwo: [low, high] }` (exponents, both included).
 * Problems go to `problems`; null when there is any, so that nothing is expanded from half-understood input.
 */
export function readValues(path: Path, input: unknown, problems: Problem[]): ValueList | null {
  if (Array.isArray(input)) return readList(path, input, problems);
  if (isObject(input) && Object.hasOwn(input, 'powersOfTwo')) return readPowers(path, input, problems);
  if (!isScalar(path, input, problems)) return null;
  return { values: [input as AxisValue], list: false };
}

function readList(path: Path, input: unknown[], problems: Problem[]): ValueList | null {
  const name = path.join('.');
  if (input.length === 0) {
    problems.push({
      path: [...path],
      value: input,
      message: `invalid ${name}: an empty list leaves no cell`,
      allowed: 'a list of at least one value, a scalar, or { powersOfTwo: [low, high] }',
    });
    return null;
  }
  const first = new Map<string, number>();
  let good = true;
  for (const [i, value] of input.entries()) {
    const here = [...path, i];
    if (isObject(value) && Object.hasOwn(value, 'powersOfTwo')) {
      const message = `invalid ${here.join('.')}: powersOfTwo inside a list`;
      problems.push({
        path: here,
        value,
        message,
        allowed: `${name}: { powersOfTwo: [low, high] } in place of the list`,
      });
      good = false;
      continue;
    }
    if (!isScalar(here, value, problems)) {
      good = false;
      continue;
    }
    const key = canonical(value);
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, i);
      continue;
    }
    const message = `invalid ${here.join('.')}: ${show(value)} is already at index ${earlier}; no configuration is in a sweep twice`;
    problems.push({ path: here, value, message, allowed: 'each value once' });
    good = false;
  }
  return good ? { values: input as AxisValue[], list: true } : null;
}

function readPowers(path: Path, input: Record<string, unknown>, problems: Problem[]): ValueList | null {
  const { low, high } = POWERS;
  const allowed = `{ powersOfTwo: [low, high] }, whole exponents ${low} … ${high} with low ≤ high`;
  for (const key of Object.keys(input)) {
    if (key === 'powersOfTwo') continue;
    const message = `unknown ${[...path, key].join('.')}${nearest(key, ['powersOfTwo'])}`;
    problems.push({ path: [...path, key], value: input[key], message, allowed });
    return null;
  }
  const range: unknown = input.powersOfTwo;
  const here = [...path, 'powersOfTwo'];
  const [from, to] = Array.isArray(range) ? (range as unknown[]) : [];
  const fits = (one: unknown): one is number =>
    Number.isInteger(one) && (one as number) >= low && (one as number) <= high;
  if (!Array.isArray(range) || range.length !== 2 || !fits(from) || !fits(to)) {
    problems.push({
      path: here,
      value: range,
      message: `invalid ${here.join('.')}: ${show(range)}`,
      allowed,
    });
    return null;
  }
  if (from > to) {
    const message = `invalid ${here.join('.')}: ${show(range)} is empty, ${from} is more than ${to}`;
    problems.push({ path: here, value: range, message, allowed });
    return null;
  }
  return { values: Array.from({ length: to - from + 1 }, (_, i) => 2 ** (from + i)), list: false };
}

/** A scalar here is anything that can be one value of an axis; whether the axis takes it is the trainer's rule. */
function isScalar(path: Path, value: unknown, problems: Problem[]): boolean {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return true;
  if (typeof value === 'number' && Number.isFinite(value)) return true;
  if (isObject(value)) return true;
  const message = `invalid ${path.join('.')}: ${show(value)}`;
  problems.push({
    path: [...path],
    value,
    message,
    allowed: 'a finite number, text, true, false, null, or an object such as a schedule',
  });
  return false;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function sameValue(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

/** Equal for equal settings: keys sorted, −0 as 0. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (isObject(value)) {
    const entries = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${entries.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'undefined';
}

/** A value inside a message: whole when it is short, cut in the middle of nothing else than a very long one. */
export function show(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'undefined');
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}
