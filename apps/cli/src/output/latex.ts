import { alignment, type Column, shown } from './columns.ts';
import { plain } from './screen.ts';

const ESCAPES: Record<string, string> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '–': '--',
  '±': '$\\pm$',
  '×': '$\\times$',
  η̃: '$\\tilde{\\eta}$',
};
const POWER = /2([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)/g;
const DIGITS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** A tabular with booktabs' rules, ready to paste; powers of two become math. */
export function latex<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const line = (cells: string[]) => `${cells.join(' & ')} \\\\`;
  return [
    '% needs \\usepackage{booktabs}',
    `\\begin{tabular}{${columns.map((column) => alignment(column, rows)[0]).join('')}}`,
    '\\toprule',
    line(columns.map(({ name, title }) => escaped(title ?? name))),
    '\\midrule',
    ...rows.map((row) => line(columns.map((column) => escaped(shown(column, row))))),
    '\\bottomrule',
    '\\end{tabular}',
  ].join('\n');
}

function escaped(text: string): string {
  return plain(text)
    .replace(/η̃|[\\~^–±×]|[&%$#_{}]/g, (one) => ESCAPES[one] ?? `\\${one}`)
    .replace(
      POWER,
      (_, raised: string) =>
        `$2^{${[...raised].map((one) => (one === '⁻' ? '-' : DIGITS.indexOf(one))).join('')}}$`,
    );
}
