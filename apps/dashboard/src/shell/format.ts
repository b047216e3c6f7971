const SUPERSCRIPT: Record<string, string> = {
  '-': '⁻',
  '0': '⁰',
  '1': '¹',
  '2': '²',
  '3': '³',
  '4': '⁴',
  '5': '⁵',
  '6': '⁶',
  '7': '⁷',
  '8': '⁸',
  '9': '⁹',
};

/** Powers of two as such: 2⁻⁸; other numbers short. */
export function rate(value: number): string {
  const exponent = Math.log2(value);
  if (Number.isInteger(exponent)) return `2${[...String(exponent)].map((c) => SUPERSCRIPT[c]).join('')}`;
  return String(Number(value.toPrecision(4)));
}

export const percent = (value: number | null | undefined, digits = 1): string =>
  value === null || value === undefined ? '–' : `${(100 * value).toFixed(digits)} %`;

export const number = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : String(Number(value.toPrecision(4)));

/** Accuracies are shares, said as percent. */
export const isAccuracy = (metric: string): boolean => metric.endsWith('accuracy');

/** A metric's value: accuracies as percent, everything else as a number. */
export const measure = (metric: string, value: number | null | undefined): string =>
  isAccuracy(metric) ? percent(value) : number(value);

export const count = (value: number): string => value.toLocaleString('en');

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** In the reader's zone; the full time is for hovering. */
export const time = (iso: string): string =>
  new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
export const fullTime = (iso: string): string =>
  new Date(iso).toLocaleString(undefined, { dateStyle: 'full', timeStyle: 'long' });
/** The same in every zone and language: what a server sends, which does not know the reader's. */
export const utc = (iso: string): string =>
  `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
export const clock = (at: Date): string => at.toLocaleTimeString(undefined, { timeStyle: 'short' });

/** "3 min ago", in the greatest unit that is whole; what lies ahead of this clock is "now". */
export function ago(iso: string, now: number): string {
  const passed = Math.max(0, Math.floor((now - Date.parse(iso)) / 1000));
  if (passed < 5) return 'now';
  const [size, unit] =
    passed < 60 ? [1, 's'] : passed < 3600 ? [60, 'min'] : passed < 86_400 ? [3600, 'h'] : [86_400, 'd'];
  const n = Math.floor(passed / size);
  return unit === 'd' ? `${n} ${n === 1 ? 'day' : 'days'} ago` : `${n} ${unit} ago`;
}

/** 3.2 GiB. */
export function bytes(value: number): string {
  const exponent = value < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(value) / 10));
  return `${Number((value / 1024 ** exponent).toPrecision(3))} ${['bytes', 'KiB', 'MiB', 'GiB', 'TiB'][exponent]}`;
}
