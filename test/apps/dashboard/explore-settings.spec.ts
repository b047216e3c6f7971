import { readFile } from 'node:fs/promises';
import { expect, type Page, test } from '@playwright/test';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 3120 });
});
test.afterAll(() => own?.stop());
test.use({ colorScheme: 'light' });

const save = async (page: Page, item: string): Promise<string> => {
  await page.getByRole('button', { name: /^Save/ }).first().click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: item }).click(),
  ]);
  return readFile(await download.path(), 'utf8');
};
test('every setting is a dot, the front has its points, and what is best for its cost is named', async ({
  page,
}) => {
  const { pareto } = await own.ask(
    `{ pareto(best: []) { settings frontCount bestPerGpuMinute { mean cost } bestWithin(cost: 40) { settingHash cost } front(first: 1000) { mean cost } points(first: 1000) { settingHash mean cost batchNorm } } }`,
  );
  await page.goto(`${own.url}/?chart=pareto&best=`);
  await expect(page.getByTestId('settings')).toContainText(
    `${pareto.settings} settings, ${pareto.frontCount} on the front.`,
  );
  await expect(page.getByText(/^Most for each minute/)).toContainText(
    `${(100 * pareto.bestPerGpuMinute.mean).toFixed(1)} %`,
  );
  const svg = await save(page, 'Drawing (SVG)');
  const filled = (colour: string): number => svg.split(`fill="${colour}"`).length - 1;
  const with_ = pareto.points.filter(({ batchNorm }: { batchNorm: boolean }) => batchNorm).length;
  // One mark more each is in the legend.
  expect(filled('#0072b2')).toBe(with_ + 1);
  expect(filled('#b84a00')).toBe(pareto.settings - with_ + 1);
  const csv = (await save(page, 'Numbers (CSV)')).trim().split('\r\n');
  expect(csv).toHaveLength(pareto.settings + 1);
  const [hash, mean] = ['setting_hash', 'test_accuracy'].map((name) => csv[0]!.split(',').indexOf(name));
  const first = csv[1]!.split(',');
  expect([first[hash!], first[mean!]]).toEqual([pareto.points[0].settingHash, String(pareto.points[0].mean)]);

  await page.getByLabel('Most cost').fill('40');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/within=40/);
  await page.reload();
  await page
    .getByText(/^Best within 40 s/)
    .getByRole('link')
    .click();
  await expect(page).toHaveURL(/\/runs\?/);
  expect(JSON.parse(new URL(page.url()).searchParams.get('where')!)).toEqual({
    settingHash: { eq: pareto.bestWithin.settingHash },
  });
});

test('a point of the front leads to its runs; the table has all settings, a part at a time', async ({
  page,
}) => {
  const { pareto } = await own.ask(
    '{ pareto(best: [BASE_LEARNING_RATE]) { settings front { settingHash } points(first: 1000) { mean } } }',
  );
  await page.goto(`${own.url}/?chart=pareto`);
  await expect(page.getByTestId('settings')).toContainText(
    `${pareto.settings} settings, ${pareto.front.length} on the front.`,
  );
  await page.locator('[role=img] path[stroke="#111111"][fill="#ffffff"]').nth(1).click({ force: true });
  await expect(page).toHaveURL(/\/runs\?/);
  const { settingHash } = JSON.parse(new URL(page.url()).searchParams.get('where')!);
  expect(pareto.front.map((point: { settingHash: string }) => point.settingHash)).toContain(settingHash.eq);
  await page.goBack();
  await page.getByRole('button', { name: /^Table/ }).click();
  const rows = page.locator('td[data-mean]');
  await expect(rows).toHaveCount(Math.min(200, pareto.settings));
  expect(await rows.evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.mean))).toEqual(
    pareto.points.slice(0, 200).map(({ mean }: { mean: number }) => String(mean)),
  );
});

