import type { CsvValue } from './csv.ts';

/** One cell for people, in words that Markdown and LaTeX each write in their own way. */
export interface Cell {
  /** What is shown when it is no number: a text as it is. */
  readonly text?: string;
  /** Shown as a power of two where it is one. */
  readonly power?: number;
  readonly mean?: number;
  readonly sd?: number | null;
  readonly n?: number;
  readonly bold?: boolean;
}

export interface Title {
  /** An axis, which may have a symbol, or any text. */
  readonly axis?: string;
  readonly value?: Cell;
  readonly text?: string;
  readonly right?: boolean;
}

/** A question's answer as a table: for machines (CSV) and for people (Markdown, LaTeX). */
export interface Table {
  readonly machine: { readonly names: readonly string[]; readonly rows: readonly (readonly CsvValue[])[] };
  readonly people: {
    readonly titles: readonly (readonly Title[])[];
    readonly rows: readonly (readonly Cell[])[];
  };
  /** What the numbers are, and what the words in cells mean. */
  readonly notes: readonly string[];
  readonly runs: number;
  /** Keys of the runs of each line, and all there are of that line. */
  readonly keys: readonly { readonly of: string; readonly keys: readonly string[]; readonly total: number }[];
}

/** Digits of a metric: accuracies as shares of a hundred with two decimals, others so that the deviation has two digits. */
export function digits(metric: string, mean: number, sd?: number | null): { mean: string; sd?: string } {
  if (metric.endsWith('accuracy')) {
    const share = (value: number) => (100 * value).toFixed(2);
    return typeof sd === 'number' ? { mean: share(mean), sd: share(sd) } : { mean: share(mean) };
  }
  if (typeof sd !== 'number' || sd === 0 || !Number.isFinite(sd))
    return { mean: String(Number(mean.toPrecision(5))), ...(sd === 0 ? { sd: '0' } : {}) };
  const decimals = Math.max(0, Math.min(20, 1 - Math.floor(Math.log10(sd))));
  return { mean: mean.toFixed(decimals), sd: sd.toFixed(decimals) };
}

/** The exponent of a power of two. */
export function exponent(value: number): number | undefined {
  const log = Math.log2(value);
  return value > 0 && Number.isInteger(log) ? log : undefined;
}

/** Control characters and marks that turn the direction of writing, as what they are. */
export const plain = (text: string): string =>
  text.replace(
    /[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\u2028\u2029]/gu,
    (one) => `\\u${one.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
