import { readFile } from 'node:fs/promises';
import { expect, type Page, test } from '@playwright/test';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 3120 });
});
test.afterAll(() => own?.stop());

interface Cell {
  batchNorm: boolean;
  batchSize: number;
  baseLearningRate: number;
  mean: number | null;
  diverged: number;
  failed: number;
  unfinished: number;
  usableRange: { reliable: object[] };
}

/** One data set, without the runs of one cell. */
const WHERE = {
  dataset: { eq: 'cifar10' },
  not: { batchSize: { eq: 16 }, baseLearningRate: { eq: 0.25 } },
};
const cells = async (): Promise<Cell[]> => {
  const { aggregate } = await own.ask(
    `query ($where: RunFilter) { aggregate(where: $where, by: [BATCH_NORM, BATCH_SIZE, BASE_LEARNING_RATE]) { groups {
      batchNorm batchSize baseLearningRate mean diverged failed unfinished usableRange(axis: BATCH_SIZE) { reliable { batchSize } }
    } } }`,
    { where: WHERE },
  );
  return aggregate.groups;
};
const address = (more = ''): string =>
  `${own.url}/?chart=heat&columns=BATCH_NORM&where=${encodeURIComponent(JSON.stringify(WHERE))}${more}`;
const panel = (page: Page, name: string) => page.getByRole('region', { name: new RegExp(`: ${name}$`) });
const save = async (page: Page, region: ReturnType<typeof panel>, item: string): Promise<string> => {
  await region.getByRole('button', { name: /^Save/ }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: item }).click(),
  ]);
  return readFile(await download.path(), 'utf8');
};

test('a heat map has every cell of the API: with its mean, or why there is none; the best and the reliable are outlined', async ({
  page,
}) => {
  const all = await cells();
  await page.goto(address());
  for (const [name, batchNorm] of [
    ['with batch norm', true],
    ['without batch norm', false],
  ] as const) {
    const here = all.filter((cell) => cell.batchNorm === batchNorm);
    const drawn = panel(page, name);
    await expect(drawn.locator('[data-cell]')).toHaveCount(8 * 13);
    await expect(drawn.locator('[data-cell=missing]')).toHaveCount(1);
    await expect(drawn.locator('[data-cell=value]')).toHaveCount(
      here.filter(({ mean }) => mean !== null).length,
    );
    const none = here.filter(({ mean }) => mean === null);
    await expect(drawn.locator('[data-cell=diverged]')).toHaveCount(
      none.filter(({ unfinished }) => unfinished === 0).length,
    );
    await expect(drawn.locator('[data-cell=unfinished]')).toHaveCount(
      none.filter(({ unfinished }) => unfinished > 0).length,
    );
    const best = Math.max(...here.map(({ mean }) => mean ?? 0));
    await expect(drawn.locator('a[data-is~=best]')).toHaveCount(1);
    await expect(drawn.locator('a[data-is~=best]')).toHaveAttribute('data-mean', String(best));
    await expect(drawn.locator('[data-outline=best]')).toHaveCount(1);
    await expect(drawn.locator('[data-is~=reliable]')).toHaveCount(
      here.filter(({ usableRange }) => usableRange.reliable.length > 0).length,
    );
    await expect(drawn.locator('[data-contour=reliable] path').last()).toHaveAttribute('d', /^M/);
  }
  const partly = all.filter(
    ({ mean, diverged, unfinished }) => diverged > 0 && (mean !== null || unfinished > 0),
  );
  expect(partly.length).toBeGreaterThan(0);
  await expect(page.locator('svg a [data-some=diverged]')).toHaveCount(partly.length);
});

test('the distance of the best is a part of the address, and outlines what the API has within it', async ({
  page,
}) => {
  const all = (await cells()).filter(({ batchNorm, mean }) => batchNorm && mean !== null);
  const best = Math.max(...all.map(({ mean }) => mean!));
  const near = all.filter(({ mean }) => best - mean! <= 0.01).length;
  expect(near).toBeGreaterThan(1);
  await page.goto(address());
  await page.getByLabel('Distance of the best').fill('1');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/near=0\.01/);
  const drawn = panel(page, 'with batch norm');
  await expect(drawn.locator('[data-is~=near]')).toHaveCount(near);
  await page.reload();
  await expect(page.getByLabel('Distance of the best')).toHaveValue('1');
  await expect(drawn.locator('[data-is~=near]')).toHaveCount(near);
  await expect(drawn.getByText('within 1 point of the best')).toBeVisible();
});

