import { readCurves } from '@smallbatch/db';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AXES, ownRuns } from './own-runs.ts';
import { type Answer, testApi } from './server.ts';

const api = await testApi();
const { db } = api;
const runs = await ownRuns(api);

/** What happens to one try: the request or its answer is lost, it arrives twice at once, or again later; or all is well. */
const fault = fc.constantFrom('request lost', 'answer lost', 'twice', 'fine', 'fine');
type Fault = 'request lost' | 'answer lost' | 'twice' | 'fine';

/** Sends until an answer comes back, as whoever wants at-least-once does. */
function lossy(faults: readonly Fault[]) {
  let next = 0;
  return async <T>(send: () => Promise<T>): Promise<T> => {
    for (;;) {
      const now = faults[next++ % faults.length]!;
      if (next > 500) throw new Error('no answer came back');
      if (now === 'request lost') continue;
      const answers = await Promise.all(now === 'twice' ? [send(), send()] : [send()]);
      if (now !== 'answer lost') return answers[0]!;
    }
  };
}
/** At least one in a round is fine, or nothing would ever be acknowledged. */
const faults = fc
  .array(fault, { minLength: 1, maxLength: 12 })
  .map((some): Fault[] => [...some, 'fine'] as Fault[]);
const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 });

/** Batches of so many points, each point with a value of its own. */
function batchesOf(counts: readonly number[]) {
  let step = 0;
  return counts.map((count) => {
    const steps = Array.from({ length: count }, () => ++step);
    return { steps, values: steps.map((one) => one / 4) };
  });
}

async function expectOnce(uuid: string, batches: readonly { steps: number[]; values: number[] }[]) {
  const [curve] = await readCurves(db, [uuid], ['loss']);
  const values = batches.flatMap((batch) => batch.values);
  expect(curve!.steps).toEqual(batches.flatMap(({ steps }) => steps));
  expect(curve!.values).toEqual(values);
  const { rows } = await db.pool.query('SELECT count, sum, last FROM run_metric WHERE run_id = $1', [uuid]);
  expect(rows).toEqual([
    { count: values.length, sum: values.reduce((sum, value) => sum + value, 0), last: values.at(-1) },
  ]);
}

const REPORT = `mutation ($input: ReportMetricsInput!) { reportMetrics(input: $input) { results { __typename } } }`;
async function reported(run: string, sequence: number, batch: object): Promise<string> {
  const report = { run, attempt: 1, sequence, series: [{ metric: 'loss', ...batch }] };
  const { data } = await api.ask(REPORT, { input: { reports: [report] } });
  return data.reportMetrics.results[0].__typename;
}
async function post(body: string, query = ''): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${api.api.port}/ingest/points${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body,
  });
  return response.json();
}

