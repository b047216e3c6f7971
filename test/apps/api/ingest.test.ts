import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { startApi } from '@smallbatch/api';
import { createToken, POINT_LIMITS, readCurves } from '@smallbatch/db';
import { afterAll, describe, expect, test } from 'vitest';
import { ownRuns } from './own-runs.ts';
import { type Answer, testApi } from './server.ts';

const api = await testApi();
const { db, teamId } = api;
const runs = await ownRuns(api);
const LINES = 'application/x-ndjson';
const COLUMNS = 'application/vnd.smallbatch.columns';

async function post(
  body: string | Uint8Array<ArrayBuffer>,
  options: { query?: string; type?: string; port?: number; headers?: Record<string, string> } = {},
): Promise<{ status: number; answer: Answer }> {
  const { query = '', type = LINES, port = api.api.port, headers = {} } = options;
  const response = await fetch(`http://127.0.0.1:${port}/ingest/points${query}`, {
    method: 'POST',
    headers: { 'content-type': type, ...headers },
    body,
  });
  return { status: response.status, answer: await response.json() };
}
const lines = (...records: object[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');
const curve = async (uuid: string, metric: string) => (await readCurves(db, [uuid], [metric]))[0];
const message = ({ answer }: { answer: Answer }): string => answer.errors[0].message;

/** Packed as docs/ingest.md says. */
function packed(
  series: (Record<string, unknown> & { columns: ArrayBufferView<ArrayBuffer>[] })[],
): Uint8Array<ArrayBuffer> {
  let header = JSON.stringify({ series: series.map(({ columns: _, ...rest }) => rest) });
  header += ' '.repeat((8 - (Buffer.byteLength(header) % 8)) % 8);
  const prefix = Buffer.from('SBC1\0\0\0\0');
  prefix.writeUInt32LE(Buffer.byteLength(header), 4);
  const parts = series.flatMap(({ columns }) =>
    columns.flatMap((column) => [
      Buffer.from(column.buffer),
      Buffer.alloc((8 - (column.byteLength % 8)) % 8),
    ]),
  );
  return new Uint8Array(Buffer.concat([prefix, Buffer.from(header), ...parts]));
}

describe('lines', () => {
  test('are points or columns of points, of several runs and metrics, with what JSON has no number for', async () => {
    const [a, b] = [await runs.run(), await runs.run()];
    const { status, answer } = await post(
      lines(
        {
          run: a.key,
          sequence: 1,
          metric: 'loss',
          step: 1,
          value: 0.5,
          epoch: 0.25,
          samplesSeen: 32,
          wallTime: 1.5,
        },
        { run: b.id, sequence: 1, metric: 'loss', step: 7, value: 'Infinity' },
        { run: a.key, sequence: 1, metric: 'loss', step: 2, value: 'NaN' },
        {
          run: a.key,
          sequence: 1,
          metric: 'accuracy',
          steps: [1, 5],
          values: [0.25, '-Infinity'],
          epochs: [null, 2],
        },
        { run: a.key, sequence: 1, metric: 'loss', steps: [3, 4], values: [3, 4], samplesSeen: [96, null] },
      ),
    );
    expect(status).toBe(200);
    const taken = { attempt: 1, sequence: 1, outcome: 'ACCEPTED', warnings: [] };
    expect(answer).toEqual({
      points: 7,
      runs: [
        { run: a.key, ...taken },
        { run: b.id, ...taken },
      ],
    });
    expect(await curve(a.uuid, 'loss')).toMatchObject({
      steps: [1, 2, 3, 4],
      values: [0.5, Number.NaN, 3, 4],
      epochs: [0.25, null, null, null],
      samplesSeen: [32, null, 96, null],
    });
    expect((await curve(a.uuid, 'loss'))!.wallTimes[0]).toBe(1.5);
    expect(await curve(a.uuid, 'accuracy')).toMatchObject({
      values: [0.25, Number.NEGATIVE_INFINITY],
      epochs: [null, 2],
    });
    expect((await curve(b.uuid, 'loss'))!.values).toEqual([Number.POSITIVE_INFINITY]);
    const { data } = await api.ask(
      'query ($k: String!) { run(key: $k) { step samplesSeen metrics { name count last nonFiniteCount } } }',
      {
        k: a.key,
      },
    );
    expect(data.run).toMatchObject({ step: 5, samplesSeen: 96 });
    expect(data.run.metrics).toEqual(
      expect.arrayContaining([{ name: 'loss', count: 4, last: 4, nonFiniteCount: 1 }]),
    );
  });

  test.each([
    ['{"run":', 'line 2: not valid JSON'],
    ['[1]', 'line 2: not an object'],
    ['{"run":"R","sequence":1,"metric":"m","step":1,"value":1,"wall_time":2}', 'unknown field "wall_time"'],
    ['{"run":"R","metric":"m","step":1,"value":1}', 'invalid sequence that is missing'],
    ['{"run":"R","sequence":0,"metric":"m","step":1,"value":1}', 'invalid sequence 0'],
    ['{"run":"R","sequence":1,"attempt":"1","metric":"m","step":1,"value":1}', 'invalid attempt "1"'],
    ['{"run":7,"sequence":1,"metric":"m","step":1,"value":1}', 'invalid run 7'],
    ['{"run":"R","sequence":1,"step":1,"value":1}', 'invalid metric that is missing'],
    ['{"run":"R","sequence":1,"metric":"m","step":1,"value":null}', 'invalid value null'],
    ['{"run":"R","sequence":1,"metric":"m","step":1,"value":"nan"}', 'invalid value "nan"'],
    ['{"run":"R","sequence":1,"metric":"m","value":1}', 'missing step'],
    [
      '{"run":"R","sequence":1,"metric":"m","steps":[1,2],"values":[1]}',
      'invalid values: 1 numbers for 2 steps',
    ],
    ['{"run":"R","sequence":1,"metric":"m","steps":[1],"values":[null]}', 'invalid values at place 0: null'],
    ['{"run":"R","sequence":1,"metric":"m","step":-1,"value":1}', 'invalid steps at place 1: -1'],
    ['{"run":"R","sequence":1,"metric":"m","step":1.5,"value":1}', 'invalid steps at place 1: 1.5'],
    ['{"run":"R","sequence":1,"metric":"m","step":1,"value":1,"epoch":1e300}', 'invalid epochs'],
    ['{"run":"R","sequence":1,"metric":"a\\u0000b","step":1,"value":1}', 'invalid metric name'],
  ])(
    'that are wrong are refused with all others of the request, and the answer names them: %s',
    async (wrong, said) => {
      const { key, uuid } = await runs.run();
      const good = JSON.stringify({ run: key, sequence: 1, metric: 'm', step: 1, value: 1 });
      const refused = await post(`${good}\n${wrong.replace('"R"', JSON.stringify(key))}\n`);
      expect([refused.status, refused.answer.errors[0].extensions.code]).toEqual([400, 'BAD_INPUT']);
      expect(message(refused)).toContain(said);
      expect(await curve(uuid, 'm')).toBeUndefined();
    },
  );
});

describe('packed columns', () => {
  test('of every type are read as they are, evenly rising ones without bytes', async () => {
    const { key, uuid } = await runs.run();
    const values = Float64Array.from([1 / 3, Number.NaN, Number.NEGATIVE_INFINITY]);
    const series = [
      {
        run: key,
        sequence: 1,
        metric: 'é', // a header is bytes, not characters
        count: 3,
        steps: 'i64',
        values: 'f64',
        epochs: 'f32',
        samplesSeen: { from: 32, by: 32 },
        columns: [BigInt64Array.from([1n, 2n, 2n ** 52n + 1n]), values, Float32Array.from([0.5, 1, 1.5])],
      },
      {
        run: key,
        sequence: 1,
        metric: 'short',
        count: 3,
        steps: { from: 10, by: 5 },
        values: 'f32',
        wallTimes: 'f64',
        columns: [Float32Array.from([0.5, 2, 3]), Float64Array.from([1, 2, 3])],
      },
      {
        run: key,
        sequence: 2,
        metric: 'short',
        count: 1,
        steps: 'i32',
        values: 'f64',
        samplesSeen: 'i32',
        columns: [Int32Array.from([25]), Float64Array.from([9]), Int32Array.from([5])],
      },
    ];
    const { status, answer } = await post(packed(series), { type: COLUMNS });
    expect(status).toBe(200);
    expect(answer.points).toBe(7);
    expect(await curve(uuid, 'é')).toMatchObject({
      steps: [1, 2, 2 ** 52 + 1],
      values: [...values],
      epochs: [0.5, 1, 1.5],
      samplesSeen: [32, 64, 96],
      wallTimes: [0, 0, 0],
    });
    expect(await curve(uuid, 'short')).toMatchObject({
      steps: [10, 15, 20, 25],
      values: [0.5, 2, 3, 9],
      wallTimes: [1, 2, 3, 0],
      samplesSeen: [null, null, null, 5],
    });
  });

  test('that do not fit their header are refused whole', async () => {
    const { key } = await runs.run();
    const one = (more: object, columns: ArrayBufferView<ArrayBuffer>[] = [Float64Array.from([1, 2])]) =>
      packed([
        {
          run: key,
          sequence: 1,
          metric: 'm',
          count: 2,
          steps: { from: 1, by: 1 },
          values: 'f64',
          columns,
          ...more,
        },
      ]);
    const right = one({});
    const cases: [Uint8Array<ArrayBuffer>, string][] = [
      [right.slice(0, -8), 'missing bytes'],
      [new Uint8Array([...right, 0, 0, 0, 0, 0, 0, 0, 0]), '8 bytes after the last column'],
      [new Uint8Array(Buffer.from('SBC2')), 'does not begin with "SBC1"'],
      [
        new Uint8Array(Buffer.concat([Buffer.from('SBC1'), Buffer.from([255, 255, 255, 255]), right])),
        'invalid length',
      ],
      [one({ values: { from: 0, by: 1 } }, []), 'invalid values'],
      [one({ values: 'i32' }, [Int32Array.from([1, 2])]), 'invalid values "i32"'],
      [one({ count: 1e12 }), 'at most 8000000 bytes'],
      [one({ count: -1 }), 'invalid count -1'],
      [one({ steps: { from: 0.5, by: 1 } }), 'invalid steps at place 0'],
      [one({ wallTime: 'f64' }), 'unknown field "wallTime"'],
    ];
    for (const [body, said] of cases) expect(message(await post(body, { type: COLUMNS }))).toContain(said);
    expect((await post(right, { type: COLUMNS })).answer.points).toBe(2);
  });
});

describe('a request', () => {
  test('tells for each run what became of it; what is refused for one holds no other up', async () => {
    const [good, ended, full] = [await runs.run(), await runs.run(), await runs.run()];
    await runs.finish(ended.id);
    await post(lines({ run: full.key, sequence: 1, metric: 'm', step: 1, value: 1 }));
    await api.asOwner('UPDATE run_metric SET count = $2 WHERE run_id = $1', [
      full.uuid,
      POINT_LIMITS.pointsOfAMetric,
    ]);
    const point = { metric: 'm', step: 1, value: 1 };
    const { status, answer } = await post(
      lines(
        { run: ended.key, sequence: 1, ...point },
        { run: 'nobody-1', sequence: 1, ...point },
        { run: full.key, sequence: 2, ...point },
        { run: full.key, sequence: 1, ...point },
        { run: good.key, sequence: 2, ...point },
        { run: good.key, sequence: 1, ...point },
        { run: good.key, sequence: 1, attempt: 2, ...point },
      ),
    );
    expect(status).toBe(200);
    expect(answer.points).toBe(1);
    expect(answer.runs).toMatchObject([
      { outcome: 'LOST', currentAttempt: 1, message: 'attempt 1 has ended' },
      { outcome: 'UNKNOWN' },
      { outcome: 'LIMIT', limit: 'pointsOfAMetric', value: 10_000_001, most: 10_000_000 },
      { outcome: 'DUPLICATE' },
      { outcome: 'GAP', expected: 1 },
      { outcome: 'ACCEPTED' },
      { outcome: 'LOST', currentAttempt: 1 },
    ]);
  });

  test('costs the same statements however many runs, metrics and points it has', async () => {
    const bodyOf = async (count: number, metrics: number) => {
      const made = await Promise.all(Array.from({ length: count }, () => runs.run()));
      return lines(
        ...made.flatMap(({ key }) =>
          Array.from({ length: metrics }, (_, i) => ({
            run: key,
            sequence: 1,
            metric: `s${i}`,
            step: 1,
            value: 1,
          })),
        ),
      );
    };
    const [warm, small, large] = [await bodyOf(1, 20), await bodyOf(1, 1), await bodyOf(10, 20)];
    const count = async (body: string) => {
      api.statements();
      expect((await post(body)).status).toBe(200);
      return api.statements().length;
    };
    await count(warm);
    expect(await count(large)).toBe(await count(small));
  });

  test('of more than 8 MB is refused as JSON, as sent and as inflated, and a bomb takes no memory', async () => {
    const line = lines({ run: 'nobody-1', sequence: 1, metric: 'm', step: 1, value: 1 });
    const large = line.repeat(Math.ceil(8_000_001 / line.length));
    for (const [body, headers] of [
      [large, {}],
      [new Uint8Array(gzipSync(large)), { 'content-encoding': 'gzip' }],
    ] as const) {
      const refused = await post(body, { headers });
      expect([refused.status, refused.answer.errors[0].extensions.code]).toEqual([413, 'TOO_LARGE']);
    }
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(1_000_000_000), { level: 1 }));
    expect(bomb.length).toBeLessThan(8_000_000);
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 3; i++) {
      const refused = await post(bomb, { headers: { 'content-encoding': 'gzip' } });
      expect(refused.status).toBe(413);
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(200_000_000);
    expect((await post(line)).status).toBe(200);
  });

  test('within 8 MB but with more than a million points is refused', async () => {
    const ones = `[${'1,'.repeat(600_000)}1]`;
    const record = `{"run":"nobody-1","sequence":1,"metric":"m","steps":${ones},"values":${ones}}\n`;
    const refused = await post(record + record);
    expect(refused.status).toBe(413);
    expect(message(refused)).toContain('1000000 points');
  });

  test('from a page of elsewhere, without a right or of another kind is refused', async () => {
    const body = lines({ run: 'nobody-1', sequence: 1, metric: 'm', step: 1, value: 1 });
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/json',
    ])
      expect((await post(body, { type })).status, type).toBe(415);
    expect((await post(body, { headers: { origin: 'https://elsewhere.example' } })).status).toBe(403);
    expect((await post(body, { headers: { 'content-encoding': 'br' } })).status).toBe(415);
    expect((await post('not gzip', { headers: { 'content-encoding': 'gzip' } })).status).toBe(400);
    expect((await post(body, { headers: { authorization: 'Bearer sbt_wrong' } })).status).toBe(401);
    const { secret } = await createToken(db, {
      teamId,
      memberId: api.memberId,
      name: 'reader',
      scopes: ['READ'],
      expiresAt: null,
    } as never);
    expect((await post(body, { headers: { authorization: `Bearer ${secret}` } })).status).toBe(403);
    expect((await post('')).answer).toEqual({ points: 0, runs: [] });
  });
});

