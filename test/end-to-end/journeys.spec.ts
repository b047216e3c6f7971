/// <reference lib="dom" />

import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, type Locator, type Page, test } from '@playwright/test';
import { createRun } from '@smallbatch/client/reporter';
import { createToken } from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import { parquetReadObjects } from 'hyparquet';
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

  await page.goto(own.url);
  const point = page
    .getByRole('region', { name: /: shapes$/ })
    .locator('[data-point]')
    .last();
  await expect(point).toHaveAccessibleName(/64/);
  await point.click();
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
  await expect(point).toBeVisible();
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
      await sleep(100);
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
  await expect.poll(points).toBeGreaterThan(before + 10);

  // Lost again while the first "caught up" is still there: the second is shown for its own time.
  await context.setOffline(true);
  await expect(connection).toContainText('disconnected since');
  const shown = connection.evaluate(async (notice) => {
    const until = (is: () => boolean): Promise<number> =>
      new Promise((done) => {
        const look = (): unknown => (is() ? done(performance.now()) : requestAnimationFrame(look));
        look();
      });
    const from = await until(() => notice.textContent === 'caught up');
    return (await until(() => notice.textContent !== 'caught up')) - from;
  });
  await context.setOffline(false);
  expect(await shown).toBeGreaterThan(4000);

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

/** Another member of the team with a token, and two runs of each setting of the sweep `tiny` from a script. */
async function secondMember(): Promise<void> {
  const [member] = await database.asOwner<{ id: string; team_id: string }>(
    `WITH a AS (INSERT INTO account (id, name) VALUES (gen_random_uuid(), 'Ben') RETURNING id)
     INSERT INTO member (id, team_id, account_id, key, role) SELECT gen_random_uuid(), t.id, a.id, 'ben', 'MEMBER' FROM a, team t RETURNING id, team_id`,
  );
  const db = await database.open();
  const { secret } = await createToken(db, {
    ...{ teamId: member!.team_id, memberId: member!.id },
    ...{ name: 'script', scopes: ['READ', 'WORK', 'WRITE'] as const },
  });
  for (const batchSize of [16, 64])
    for (const batchNorm of [false, true])
      for (const seed of [2, 3]) {
        const run = await createRun({
          ...{ url: own.url, token: secret, name: 'ben', dataset: 'shapes', seed },
          axes: { model: 'resnet8', width: 2, epochs: 2, baseLearningRate: 2 ** -9, batchSize, batchNorm },
          spool: join(own.home, 'spool-of-ben'),
        });
        for (const epoch of [1, 2])
          run.log({ step: epoch * 10, epoch, test_accuracy: 0.9 + seed / 100 + (batchNorm ? 0.01 : 0) });
        await run.finish();
      }
}

test('two members are compared: matched settings, the mean difference and its interval', async ({ page }) => {
  await secondMember();
  await page.goto(`${own.url}/compare`);
  const owner = await own.ask<{ viewer: { member: { key: string } } }>('{ viewer { member { key } } }');
  await page.getByLabel('A is').selectOption('ben');
  await page.getByLabel('B is').selectOption('my runs');
  await expect(page.getByTestId('verdict')).toContainText('A is better by');
  const { compare } = await own.ask<{ compare: { n: number; mean: number } }>(
    `{ compare(a: { member: { eq: "ben" } }, b: { member: { eq: "${owner.viewer.member.key}" } }) { n mean } }`,
  );
  expect(compare.n).toBe(4);
  expect(compare.mean).toBeGreaterThan(0);
  await expect(page.getByTestId('verdict')).toContainText('n = 4 pairs');
  const points = (100 * compare.mean).toFixed(2);
  await expect(page.getByTestId('verdict')).toContainText(points);
  await page.goBack();
  await expect(page.getByLabel('B is')).toHaveValue('');
  await page.goForward();
  await expect(page.getByTestId('verdict')).toContainText('A is better by');
});