describe('what is sent at least once has its effect exactly once', () => {
  test('by GraphQL: the run is made, every batch taken and the run ended once', async () => {
    await fc.assert(
      fc.asyncProperty(faults, sizes, async (some, counts) => {
        const deliver = lossy(some);
        const key = crypto.randomUUID();
        const input = { idempotencyKey: key, seed: Math.floor(Math.random() * 2 ** 40) };
        const { run } = (await deliver(() => runs.create(input))).claim;
        const batches = batchesOf(counts);
        for (const [i, batch] of batches.entries())
          expect(await deliver(() => reported(run.id, i + 1, batch))).toBe('ReportAccepted');
        const ended = await deliver(() => runs.finish(run.id, batches.length));
        expect(ended.__typename).toBe('RunFinished');
        const uuid = Buffer.from(run.id, 'base64').toString().slice('Run:'.length);
        await expectOnce(uuid, batches);
        expect(await api.asOwner('SELECT status::text FROM run WHERE idempotency_key = $1', [key])).toEqual([
          { status: 'DONE' },
        ]);
        // Whatever is still under way when the run has ended changes nothing.
        expect(await reported(run.id, 1, batches[0]!)).toBe('ReportAccepted');
        expect(await reported(run.id, batches.length + 1, batches[0]!)).toBe('LeaseLost');
        await expectOnce(uuid, batches);
      }),
      { numRuns: 15 },
    );
  });

  test('by the bulk route with sequence numbers', async () => {
    await fc.assert(
      fc.asyncProperty(faults, sizes, async (some, counts) => {
        const deliver = lossy(some);
        const { key, uuid } = await runs.run();
        const batches = batchesOf(counts);
        for (const [i, batch] of batches.entries()) {
          const body = JSON.stringify({ run: key, sequence: i + 1, metric: 'loss', ...batch });
          expect((await deliver(() => post(body))).runs[0].outcome).toMatch(/^(ACCEPTED|DUPLICATE)$/);
        }
        await expectOnce(uuid, batches);
      }),
      { numRuns: 15 },
    );
  });

  test('by an upload, whose client begins anew at any place before its offset', async () => {
    await fc.assert(
      fc.asyncProperty(faults, sizes, fc.array(fc.nat(3)), async (some, counts, steps) => {
        const deliver = lossy(some);
        const { key, uuid } = await runs.run();
        const id = crypto.randomUUID();
        const batches = batchesOf(counts);
        const lines = batches.flatMap(({ steps: own, values }) =>
          own.map((step, i) => JSON.stringify({ run: key, metric: 'loss', step, value: values[i] })),
        );
        for (let at = 0, turn = 0; at < lines.length; turn++) {
          // Somewhat before where it stands, as after a restart from an old note.
          const from = Math.max(0, at - (steps[turn % Math.max(1, steps.length)] ?? 0));
          const part = lines.slice(from, from + 6);
          const answer = await deliver(() => post(part.join('\n'), `?upload=${id}&offset=${from}`));
          expect(answer.upload.offset).toBe(Math.max(at, from + part.length));
          at = answer.upload.offset;
        }
        await expectOnce(uuid, batches);
      }),
      { numRuns: 15 },
    );
  });

  test('createRun with one key, sent many times at once, makes one run; without duplicate: true so does one configuration', async () => {
    const input = { idempotencyKey: 'once', seed: 1_000_077 };
    const made = await Promise.all(Array.from({ length: 12 }, () => runs.create(input)));
    expect(new Set(made.map(({ claim }) => claim.run.id)).size).toBe(1);
    const others = await Promise.all(Array.from({ length: 12 }, () => runs.create({ seed: 1_000_078 })));
    expect(others.filter(({ __typename }) => __typename === 'CreateRunSuccess')).toHaveLength(1);
    expect(others.filter(({ __typename }) => __typename === 'RunExists')).toHaveLength(11);
    const again = await Promise.all(
      Array.from({ length: 6 }, () => runs.create({ seed: 1_000_078, duplicate: true })),
    );
    expect(again.every(({ __typename }) => __typename === 'CreateRunSuccess')).toBe(true);
    const rows = await api.asOwner(
      'SELECT count(*) FILTER (WHERE duplicate)::int AS duplicates, count(*)::int AS runs FROM run WHERE seed = 1000078',
    );
    expect(rows).toEqual([{ duplicates: 6, runs: 7 }]);
  });

  test('runs of one name are one worker, and creating one is one statement', async () => {
    await runs.run({ name: 'same', axes: { ...AXES, batchSize: 16 } });
    api.statements();
    await runs.run({ name: 'same', axes: { ...AXES, batchSize: 16 } });
    const sent = api.statements().map((text) => /^\/\* (\w+)/.exec(text)?.[1] ?? 'prisma');
    expect(sent.filter((name) => name !== 'notify')).toEqual(['createOwnRun']);
    expect(await api.asOwner(`SELECT count(*)::int AS n FROM worker WHERE name = 'same'`)).toEqual([
      { n: 1 },
    ]);
  });
});
