import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createToken, reportMetrics, uuidv7 } from '@smallbatch/db';
import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { beforeAll, describe, expect, test } from 'vitest';
import { csvCell } from '../../../apps/api/src/export/csv.ts';
import { isoTime, shortFloat } from '../../../apps/api/src/export/values.ts';
import { csvCell as csvCellOfTables } from '../../../apps/cli/src/output/csv.ts';
import { addDataset } from '../../packages/db/new-run.ts';
import { manyRuns } from './many-runs.ts';
import { type Answer, testApi } from './server.ts';

const server = await testApi();
const { api, ask, asOwner, db, teamId, memberId, statements } = server;
const dataset = await addDataset(db, teamId);
const base = `http://127.0.0.1:${api.port}/export`;
const MANY = 12_000;

type Row = Record<string, Answer>;
const get = (path: string, params: Record<string, unknown> = {}, headers: Record<string, string> = {}) => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    for (const one of Array.isArray(value) ? value : [value])
      search.append(name, typeof one === 'object' ? JSON.stringify(one) : String(one));
  return fetch(`${base}/${path}?${search}`, { headers });
};
const post = (path: string, body: unknown) =>
  fetch(`${base}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const refused = async (response: Promise<Response>) => {
  const { status, headers } = await response;
  const { errors } = (await (await response).json()) as Answer;
  return {
    status,
    type: headers.get('content-type'),
    code: errors[0].extensions.code,
    message: errors[0].message,
  };
};

async function fromParquet(response: Response): Promise<{ rows: Row[]; about: Row; groups: number }> {
  expect(response.status).toBe(200);
  const file = await response.arrayBuffer();
  const metadata = parquetMetadata(file);
  const about = JSON.parse(metadata.key_value_metadata!.find(({ key }) => key === 'smallbatch')!.value!);
  const rows = (await parquetReadObjects({ file })) as Row[];
  return { rows, about, groups: metadata.row_groups.length };
}
async function fromNdjson(response: Response): Promise<{ rows: Row[]; about: Row }> {
  expect(response.status).toBe(200);
  const text = await response.text();
  expect(text.endsWith('\n')).toBe(true);
  const [first, ...rows] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { rows, about: first.smallbatch };
}
/** RFC 4180, and nothing else. */
function parseCsv(text: string): Row[] {
  const lines: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    if (quoted === undefined && plain === '' && end === '' && lines.at(-1)!.length === 0) break;
    lines.at(-1)!.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    if (end === '\r\n') lines.push([]);
    if (end === '') break;
  }
  const [header, ...rows] = lines.filter((line) => line.length > 0);
  for (const row of rows) expect(row.length).toBe(header!.length);
  return rows.map((row) => Object.fromEntries(header!.map((name, i) => [name, row[i]])));
}
/** Opens a download and reads nothing of it. */
async function open(path: string): Promise<IncomingMessage> {
  const call = request(`${base}/${path}`);
  call.end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  return response;
}
const countOf = (all: string[], name: string) =>
  all.filter((text) => text.startsWith(`/* ${name} */`)).length;
const exporting = () =>
  asOwner<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL AND query LIKE '/* export%'`,
  );
async function until(done: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 15_000; Date.now() < end; await sleep(50)) if (await done()) return;
  throw new Error('it never came to be');
}