describe('an upload', () => {
  const point = (run: string, step: number) => ({ run, metric: 'm', step, value: step });
  const state = async (id: string): Promise<Answer> =>
    (await (await fetch(`http://127.0.0.1:${api.api.port}/ingest/points?upload=${id}`)).json()).upload;

  test('goes on where it is durable: parts sent twice or overlapping take effect once, one beyond is refused', async () => {
    const { key, uuid } = await runs.run();
    const part = (from: number, to: number) =>
      post(lines(...Array.from({ length: to - from }, (_, i) => point(key, from + i))), {
        query: `?upload=u-1&offset=${from}`,
      });
    expect(await state('u-1')).toEqual({ id: 'u-1', offset: 0, refused: [] });
    expect((await part(0, 3)).answer).toMatchObject({ points: 3, upload: { id: 'u-1', offset: 3 } });
    expect((await part(0, 3)).answer).toMatchObject({ points: 0, runs: [], upload: { offset: 3 } });
    expect((await part(1, 6)).answer).toMatchObject({ points: 3, upload: { offset: 6 } });
    expect((await part(0, 2)).answer).toMatchObject({ points: 0, upload: { offset: 6 } });
    const ahead = await part(8, 9);
    expect([ahead.status, ahead.answer.errors[0].extensions]).toMatchObject([
      409,
      { code: 'OFFSET_AHEAD', expected: 6 },
    ]);
    expect(await state('u-1')).toMatchObject({ offset: 6 });
    expect((await curve(uuid, 'm'))!.steps).toEqual([0, 1, 2, 3, 4, 5]);
    // The run's own sequence numbers are untouched: a reporter beside it loses nothing.
    expect((await post(lines({ ...point(key, 6), sequence: 1 }))).answer.runs[0].outcome).toBe('ACCEPTED');
  });

  test('of packed columns counts series', async () => {
    const { key, uuid } = await runs.run();
    const series = [1, 2, 3].map((step) => ({
      run: key,
      metric: 'm',
      count: 1,
      steps: 'i32',
      values: 'f64',
      columns: [Int32Array.from([step]), Float64Array.from([step])],
    }));
    const send = (from: number, to: number) =>
      post(packed(series.slice(from, to)), { type: COLUMNS, query: `?upload=u-2&offset=${from}` });
    expect((await send(0, 2)).answer).toMatchObject({ points: 2, upload: { offset: 2 } });
    expect((await send(1, 3)).answer).toMatchObject({ points: 1, upload: { offset: 3 } });
    expect((await curve(uuid, 'm'))!.values).toEqual([1, 2, 3]);
  });

  test('notes the runs that were refused, goes on with the others, and belongs to its team', async () => {
    const { key } = await runs.run();
    const sent = await post(lines(point(key, 1), point('nobody-1', 1)), { query: '?upload=u-3&offset=0' });
    expect(sent.answer).toMatchObject({ points: 1, runs: [{ outcome: 'ACCEPTED' }, { outcome: 'UNKNOWN' }] });
    const noted = { offset: 2, refused: [{ run: 'nobody-1', outcome: 'UNKNOWN' }] };
    expect(await state('u-3')).toMatchObject(noted);
    const again = await post(lines(point(key, 1), point('nobody-1', 1)), { query: '?upload=u-3&offset=0' });
    expect(again.answer).toMatchObject({ points: 0, upload: noted });
    expect(await api.asOwner('SELECT DISTINCT team_id FROM upload')).toEqual([{ team_id: teamId }]);
  });

  test('sent to two servers at once, part for part, is there once', async () => {
    const second = await startApi({
      db,
      port: 0,
      logger: { level: 'silent', info() {}, warn() {}, error() {}, debug() {} } as never,
    });
    afterAll(() => second.stop());
    const { key, uuid } = await runs.run();
    for (let from = 0; from < 30; from += 3) {
      const body = lines(...[0, 1, 2].map((i) => point(key, from + i)));
      const answers = await Promise.all(
        [api.api.port, second.port, api.api.port, second.port].map((port) =>
          post(body, { query: `?upload=u-4&offset=${from}`, port }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(answers.reduce((sum, { answer }) => sum + answer.points, 0)).toBe(3);
    }
    expect((await curve(uuid, 'm'))!.steps).toEqual(Array.from({ length: 30 }, (_, i) => i));
  });

  test.each([
    '?upload=a%20b&offset=0',
    '?upload=&offset=0',
    '?upload=a',
    '?upload=a&offset=-1',
    '?upload=a&offset=1e3',
    '?upload=a&upload=b&offset=0',
  ])('that is not said well is refused: %s', async (query) => {
    expect((await post('', { query })).status).toBe(400);
  });
});

describe('docs/ingest.md', () => {
  const page = readFileSync(new URL('../../../docs/ingest.md', import.meta.url), 'utf8');
  const example = (name: string): string =>
    new RegExp(`<!-- example: ${name} -->\\s+\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(page)![1]!;

  test('has examples that do what it says', async () => {
    const { secret } = await createToken(db, {
      teamId,
      memberId: api.memberId,
      name: 'script',
      scopes: ['WRITE'],
      expiresAt: null,
    } as never);
    const url = `http://127.0.0.1:${api.api.port}`;
    const curl = async (name: string, more: Record<string, string> = {}): Promise<Answer> => {
      const env = { ...process.env, SMALLBATCH_URL: url, SMALLBATCH_TOKEN: secret, ...more };
      const { stdout } = await promisify(execFile)('bash', ['-c', example(name)], { env });
      return JSON.parse(stdout);
    };
    const first = await curl('create');
    const { id, key } = first.data.createRun.claim.run;
    expect((await curl('create')).data.createRun.claim.run.id).toBe(id);
    expect(await curl('points', { RUN: key })).toEqual({
      points: 4,
      runs: [{ run: key, attempt: 1, sequence: 1, outcome: 'ACCEPTED', warnings: [] }],
    });
    expect((await curl('points', { RUN: key })).runs[0].outcome).toBe('DUPLICATE');
    expect(await curl('upload', { RUN: key })).toMatchObject({ points: 3, upload: { offset: 3 } });
    expect(await curl('where')).toEqual({ upload: { id: 'import-1', offset: 3, refused: [] } });
    const send = new Function(
      'run',
      'url',
      'token',
      `return (async () => { ${example('packed')}; return response.json(); })()`,
    );
    expect(await send(key, url, secret)).toMatchObject({ points: 1000, runs: [{ outcome: 'ACCEPTED' }] });
    const finished = await curl('finish', { RUN_ID: id });
    expect(finished.data.finishRun.results).toEqual([{ __typename: 'RunFinished' }]);
    const uuid = Buffer.from(id, 'base64').toString().slice('Run:'.length);
    expect((await curve(uuid, 'train_loss'))!.values.length).toBe(1002);
  });
});
