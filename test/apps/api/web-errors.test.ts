import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { makeLogger } from '../../../apps/api/src/log.ts';
import { addDataset } from '../../packages/db/new-run.ts';
import { Browser, person } from './browser.ts';
import { manyRuns } from './many-runs.ts';
import { testApi } from './server.ts';

const own = await testApi({ host: '0.0.0.0' });
const owner = await person(own, 'OWNER');
const here = `http://127.0.0.1:${own.api.port}`;

/** Words that only the inside has: of SQL, PostgreSQL, Prisma, files and stacks. */
const INSIDE =
  /\b(SELECT\b|INSERT INTO|UPDATE .* SET|DELETE FROM|JOIN\b|relation "|column "|violates|duplicate key|syntax error at or near|prisma|pg_|postgres|ECONN|node_modules|at \w+ \(|\/tmp\/|\/home\/|\.ts:\d|\.js:\d|TypeError|undefined is not|Cannot read)/i;

const LONG = 'a'.repeat(5000);
const BAD = [
  "'",
  '"',
  "'; DROP TABLE run; --",
  '\\',
  '%',
  '%00',
  '\u0000',
  '\ud800',
  '\u202e',
  '../../etc/passwd',
  '..\\..\\windows',
  '/etc/passwd',
  'C:\\CON',
  'NUL',
  'aux.txt',
  '',
  ' ',
  '__proto__',
  'constructor',
  '{}',
  '[]',
  'null',
  '-1',
  '1e999',
  '{{7*7}}',
  '<script>',
  '\u001b[2J',
  LONG,
];

describe('what is wrong with a request', () => {
  const seen: string[] = [];
  const look = async (response: Response, what: string): Promise<void> => {
    const text = await response.text();
    expect(response.status, `${what}: ${text.slice(0, 200)}`).toBeLessThan(500);
    expect(response.status, what).toBeGreaterThanOrEqual(400);
    expect(response.headers.get('content-type'), what).toMatch(/^application\/(graphql-response\+)?json/);
    const said = JSON.parse(text);
    expect(said.error?.code ?? said.errors?.[0].message, `${what}: ${text}`).toBeTruthy();
    // What was given is quoted; what is said besides has nothing of the inside.
    expect(text, what).not.toMatch(INSIDE);
    expect(text.length, what).toBeLessThan(3000);
    expect(text, what).not.toMatch(/\p{Cc}/u);
    seen.push(text);
  };
  const cookie = () => ({ cookie: `smallbatch_session=${owner.browser.secret}` });

  test('is said by every route in its own words, and in one form', async () => {
    for (const bad of BAD.filter((one) => !/DROP|SELECT|\/etc|windows/.test(one))) {
      const inUrl = encodeURIComponent(bad.replace(/\p{Surrogate}/gu, '?'));
      for (const path of [
        `/export/${inUrl}`,
        `/export/${inUrl}.csv`,
        `/export/runs.${inUrl}`,
        `/export/runs.csv?where=${inUrl}%7B`,
        `/export/runs.csv?metric=nothing${inUrl}`,
        `/export/audit.csv?action=X${inUrl}`,
        `/export/audit.csv?since=x${inUrl}`,
        `/auth/${inUrl}x`,
        `/ingest/points?upload=${inUrl}%2F`,
        `/nothing/${inUrl}`,
      ])
        await look(await fetch(here + path, { headers: cookie() }), path.slice(0, 100));
      const body = JSON.stringify({
        email: bad,
        password: bad,
        secret: bad,
        name: bad,
        team: `${bad}x`,
        old: bad,
      });
      for (const path of ['/auth/sign-in', '/auth/team', '/auth/invitation', '/auth/password'])
        await look(
          await new Browser(own.api).fetch(path, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body,
          }),
          `${path} ${bad.slice(0, 40)}`,
        );
    }
    expect(seen.length).toBeGreaterThan(200);
  });

  test('is said of bodies and addresses that are none', async () => {
    for (const body of [
      '{',
      '[]',
      'null',
      '1',
      '"a"',
      '{"query":1}',
      '[[[[',
      `{"a":${'['.repeat(5000)}`,
      '\u0000',
    ])
      for (const path of ['/graphql', '/auth/sign-in', '/export/aggregate.csv', '/ingest/points'])
        await look(
          await fetch(here + path, {
            method: 'POST',
            headers: {
              ...cookie(),
              'content-type': path.startsWith('/ingest') ? 'application/x-ndjson' : 'application/json',
            },
            body,
          }),
          `${path} ${body.slice(0, 20)}`,
        );
    for (const path of ['/%', '/%E0%A4%A', '/export/%E0%A4%A', '/auth/%ff', '/graphql/%ff'])
      await look(await fetch(here + path, { headers: cookie() }), path);
    for (const method of ['PUT', 'DELETE', 'PATCH', 'PROPFIND'])
      await look(await fetch(`${here}/graphql`, { method, headers: cookie() }), method);
  });

  test('is masked where it is a fault of the server, by every route', async () => {
    await own.asOwner(
      'ALTER TABLE run RENAME COLUMN queue_rank TO rank_of_queue; ALTER TABLE invitation RENAME COLUMN hash TO hasch',
    );
    const answers = [
      await fetch(`${here}/auth/invitation/look`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"secret":"inv_a"}',
      }),
      await fetch(`${here}/graphql`, {
        method: 'POST',
        headers: { ...cookie(), 'content-type': 'application/json' },
        body: '{"query":"{ runs(orderBy: [{ field: QUEUE }]) { nodes { key } } invitations { id } }"}',
      }),
    ];
    await own.asOwner(
      'ALTER TABLE run RENAME COLUMN rank_of_queue TO queue_rank; ALTER TABLE invitation RENAME COLUMN hasch TO hash',
    );
    for (const answer of answers) expect(await answer.text()).not.toMatch(INSIDE);
    expect(answers[0]!.status).toBe(500);
  });
});