beforeAll(async () => {
  await manyRuns(server, dataset.id, { count: MANY, prefix: 'many' });
  // Three runs with everything that is hard to say: names that are formulas, values that are not finite, points out of order.
  await manyRuns(server, dataset.id, { count: 3, prefix: 'odd', metrics: [] });
  await asOwner(
    `UPDATE run SET hyper = jsonb_build_object('=1+1', '=cmd|calc', 'depth', seed, 'mixed', CASE WHEN seed = 1 THEN '"text"'::jsonb ELSE to_jsonb(seed) END),
       info = jsonb_build_object('note', E'+"a",\\r\\n–'), reason = '-2+3', created_at = created_at + interval '7 microseconds' WHERE key LIKE 'odd-%'`,
  );
  await asOwner(
    `UPDATE run SET status = 'RUNNING', ended_at = NULL, lease_expires_at = now() + interval '1 hour' WHERE key LIKE 'odd-%'`,
  );
  const runs = await asOwner<{ id: string }>(`SELECT id FROM run WHERE key LIKE 'odd-%' ORDER BY key`);
  const report = (i: number, sequence: number, metric: string, steps: number[], values: number[]) =>
    reportMetrics(db, teamId, [
      {
        runId: runs[i]!.id,
        attempt: 1,
        sequence,
        series: [
          { metric, steps, values, epochs: steps.map((s) => s / 10), wallTimes: steps.map((s) => s + 0.1) },
        ],
      },
    ]);
  await report(0, 1, 'loss, "odd"', [1, 2, 3], [0.1, Number.NaN, Number.POSITIVE_INFINITY]);
  await report(1, 1, 'loss, "odd"', [5, 9], [0.5, 0.9]);
  await report(1, 2, 'loss, "odd"', [2, 7, 12], [0.2, 0.7, Number.NEGATIVE_INFINITY]);
  await report(1, 3, 'loss, "odd"', [7, 8], [0.71, 0.8]);
  await report(1, 4, 'a metric', [1], [1]);
}, 60_000);

const ODD = { where: { key: { in: ['odd-1', 'odd-2', 'odd-3'] } } };
const LOSS = 'loss, "odd"';