test('the arrow keys go from cell to cell, past what is missing, and Enter goes to its runs', async ({
  page,
}) => {
  await page.goto(address());
  const drawn = panel(page, 'with batch norm');
  await drawn.getByRole('link', { name: /^batch size 8, base learning rate 2⁻²:/ }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByTestId('readout').first()).toContainText('batch size 32, base learning rate 2⁻²');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/runs\?/);
  const where = JSON.parse(new URL(page.url()).searchParams.get('where')!);
  const { runs } = await own.ask(
    'query ($where: RunFilter) { runs(where: $where) { totalCount nodes { batchSize baseLearningRate batchNorm } } }',
    { where },
  );
  expect(runs.totalCount).toBe(5);
  expect(runs.nodes[0]).toEqual({ batchSize: 32, baseLearningRate: 0.125, batchNorm: true });
});

test('table, CSV and SVG have the same cells', async ({ page }) => {
  const here = (await cells()).filter(({ batchNorm }) => batchNorm);
  await page.goto(address());
  const drawn = panel(page, 'with batch norm');
  const svg = await save(page, drawn, 'Drawing (SVG)');
  expect(svg.match(/data-cell=/g)).toHaveLength(8 * 13);
  expect(svg).toContain('xmlns="http://www.w3.org/2000/svg"');
  const csv = (await save(page, drawn, 'Numbers (CSV)')).trim().split('\r\n');
  const column = csv[0]!.split(',').indexOf('mean');
  expect(csv.slice(1).map((line) => line.split(',')[column])).toEqual(
    here.map(({ mean }) => String(mean ?? '')),
  );
  await drawn.getByRole('button', { name: /^Table/ }).click();
  const numbers = drawn.locator('td[data-mean]');
  await expect(numbers).toHaveCount(here.length);
  expect(await numbers.evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.mean))).toEqual(
    here.map(({ mean }) => String(mean ?? '')),
  );
});

test('importance has a bar for each axis with the share of the API, and a bar leads to lines against its axis', async ({
  page,
}) => {
  const { importance } = await own.ask('{ importance { n r2 axes { axis share values } } }');
  await page.goto(`${own.url}/?chart=importance`);
  await expect(page.getByTestId('fit')).toContainText(`r² = ${importance.r2.toFixed(2)}`);
  await expect(page.getByTestId('fit')).toContainText(`${importance.n} settings`);
  const bars = page.locator('svg [data-bar]');
  await expect(bars).toHaveCount(importance.axes.length);
  const shares = importance.axes.map(({ share }: { share: number }) => String(share));
  expect(await bars.evaluateAll((all) => all.map((one) => (one as SVGElement).dataset.bar))).toEqual(shares);
  const csv = await save(
    page,
    page.getByRole('region', { name: /^What test accuracy depends on/ }),
    'Numbers (CSV)',
  );
  expect(csv.split('\r\n')[1]).toContain(`${importance.axes[0].axis},${importance.axes[0].share}`);
  await page.getByRole('link', { name: /^base learning rate [−-]?[0-9]/ }).click();
  await expect(page).toHaveURL(/x=BASE_LEARNING_RATE/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(
    'Test accuracy against base learning rate',
  );
});

test('where nothing differs importance says why there are no shares', async ({ page }) => {
  const where = {
    dataset: { eq: 'cifar10' },
    batchSize: { eq: 2 },
    baseLearningRate: { eq: 1 },
    batchNorm: { eq: true },
  };
  const { importance } = await own.ask('query ($where: RunFilter) { importance(where: $where) { reason } }', {
    where,
  });
  expect(importance.reason).toBeTruthy();
  await page.goto(`${own.url}/?chart=importance&where=${encodeURIComponent(JSON.stringify(where))}`);
  await expect(page.getByText(importance.reason)).toBeVisible();
});
