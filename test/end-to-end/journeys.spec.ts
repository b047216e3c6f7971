/// <reference lib="dom" />

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, type Page, test } from '@playwright/test';
import { createRun } from '@smallbatch/client/reporter';
import { TRAINER_VERSION } from '@smallbatch/program';
import { copyTemplate, type TestDatabase } from '../template.ts';
import { type Installation, startUpOn } from './smallbatch.ts';

// One installation for all: each journey begins where those before it have led.
test.describe.configure({ mode: 'serial' });

let database: TestDatabase;
let own: Installation;
let worker: ReturnType<Installation['worker']> | undefined;
test.beforeAll(async () => {
  test.setTimeout(180_000);
  database = await copyTemplate();
  own = await startUpOn(database.url, '--no-demo', '--no-worker');
});
test.afterAll(async () => {
  worker?.stop();
  await worker?.ended;
  await own?.stop();
  await database?.drop();
});

const SWEEP = `name: tiny
dataset: [shapes]
model: resnet8
axes: { batchSize: [16, 64], batchNorm: [false, true], seed: [0, 1] }
fixed: { width: 2, epochs: 2, baseLearningRate: 0.001953125 }
`;

/** A worker in another language: takes one run of the sweep, and fails. */
async function failOne(sweep: string): Promise<string> {
  const { datasets } = await own.ask<{ datasets: { hash: string }[] }>('{ datasets { hash } }');
  const { registerWorker } = await own.ask<{ registerWorker: { id: string } }>(
    'mutation ($input: RegisterWorkerInput!) { registerWorker(input: $input) { id } }',
    {
      input: {
        ...{ name: 'small', host: 'small', pid: 1, engine: 'own', device: 'cpu' },
        ...{ trainerVersion: TRAINER_VERSION, versions: {} },
      },
    },
  );
  const { claimRuns } = await own.ask<{
    claimRuns: { claims: { attempt: number; run: { id: string; key: string } }[] };
  }>(
    'mutation ($input: ClaimRunsInput!) { claimRuns(input: $input) { ... on Bundle { claims { attempt run { id key } } } } }',
    { input: { worker: registerWorker.id, datasets: datasets.map(({ hash }) => hash), max: 1, sweep } },
  );
  const [{ attempt, run }] = claimRuns.claims as [(typeof claimRuns.claims)[number]];
  await own.ask(
    'mutation ($input: FinishRunInput!) { finishRun(input: $input) { results { __typename } } }',
    {
      input: {
        runs: [
          {
            ...{ run: run.id, attempt, sequence: 0, outcome: 'FAILED', reason: 'out of memory' },
            ...{ step: 0, samplesSeen: 0, deviceSeconds: 1 },
          },
        ],
      },
    },
  );
  return run.key;
}

/** The numbers that an element has shown, from now on, in their order. */
async function follow(page: Page, selector: string, pattern: RegExp): Promise<() => Promise<number[]>> {
  await page.evaluate(
    ([selector, source]) => {
      const seen: number[] = [];
      Object.assign(window, { seenNumbers: seen });
      const look = (): void => {
        const found = new RegExp(source!).exec(document.querySelector(selector!)?.textContent ?? '');
        const number = found ? Number(found[1]!.replaceAll(',', '')) : undefined;
        if (number !== undefined && seen.at(-1) !== number) seen.push(number);
        requestAnimationFrame(look);
      };
      look();
    },
    [selector, pattern.source] as const,
  );
  return () => page.evaluate(() => (window as never as { seenNumbers: number[] }).seenNumbers);
}
const isRising = (numbers: readonly number[]): boolean =>
  numbers.every((number, i) => i === 0 || number > numbers[i - 1]!);

test('a sweep is written in the browser, fills in while it is watched, and what failed is tried again', async ({
  page,
}) => {
  test.setTimeout(180_000);
  await page.goto(`${own.url}/sweeps/new`);
  await page.getByLabel('The sweep file as YAML').fill(SWEEP);
  await page.getByRole('button', { name: 'Create the sweep of 8 cells' }).click();
  await expect(page).toHaveURL(/\/sweeps\/tiny-1$/);
  const progress = page.getByRole('region', { name: 'Progress' });
  await expect(progress).toContainText('8 waiting');

  const failed = await failOne('tiny-1');
  await expect(progress).toContainText('1 failed');
  const done = await follow(page, '[aria-label=Progress]', /(\d+) done/);
  worker = own.worker('--processes', '1', '--name', 'w1');
  await expect(progress).toContainText('7 done, 1 failed', { timeout: 120_000 });
  expect(isRising(await done())).toBe(true);

  await page.getByRole('button', { name: 'Retry 1 failed' }).click();
  await expect(progress).toContainText('8 done', { timeout: 60_000 });
  await expect(page.getByText('done, “tiny”')).toBeVisible();
  const { run } = await own.ask<{ run: { status: string; attempts: { end: string }[] } }>(
    `{ run(key: "${failed}") { status attempts { end } } }`,
  );
  expect(run).toEqual({ status: 'DONE', attempts: [{ end: 'FAILED' }, { end: 'DONE' }] });
});