describe('runs as files', () => {
  test('have in every format what a query says, for the whole filter', async () => {
    const where = { and: [{ batchSize: { in: [1, 2] } }, { seed: { lte: 400 } }] };
    const [parquet, ndjson, csv] = await Promise.all([
      get('runs.parquet', { where }).then(fromParquet),
      post('runs.ndjson', { where }).then(fromNdjson),
      get('runs.csv', { where }).then(async (response) => parseCsv(await response.text())),
    ]);
    const { data } = await ask(
      `query ($where: RunFilter) { runs(where: $where, first: 100, orderBy: [{ field: CREATED_AT }]) { totalCount nodes {
         key status dataset { name hash } batchSize baseLearningRate batchNorm seed settingHash createdAt budget { unit value }
         metrics { name last lastStep mean best bestStep medianLast5 medianOf } } } }`,
      { where },
    );
    expect(data.runs.totalCount).toBe(101);
    for (const rows of [parquet.rows, ndjson.rows, csv]) expect(rows.length).toBe(101);
    data.runs.nodes.forEach((run: Answer, i: number) => {
      for (const row of [parquet.rows[i]!, ndjson.rows[i]!]) {
        expect(row).toMatchObject({
          key: run.key,
          status: run.status,
          dataset: run.dataset.name,
          datasetHash: run.dataset.hash,
          batchSize: run.batchSize,
          baseLearningRate: run.baseLearningRate,
          batchNorm: run.batchNorm,
          settingHash: run.settingHash,
          budgetUnit: run.budget.unit,
          budgetValue: run.budget.value,
          bnBatch: null,
        });
        expect(Number(row.seed)).toBe(run.seed);
        for (const metric of run.metrics)
          for (const part of ['last', 'lastStep', 'mean', 'best', 'bestStep', 'medianLast5', 'medianOf'])
            expect(Number(row[`${metric.name}.${part}`]), part).toBe(metric[part]);
      }
      expect(ndjson.rows[i]!.createdAt.slice(0, 23)).toBe(run.createdAt.slice(0, 23));
      expect(parquet.rows[i]!.createdAt.toISOString()).toBe(run.createdAt);
      expect(csv[i]).toMatchObject({ key: run.key, batchNorm: String(run.batchNorm), bnBatch: '' });
      expect(Number(csv[i]!['test_accuracy.last'])).toBe(run.metrics[0]?.last ?? Number.NaN);
    });
  });

  test('say in themselves what was asked, when, of which schema, and how to get them again', async () => {
    const params = { ...ODD, metric: [LOSS], summary: ['last'] };
    const response = await get('runs.ndjson', params);
    const header = JSON.parse(response.headers.get('smallbatch-export')!);
    const { about } = await fromNdjson(response);
    expect(about).toMatchObject({ version: '0.1.0', export: 'runs.ndjson', team: 'local', query: params });
    expect(about.schema).toMatch(/^[0-9a-f]{16}$/);
    expect(Math.abs(Date.now() - Date.parse(about.time))).toBeLessThan(60_000);
    expect(header).toEqual(about);
    const again = await fromNdjson(await fetch(about.link));
    expect(again.rows.length).toBe(3);
    expect(Object.keys(again.rows[0]!).filter((name) => name.startsWith(LOSS))).toEqual([
      `${LOSS}.last`,
      `${LOSS}.lastNonFinite`,
    ]);
    expect((await fromParquet(await get('runs.parquet', params))).about).toMatchObject({ query: params });
    const csv = await (await get('runs.csv', { ...ODD, comments: true })).text();
    expect(csv).toMatch(/^# smallbatch \{"version":.*\}\r\nkey,status/);
    expect(await (await get('runs.csv', ODD)).text()).toMatch(/^key,status/);
  });

  test('tell NaN and the infinities, each format in its way, and free parameters with their types', async () => {
    const parquet = (await fromParquet(await get('runs.parquet', ODD))).rows;
    expect(parquet.map((row) => row[`${LOSS}.last`])).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      null,
    ]);
    expect(parquet[0]![`${LOSS}.medianLast5`]).toBeNaN();
    expect(parquet.map((row) => row['hyper.depth'])).toEqual([1, 2, 3]);
    expect(parquet.map((row) => row['hyper.mixed'])).toEqual(['text', '2', '3']);
    expect(parquet.map((row) => row['a metric.count'])).toEqual([null, 1n, null]);
    const ndjson = (await fromNdjson(await get('runs.ndjson', ODD))).rows;
    expect(ndjson[0]).toMatchObject({
      [`${LOSS}.last`]: null,
      [`${LOSS}.lastNonFinite`]: 'POSITIVE_INFINITY',
      [`${LOSS}.medianLast5NonFinite`]: 'NAN',
    });
    expect(ndjson[0]).not.toHaveProperty(['a metric.count']);
    expect(ndjson[1]).toMatchObject({ 'a metric.count': 1, schedule: { kind: 'constant' }, endedAt: null });
    const csv = parseCsv(await (await get('runs.csv', ODD)).text());
    expect(csv.map((row) => row[`${LOSS}.last`])).toEqual(['Infinity', '-Infinity', '']);
    expect(csv[0]![`${LOSS}.medianLast5`]).toBe('NaN');
  });

  test('carry no formula into a spreadsheet: every text that would be one is disarmed, the header too', async () => {
    const text = await (await get('runs.csv', ODD)).text();
    const rows = parseCsv(text);
    expect(rows[0]).toMatchObject({
      reason: "'-2+3",
      'hyper.=1+1': "'=cmd|calc",
      'info.note': `'+"a",\r\n–`,
    });
    for (const row of rows)
      for (const [name, cell] of Object.entries(row)) {
        expect(name).not.toMatch(/^[=+\-@\t\r\n]/);
        if (Number.isNaN(Number(cell))) expect(cell).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/);
      }
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom('=1', '+x', '-2', '@A', '\t=1', '\r=1', '\n=1', '＝1')),
        (value) => {
          const [row] = parseCsv(`x,y\r\n${csvCell(value)},1\r\n`);
          expect([value, `'${value}`]).toContain(row!.x);
          expect(row!.x).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/);
          if (value !== '') expect(csvCell(value)).toBe(csvCellOfTables(value));
        },
      ),
    );
    expect([csvCell(-2), csvCell(null), csvCell(''), csvCell(Number.NaN)]).toEqual(['-2', '', '""', 'NaN']);
  });

  test('come in the order that is asked for', async () => {
    const orderBy = [{ field: 'BATCH_SIZE', direction: 'DESC' }, { field: 'SEED' }];
    const { rows } = await fromNdjson(
      await post('runs.ndjson', { where: { seed: { lte: 40 } }, orderBy, metric: [] }),
    );
    const places = rows.map(({ batchSize, seed }) => [-batchSize, seed]);
    expect(places).toEqual([...places].sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!));
    expect(rows.length).toBe(43);
  });
});