test('a brush on an axis selects, stands in the address, and becomes the filter of exactly these settings', async ({
  page,
}) => {
  const where = { batchSize: { gte: 32 } };
  const { some, all } = await own.ask(
    `query ($where: RunFilter) {
      some: aggregate(where: $where, by: [DATASET, BATCH_SIZE, BASE_LEARNING_RATE, BATCH_NORM]) { runs groups { n } }
      all: aggregate(by: [DATASET, BATCH_SIZE, BASE_LEARNING_RATE, BATCH_NORM]) { groups { mean } }
    }`,
    { where },
  );
  await page.goto(`${own.url}/?chart=parallel`);
  const chart = page.getByRole('img', { name: /^Settings and their test accuracy/ });
  const valued = all.groups.filter(({ mean }: { mean: number | null }) => mean !== null).length;
  await expect(chart).toHaveAttribute('aria-label', new RegExp(`${valued} lines over 5 axes`), {
    timeout: 30_000,
  });
  await expect(page.getByTestId('selected')).toContainText(
    `${all.groups.length} settings, ${all.groups.length - valued} without a value`,
  );
  const box = (await chart.boundingBox())!;
  // The second axis is the batch size, from 2 at the bottom to 256 at the top: from between 16 and 32 to above 256.
  const x = box.x + 48 + (box.width - 112) / 4;
  const [top, bottom] = [box.y + 48, box.y + 440 - 24];
  await page.mouse.move(x, top + (bottom - top) * (3.5 / 7));
  await page.mouse.down();
  await page.mouse.move(x, top + 60, { steps: 4 });
  await page.mouse.move(x, top - 20, { steps: 4 });
  await page.mouse.up();
  const selected = `${some.groups.length} of ${all.groups.length} settings`;
  await expect(page.getByTestId('selected')).toContainText(selected);
  expect(JSON.parse(new URL(page.url()).searchParams.get('ranges')!)).toEqual({
    BATCH_SIZE: { ranges: [[32, 256]] },
  });
  await page.reload();
  await expect(page.getByTestId('selected')).toContainText(selected);
  await page.getByRole('button', { name: `Filter to these ${some.groups.length} settings` }).click();
  await expect(page).toHaveURL(/where=/);
  expect(new URL(page.url()).searchParams.get('ranges')).toBeNull();
  await expect(page.getByTestId('counts')).toContainText(`${some.runs.toLocaleString('en')} runs`);
  await expect(page.getByTestId('selected')).toContainText(`${some.groups.length} settings`);
});

test('ranges are given by hand too; of the value they become a filter of those settings, or it is said why not', async ({
  page,
}) => {
  const { all } = await own.ask(
    '{ all: aggregate(by: [DATASET, BATCH_SIZE, BASE_LEARNING_RATE, BATCH_NORM]) { groups { mean } } }',
  );
  const means = all.groups
    .flatMap(({ mean }: { mean: number | null }) => mean ?? [])
    .sort((a: number, b: number) => b - a);
  const least = (means[5] + means[6]) / 2;
  await page.goto(`${own.url}/?chart=parallel`);
  await page.getByText('Ranges by hand').click();
  await page.getByLabel('Least test accuracy').fill(String(least));
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('selected')).toContainText(`6 of ${all.groups.length} settings`);
  await page.getByRole('button', { name: 'Table' }).click();
  expect(
    await page
      .locator('td[data-mean]')
      .evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset.mean)),
  ).toEqual(means.slice(0, 6).map(String));
  await page.getByRole('button', { name: 'Filter to these 6 settings' }).click();
  await expect(page.getByTestId('counts')).toContainText('30 runs');
  await page.goto(
    `${own.url}/?chart=parallel&ranges=${encodeURIComponent('{"value":{"ranges":[[0.87,0.9]]}}')}`,
  );
  await expect(page.getByText(/too long for an address/)).toBeVisible();
});

test('the distribution over seeds has a dot for each run of the chosen settings', async ({ page }) => {
  const where = { dataset: { eq: 'cifar10' } };
  const { aggregate } = await own.ask(
    'query ($where: RunFilter) { aggregate(where: $where, by: [BATCH_SIZE, BATCH_NORM], best: [BASE_LEARNING_RATE]) { groups { n runs batchNorm } } }',
    { where },
  );
  const runs = aggregate.groups.reduce((all: number, { runs }: { runs: number }) => all + runs, 0);
  await page.goto(`${own.url}/?chart=seeds&where=${encodeURIComponent(JSON.stringify(where))}`);
  await expect(page.getByTestId('singles')).toContainText(`${runs} runs one by one`);
  await expect(page.getByRole('img', { name: new RegExp(`${runs} runs as dots`) })).toBeVisible();
  const svg = await save(page, 'Drawing (SVG)');
  const dots =
    svg.match(
      /<path[^>]*fill="#0072b2"[^>]*stroke="#ffffff"|<path[^>]*stroke="#ffffff"[^>]*fill="#0072b2"/g,
    ) ?? [];
  const own_ = aggregate.groups.filter(({ batchNorm }: { batchNorm: boolean }) => batchNorm);
  expect(dots.length).toBeGreaterThanOrEqual(
    own_.reduce((all: number, { runs }: { runs: number }) => all + runs, 0),
  );
});
