import { expect, type Page, test } from '@playwright/test';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 520, curves: true });
});
test.afterAll(() => own?.stop());

const chart = (page: Page, title: string) => page.getByRole('region', { name: title, exact: true });
const drawn = (page: Page, title: string) => chart(page, title).getByRole('group', { name: title });
/** What the table beside a chart says: step and value. */
async function rows(page: Page, title: string): Promise<[number, number][]> {
  const cells = await chart(page, title)
    .locator('tr[data-step]')
    .evaluateAll((all) =>
      all.map((row) => [
        (row as HTMLElement).dataset.step,
        row.querySelector<HTMLElement>('[data-value]')!.dataset.value,
      ]),
    );
  return cells.map(([step, value]) => [Number(step), Number(value)]);
}

const CREATE = `mutation ($input: CreateRunInput!) { createRun(input: $input) { ... on CreateRunSuccess { claim { run { id key } } } ... on InvalidInput { message } } }`;
const REPORT = `mutation ($input: ReportMetricsInput!) { reportMetrics(input: $input) { results { __typename } } }`;
const FINISH = `mutation ($input: FinishRunInput!) { finishRun(input: $input) { results { __typename } } }`;
let seed = 1000;

/** A run of somebody's own script, which reports points of `test_loss`. */
async function ownRun() {
  const axes = { model: 'resnet8', batchNorm: true, batchSize: 32, baseLearningRate: 2 ** -8, epochs: 2 };
  const { createRun } = await own.ask(CREATE, {
    input: { name: 'own', dataset: 'cifar10', axes, seed: seed++ },
  });
  const { id, key } = createRun.claim.run;
  let sequence = 0;
  return {
    key,
    async report(steps: number[], more: object = {}, metrics = ['test_loss']) {
      const values = steps.map((step) => 10 / step);
      const series = metrics.map((metric) => ({ metric, steps, values, ...more }));
      const input = { reports: [{ run: id, attempt: 1, sequence: ++sequence, series }] };
      const { reportMetrics } = await own.ask(REPORT, { input });
      expect(reportMetrics.results[0].__typename).toBe('ReportAccepted');
    },
    async finish(more: object = {}) {
      const end = {
        ...{ run: id, attempt: 1, sequence, outcome: 'DONE', step: 1, samplesSeen: 1, deviceSeconds: 1 },
        ...more,
      };
      const { finishRun } = await own.ask(FINISH, { input: { runs: [end] } });
      expect(finishRun.results[0].__typename).toBe('RunFinished');
    },
  };
}

test('a finished run comes from the server with its numbers, and draws every point', async ({ page }) => {
  const { run, curves } = await own.ask(
    `{ run(key: "run-103") { metrics(names: ["test_accuracy"]) { medianLast5 } }
       curves(where: { key: { eq: "run-103" } }, metric: "test_accuracy") { curves { steps values } } }`,
  );
  const result = `${(100 * run.metrics[0].medianLast5).toFixed(2)} %`;
  expect(await (await fetch(`${own.url}/runs/run-103`)).text()).toContain(result);

  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(`${own.url}/runs/run-103`);
  await expect(page.getByTestId('result')).toContainText(result);
  await expect(page).toHaveTitle('run-103 · Smallbatch');
  await expect(drawn(page, 'Accuracy')).toHaveAttribute('data-points', '82');
  await chart(page, 'Accuracy').getByRole('button', { name: 'Table of Accuracy' }).click();
  const { steps, values } = curves.curves[0];
  await expect
    .poll(() => rows(page, 'Accuracy'))
    .toEqual(steps.map((step: number, i: number) => [step, values[i]]));
  expect(faults).toEqual([]);
});

