/** More than this at once is a slip of the keyboard; the API allows no more. */
const MOST = 1000;

/** "3, 4, 8-10" → 3, 4, 8, 9, 10; undefined where it is anything else. */
export function readSeeds(text: string): number[] | undefined {
  const seeds = new Set<number>();
  for (const part of text.split(/[\s,]+/).filter(Boolean)) {
    const [, low, high] = /^(\d+)(?:[-–…](\d+))?$/.exec(part) ?? [];
    if (low === undefined) return undefined;
    const [from, to] = [Number(low), Number(high ?? low)];
    if (to < from || to - from >= MOST || !Number.isSafeInteger(to)) return undefined;
    for (let seed = from; seed <= to; seed++) seeds.add(seed);
  }
  return seeds.size > MOST ? undefined : [...seeds];
}
