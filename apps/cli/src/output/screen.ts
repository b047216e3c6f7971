/**
 * Text of someone else on one line of our terminal: control characters, escape sequences and marks that turn the direction of
 * writing are shown as what they are, not obeyed.
 */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\u2028\u2029]/gu, (one) => {
    const code = one.codePointAt(0)!;
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** 0.00390625 as 2⁻⁸; what is no power of two in few digits. */
export function power(value: number): string {
  const exponent = Math.log2(value);
  if (!Number.isInteger(exponent) || value <= 0) return String(Number(value.toPrecision(6)));
  return `2${raised(exponent)}`;
}

const raised = (exponent: number): string =>
  (exponent < 0 ? '⁻' : '') + [...String(Math.abs(exponent))].map((digit) => RAISED[Number(digit)]).join('');

/** 2.44e17 as 2.4·10¹⁷. */
export function flops(count: number): string {
  if (!(count > 0)) return '0';
  const [digits, exponent] = count.toExponential(1).split('e');
  return `${digits}·10${raised(Number(exponent))}`;
}

/** 0.98412 as 98.41 %. */
export function percent(value: number): string {
  return `${(value * 100).toFixed(2)} %`;
}

/** 3725 s as 1 h 2 min. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} d`;
}

/** 12345678 as 12.3 M. */
export function many(count: number): string {
  if (count < 10_000) return String(Math.round(count));
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} k`;
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} M` : `${(count / 1e9).toFixed(1)} G`;
}