test('a part of a million points is fetched in full, and stands in the URL', async ({ page }) => {
  test.slow();
  await page.goto(`${own.url}/runs/run-0`);
  const said = page.getByTestId('points of long');
  await expect(said).toContainText('2,000 of 1,000,000 points shown');
  const plot = chart(page, 'Long').locator('.u-over');
  await plot.scrollIntoViewIfNeeded();
  const box = (await plot.boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await expect(page).toHaveURL(/zoom=(49|50)\d{4}(\.\d+)?~(59|60)\d{4}/);
  await expect(said).toContainText(/2,000 of (9\d|10\d),\d\d\d points shown/);

  await page.goBack();
  await expect(page).not.toHaveURL(/zoom=/);
  await expect(said).toContainText('2,000 of 1,000,000 points shown');

  await page.goto(`${own.url}/runs/run-0?zoom=400100~400900&tables=long`);
  await expect(page.getByText('of 801')).toBeVisible();
  const shown = await rows(page, 'Long');
  expect(shown.map(([step]) => step)).toEqual(Array.from({ length: 100 }, (_, i) => 400_100 + i));

  await chart(page, 'Long').getByRole('button', { name: 'Table of Long' }).click();
  await expect(said).toHaveText('801 points');
  await page.keyboard.press('+');
  await expect(said).toHaveText('401 points');
  await page.keyboard.press('0');
  await expect(said).toContainText('2,000 of 1,000,000');
});

test('axes are logarithmic and curves smoothed only where one asks for it, and then it is said', async ({
  page,
}) => {
  await page.goto(`${own.url}/runs/run-103`);
  await expect(drawn(page, 'Accuracy')).toHaveAccessibleName(/over step: 1 curve\./);
  await page.getByLabel('Smoothing').selectOption({ label: 'smoothed: moving average, weight 0.9' });
  await expect(page).toHaveURL(/smooth=0.9/);
  await expect(page.getByTestId('points of accuracy')).toHaveText(
    '82 points; smoothed: moving average of weight 0.9, the values faint behind',
  );
  await expect(drawn(page, 'Accuracy')).toHaveAccessibleName(/smoothed: moving average of weight 0\.9/);
  await page.getByLabel('X axis').selectOption({ label: 'over epoch' });
  await page.getByRole('switch', { name: 'log x' }).click({ force: true });
  await page.getByRole('switch', { name: 'Logarithmic y axis of Accuracy' }).click({ force: true });
  await expect(page).toHaveURL(/over=epoch/);
  await expect(page).toHaveURL(/logx=true/);
  await expect(page).toHaveURL(/logy=accuracy/);
  await drawn(page, 'Accuracy').focus();
  await page.keyboard.press('End');
  const { curves } = await own.ask(
    `{ curves(where: { key: { eq: "run-103" } }, metric: "test_accuracy") { curves { values } } }`,
  );
  // At the cursor stands what is drawn: at the last epoch, the average.
  const last = curves.curves[0].values;
  await expect(chart(page, 'Accuracy').getByRole('status')).toContainText('epoch 82');
  await expect(chart(page, 'Accuracy').getByRole('status')).toContainText(
    `${(100 * averaged(last, 0.9)).toFixed(2)} %`,
  );
});

function averaged(values: number[], weight: number): number {
  let [sum, total] = [0, 0];
  for (const value of values) [sum, total] = [weight * sum + value, weight * total + 1];
  return sum / total;
}

test('points of a run that trains arrive without reloading; late ones get their place, and a lost network loses none', async ({
  page,
}) => {
  const run = await ownRun();
  await run.report([1, 2, 5, 6]);
  await page.goto(`${own.url}/runs/${run.key}?tables=loss`);
  await expect(page.getByTestId('status')).toHaveText('running');
  await expect.poll(() => rows(page, 'Loss')).toEqual([1, 2, 5, 6].map((step) => [step, 10 / step]));
  await run.report([3, 4]);
  await run.report([7, 8]);
  const upTo = (n: number) => Array.from({ length: n }, (_, i) => [i + 1, 10 / (i + 1)]);
  await expect.poll(() => rows(page, 'Loss')).toEqual(upTo(8));

  await page.context().setOffline(true);
  await expect(page.getByTestId('connection')).toContainText('disconnected since');
  await run.report([9, 10]);
  await run.report([12, 13]);
  await run.report([11]);
  await page.context().setOffline(false);
  await expect(page.getByTestId('connection')).toContainText('caught up');
  await expect.poll(() => rows(page, 'Loss')).toEqual(upTo(13));
  await run.report([14], { values: [null], nonFinite: [{ index: 0, kind: 'NAN' }] });
  await expect.poll(() => rows(page, 'Loss')).toEqual([...upTo(13), [14, Number.NaN]]);
  await run.finish();
  await expect(page.getByTestId('status')).toHaveText('done');
  await expect.poll(() => rows(page, 'Loss')).toHaveLength(14);
});

test('its last points are shown also where the page knows of its end before they came', async ({ page }) => {
  const held: (() => void)[] = [];
  let holding = false;
  await page.routeWebSocket(/\/graphql$/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => {
      const pass = (): void => socket.send(message);
      const { type, payload } = JSON.parse(String(message));
      // The word that there is no more comes after the points, and so is held too.
      if (holding && (payload?.data?.runMetrics || type === 'complete')) held.push(pass);
      else pass();
    });
  });
  const run = await ownRun();
  await run.report([1, 2]);
  await page.goto(`${own.url}/runs/${run.key}?tables=loss`);
  await expect.poll(() => rows(page, 'Loss')).toHaveLength(2);
  holding = true;
  await run.report([3, 4]);
  await run.finish();
  await expect(page.getByTestId('status')).toHaveText('done');
  await expect.poll(() => held.length).toBeGreaterThan(1);
  expect(await rows(page, 'Loss')).toHaveLength(2);
  for (const pass of held) pass();
  await expect.poll(() => rows(page, 'Loss')).toHaveLength(4);
});

