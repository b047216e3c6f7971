import type { Dimension, HyperValue, Problem } from './sweep.ts';
import { isObject, readValues, show } from './values.ts';

export const HYPER_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,62}$/;
export const DATASET_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

/** Text that PostgreSQL can store and a screen can show: no NUL, no lone surrogates, at most this long. */
export const TEXT_LENGTH = 200;

export function readDatasets(input: unknown, problems: Problem[]): Dimension | null {
  const allowed = 'the name of a data set, or a list of names (letters, digits, "_", "." and "-")';
  if (input === undefined) {
    problems.push({ path: ['dataset'], value: null, message: 'missing dataset', allowed });
    return null;
  }
  const read = readValues(['dataset'], input, problems);
  if (!read) return null;
  const good = read.values.map((value, i) => {
    if (typeof value === 'string' && DATASET_NAME.test(value)) return true;
    const path = read.list ? ['dataset', i] : ['dataset'];
    problems.push({ path, value, message: `invalid ${path.join('.')}: ${show(value)}`, allowed });
    return false;
  });
  if (good.includes(false)) return null;
  return {
    kind: 'dataset',
    name: 'dataset',
    path: ['dataset'],
    list: read.list,
    values: read.values as string[],
  };
}

export function readSeeds(path: string[], input: unknown, problems: Problem[]): Dimension | null {
  const read = readValues(path, input, problems);
  if (!read) return null;
  const good = read.values.map((value, i) => {
    if (Number.isSafeInteger(value) && (value as number) >= 0) return true;
    const here = read.list ? [...path, i] : path;
    const allowed = 'whole numbers from 0 to 2^53 − 1';
    problems.push({ path: here, value, message: `invalid ${here.join('.')}: ${show(value)}`, allowed });
    return false;
  });
  if (good.includes(false)) return null;
  return { kind: 'seed', name: 'seed', path, list: read.list, values: read.values as number[] };
}

/** Typed free parameters: each a scalar or a list of numbers, texts or booleans, part of the configuration. */
export function readHyper(input: unknown, axes: readonly string[], problems: Problem[]): Dimension[] {
  if (input === undefined) return [];
  if (!isObject(input)) {
    const allowed = 'an object: parameter name → a number, text, boolean, or a list of them';
    problems.push({ path: ['hyper'], value: input, message: `invalid hyper: ${show(input)}`, allowed });
    return [];
  }
  const found: Dimension[] = [];
  for (const [name, given] of Object.entries(input)) {
    const path = ['hyper', name];
    if (!HYPER_NAME.test(name)) {
      const allowed = 'names of 1 … 63 letters, digits, "_", "." and "-", beginning with a letter';
      problems.push({ path, value: name, message: `invalid hyper name ${show(name)}`, allowed });
      continue;
    }
    if (axes.includes(name)) {
      const message = `invalid hyper name ${show(name)}: it is an axis`;
      problems.push({ path, value: name, message, allowed: `${name} under axes or fixed` });
      continue;
    }
    const read = readValues(path, given, problems);
    if (!read) continue;
    const good = read.values.map((value, i) => {
      if (isHyperValue(value)) return true;
      const here = read.list ? [...path, i] : path;
      const allowed = `a finite number, true, false, or text of at most ${TEXT_LENGTH} characters without control characters`;
      problems.push({ path: here, value, message: `invalid ${here.join('.')}: ${show(value)}`, allowed });
      return false;
    });
    if (good.includes(false)) continue;
    found.push({ kind: 'hyper', name, path, list: read.list, values: read.values as HyperValue[] });
  }
  return found;
}

function isHyperValue(value: unknown): value is HyperValue {
  if (typeof value === 'string') return [...value].length <= TEXT_LENGTH && !/[\p{Cc}\p{Cs}]/u.test(value);
  return typeof value === 'number' || typeof value === 'boolean';
}