describe('a stream', () => {
  test('is whole, in order and of one moment while runs are written, and no faster than its reader', async () => {
    statements();
    const response = await open('runs.ndjson');
    await sleep(500);
    const ahead = countOf(statements(), 'exportRuns');
    expect(ahead).toBeGreaterThan(0);
    await manyRuns(server, dataset.id, { count: 500, prefix: 'late' });
    const before = process.memoryUsage();
    let most = 0;
    let text = '';
    response.setEncoding('utf8');
    for await (const part of response) {
      // All that the reader keeps is what it is about.
      text += [...String(part).matchAll(/"key":"[^"]*"/g)].join('\n');
      most = Math.max(most, process.memoryUsage().rss - before.rss);
      await sleep(1);
    }
    const pages = countOf(statements(), 'exportRuns') + ahead;
    // A page is read while another is written; the rest waits for the reader.
    expect(ahead).toBeLessThan(pages - 1);
    const keys = [...text.matchAll(/"key":"(many|odd|late)-(\d+)"/g)];
    expect(keys.filter(([, prefix]) => prefix === 'late')).toEqual([]);
    const numbers = keys.filter(([, prefix]) => prefix === 'many').map(([, , number]) => Number(number));
    // A key that two parts share is not seen; the count of rows is tested below.
    expect(numbers.length).toBeGreaterThan(MANY - 50);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    console.log(`memory of server and reader together grew by at most ${(most / 1e6).toFixed(0)} MB`);
    expect(most).toBeLessThan(200e6);
    await asOwner(`DELETE FROM run_metric s USING run r WHERE r.id = s.run_id AND r.key LIKE 'late-%'`);
    await asOwner(`DELETE FROM run WHERE key LIKE 'late-%'`);
    const { rows, groups } = await fromParquet(
      await get('runs.parquet', { where: { duplicate: { eq: false } } }),
    );
    expect(rows.length).toBe(MANY + 3);
    expect(groups).toBeGreaterThan(2);
    expect(new Set(rows.map(({ key }) => key)).size).toBe(MANY + 3);
  });

  test('that breaks in the middle is seen by its reader as broken', async () => {
    const response = await open('runs.ndjson');
    const broken = new Promise((done) => response.once('close', done));
    await until(async () => (await exporting()).length === 1);
    for (const { pid } of await exporting()) await asOwner('SELECT pg_terminate_backend($1)', [pid]);
    let failed: unknown;
    try {
      for await (const _part of response) await sleep(0);
    } catch (error) {
      failed = error;
    }
    await broken;
    expect(String(failed)).toMatch(/aborted|hang up|reset/i);
    expect(response.complete).toBe(false);
    expect((await get('runs.csv', ODD)).status).toBe(200);
  });

  test('ends its transaction when the reader goes away', async () => {
    const response = await open('runs.csv');
    await until(async () => (await exporting()).length === 1);
    response.destroy();
    await until(async () => (await exporting()).length === 0);
    expect((await get('runs.csv', ODD)).status).toBe(200);
  });

  test('is refused with 503 when four are being made', async () => {
    const locked = asOwner(
      'BEGIN; LOCK TABLE run_metric IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3); COMMIT',
    );
    const waiting = () =>
      asOwner(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '/* export%'`,
      );
    await sleep(200);
    const four = Array.from({ length: 4 }, () => get('runs.csv', ODD));
    await until(async () => (await waiting()).length === 4);
    expect(await refused(get('runs.csv', ODD))).toMatchObject({ status: 503, code: 'EXPORTS_BUSY' });
    await locked;
    for (const one of four) expect(parseCsv(await (await one).text()).length).toBe(3);
    await until(async () => (await get('runs.csv', ODD)).status === 200);
  });
});

describe('curves as files', () => {
  test('have every point in the order of its steps, also of points that came late', async () => {
    const { rows } = await fromNdjson(await get('curves.ndjson', ODD));
    const of = (run: string, metric: string) =>
      rows.filter((row) => row.run === run && row.metric === metric);
    expect(rows.map(({ run, metric }) => `${run} ${metric}`)).toEqual([
      ...Array(3).fill(`odd-1 ${LOSS}`),
      'odd-2 a metric',
      ...Array(7).fill(`odd-2 ${LOSS}`),
    ]);
    expect(of('odd-2', LOSS).map(({ step, value }) => [step, value])).toEqual([
      [2, 0.2],
      [5, 0.5],
      [7, 0.7],
      [7, 0.71],
      [8, 0.8],
      [9, 0.9],
      [12, null],
    ]);
    expect(of('odd-2', LOSS)[0]).toMatchObject({ epoch: 0.2, samplesSeen: null, wallTime: 2.1 });
    expect(of('odd-1', LOSS)[1]).toMatchObject({ value: null, valueNonFinite: 'NAN' });
    const { data } = await ask(
      `query ($where: RunFilter!, $metric: String!) { curves(where: $where, metric: $metric) { curves { steps } } }`,
      { ...ODD, metric: LOSS },
    );
    expect(of('odd-2', LOSS).map(({ step }) => step)).toEqual(data.curves.curves[1].steps);
    const parquet = (await fromParquet(await get('curves.parquet', { ...ODD, metric: LOSS }))).rows;
    expect(parquet.length).toBe(10);
    expect(parquet.map(({ value }) => value)).toEqual([
      0.1,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      0.2,
      0.5,
      0.7,
      0.71,
      0.8,
      0.9,
      Number.NEGATIVE_INFINITY,
    ]);
    expect(parquet[3]).toMatchObject({ step: 2n, epoch: Math.fround(0.2), samplesSeen: null });
  });

  test('longer than a page are whole, chunk by chunk', async () => {
    await manyRuns(server, dataset.id, { count: 1, prefix: 'long', metrics: ['a metric'] });
    await asOwner(
      `INSERT INTO chunk SELECT r.id, m.id, 1, c + 1, r.team_id, c * 1000, c * 1000 + 1499, ARRAY(SELECT generate_series(c * 1000, c * 1000 + 1499)), '{}', '{}',
         ARRAY(SELECT 0 FROM generate_series(1, 1500)), ARRAY(SELECT c FROM generate_series(1, 1500))
       FROM run r, metric m, generate_series(0, 39) AS c WHERE r.key = 'long-1' AND m.name = 'a metric'`,
    );
    const { rows, groups } = await fromParquet(
      await get('curves.parquet', { where: { key: { eq: 'long-1' } } }),
    );
    expect(rows.length).toBe(60_000);
    expect(groups).toBe(4);
    const wrong = rows.findIndex(({ step }, i) => i > 0 && step < rows[i - 1]!.step);
    expect(wrong).toBe(-1);
    // Of one step, the earlier chunk's point comes first.
    expect(rows.slice(1000, 1002).map(({ step, value }) => [step, value])).toEqual([
      [1000n, 0],
      [1000n, 1],
    ]);
  });
});

describe('statistics as tables', () => {
  const PIVOT = { rows: ['BATCH_SIZE'], columns: ['BATCH_NORM'], where: { seed: { lte: 800 } } };

  test('are in CSV the numbers of the query', async () => {
    const csv = parseCsv(
      await (
        await get('aggregate.csv', {
          by: 'BATCH_SIZE,BATCH_NORM',
          best: ['BASE_LEARNING_RATE'],
          where: PIVOT.where,
        })
      ).text(),
    );
    const { data } = await ask(
      `query ($where: RunFilter) { aggregate(where: $where, by: [BATCH_SIZE, BATCH_NORM], best: [BASE_LEARNING_RATE]) { groups {
         batchSize batchNorm mean sd n unit ci95 { low high } diverged varying best { baseLearningRate candidates } } } }`,
      { where: PIVOT.where },
    );
    expect(csv.length).toBe(8);
    data.aggregate.groups.forEach((group: Answer, i: number) => {
      const row = csv[i]!;
      expect([row.batchSize, row.batchNorm, row.n, row.unit, row.diverged]).toEqual([
        String(group.batchSize),
        String(group.batchNorm),
        String(group.n),
        group.unit,
        '0',
      ]);
      expect(
        [row.mean, row.sd, row['ci95.low'], row['best.baseLearningRate'], row['best.candidates']].map(Number),
      ).toEqual([group.mean, group.sd, group.ci95.low, group.best.baseLearningRate, group.best.candidates]);
    });
    const pivot = parseCsv(await (await get('pivot.csv', PIVOT)).text());
    expect(pivot.map((row) => [row.batchSize, row['batchNorm=true state']])).toEqual(
      [1, 2, 4, 8, 16, 32, 64, 128].map((m, i) => [String(m), i % 2 === 0 ? 'VALUE' : 'MISSING']),
    );
  });

  test('are in Markdown and LaTeX a table with the best in bold, ± sd, n, powers of two, the link and the keys', async () => {
    const params = { by: ['BASE_LEARNING_RATE', 'BATCH_NORM'], where: { seed: { lte: 32 } }, value: 'LAST' };
    const md = await (await get('aggregate.md', params)).text();
    expect(md).toMatch(/^<!--\nsmallbatch \{/);
    expect(md).toMatch(/\| η̃ \| batchNorm \| test\\_accuracy in % \| diverged \| failed \| unfinished \|/);
    expect(md).toMatch(/\| 2⁻³ \| on \| \d+\.\d\d ± \d+\.\d\d \(\d\) \| 0 \| 0 \| 0 \|/);
    expect(md.match(/\*\*/g)).toHaveLength(2);
    expect(md).toMatch(/keys of the 32 runs counted, of 3\d that matched:\n {2}baseLearningRate=/);
    expect(md).toContain('"many-16"');
    const tex = await (await get('aggregate.tex', params)).text();
    expect(tex).toMatch(/^% smallbatch \{/);
    expect(tex).toMatch(
      /\\begin\{tabular\}\{rlrrrr\}\n\\toprule\n\$\\tilde\{\\eta\}\$ & batchNorm & test\\_accuracy in \\% & /,
    );
    expect(tex).toMatch(/\n\$2\^\{-3\}\$ & on & [\d.]+ \$\\pm\$ [\d.]+ \(\d\) & 0 & 0 & 0 \\\\\n/);
    expect(tex.match(/\\textbf\{/g)).toHaveLength(1);
    const link = /% link: (\S+)/.exec(tex)![1]!;
    expect(await (await fetch(link)).text()).toContain(tex.slice(tex.indexOf('\\begin')));
    const pivot = await (await get('pivot.tex', PIVOT)).text();
    expect(pivot).toMatch(/\n1 & -- & \\textbf\{/);
    expect(await (await get('pivot.tex', { ...PIVOT, bold: 'NONE' })).text()).not.toContain('textbf');
    const ofAll = await (await get('pivot.tex', { ...PIVOT, bold: 'ALL' })).text();
    const { data } = await ask(
      'query ($where: RunFilter) { pivot(where: $where, rows: [BATCH_SIZE], columns: [BATCH_NORM]) { rows { cells { group { mean } } } } }',
      { where: PIVOT.where },
    );
    const means = data.pivot.rows.flatMap(({ cells }: { cells: { group: { mean: number } | null }[] }) =>
      cells.flatMap(({ group }) => group?.mean ?? []),
    );
    expect(ofAll.match(/textbf/g)).toHaveLength(
      means.filter((mean: number) => mean === Math.max(...means)).length,
    );
    expect(ofAll).toContain('of the whole table');
    expect(pivot).toMatch(
      /% 800 runs counted of 80\d that matched; the runs with their keys: http\S+\/export\/runs\.ndjson\?where=\S+/,
    );
  });

  test('cannot be left by what people wrote: no comment ends early, no command of LaTeX is made', async () => {
    const where = { or: [{ key: { eq: '--> <script>\n\\input{x}' } }, { seed: { lte: 2 } }] };
    const md = await (await post('aggregate.md', { by: [], byParams: ['=1+1', '|x|'], where })).text();
    expect(md.indexOf('-->')).toBe(md.indexOf('\n-->\n') + 1);
    expect(md).toContain('| =1+1 | \\|x\\| |');
    const tex = await (await post('aggregate.tex', { by: ['MEMBER'], byParams: ['a_b$\\x'], where })).text();
    const [comments] = tex.split('\\begin{tabular}');
    for (const line of comments!.trimEnd().split('\n')) expect(line).toMatch(/^%/);
    expect(tex).toContain('a\\_b\\$\\textbackslash{}x');
  });
});

describe('a request', () => {
  test.each([
    [
      'runs.csv',
      { wher: '{}' },
      /unknown parameter "wher": there are where, orderBy, metric, param, summary, comments/,
    ],
    ['runs.ndjson', { comments: 'true' }, /unknown parameter "comments"/],
    ['runs.csv', { where: '{"batchSize"' }, /invalid where: .* is not JSON/],
    ['runs.csv', { where: { batchSize: { eq: 'x' } } }, /invalid where\.batchSize\.eq: x; /],
    [
      'runs.csv',
      { where: { batchsize: { eq: 1 } } },
      /invalid where: .*"batchsize" is not defined by type "RunFilter"/,
    ],
    ['runs.csv', { where: { seed: { in: Array(1001).fill(1) } } }, /a list of 1001; at most 1000/],
    [
      'runs.csv',
      { metric: 'nope' },
      /unknown metric "nope": the team has a metric, loss, "odd", test_accuracy/,
    ],
    ['runs.csv', { param: 'nope' }, /unknown param "nope": no run of the filter has it/],
    ['runs.csv', { summary: 'last,lost' }, /invalid summary\.1: lost/],
    ['runs.csv', { orderBy: [{ field: 'NOPE' }] }, /invalid orderBy\.0\.field: NOPE/],
    ['runs.csv', { comments: ['true', 'true'] }, /invalid comments: given 2 times/],
    ['aggregate.csv', {}, /missing parameter by: \[Axis!\]!/],
    [
      'aggregate.csv',
      { by: 'BATCHSIZE' },
      /invalid by\.0: BATCHSIZE; .*Did you mean the enum value "BATCH_SIZE"/,
    ],
    [
      'pivot.tex',
      { rows: 'BATCH_SIZE', columns: 'BATCH_SIZE' },
      /invalid columns: BATCH_SIZE is in the rows/,
    ],
    ['pivot.tex', { rows: 'BATCH_SIZE', columns: 'SEED', bold: 'EACH' }, /invalid bold: EACH/],
  ])('%s: what is wrong in it is refused by its name, case %#', async (path, params, message) => {
    const answer = await refused(
      Object.keys(params).length && path === 'runs.csv' && JSON.stringify(params).length > 2000
        ? post(path, params)
        : get(path, params),
    );
    expect(answer).toMatchObject({ status: 400, code: 'BAD_INPUT', type: expect.stringMatching(/json/) });
    expect(answer.message).toMatch(message);
  });

  test('needs a member who may read', async () => {
    const token = async (scopes: ('READ' | 'WORK')[]) =>
      `Bearer ${(await createToken(db, { teamId, memberId, name: 'x', scopes })).secret}`;
    expect(await refused(get('runs.csv', {}, { authorization: 'Bearer sb_wrong' }))).toMatchObject({
      status: 401,
      code: 'UNAUTHENTICATED',
    });
    expect(await refused(get('runs.parquet', {}, { authorization: await token(['WORK']) }))).toMatchObject({
      status: 403,
      code: 'FORBIDDEN',
    });
    expect((await get('runs.csv', ODD, { authorization: await token(['READ']) })).status).toBe(200);
    expect(await refused(get('runs.csv', {}, { origin: 'http://evil.example' }))).toMatchObject({
      status: 403,
    });
  });

  test('of another team finds nothing of this one', async () => {
    const [other, account, member] = [uuidv7(), uuidv7(), uuidv7()];
    await asOwner(`INSERT INTO team (id, key, name) VALUES ($1, 'other', 'Other')`, [other]);
    await asOwner(`INSERT INTO account (id, name) VALUES ($1, 'o')`, [account]);
    await asOwner(
      `INSERT INTO member (id, team_id, account_id, key, role) VALUES ($1, $2, $3, 'o', 'OWNER')`,
      [member, other, account],
    );
    const { secret } = await createToken(db, {
      teamId: other,
      memberId: member,
      name: 'x',
      scopes: ['READ'],
    });
    for (const name of ['runs.ndjson', 'curves.ndjson']) {
      const { rows, about } = await fromNdjson(await get(name, {}, { authorization: `Bearer ${secret}` }));
      expect([rows, about.team]).toEqual([[], 'other']);
    }
    expect(
      (await fromParquet(await get('runs.parquet', {}, { authorization: `Bearer ${secret}` }))).rows,
    ).toEqual([]);
  });

  test('for what is not there, or too wide, says what there is', async () => {
    expect(await refused(get('runs.xlsx'))).toMatchObject({
      status: 404,
      code: 'NOT_FOUND',
      message: expect.stringMatching(/there are runs\.\{csv,parquet,ndjson\}, /),
    });
    expect(await refused(get('__proto__.csv'))).toMatchObject({ status: 404 });
    const deep = `${'{"not":'.repeat(20_000)}{}${'}'.repeat(20_000)}`;
    const response = fetch(`${base}/runs.csv`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"where":${deep}}`,
    });
    expect(await refused(response)).toMatchObject({
      status: 400,
      message: 'invalid where: nested deeper than 100',
    });
    await asOwner(
      `UPDATE run SET info = (SELECT jsonb_object_agg('p' || i, i) FROM generate_series(1, 2000) i) WHERE key = 'odd-3'`,
    );
    const wide = await refused(get('runs.parquet', ODD));
    expect(wide).toMatchObject({ status: 400 });
    expect(wide.message).toMatch(
      /too many columns: \d+, of 2 metrics and 200\d free parameters; at most 2000\. Choose with "metric", "param" and "summary"/,
    );
    const { rows } = await fromNdjson(await get('runs.ndjson', { ...ODD, param: ['p7', 'depth'] }));
    expect(rows[2]).toMatchObject({ 'info.p7': 7, 'hyper.depth': 3 });
  });
});

