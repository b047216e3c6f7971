import { type Cell, digits, exponent, plain, type Table, type Title } from './table.ts';

const SYMBOL: Record<string, string> = {
  batchSize: '$m$',
  baseLearningRate: '$\\tilde{\\eta}$',
  weightDecay: '$\\lambda$',
  momentum: '$\\mu$',
};
const ESCAPES: Record<string, string> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '|': '\\textbar{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '–': '--',
  '±': '$\\pm$',
};

/** A tabular with booktabs' rules, ready to paste; what it says of itself stands before it as comments. */
export function latex({ people }: Table, metric: string, comments: readonly string[]): string {
  const shown = (cell: Cell): string => {
    const text = content(cell, metric);
    return cell.bold ? `\\textbf{${text}}` : text;
  };
  const line = (cells: readonly string[]) => `${cells.join(' & ')} \\\\`;
  const align = people.titles.map((parts) => (parts.some(({ right }) => right) ? 'r' : 'l')).join('');
  return [
    ...comments.map((one) => `% ${plain(one)}`),
    '% needs \\usepackage{booktabs}',
    `\\begin{tabular}{${align}}`,
    '\\toprule',
    line(people.titles.map((parts) => parts.map((part) => title(part, shown)).join(', '))),
    '\\midrule',
    ...people.rows.map((cells) => line(cells.map(shown))),
    '\\bottomrule',
    '\\end{tabular}',
    '',
  ].join('\n');
}

function title({ axis, value, text }: Title, shown: (cell: Cell) => string): string {
  if (text !== undefined) return escaped(text);
  const name = SYMBOL[axis!] ?? escaped(axis!);
  return value ? `${name} = ${shown(value)}` : name;
}

/** Numbers stand in text, where \textbf reaches them; only signs and powers are math. */
function content({ text, power, mean, sd, n }: Cell, metric: string): string {
  if (power !== undefined) {
    const e = exponent(power);
    return e === undefined ? String(power) : `$2^{${e}}$`;
  }
  if (mean === undefined) return escaped(text ?? '–');
  const number = digits(metric, mean, sd);
  const minus = (value: string) => value.replace(/^-/, '$-$');
  return `${minus(number.mean)}${number.sd === undefined ? '' : ` $\\pm$ ${number.sd}`}${n === undefined ? '' : ` (${n})`}`;
}

const escaped = (text: string): string =>
  plain(text).replace(/[\\~^|<>–±&%$#_{}]/g, (one) => ESCAPES[one] ?? `\\${one}`);
