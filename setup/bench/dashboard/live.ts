import { setTimeout as sleep } from 'node:timers/promises';
import { frames, heap, VIEWPORT, visit } from './browse.ts';
import type { Bench } from './rows.ts';
import type { Stage } from './stage.ts';

const RUNS = 100;
const HERTZ = 5;
const SECONDS = Number(process.env.SMALLBATCH_BENCH_LIVE_SECONDS ?? 60);
/** Before the heap is looked at first: scripts compiled, chart drawn, caches filled. */
const SETTLING_S = 10;
const METRIC = 'test_accuracy';

/** 100 runs are reported on, five points a second each, while their curves are watched. */
export async function benchLive({ stage, browser, print }: Bench): Promise<void> {
  const runs = await startRuns(stage);
  const reporting = report(stage, runs);
  const context = await browser.newContext({ viewport: VIEWPORT });
  try {
    const { page } = await visit(
      context,
      livePage(stage),
      `document.querySelector('.uplot canvas') !== null`,
    );
    await frames(page, SETTLING_S);
    const before = await heap(page);
    const deltas = await frames(page, SECONDS);
    const after = await heap(page);
    const reported = reporting.points();
    const params = { runs: RUNS, hertz: HERTZ, seconds: SECONDS, points: reported };
    print({
      case: 'live page of 100 curves, time between frames, p50',
      values: deltas,
      params,
      limit: 1000 / 60,
    });
    print({
      case: 'live page of 100 curves, time between frames, p95',
      values: deltas,
      quantile: 0.95,
      goal: 100,
      limit: 1000 / 60,
      params,
    });
    print({
      case: 'live page of 100 curves, growth of the heap',
      values: [(100 * (after - before)) / before],
      unit: '%',
      goal: 10,
      params: { ...params, before, after },
    });
  } finally {
    await context.close();
    await endRuns(stage, runs, await reporting.stop());
  }
}

interface Run {
  readonly id: string;
  readonly key: string;
}

async function startRuns({ ask }: Stage): Promise<Run[]> {
  const runs: Run[] = [];
  for (let i = 0; i < RUNS; i++) {
    const { createRun } = await ask(
      `mutation ($input: CreateRunInput!) { createRun(input: $input) {
        ... on CreateRunSuccess { claim { run { id key } } } ... on InvalidInput { message } } }`,
      {
        input: {
          name: 'live',
          dataset: 'shapes',
          seed: 1_000_000 + Math.floor(Math.random() * 1_000_000_000),
          tags: ['live'],
          axes: { model: 'resnet8', batchNorm: true, batchSize: 32, baseLearningRate: 0.01, epochs: 82 },
        },
      },
    );
    if (!createRun.claim) throw new Error(createRun.message);
    runs.push(createRun.claim.run);
  }
  return runs;
}

/** A point for each run, five times a second, all in one request. */
function report({ url }: Stage, runs: readonly Run[]) {
  let going = true;
  let sequence = 0;
  const loop = async (): Promise<void> => {
    const began = performance.now();
    while (going) {
      sequence++;
      const lines = runs.map(({ key }, i) =>
        JSON.stringify({
          run: key,
          sequence,
          metric: METRIC,
          step: sequence,
          value: 0.9 - 0.5 / sequence - i / 500,
        }),
      );
      const response = await fetch(`${url}/ingest/points`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: lines.join('\n'),
      });
      if (!response.ok) throw new Error(await response.text());
      await sleep(Math.max(0, (sequence * 1000) / HERTZ - (performance.now() - began)));
    }
  };
  const ended = loop();
  // A failure is told by stop().
  ended.catch(() => {});
  return {
    points: () => sequence * runs.length,
    /** → the last batch. */
    async stop() {
      going = false;
      await ended;
      return sequence;
    },
  };
}

/** Ends and deletes them, so that a database that is kept is as before. */
async function endRuns({ ask }: Stage, runs: readonly Run[], sequence: number): Promise<void> {
  await ask('mutation ($input: FinishRunInput!) { finishRun(input: $input) { results { __typename } } }', {
    input: {
      runs: runs.map(({ id }) => ({
        run: id,
        attempt: 1,
        sequence,
        outcome: 'DONE',
        step: sequence,
        samplesSeen: sequence,
        deviceSeconds: 1,
      })),
    },
  });
  const { deleteRuns } = await ask('mutation ($keys: [String!]) { deleteRuns(keys: $keys) { __typename } }', {
    keys: runs.map(({ key }) => key),
  });
  if (deleteRuns.__typename !== 'RunsDeleted')
    throw new Error(`runs were not deleted: ${deleteRuns.__typename}`);
}
