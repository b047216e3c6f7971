// How fast points and runs are taken, how large they lie on disk, and what deleting a run costs others. An embedded PostgreSQL with its
// usual settings (every commit is on disk before it is acknowledged), one API process, four client processes, on one machine.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { migrate, openDb, startEmbedded } from '../../packages/db/dist/index.js';

const CLIENTS = 4;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const sorted = (values) => [...values].sort((a, b) => a - b);
const quantile = (values, q) => {
  const order = sorted(values);
  return order[Math.min(order.length - 1, Math.floor(q * order.length))];
};
const spread = (values) => ({
  value: quantile(values, 0.5),
  min: Math.min(...values),
  max: Math.max(...values),
  n: values.length,
});

export async function benchIngest({ windows = 5, seconds = 3, deletedPoints = 5_000_000 } = {}, row) {
  const home = mkdtempSync(join(tmpdir(), 'smallbatch-bench-'));
  const postgres = await startEmbedded({ home, temporary: true });
  const children = [];
  let db;
  try {
    await migrate(postgres.url);
    // As the owner of the tables: COPY, which is the limit, is refused where row-level security holds.
    db = await openDb({ url: postgres.url, applicationRole: false });
    const api = fork(here('../../apps/api/dist/main.js'), [], {
      env: { ...process.env, DATABASE_URL: postgres.url, PORT: '0', LOG_LEVEL: 'warn', NODE_OPTIONS: '' },
    });
    children.push(api);
    const [{ listening: url }] = await once(api, 'message');
    const bench = { db, api, url, row, windows, seconds, start: () => startClients(children) };
    await addDataset(bench);
    await ingestCases(bench);
    await runsCase(bench);
    await reporterCase(bench);
    await deletionCase(bench, deletedPoints);
  } finally {
    const living = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    const ended = living.map((child) => once(child, 'exit'));
    for (const child of living) child.kill();
    await Promise.all(ended);
    await db?.close();
    await postgres.stop();
  }
}

function startClients(children, count = CLIENTS) {
  const clients = Array.from({ length: count }, () => fork(here('ingest-client.mjs')));
  children.push(...clients);
  return clients;
}

async function tell(client, message) {
  client.send(message);
  const [answer] = await once(client, 'message');
  if (answer.error) throw new Error(answer.error);
  return answer;
}

/** Rates of all clients added, window by window; the first, which warms up, is left out. */
async function measure({ windows, seconds }, clients, orderOf) {
  await Promise.all(clients.map((client, i) => tell(client, { prepare: orderOf(i) })));
  const rates = [];
  for (let i = 0; i <= windows; i++) {
    const answers = await Promise.all(clients.map((client) => tell(client, { window: seconds })));
    if (i > 0) rates.push(answers.reduce((sum, { rate }) => sum + rate, 0));
  }
  for (const client of clients) client.kill();
  return rates;
}

async function ask(url, query, variables = {}) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
  return data;
}

async function addDataset({ db }) {
  await db.pool.query(
    `/* bench */ INSERT INTO dataset (id, team_id, name, hash, classes, channels, height, width, train_count, test_count)
     SELECT gen_random_uuid(), id, 'noise', repeat('0', 64), 10, 3, 32, 32, 50000, 10000 FROM team`,
  );
}

let seeds = 2_000_000_000;
async function newRun({ url }) {
  const { createRun } = await ask(
    url,
    `mutation ($input: CreateRunInput!) { createRun(input: $input) { ... on CreateRunSuccess { claim { run { id key } } } ... on InvalidInput { message } } }`,
    {
      input: {
        name: 'points',
        dataset: 'noise',
        seed: seeds++,
        axes: { model: 'resnet8', batchNorm: true, batchSize: 32, baseLearningRate: 0.01, epochs: 82 },
      },
    },
  );
  if (!createRun.claim) throw new Error(createRun.message);
  return createRun.claim.run;
}

const size = async (db) => {
  const { rows } = await db.pool.query(
    `/* bench */ SELECT pg_total_relation_size('chunk') + pg_total_relation_size('run_metric') AS bytes, (SELECT coalesce(sum(count), 0) FROM run_metric) AS points`,
  );
  return { bytes: Number(rows[0].bytes), points: Number(rows[0].points) };
};