describe('names of files', () => {
  test('of exports are the server’s own, whatever the address says', async () => {
    const header = async (path: string) =>
      (
        await fetch(here + path, { headers: { cookie: `smallbatch_session=${owner.browser.secret}` } })
      ).headers.get('content-disposition');
    for (const name of ['runs.csv', 'runs.ndjson', 'audit.csv', 'curves.ndjson'])
      expect(await header(`/export/${name}`)).toBe(`attachment; filename="${name}"`);
    for (const name of [
      '..%2f..%2fruns.csv',
      'runs.csv%00.exe',
      'runs.csv%0d%0aX-A:%20b',
      '%2e%2e%2fruns.csv',
      'runs.csv;filename=a.exe',
      'RUNS.csv',
    ])
      expect(await header(`/export/${name}`), name).toBeNull();
  });

  test('are none that a data set could have', async () => {
    for (const name of [
      '../a',
      '/a',
      'a/b',
      'a\\b',
      '..',
      '.',
      '.a',
      'C:a',
      'a:b',
      'a b',
      '-a',
      'a\n',
      '\u202ea',
      '',
    ])
      expect(
        await owner.browser.ask(
          `mutation { addDataset(input: { name: ${JSON.stringify(name)}, hash: "${'a'.repeat(64)}", classes: 1, channels: 1, height: 1, width: 1, trainCount: 1, testCount: 1 }) { __typename } }`,
        ),
        name,
      ).toEqual({ addDataset: { __typename: 'InvalidInput' } });
    for (const hash of ['../../../../etc', `${'a'.repeat(63)}/`, `${'a'.repeat(64)}/..`, 'A'.repeat(64)])
      expect(
        await owner.browser.ask(
          `mutation { addDataset(input: { name: "fine", hash: ${JSON.stringify(hash)}, classes: 1, channels: 1, height: 1, width: 1, trainCount: 1, testCount: 1 }) { __typename } }`,
        ),
        hash,
      ).toEqual({ addDataset: { __typename: 'InvalidInput' } });
  });
});

test('names that are formulas, markup or orders to a terminal are harmless in every file and in the log', async () => {
  const dataset = await addDataset(own.db, own.teamId, 'plain');
  await manyRuns(own, dataset.id, { count: 8, prefix: 'p', metrics: ['test_accuracy'] });
  const hostile = [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '<script>alert(1)</script>',
    '\u001b]0;owned\u0007',
    '\u202egnp.exe',
    'a|b`c`*d*[e](javascript:x)',
    '\\input{/etc/passwd}$x$%&#',
    '\u009b31m',
  ];
  // Past all rules of names, as an older version or another program may have written them.
  for (const [i, text] of hostile.entries()) {
    await own.asOwner(
      `UPDATE run SET reason = $1, info = jsonb_build_object('note', $1::text) WHERE key = $2`,
      [text, `p-${(i % 8) + 1}`],
    );
    await own.asOwner(`UPDATE dataset SET name = $1 WHERE id = $2`, [text, dataset.id]);
    const get = async (path: string) => (await owner.browser.fetch(path)).text();
    const csv = await get('/export/runs.csv');
    for (const line of csv.split(/\r\n/))
      for (const cell of line.split(',')) expect(cell, text).not.toMatch(/^"?[=+@\t]|^"?-[^\d]/);
    const [md, tex] = [
      await get('/export/aggregate.md?by=DATASET&metric=test_accuracy'),
      await get('/export/aggregate.tex?by=DATASET&metric=test_accuracy'),
    ];
    for (const file of [md, tex]) {
      expect(file, text).toMatch(/test.accuracy/);
      expect(file, text).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069]/u);
    }
    expect(md.replace(/<!--[\s\S]*?-->/g, ''), text).not.toContain('<script>');
    expect(md.replace(/<!--[\s\S]*?-->/g, ''), text).not.toMatch(/[^\\]\]\(javascript/);
    expect(tex.replace(/^%.*$/gm, ''), text).not.toContain('\\input');
  }
  const lines: string[] = [];
  const logger = makeLogger(
    new Writable({
      write: (chunk, _encoding, done) => {
        lines.push(String(chunk));
        done();
      },
    }),
  );
  for (const text of hostile) logger.info({ name: text, err: new Error(text) }, text);
  expect(lines).toHaveLength(hostile.length);
  for (const [i, line] of lines.entries()) {
    expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/u);
    expect(JSON.parse(line)).toMatchObject({ name: hostile[i], msg: hostile[i] });
  }
});