test('of a run that reports more points than a chart has pixels a part is shown, and near by all of it, what comes late and what comes now', async ({
  page,
}) => {
  const run = await ownRun();
  const between = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const late = [2930, 2950];
  await run.report(between(1, 3000).filter((step) => !late.includes(step)));
  await page.goto(`${own.url}/runs/${run.key}`);
  const said = page.getByTestId('points of loss');
  await expect(said).toContainText(
    /^\d?,?\d+ of 2,998 points shown, with the least and the greatest of what lies between; zoom in for all$/,
  );

  await page.goto(`${own.url}/runs/${run.key}?zoom=100~149&tables=loss`);
  await expect.poll(() => rows(page, 'Loss')).toEqual(between(100, 149).map((step) => [step, 10 / step]));

  await page.goto(`${own.url}/runs/${run.key}?zoom=2921~9000&tables=loss`);
  const near = (to: number, without: number[]) =>
    between(2921, to).flatMap((step) => (without.includes(step) ? [] : [[step, 10 / step]]));
  await expect.poll(() => rows(page, 'Loss')).toEqual(near(3000, late));
  await run.report(between(3001, 3010));
  await expect.poll(() => rows(page, 'Loss')).toEqual(near(3010, late));
  await run.report([2930]);
  await expect.poll(() => rows(page, 'Loss')).toEqual(near(3010, [2950]));
  await run.report([2950]);
  await expect.poll(() => rows(page, 'Loss')).toEqual(near(3010, []));
  // So many that what came before them is thinned.
  await run.report(between(3011, 4500));
  await page.getByRole('button', { name: 'Table of Loss' }).click();
  await expect(said).toHaveText('1,580 points');
});

test('a chart off the screen is not drawn while its points arrive, and is right when one scrolls to it', async ({
  page,
}) => {
  const run = await ownRun();
  const metrics = Array.from({ length: 8 }, (_, i) => `test_measure_${i}`);
  await run.report([1, 2], {}, metrics);
  // A canvas is cleared once for each drawing.
  await page.addInitScript(() => {
    const { clearRect } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.clearRect = function (...box) {
      this.canvas.dataset.draws = String(Number(this.canvas.dataset.draws ?? 0) + 1);
      clearRect.apply(this, box);
    };
  });
  await page.goto(`${own.url}/runs/${run.key}`);
  const [first, last] = ['Measure 0', 'Measure 7'].map((title) => drawn(page, title));
  const draws = async (): Promise<number> =>
    Number(await last!.locator('canvas').getAttribute('data-draws', { timeout: 1000 }));
  await first!.scrollIntoViewIfNeeded();
  await run.report([3], {}, metrics);
  await expect(first!).toHaveAttribute('data-points', '3');
  await expect(first!.locator('canvas')).toHaveAttribute('data-draws', /[1-9]/);
  await expect(last!.locator('canvas')).toHaveCount(0);

  await last!.scrollIntoViewIfNeeded();
  await expect(last!).toHaveAttribute('data-points', '3');
  await expect.poll(draws).toBeGreaterThan(0);
  await run.report([4], {}, metrics);
  await expect(last!).toHaveAttribute('data-points', '4');

  await page.evaluate(() => scrollTo(0, 0));
  await expect(first!).toHaveAttribute('data-points', '4');
  const before = await draws();
  await run.report([5], {}, metrics);
  await run.report([6], {}, metrics);
  await expect(first!).toHaveAttribute('data-points', '6');
  await expect(last!).toHaveAttribute('data-points', '4');
  expect(await draws()).toBe(before);
  await last!.scrollIntoViewIfNeeded();
  await expect(last!).toHaveAttribute('data-points', '6');
  await expect.poll(draws).toBeGreaterThan(before);
});