const CASES = [
  { kind: 'packed', name: 'packed columns', points: 10_000 },
  { kind: 'packed', name: 'packed columns', points: 1000 },
  { kind: 'ndjson', name: 'NDJSON, a point a line', points: 5000 },
  { kind: 'graphql', name: 'GraphQL', points: 1500 },
];

async function ingestCases(bench) {
  const { db, url, row } = bench;
  for (const { kind, name, points } of CASES) {
    const runs = await Promise.all(Array.from({ length: CLIENTS }, () => newRun(bench)));
    const before = await size(db);
    const rates = await measure(bench, bench.start(), (i) => ({
      url,
      kind,
      points,
      run: kind === 'graphql' ? runs[i].id : runs[i].key,
    }));
    const after = await size(db);
    const params = { clients: CLIENTS, metrics: 4, pointsOfASeries: points };
    const limit = quantile(await copyRates(bench, points), 0.5);
    row({
      bench: 'ingest',
      case: `${name}, ${points} a series`,
      params,
      unit: 'points/s',
      ...spread(rates),
      limit,
    });
    const bytes = (after.bytes - before.bytes) / (after.points - before.points);
    row({
      bench: 'ingest',
      case: `${name}, ${points} a series: on disk`,
      params,
      unit: 'B/point',
      ...spread([bytes]),
    });
  }
}

/** What PostgreSQL alone takes of the same chunks, made beforehand, over as many connections: COPY and COMMIT and nothing else. */
async function copyRates({ db, windows, seconds }, points) {
  const rates = [];
  const { chunks, anew } = await chunksOf(db, points);
  for (let i = 0; i <= windows; i++) {
    const begun = performance.now();
    const counts = await Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        const client = await db.pool.connect();
        let count = 0;
        try {
          while (performance.now() - begun < seconds * 1000) {
            const into = client.query(copyFrom('/* bench */ COPY chunk FROM STDIN (FORMAT binary)'));
            await pipeline(Readable.from([anew()], { objectMode: false }), into);
            count += chunks * points;
          }
        } finally {
          client.release();
        }
        return count;
      }),
    );
    const rate = counts.reduce((a, b) => a + b, 0) / ((performance.now() - begun) / 1000);
    if (i > 0) rates.push(rate);
  }
  await db.pool.query('/* bench */ DELETE FROM chunk WHERE team_id = $1', [NOBODY]);
  await db.pool.query('/* bench */ CHECKPOINT').catch(() => {});
  return rates;
}

const NOBODY = '00000000-0000-0000-0000-000000000001';
/** Of COPY's binary form: what comes before the first row and after the last; of a row what comes before its first column, `run_id`. */
const COPY = { head: 19, tail: 2, toRunId: 6 };

/** Chunks as COPY takes them, made by PostgreSQL; `anew`: the same ones of another run. */
async function chunksOf({ pool }, points, chunks = 4) {
  const column = (value, type) => `ARRAY(SELECT (${value})::${type} FROM generate_series(1, ${points}) AS k)`;
  const rows = `SELECT gen_random_uuid(), m, 1, 1, '${NOBODY}'::uuid, 1::bigint, ${points}::bigint, ${column('k', 'bigint')},
    ${column('k / 390.0', 'real')}, '{}'::bigint[], ${column('0.01 * (k + random())', 'real')}, ${column('0.1 * (k + random())', 'double precision')},
    128::bigint FROM generate_series(1, ${chunks}) AS m`;
  const client = await pool.connect();
  const made = await buffer(
    client.query(copyTo(`/* bench */ COPY (${rows}) TO STDOUT (FORMAT binary)`)),
  ).finally(() => client.release());
  const row = (made.length - COPY.head - COPY.tail) / chunks;
  return {
    chunks,
    anew() {
      const bytes = Buffer.from(made);
      for (let i = 0; i < chunks; i++)
        bytes.write(crypto.randomUUID().replaceAll('-', ''), COPY.head + i * row + COPY.toRunId, 'hex');
      return bytes;
    },
  };
}

async function runsCase(bench) {
  const rates = await measure(bench, bench.start(), (client) => ({ url: bench.url, kind: 'runs', client }));
  const params = { clients: CLIENTS, axes: 9 };
  bench.row({ bench: 'ingest', case: 'runs created and ended', params, unit: 'runs/s', ...spread(rates) });
}

