import {
  compileFilter,
  countRuns,
  FIELDS,
  METRIC_VALUES,
  ORDERS,
  type Order,
  type RunFilter,
  runPage,
  Values,
} from '@smallbatch/db';
import { describe, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';

const database = await testDatabase();
const { db, teamId } = await database.openOwned();

/** It is in no SQL of ours, and would change what a statement means wherever it became a part of one. */
const MARK = 'zzqx';
const HOSTILE = [
  `${MARK}`,
  `${MARK}'; DROP TABLE run; --`,
  `${MARK}" OR true OR "`,
  `$1 ${MARK}`,
  `${MARK}\\`,
  `*/ ${MARK} /*`,
  `${MARK}')) OR ((true`,
  `%${MARK}_`,
];
const operands: Record<string, (text: string) => object> = {
  text: (text) => ({ eq: text, in: [text], contains: text, startsWith: text, isNull: false }),
  json: (text) => ({ eq: { [text]: text }, in: [text, { [text]: [text] }] }),
  // Not what the schema lets through; still no SQL.
  whole: (text) => ({ eq: text, in: [text], gt: text }),
  number: (text) => ({ eq: text, in: [text], lte: text }),
  yesNo: (text) => ({ eq: text }),
  moment: (text) => ({ gt: text, lte: text }),
};
const hostileFilters = (text: string): RunFilter[] => [
  ...Object.entries(FIELDS).map(([name, { kind }]): RunFilter => ({ [name]: operands[kind]!(text) })),
  { status: [text] },
  { sweep: { eq: text, contains: text, isNull: false } },
  { budget: { unit: [text], value: { eq: text } } },
  { tags: { has: text, hasAny: [text], hasNone: [text] } },
  { search: `${text} ${text}` },
  ...METRIC_VALUES.map(
    (value): RunFilter => ({ metrics: [{ name: text, value, is: { gt: 0, isNull: true } }] }),
  ),
  { params: [{ name: text, eq: text, in: [text], contains: text, gt: 0 }] },
];

describe('a text of a client', () => {
  test('never becomes a part of the SQL of a filter', () => {
    for (const text of HOSTILE) {
      for (const filter of hostileFilters(text)) {
        const values = new Values();
        const sql = compileFilter({ not: { or: [filter, { and: [filter] }] }, ...filter }, teamId, values);
        expect(sql, JSON.stringify(filter)).not.toContain(MARK);
        expect(JSON.stringify(values.list)).toContain(MARK);
        // What stands in quotes is ours: one of a handful of words.
        const quoted = new Set([...sql.matchAll(/'([^']*)'/g)].map(([, inside]) => inside));
        const ours = [
          '{}',
          'NaN',
          '\\n',
          'number',
          'string',
          '1 millisecond',
          'EPOCHS',
          'MAXIMISE',
          'MINIMISE',
        ];
        expect([...quoted].filter((inside) => !ours.includes(inside!))).toEqual([]);
        const numbers = [...sql.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number));
        expect(new Set(numbers)).toEqual(new Set(values.list.map((_, i) => i + 1)));
      }
    }
  });

  test('is a value to PostgreSQL too: each filter and order of texts is answered, and nothing is lost', async () => {
    const statements: string[] = [];
    const stop = db.onQuery((_name, sql) => statements.push(sql));
    for (const text of HOSTILE) {
      for (const filter of [
        { key: operands.text!(text), dataset: operands.text!(text), note: operands.text!(text) },
        { schedule: operands.json!(text), batchSchedule: operands.json!(text) },
        ...hostileFilters(text).filter((one) =>
          ['sweep', 'tags', 'search', 'metrics', 'params'].includes(Object.keys(one)[0]!),
        ),
      ])
        expect(await countRuns(db, teamId, { or: [filter, { not: filter }] })).toBe(0);
      const order: Order[] = [
        { param: text, direction: 'DESC' },
        { metric: { name: text, value: 'LAST' }, direction: 'ASC' },
      ];
      const from = ['2', null, text, null, '00000000-0000-7000-8000-000000000000'];
      expect(await runPage(db, { teamId, order, count: 5, backwards: false, from })).toEqual([]);
    }
    stop();
    expect(statements.length).toBeGreaterThan(50);
    expect(statements.filter((sql) => sql.includes(MARK))).toEqual([]);
    expect((await database.asOwner('SELECT count(*)::int AS n FROM run'))[0]).toEqual({ n: 0 });
  });

  test.each(['constructor', '__proto__', 'toString', 'r.key', 'team_id', 'hasOwnProperty'])(
    'as the name of a field is no field: %s',
    (name) => {
      const filter = JSON.parse(`{"${name}": {"eq": 1}}`) as RunFilter;
      expect(() => compileFilter(filter, teamId, new Values())).toThrow('unknown filter');
      expect(Object.hasOwn(ORDERS, name)).toBe(false);
    },
  );
});
