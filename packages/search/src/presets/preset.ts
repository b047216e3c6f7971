/** How much of an experiment is run: all of it, an evening of one GPU, or minutes of a laptop. */
export const PRESET_SCALES = ['paper', 'small', 'demo'] as const;
export type PresetScale = (typeof PRESET_SCALES)[number];

/** A sweep file's content, as parseSweep takes it. */
export type SweepFile = { readonly name: string } & { readonly [key: string]: unknown };

export interface PresetRequest {
  readonly scale: PresetScale;
  /** In place of the preset's own data set. */
  readonly dataset?: string | undefined;
  /** Best base learning rate by batch size in the results of another preset; asked for those of `after` alone. */
  rates?(preset: string): ReadonlyMap<number, number>;
}

/** A published experiment as sweeps. */
export interface Preset {
  readonly name: string;
  readonly title: string;
  /** What its authors report, which a faithful run should show. */
  readonly reports: string;
  /** Presets whose results it rests on: it trains each batch size at the best base learning rate that they found. */
  readonly after: readonly string[];
  sweeps(request: PresetRequest): SweepFile[];
}

/** `figure-8`, `figure-8 small`, `figure-8 demo on my-images`. */
export function sweepName(preset: string, { scale, dataset }: PresetRequest): string {
  return [preset, ...(scale === 'paper' ? [] : [scale]), ...(dataset ? [`on ${dataset}`] : [])].join(' ');
}

/** Powers of two from 2^low to 2^high, every `each`-th exponent. */
export const powers = (low: number, high: number, each = 1): number[] =>
  Array.from({ length: Math.floor((high - low) / each) + 1 }, (_, i) => 2 ** (low + i * each));
