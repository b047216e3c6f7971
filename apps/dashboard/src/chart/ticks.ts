/** Ends and step of an axis that has all of these: round numbers, about five steps. */
export function ticksOf(low: number, high: number): readonly [min: number, max: number, step: number] {
  const span = Math.max(high - low, Math.abs(high) * 1e-3, 1e-12);
  const rough = span / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((times) => times * power >= rough * 0.999)! * power;
  const [first, last] = [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)];
  // Divided, where that is exact, so that 0.3 is not 0.30000000000000004.
  const at = (i: number): number => Number((i * step).toPrecision(12));
  return [at(first), at(Math.max(last, first + 1)), step];
}
