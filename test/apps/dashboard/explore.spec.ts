import { expect, test } from '@playwright/test';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 3120 });
});
test.afterAll(() => own?.stop());

test('the first answer of the server has the numbers already, and its scripts run under the policy', async ({
  page,
}) => {
  const html = await (await fetch(own.url)).text();
  expect(html).toContain('3,120');
  const faults: string[] = [];
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(own.url);
  const chart = page.getByRole('group', { name: /test accuracy against batch size: cifar10\./ });
  await expect(chart.getByText('256', { exact: true })).toBeVisible();
  expect(faults).toEqual([]);
});

test('the sentence has the parts of its chart alone, and each part is in the address', async ({ page }) => {
  await page.goto(own.url);
  const has = (label: string) => page.locator(`.sentence [aria-label^="${label}"]`);
  await expect(has('Band')).toHaveCount(1);
  await expect(has('Y axis')).toHaveCount(0);
  await has('Chart').selectOption('heat');
  await expect(page).toHaveURL(/chart=heat/);
  await expect(has('Y axis')).toHaveCount(1);
  await expect(has('Band')).toHaveCount(0);
  await expect(has('Chosen on')).toHaveCount(0);
  await has('Chart').selectOption('importance');
  await expect(has('X axis')).toHaveCount(0);
  await expect(has('Best over')).toHaveCount(0);
  await page.goBack();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(
    'Test accuracy by batch size and base learning rate',
  );
});

test('the best is chosen on some seeds and reported on the others, as the API does it', async ({ page }) => {
  const { aggregate } = await own.ask(
    `query ($where: RunFilter) { aggregate(where: $where, by: [BATCH_NORM, BATCH_SIZE], best: [BASE_LEARNING_RATE], selectSeeds: [0, 1]) { groups { mean n } } }`,
    { where: { dataset: { eq: 'cifar10' } } },
  );
  await page.goto(`${own.url}/?where=${encodeURIComponent('{"dataset":{"eq":"cifar10"}}')}`);
  await page.getByRole('button', { name: 'Chosen on: the seeds it reports' }).click();
  await page.getByLabel('seed 0').check();
  await page.getByLabel('seed 1').check();
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/select=0,1/);
  await page.reload();
  await expect(page.getByRole('button', { name: 'Chosen on: seeds 0, 1 alone' })).toBeVisible();
  await page.getByRole('button', { name: /^Table of/ }).click();
  const means = page.locator('td[data-mean]');
  await expect(means).toHaveCount(aggregate.groups.length);
  expect(await means.evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.mean))).toEqual(
    aggregate.groups.map(({ mean }: { mean: number }) => String(mean)),
  );
  await expect(page.getByRole('cell', { name: `${aggregate.groups[0].n} seeds` }).first()).toBeVisible();
});

test('what the address says and nobody understands is named; the rest is shown', async ({ page }) => {
  await page.goto(`${own.url}/?chart=pie&best=BASE_LEARNING_RATE,FOO&where=notjson&metric=test_accuracy`);
  const said = page.getByRole('alert').filter({ hasText: 'not understood' });
  await expect(said).toContainText('chart: “pie” is left out');
  await expect(said).toContainText('best: “FOO” is left out');
  await expect(said).toContainText('where: “notjson” is left out');
  await expect(said).not.toContainText('metric');
  await expect(page.getByTestId('counts')).toContainText('3,120 runs');
  await page.goto(own.url);
  await expect(page.getByTestId('counts')).toBeVisible();
  await expect(said).toHaveCount(0);
});

test('a filter that the API refuses shows its message, and the sentence stays', async ({ page }) => {
  for (const chart of ['lines', 'heat', 'pareto', 'parallel', 'importance', 'seeds']) {
    await page.goto(`${own.url}/?chart=${chart}&where=${encodeURIComponent('{"colour":{"eq":"blue"}}')}`);
    await expect(page.getByRole('alert').filter({ hasText: 'colour' })).toBeVisible();
    await expect(page.locator('.sentence')).toContainText('Show');
  }
});

test('lines have a dot for each run of the chosen settings, and a point leads to the runs of its setting', async ({
  page,
}) => {
  const where = { dataset: { eq: 'cifar10' }, batchNorm: { eq: true } };
  const { aggregate } = await own.ask(
    'query ($where: RunFilter) { aggregate(where: $where, by: [BATCH_SIZE], best: [BASE_LEARNING_RATE]) { groups { runs best { settingHash } } } }',
    { where },
  );
  await page.goto(`${own.url}/?seeds=shown&where=${encodeURIComponent(JSON.stringify(where))}`);
  const runs = aggregate.groups.reduce((all: number, { runs }: { runs: number }) => all + runs, 0);
  await expect(page.locator('[data-point]')).toHaveCount(aggregate.groups.length);
  await expect(page.locator('[data-dot]')).toHaveCount(runs);
  await page.locator('[data-point]').first().click();
  await expect(page).toHaveURL(/\/runs\?/);
  const found = new URL(page.url()).searchParams.get('where')!;
  expect(
    aggregate.groups.some(({ best }: { best: { settingHash: string } }) => found.includes(best.settingHash)),
  ).toBe(true);
});

test('a team without runs is told how to begin, whatever the chart', async ({ page }) => {
  const empty = await openDashboard();
  try {
    for (const chart of ['lines', 'heat', 'pareto', 'parallel', 'importance', 'seeds']) {
      await page.goto(`${empty.url}/?chart=${chart}`);
      await expect(page.getByRole('heading', { name: 'No runs yet' })).toBeVisible();
      await expect(page.locator('.sentence')).toContainText('Show');
    }
  } finally {
    await empty.stop();
  }
});