test('a run that failed or diverged says why, and what can be done', async ({ page }) => {
  const failed = await ownRun();
  await failed.finish({ outcome: 'FAILED', reason: 'the disk was full' });
  await page.goto(`${own.url}/runs/${failed.key}`);
  await expect(page.getByTestId('why')).toContainText('It failed: the disk was full.');
  await expect(page.getByTestId('why')).toContainText('retry');
  const { runs } = await own.ask(`{ runs(where: { diverged: { eq: true } }, first: 1) { nodes { key } } }`);
  await page.goto(`${own.url}/runs/${runs.nodes[0].key}`);
  await expect(page.getByTestId('why')).toContainText('Its loss left all bounds at step 100');
});

test('its neighbours differ in one axis alone, and have the numbers of aggregate', async ({ page }) => {
  const { run, aggregate } = await own.ask(`{
    run(key: "run-103") { batchSize baseLearningRate batchNorm }
    aggregate(where: { dataset: { eq: "cifar10" }, model: { eq: "resnet8" }, batchNorm: { eq: false }, baseLearningRate: { eq: ${2 ** -5} } }, by: [BATCH_SIZE]) {
      groups { batchSize mean } } }`);
  expect(run).toEqual({ batchSize: 4, baseLearningRate: 2 ** -5, batchNorm: false });
  await page.goto(`${own.url}/runs/run-103`);
  const table = page.getByRole('table', { name: 'Neighbours' });
  await expect(table.getByRole('link', { name: '4 (this)', exact: true })).toBeVisible();
  const means = await table
    .locator('tr[data-mean]')
    .evaluateAll((all) => all.map((row) => (row as HTMLElement).dataset.mean));
  expect(means.slice(0, aggregate.groups.length).map(Number)).toEqual(
    aggregate.groups.map(({ mean }: { mean: number | null }) => mean ?? 0),
  );
  await expect(page.getByRole('table', { name: 'Seeds' }).getByRole('row')).toHaveCount(6);
});

test('a note and tags are kept; a run that was deleted can be brought back', async ({ page }) => {
  await page.goto(`${own.url}/runs/run-110`);
  await page.getByLabel('Note').fill('looks odd at step 300');
  await page.getByRole('button', { name: 'Save note' }).click();
  await expect(page.getByText('The note is saved.')).toBeVisible();
  await page.getByRole('combobox', { name: 'Tags' }).fill('odd');
  await page.getByRole('combobox', { name: 'Tags' }).press('Enter');
  const asked = `{ run(key: "run-110") { note tags } }`;
  await expect.poll(() => own.ask(asked)).toEqual({ run: { note: 'looks odd at step 300', tags: ['odd'] } });

  await page.getByRole('button', { name: 'Delete …' }).click();
  await page.getByRole('button', { name: 'Delete run-110' }).click();
  await expect(page.getByText('run-110 is deleted, with 164 points.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'run-110 is deleted' })).toBeVisible();
  expect(await own.ask(asked)).toEqual({ run: null });
  await page.getByRole('button', { name: 'Bring it back' }).click();
  await expect(page.getByText('run-110 is back, with all its points.')).toBeVisible();
  await expect(page.getByLabel('Note')).toHaveValue('looks odd at step 300');
  await expect(drawn(page, 'Accuracy')).toHaveAttribute('data-points', '82');
});