test('what Explore shows are the numbers of aggregate; a point leads to its runs, a run to its curves, and Back returns', async ({
  page,
}) => {
  const { aggregate } = await own.ask<{ aggregate: { groups: { mean: number }[] } }>(
    '{ aggregate(by: [DATASET, BATCH_NORM, BATCH_SIZE], best: [BASE_LEARNING_RATE]) { groups { mean } } }',
  );
  await page.goto(`${own.url}/?tables=shapes`);
  await expect(page.getByTestId('counts')).toHaveText('8 runs');
  const cells = page.locator('td[data-mean]');
  await expect(cells).toHaveCount(4);
  const shown = await cells.evaluateAll((all) =>
    all.map((cell) => Number((cell as HTMLElement).dataset.mean)),
  );
  expect(shown.sort()).toEqual(aggregate.groups.map(({ mean }) => mean).sort());

  await page.getByRole('link', { name: '64' }).first().click();
  await expect(page).toHaveURL(/\/runs\?where=/);
  const rows = page.getByRole('grid', { name: 'Runs' }).getByRole('row');
  await expect(rows).toHaveCount(3);
  await rows
    .getByRole('link', { name: /^tiny-1\// })
    .first()
    .click();
  await expect(page).toHaveURL(/\/runs\/tiny-1\/\d$/);
  const key = new URL(page.url()).pathname.slice('/runs/'.length);
  const { curves } = await own.ask<{ curves: { curves: { values: number[] }[] } }>(
    `{ curves(where: { key: { eq: "${key}" } }, metric: "test_accuracy") { curves { values } } }`,
  );
  const accuracy = page.getByRole('region', { name: /accuracy/i }).last();
  await expect(accuracy.locator('[data-curves]')).toHaveAttribute(
    'data-points',
    new RegExp(
      `^${curves.curves[0]!.values.length * Number(await accuracy.locator('[data-curves]').getAttribute('data-curves'))}$`,
    ),
  );

  await page.goBack();
  await expect(rows).toHaveCount(3);
  await page.goBack();
  await expect(page.getByTestId('counts')).toHaveText('8 runs');
  await expect(cells).toHaveCount(4);
  await page.goForward();
  await expect(rows).toHaveCount(3);
});

/** Ends the API's process at once; `smallbatch up` starts it again. */
function killApi(): void {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  const line = stdout
    .split('\n')
    .map((one) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(one))
    .find((one) => Number(one?.[2]) === own.pid && one![3]!.includes('apps/api/dist/main.js'));
  if (!line) throw new Error('the API has no process');
  process.kill(Number(line[1]), 'SIGKILL');
}

test('while the network is lost the page says since when, and afterwards it shows what came meanwhile, without a reload and never a number back', async ({
  page,
  context,
}) => {
  test.setTimeout(120_000);
  const run = await createRun({
    url: own.url,
    name: 'steady',
    dataset: 'shapes',
    axes: { model: 'resnet8', batchSize: 32, baseLearningRate: 0.01, batchNorm: true, epochs: 1 },
    spool: join(own.home, 'spool-of-the-test'),
  });
  let reported = 0;
  let going = true;
  const reporting = (async () => {
    while (going) {
      reported++;
      run.log({ step: reported, test_accuracy: 1 - 1 / (reported + 1) });
      await sleep(50);
    }
  })();
  await page.goto(`${own.url}/runs/${run.key}`);
  const chart = page.locator('[data-points]').first();
  const points = async (): Promise<number> => Number(await chart.getAttribute('data-points'));
  await expect.poll(points).toBeGreaterThan(10);
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  await page.evaluate(() => {
    const seen: number[] = [];
    Object.assign(window, { seenPoints: seen });
    const look = (): void => {
      const number = Number(document.querySelector('[data-points]')?.getAttribute('data-points') ?? 0);
      if (seen.at(-1) !== number) seen.push(number);
      requestAnimationFrame(look);
    };
    look();
  });
  const connection = page.getByTestId('connection');

  await context.setOffline(true);
  await expect(connection).toContainText('disconnected since');
  const before = await points();
  await sleep(1500);
  expect(await points()).toBe(before);
  await context.setOffline(false);
  await expect(connection).toContainText('caught up');
  await expect.poll(points).toBeGreaterThan(before + 20);

  killApi();
  await expect(connection).toContainText('disconnected since');
  await expect(connection).toContainText('caught up', { timeout: 60_000 });
  const then = await points();
  await expect.poll(points).toBeGreaterThan(then);

  going = false;
  await reporting;
  await run.finish();
  await expect.poll(points, { timeout: 30_000 }).toBe(reported);
  const seen = await page.evaluate(() => (window as never as { seenPoints: number[] }).seenPoints);
  expect(isRising(seen)).toBe(true);
  expect(await page.evaluate(() => (window as never as { sameDocument?: boolean }).sameDocument)).toBe(true);
});
