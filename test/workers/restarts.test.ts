import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, graphql } from '@smallbatch/client';
import { createRun } from '@smallbatch/client/reporter';
import { type Embedded, ensureLocalOwner, migrate, openDb, startEmbedded } from '@smallbatch/db';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { addDataset } from '../packages/db/new-run.ts';

// A PostgreSQL and an API of this file's own, because both are killed.
const WRITERS = 20;
const POINTS = 60;
const home = mkdtempSync(join(tmpdir(), 'smallbatch-restarts-'));
let postgres: Embedded;
let api: ChildProcess;
let port = 0;

async function startApi(at: number): Promise<void> {
  api = fork(join(import.meta.dirname, '../../apps/api/dist/main.js'), {
    env: { ...process.env, DATABASE_URL: postgres.url, PORT: String(at), LOG_LEVEL: 'silent' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [{ listening }] = (await once(api, 'message')) as [{ listening: string }];
  port = Number(new URL(listening).port);
}

beforeAll(async () => {
  postgres = await startEmbedded({ home });
  await migrate(postgres.url);
  const db = await openDb({ url: postgres.url });
  const { teamId } = await ensureLocalOwner(db);
  await addDataset(db, teamId);
  await db.close();
  await startApi(0);
});
afterAll(async () => {
  api.kill('SIGKILL');
  await postgres.stop();
  rmSync(home, { recursive: true, force: true });
});

/** 20 own scripts that log while `disturb` is under way; every point has to be there once in the end. */
async function write(name: string, disturb: () => Promise<void>): Promise<void> {
  const url = `http://127.0.0.1:${port}`;
  const axes = { model: 'resnet8', batchSize: 2, baseLearningRate: 0.01, epochs: 1 };
  const runs = await Promise.all(
    Array.from({ length: WRITERS }, (_, seed) =>
      createRun({
        url,
        name,
        dataset: 'shapes',
        axes,
        hyper: { test: name },
        seed,
        spool: join(home, 'spool', name, String(seed)),
      }),
    ),
  );
  const logging = Promise.all(
    runs.map(async (run) => {
      for (let step = 1; step <= POINTS; step++) {
        run.log({ step, test_accuracy: step / POINTS, train_loss: 1 / step });
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, 1200));
  await disturb();
  await logging;
  await Promise.all(runs.map((run) => run.finish()));
  const client = createClient({ url });
  const { curves } = (await client.query(
    graphql(`query Written($name: JSON!) {
      curves(where: { params: [{ name: "test", eq: $name }] }, metric: "test_accuracy") { of curves { steps run { status } } }
    }`) as never,
    { name } as never,
  )) as { curves: { of: number; curves: { steps: number[]; run: { status: string } }[] } };
  expect(curves.of).toBe(WRITERS * POINTS);
  const wanted = Array.from({ length: POINTS }, (_, i) => i + 1);
  for (const { steps, run } of curves.curves) {
    expect(steps).toEqual(wanted);
    expect(run.status).toBe('DONE');
  }
}

test('an API that is killed under 20 writers loses no point and writes none twice', async () => {
  await write('api killed', async () => {
    api.kill('SIGKILL');
    await once(api, 'exit');
    await startApi(port);
  });
});

test('a restart of PostgreSQL under 20 writers loses no point and writes none twice', async () => {
  await write('postgres restarted', async () => {
    const { port: at } = new URL(postgres.url);
    await postgres.stop();
    postgres = await startEmbedded({ home, port: Number(at) });
  });
  const ready = await fetch(`http://127.0.0.1:${port}/health/ready`);
  expect(ready.status).toBe(200);
});

test('a run is watched over a WebSocket: first what there is, then what comes, then the end', async () => {
  const url = `http://127.0.0.1:${port}`;
  const axes = { model: 'resnet8', batchSize: 2, baseLearningRate: 0.02, epochs: 1 };
  const spool = join(home, 'spool', 'watched');
  const run = await createRun({ url, name: 'watched', dataset: 'shapes', axes, seed: 1, spool });
  run.log({ step: 1, test_accuracy: 0.1 });
  const client = createClient({ url, webSocket: WebSocket });
  const Watch = graphql(`
    subscription Watch($key: String!) {
      runMetrics(key: $key) { run { status } curves { metric steps values } }
    }
  `);
  const steps: number[] = [];
  let status = '';
  let next = 2;
  for await (const { runMetrics } of client.subscribe(Watch, { key: run.key })) {
    steps.push(...runMetrics.curves.flatMap((curve) => curve.steps));
    ({ status } = runMetrics.run);
    if (next <= 4) run.log({ step: next, test_accuracy: next++ / 10 });
    else if (next++ === 5) void run.finish();
  }
  client.close();
  expect(status).toBe('DONE');
  expect(steps).toEqual([1, 2, 3, 4]);
});
