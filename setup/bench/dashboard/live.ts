import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from '@playwright/test';
import { frames, heap, SCREEN, visit } from './browse.ts';
import type { Bench } from './rows.ts';
import type { Stage } from './stage.ts';

const HERTZ = 5;
const SECONDS = Number(process.env.SMALLBATCH_BENCH_LIVE_SECONDS ?? 60);
/** Before the heap is looked at first: scripts compiled, charts drawn, caches filled. */
const SETTLING_S = 10;
/** A hundred curves, two in a chart. */
const METRICS = Array.from({ length: 50 }, (_, i) => [`train_measure_${i}`, `test_measure_${i}`]).flat();

/** The page of a run that reports a hundred metrics, a point of each five times a second, with all their charts; those off the screen rest. */
export async function benchLive({ stage, browser, print }: Bench): Promise<void> {
  const run = await startRun(stage);
  const reporting = report(stage, run);
  const context = await browser.newContext(SCREEN);
  try {
    const { page } = await visit(
      context,
      `${stage.url}/runs/${run.key}`,
      `document.querySelectorAll('.uplot canvas').length > 0`,
    );
    await page.getByRole('button', { name: /^Show the other/ }).click();
    await page.waitForFunction(`document.querySelectorAll('.curves').length === ${METRICS.length / 2}`);
    await scrollThrough(page);
    await frames(page, SETTLING_S);
    const before = { bytes: await heap(page), points: reporting.points() };
    const deltas = await frames(page, SECONDS);
    const after = { bytes: await heap(page), points: reporting.points() };
    const params = { curves: METRICS.length, hertz: HERTZ, seconds: SECONDS, before, after };
    const limit = 1000 / 60;
    print({
      case: 'live page of 100 curves at 5 Hz, time between frames, p50',
      values: deltas,
      params,
      limit,
    });
    print({
      case: 'live page of 100 curves at 5 Hz, time between frames, p95',
      values: deltas,
      quantile: 0.95,
      goal: 100,
      limit,
      params,
    });
    print({
      case: `live page of 100 curves at 5 Hz, growth of the heap in ${SECONDS} s`,
      values: [(100 * (after.bytes - before.bytes)) / before.bytes],
      unit: '%',
      goal: 10,
      // The points themselves, whose step and value are two numbers of eight bytes.
      limit: (100 * 16 * (after.points - before.points)) / before.bytes,
      params,
    });
  } finally {
    await context.close();
    await endRun(stage, run, await reporting.stop());
  }
}

/** To the end and back, so that each chart has been on the screen and has its canvas. */
async function scrollThrough(page: Page): Promise<void> {
  await page.evaluate(`(async () => {
    for (let y = 0; y < document.body.scrollHeight; y += innerHeight / 2) {
      scrollTo(0, y);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    scrollTo(0, 0);
  })()`);
  await page.waitForFunction(`document.querySelectorAll('.uplot canvas').length === ${METRICS.length / 2}`);
}

interface Run {
  readonly id: string;
  readonly key: string;
}

async function startRun({ ask }: Stage): Promise<Run> {
  const { createRun } = await ask(
    `mutation ($input: CreateRunInput!) { createRun(input: $input) {
      ... on CreateRunSuccess { claim { run { id key } } } ... on InvalidInput { message } } }`,
    {
      input: {
        name: 'live',
        dataset: 'shapes',
        seed: Date.now(),
        axes: { model: 'resnet8', batchNorm: true, batchSize: 32, baseLearningRate: 0.01, epochs: 82 },
      },
    },
  );
  if (!createRun.claim) throw new Error(createRun.message);
  return createRun.claim.run;
}

/** A point of each metric, five times a second. */
function report({ url }: Stage, { key }: Run) {
  let going = true;
  let sequence = 0;
  const loop = async (): Promise<void> => {
    const began = performance.now();
    while (going) {
      const next = sequence + 1;
      const lines = METRICS.map((metric, i) =>
        JSON.stringify({ run: key, sequence: next, metric, step: next, value: Math.cos(next / 20) - i / 50 }),
      );
      const response = await fetch(`${url}/ingest/points`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: lines.join('\n'),
      });
      if (!response.ok) throw new Error(await response.text());
      sequence = next;
      await sleep(Math.max(0, (sequence * 1000) / HERTZ - (performance.now() - began)));
    }
  };
  const ended = loop();
  // A failure is told by stop().
  ended.catch(() => {});
  return {
    points: () => sequence * METRICS.length,
    /** → the last batch. */
    async stop() {
      going = false;
      await ended;
      return sequence;
    },
  };
}

/** Ends and deletes it, so that a database that is kept is as before. */
async function endRun({ ask }: Stage, { id, key }: Run, sequence: number): Promise<void> {
  const end = { run: id, attempt: 1, sequence, outcome: 'DONE', step: sequence, samplesSeen: sequence };
  await ask('mutation ($input: FinishRunInput!) { finishRun(input: $input) { results { __typename } } }', {
    input: { runs: [{ ...end, deviceSeconds: 1 }] },
  });
  const { deleteRuns } = await ask('mutation ($keys: [String!]) { deleteRuns(keys: $keys) { __typename } }', {
    keys: [key],
  });
  if (deleteRuns.__typename !== 'RunsDeleted')
    throw new Error(`the run was not deleted: ${deleteRuns.__typename}`);
}