test('a Parquet file is read by other readers, where there is one', async ({ skip }) => {
  const has = (module: string) => spawnSync('python3', ['-c', `import ${module}`]).status === 0;
  const reader = ['duckdb', 'pyarrow'].find(has);
  if (!reader)
    return skip('python3 has neither duckdb nor pyarrow here: Parquet was read back by hyparquet alone');
  const folder = mkdtempSync(join(tmpdir(), 'smallbatch-parquet-'));
  const file = join(folder, 'runs.parquet');
  writeFileSync(
    file,
    Buffer.from(await (await get('runs.parquet', { where: { seed: { gt: 3 } } })).arrayBuffer()),
  );
  const read =
    reader === 'duckdb'
      ? `import duckdb, sys; print(duckdb.sql(f"select count(*), sum(seed), count(distinct key) from '{sys.argv[1]}'").fetchone())`
      : `import pyarrow.parquet as p, sys; t = p.read_table(sys.argv[1]); print((t.num_rows, sum(t['seed'].to_pylist()), len(set(t['key'].to_pylist()))))`;
  const said = execFileSync('python3', ['-c', read, file], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect(said.match(/\d+/g)!.map(Number)).toEqual([MANY - 3, (MANY * (MANY + 1)) / 2 - 6, MANY - 3]);
});

test('times keep their microseconds, and 32-bit numbers their digits', () => {
  expect(isoTime(Date.UTC(2026, 10, 26, 1, 2, 3) * 1000 + 45)).toBe('2026-11-26T01:02:03.000045Z');
  expect(isoTime(-1)).toBe('1969-12-31T23:59:59.999999Z');
  fc.assert(
    fc.property(fc.float(), (value) => {
      expect(Math.fround(shortFloat(value)) + 0).toBe(value + 0);
    }),
  );
  expect(shortFloat(Math.fround(0.1))).toBe(0.1);
});
