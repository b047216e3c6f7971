import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Column } from '../../../apps/cli/src/output/columns.ts';
import { csvCell } from '../../../apps/cli/src/output/csv.ts';
import { render } from '../../../apps/cli/src/output/print.ts';
import { progressLine } from '../../../apps/cli/src/output/progress.ts';
import { duration, many, plain, power } from '../../../apps/cli/src/output/screen.ts';

interface Row {
  name: string;
  rate: number | null;
  on: boolean;
}
const columns: Column<Row>[] = [
  { name: 'name', value: ({ name }) => name },
  {
    name: 'rate',
    title: 'η̃',
    value: ({ rate }) => rate,
    show: (rate) => power(Number(rate)),
    align: 'right',
  },
  { name: 'on', title: 'BN', value: ({ on }) => on },
];
const rows: Row[] = [
  { name: 'a|b', rate: 2 ** -8, on: true },
  { name: 'c_1', rate: null, on: false },
];

describe('a table', () => {
  test('is printed for people, with powers of two and a dash for what is not known', () => {
    expect(render(columns, rows, 'table')).toBe('name    η̃  BN\na|b   2⁻⁸  yes\nc_1     –  no');
  });

  test('is markdown with its separators escaped', () => {
    expect(render(columns, rows, 'markdown')).toBe(
      ['| name |   η̃ | BN  |', '| ---- | --: | --- |', '| a\\|b | 2⁻⁸ | yes |', '| c\\_1 |   – | no  |'].join(
        '\n',
      ),
    );
  });

  test('is LaTeX that compiles: powers as math, specials escaped', () => {
    const text = render(columns, [...rows, { name: '50% & #1 \\x', rate: 1, on: true }], 'latex');
    expect(text).toContain('name & $\\tilde{\\eta}$ & BN \\\\');
    expect(text).toContain('a|b & $2^{-8}$ & yes \\\\');
    expect(text).toContain('50\\% \\& \\#1 \\textbackslash{}x & $2^{0}$ & yes \\\\');
  });

  test('is JSON and CSV with the values themselves', () => {
    expect(JSON.parse(render(columns, rows, 'json'))).toEqual(rows);
    expect(render(columns, rows, 'csv')).toBe('name,rate,on\r\na|b,0.00390625,true\r\nc_1,,false');
  });
});

test('a CSV cell never begins a formula, and is read back as it was', () => {
  const read = (cell: string) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.constantFrom('=1+1', '+x', '-2', '@SUM(A1)', '\t=1', '\r=1')),
      (text) => {
        const cell = csvCell(text);
        const back = read(cell);
        expect(back).not.toMatch(/^[=+\-@\t\r]/);
        expect(back === text || back === `'${text}`).toBe(true);
        if (/[",\r\n]/.test(text)) expect(cell).toMatch(/^"[\s\S]*"$/);
      },
    ),
  );
  expect(csvCell(-2)).toBe('-2');
});

test("someone else's text cannot write to our terminal", () => {
  expect(plain('a\u001b[2Jb\u0007\u202e\n')).toBe('a\\u001b[2Jb\\u0007\\u202e\\u000a');
  expect(plain('grün 漢字 η̃')).toBe('grün 漢字 η̃');
  expect(render(columns, [{ name: '\u001b]0;x\u0007', rate: 1, on: true }], 'table')).not.toContain('\u001b');
});

test('numbers are short and durations are for people', () => {
  expect([1, 2 ** -11, 2 ** 12, 0.3, 0].map(power)).toEqual(['2⁰', '2⁻¹¹', '2¹²', '0.3', '0']);
  expect([1.234, 45, 300, 7_300, 400_000, Number.POSITIVE_INFINITY].map(duration)).toEqual([
    '1.2 s',
    '45 s',
    '5 min',
    '2 h 2 min',
    '5 d',
    '–',
  ]);
  expect([12, 12_345, 2_500_000].map(many)).toEqual(['12', '12.3 k', '2.5 M']);
});

test('a progress line says runs, rate and time left, or that nobody trains', () => {
  const progress = {
    done: 3,
    total: 12,
    samplesDone: 50,
    samplesTotal: 100,
    samplesPerSecond: 1500,
    secondsLeft: 120,
    workers: 1,
  };
  expect(progressLine('demo-1', progress)).toBe(
    `demo-1 ${'█'.repeat(12)}${'░'.repeat(12)} 3 of 12 runs · 1500 samples/s · 2 min left`,
  );
  expect(progressLine('demo-1', { ...progress, workers: 0, secondsLeft: null })).toMatch(
    / 3 of 12 runs · waiting for a worker$/,
  );
});
