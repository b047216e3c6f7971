import { type Axis, type Dimension, isAxis, nameOf } from '../axis/axis';

/** Axes or free parameters that kept settings from matching, and how many. */
export interface Reason {
  readonly words: string;
  readonly n: number;
  /** Where it is one axis alone. */
  readonly axis: Axis | null;
}
interface Kept {
  readonly keptBy: readonly Axis[];
  readonly keptByParams: readonly string[];
}

export const keptWords = ({ keptBy, keptByParams }: Kept): string =>
  [...keptBy, ...keptByParams.map((name): Dimension => `param:${name}`)].map(nameOf).join(', ') ||
  'the other side has none';

/** The most frequent first. */
export function reasonsOf(settings: readonly Kept[]): Reason[] {
  const found = new Map<string, Reason>();
  for (const setting of settings) {
    const words = keptWords(setting);
    const [only, ...more] = [...setting.keptBy, ...setting.keptByParams];
    const axis = only && more.length === 0 && isAxis(only) ? only : null;
    found.set(words, { words, n: (found.get(words)?.n ?? 0) + 1, axis });
  }
  return [...found.values()].sort((one, other) => other.n - one.n);
}