async function reporterCase(bench) {
  const epochs = 10_000;
  const [client, ...others] = bench.start();
  for (const other of others) other.kill();
  const rates = await measure(bench, [client], () => ({ url: bench.url, kind: 'reporter', epochs }));
  const params = { clients: 1, metrics: 4, epochs };
  bench.row({
    bench: 'ingest',
    case: 'reporter of packages/client, delivered',
    params,
    unit: 'points/s',
    ...spread(rates),
  });
}

const memory = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1000;

const OTHERS = `{ runs(first: 20) { nodes { key status metrics { name last } } }
  aggregate(by: [BATCH_NORM, BATCH_SIZE], metric: "train_loss") { groups { batchSize mean n } } }`;

/** Times of another's query, one after another, until `until` resolves. */
async function queryTimes(url, until) {
  const times = [];
  let done = false;
  until.then(() => {
    done = true;
  });
  while (!done) {
    const begun = performance.now();
    await ask(url, OTHERS);
    times.push(performance.now() - begun);
  }
  return times;
}

async function deletionCase(bench, points) {
  const { db, url, api, row } = bench;
  const run = await newRun(bench);
  const [client, ...others] = bench.start();
  for (const other of others) other.kill();
  const perSeries = 25_000;
  await tell(client, { prepare: { url, kind: 'packed', run: run.key, points: perSeries } });
  while (Number(await pointsOf(db, run.id)) < points) await tell(client, { window: 1 });
  client.kill();
  await ask(
    url,
    'mutation ($input: FinishRunInput!) { finishRun(input: $input) { results { __typename } } }',
    {
      input: {
        runs: [
          {
            run: run.id,
            attempt: 1,
            sequence: 1,
            outcome: 'DONE',
            step: 1,
            samplesSeen: 1,
            deviceSeconds: 1,
          },
        ],
      },
    },
  );
  const there = await pointsOf(db, run.id);
  await db.pool.query('/* bench */ CHECKPOINT').catch(() => {});
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  await queryTimes(url, pause(3000));
  // The most memory while the same queries are asked, without and with the deletion beside them.
  let most = 0;
  const sampling = setInterval(() => {
    most = Math.max(most, memory(api.pid));
  }, 20);
  const deletion = async () => {
    const idle = await queryTimes(url, pause(10_000));
    const rest = most;
    const deleted = performance.now();
    await ask(url, 'mutation ($key: String!) { deleteRun(key: $key) { __typename } }', { key: run.key });
    const answered = performance.now() - deleted;
    const chunks = await chunksOfRun(db, run.id);
    // The day is over in which it can be brought back; whatever is over is looked for once a minute.
    await db.pool.query("/* bench */ UPDATE deleted_run SET deleted_at = now() - interval '25 hours'");
    while ((await chunksOfRun(db, run.id)) === chunks) await pause(20);
    const begun = performance.now();
    const purged = (async () => {
      while ((await chunksOfRun(db, run.id)) > 0) await pause(200);
    })();
    const busy = await queryTimes(url, purged);
    return { idle, rest, answered, busy, took: (performance.now() - begun) / 1000 };
  };
  const { idle, rest, answered, busy, took } = await deletion().finally(() => clearInterval(sampling));
  const params = { points: there };
  const one = (name, value, unit, limit) =>
    row({
      bench: 'ingest',
      case: name,
      params,
      unit,
      ...spread([value]),
      ...(limit === undefined ? {} : { limit }),
    });
  one('deleting a run: answered after', answered, 'ms');
  one('deleting a run: a day later its points are purged in', took, 's');
  one('deleting a run: memory of the API, of that before', most, 'MB', rest);
  one('another query meanwhile, p50', quantile(busy, 0.5), 'ms', quantile(idle, 0.5));
  one('another query meanwhile, p95', quantile(busy, 0.95), 'ms', quantile(idle, 0.95));
}

const uuidOf = (id) => Buffer.from(id, 'base64').toString().slice('Run:'.length);

async function chunksOfRun(db, id) {
  const { rows } = await db.pool.query('/* bench */ SELECT count(*)::int AS n FROM chunk WHERE run_id = $1', [
    uuidOf(id),
  ]);
  return rows[0].n;
}

async function pointsOf(db, id) {
  const { rows } = await db.pool.query(
    '/* bench */ SELECT coalesce(sum(count), 0) AS points FROM run_metric WHERE run_id = $1',
    [uuidOf(id)],
  );
  return Number(rows[0].points);
}