test('a filter with an or is built by hand, saved as a view, and opened again', async ({ page }) => {
  const where = { or: [{ batchSize: { eq: 64 } }, { batchNorm: { eq: false } }] };
  const { runs } = await own.ask<{ runs: { totalCount: number } }>(
    'query ($where: RunFilter) { runs(where: $where, first: 0) { totalCount } }',
    { where },
  );
  await page.goto(`${own.url}/runs`);
  await page.getByRole('button', { name: /^Runs: / }).click();
  const editor = page.getByRole('dialog', { name: 'Runs' });
  await editor.getByLabel('Add a condition').selectOption('or');
  const alternatives = editor.locator('.alternative');
  await alternatives.nth(0).getByLabel('Add a condition').selectOption('batchSize');
  await alternatives.nth(0).locator('input[aria-label="batch size is"]').fill('64');
  await alternatives.nth(1).getByLabel('Add a condition').selectOption('batchNorm');
  await alternatives.nth(1).locator('select[aria-label="batch norm is"]').selectOption('false');
  await expect(editor.getByTestId('matches')).toHaveText(`Matches ${runs.totalCount} runs`);
  await editor.getByRole('button', { name: 'Apply' }).click();
  await expect(page).toHaveURL(/where=/);
  expect(JSON.parse(new URL(page.url()).searchParams.get('where')!)).toEqual(where);
  const grid = page.getByRole('grid', { name: 'Runs' });
  await expect(grid).toHaveAttribute('aria-rowcount', String(runs.totalCount + 1));

  await page.getByRole('button', { name: 'Saved views' }).click();
  await page.getByRole('button', { name: 'Save as …' }).click();
  await page.getByLabel('Save this view as').fill('Large or plain');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('button', { name: 'View: Large or plain' })).toBeVisible();
  await page.goto(`${own.url}/runs`);
  await page.getByRole('button', { name: 'Saved views' }).click();
  await page.getByRole('link', { name: 'Large or plain' }).click();
  await expect(grid).toHaveAttribute('aria-rowcount', String(runs.totalCount + 1));
  expect(JSON.parse(new URL(page.url()).searchParams.get('where')!)).toEqual(where);
});

test('numbers and pictures leave in every format, and are what was shown', async ({ page }) => {
  const save = async (button: Locator, item: string): Promise<Buffer> => {
    await button.click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: item }).click(),
    ]);
    return readFile(await download.path());
  };
  const { aggregate } = await own.ask<{ aggregate: { groups: { mean: number }[] } }>(
    '{ aggregate(where: { dataset: { eq: "shapes" } }, by: [BATCH_NORM, BATCH_SIZE], best: [BASE_LEARNING_RATE]) { groups { mean } } }',
  );
  const means = aggregate.groups.map(({ mean }) => mean);
  await page.goto(own.url);
  const frame = page.getByRole('region', { name: /: shapes$/ });
  const chart = frame.getByRole('button', { name: /^Save / });

  const [head, ...rows] = parseCsv(String(await save(chart, 'Numbers (CSV)')));
  const column = head!.indexOf('mean');
  expect(rows.map((row) => Number(row[column])).sort()).toEqual(means.toSorted());
  const percents = means.map((mean) => (100 * mean).toFixed(2));
  const markdown = String(await save(chart, 'Numbers (Markdown)'));
  expect(markdown).toMatch(/^\|.*\|\n\| ?:?-/m);
  const latex = String(await save(chart, 'Numbers (LaTeX)'));
  expect(latex).toContain('\\begin{tabular}');
  for (const text of [markdown, latex]) for (const percent of percents) expect(text).toContain(percent);
  const svg = String(await save(chart, 'Drawing (SVG)'));
  const parsed = await page.evaluate((text) => {
    const document = new DOMParser().parseFromString(text, 'image/svg+xml');
    return {
      errors: document.querySelectorAll('parsererror').length,
      texts: [...document.querySelectorAll('text')].map(({ textContent }) => textContent),
    };
  }, svg);
  expect(parsed.errors).toBe(0);
  for (const text of ['16', '32', '64']) expect(parsed.texts).toContain(text);
  const png = await save(chart, 'Picture (PNG)');
  const { width, colours } = await page.evaluate(async (base64) => {
    const image = await createImageBitmap(
      new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type: 'image/png' }),
    );
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d')!;
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    return { width: image.width, colours: new Set(new Uint32Array(data.buffer)).size };
  }, png.toString('base64'));
  expect(width).toBeGreaterThan(400);
  expect(colours).toBeGreaterThan(20);

  const { runs } = await own.ask<{ runs: { nodes: { key: string }[] } }>(
    '{ runs(first: 100) { nodes { key } } }',
  );
  const keys = runs.nodes.map(({ key }) => key).sort();
  await page.goto(`${own.url}/runs`);
  const all = page.getByRole('button', { name: 'Export' });
  const [names, ...lines] = parseCsv(String(await save(all, 'CSV')));
  expect(lines.map((row) => row[names!.indexOf('key')]).sort()).toEqual(keys);
  const parquet = await save(all, 'Parquet');
  const objects = await parquetReadObjects({ file: new Uint8Array(parquet).buffer });
  expect(objects.map(({ key }) => key).sort()).toEqual(keys);
  const [about, ...records] = String(await save(all, 'NDJSON'))
    .trim()
    .split('\n');
  expect(JSON.parse(about!)).toHaveProperty('smallbatch');
  expect(records.map((line) => JSON.parse(line).key).sort()).toEqual(keys);
});

/** RFC 4180, without line breaks in a field. */
const parseCsv = (text: string): string[][] =>
  text
    .trim()
    .split(/\r?\n/)
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!,
      ),
    );
