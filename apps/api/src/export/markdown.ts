import { type Cell, digits, exponent, plain, type Table, type Title } from './table.ts';

const SYMBOL: Record<string, string> = {
  batchSize: 'm',
  baseLearningRate: 'η̃',
  weightDecay: 'λ',
  momentum: 'μ',
};
const RAISED: Record<string, string> = Object.fromEntries(
  [...'⁰¹²³⁴⁵⁶⁷⁸⁹'].map((one, i) => [String(i), one]),
);
const raised = (value: number): string =>
  [...String(value)].map((one) => (one === '-' ? '⁻' : RAISED[one])).join('');

/** A GitHub table; its comments stand in an HTML comment above it, which is not shown. */
export function markdown({ people }: Table, metric: string, comments: readonly string[]): string {
  const shown = (cell: Cell): string => {
    const text = content(cell, metric);
    return cell.bold ? `**${text}**` : text;
  };
  const head = people.titles.map((parts) => parts.map((part) => title(part, shown)).join(', '));
  const rule = people.titles.map((parts) => (parts.some(({ right }) => right) ? '--:' : '---'));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `<!--\n${comments.map(plain).join('\n')}\n-->`,
    '',
    line(head),
    line(rule),
    ...people.rows.map((cells) => line(cells.map(shown))),
    '',
  ].join('\n');
}

function title({ axis, value, text }: Title, shown: (cell: Cell) => string): string {
  if (text !== undefined) return escaped(text);
  const name = escaped(SYMBOL[axis!] ?? axis!);
  return value ? `${name} = ${shown(value)}` : name;
}

function content({ text, power, mean, sd, n }: Cell, metric: string): string {
  if (power !== undefined) {
    const e = exponent(power);
    return e === undefined ? String(power) : `2${raised(e)}`;
  }
  if (mean === undefined) return escaped(text ?? '–');
  const number = digits(metric, mean, sd);
  return `${number.mean}${number.sd === undefined ? '' : ` ± ${number.sd}`}${n === undefined ? '' : ` (${n})`}`;
}

const escaped = (text: string): string => plain(text).replace(/[\\|`*_<>[\]]/g, '\\$&');
