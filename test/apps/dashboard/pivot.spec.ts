import { expect, test } from '@playwright/test';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 3120 });
});
test.afterAll(() => own?.stop());

const QUESTION = `query ($best: [Axis!]) {
  pivot(rows: [BATCH_SIZE], columns: [DATASET, BATCH_NORM], best: $best) {
    columns { dataset batchNorm }
    rows { batchSize cells { state bestInRow bestInColumn group { mean sd n best { baseLearningRate candidates } } } }
  }
}`;
const shown = (value: number) => `${(100 * value).toFixed(1)} %`;

test('the cells are the numbers of the API, with the best of each row marked in more than bold', async ({
  page,
}) => {
  const { pivot } = await own.ask(QUESTION, { best: ['BASE_LEARNING_RATE'] });
  const html = await (await fetch(`${own.url}/pivot`)).text();
  expect(html).toContain('data-mean');
  await page.goto(`${own.url}/pivot`);
  const table = page.getByRole('table', { name: 'Means by rows and columns' });
  const rows = table.locator('tbody tr');
  await expect(rows).toHaveCount(pivot.rows.length);
  for (const [i, row] of pivot.rows.entries()) {
    await expect(rows.nth(i).locator('th')).toHaveText(String(row.batchSize));
    const texts = await rows.nth(i).locator('td').allInnerTexts();
    for (const [j, { group, bestInRow }] of row.cells.entries()) {
      const { mean, sd, n } = group;
      expect(texts[j]).toContain(`${shown(mean)} ± ${shown(sd)} (${n})`);
      expect(/\bbest (of|in)/.test(texts[j]!)).toBe(bestInRow);
    }
  }
  await expect(page.getByTestId('legend')).toContainText(/bold\s*: the greatest of each row/);
  await expect(page.getByTestId('cells')).toContainText(
    `${pivot.rows.length} rows × ${pivot.columns.length} columns`,
  );
  await expect(table.locator('thead th[scope=col]')).toHaveCount(pivot.columns.length);
});

test('cells without a mean say why, a click on one leads to its runs', async ({ page }) => {
  const where = { dataset: { eq: 'cifar10' }, batchNorm: { eq: false } };
  const { pivot } = await own.ask(
    `query ($where: RunFilter) { pivot(where: $where, rows: [BASE_LEARNING_RATE], columns: [BATCH_SIZE, SEED]) { rows { cells { state } } } }`,
    { where },
  );
  const states: string[] = pivot.rows.flatMap((row: { cells: { state: string }[] }) =>
    row.cells.map(({ state }) => state),
  );
  const count = (state: string) => states.filter((one) => one === state).length;
  expect(count('DIVERGED')).toBeGreaterThan(0);
  expect(count('FAILED')).toBeGreaterThan(0);
  expect(count('UNFINISHED')).toBeGreaterThan(0);
  await page.goto(
    `${own.url}/pivot?rows=BASE_LEARNING_RATE&columns=BATCH_SIZE,SEED&where=${encodeURIComponent(JSON.stringify(where))}`,
  );
  const table = page.getByRole('table', { name: 'Means by rows and columns' });
  for (const [state, word] of [
    ['DIVERGED', 'diverged'],
    ['FAILED', 'failed'],
    ['UNFINISHED', 'unfinished'],
  ] as const) {
    await expect(table.locator(`td[data-state=${state}]`)).toHaveCount(count(state));
    await expect(table.locator(`td[data-state=${state}]`).first()).toHaveText(word);
    await expect(page.getByTestId('cells')).toContainText(`${count(state)} ${word}`);
  }
  const link = table.locator('td[data-state=FAILED] a').first();
  const filter = JSON.parse(new URL((await link.getAttribute('href'))!, own.url).searchParams.get('where')!);
  const { runs } = await own.ask('query ($where: RunFilter) { runs(where: $where) { nodes { status } } }', {
    where: filter,
  });
  expect(runs.nodes).toEqual([{ status: 'FAILED' }]);
});

test('the question is the URL: swapped, marked otherwise and with best settings, it comes back after a reload', async ({
  page,
}) => {
  // Of one data set: a cell over several has no one best setting.
  await page.goto(
    `${own.url}/pivot?rows=BATCH_SIZE&columns=BATCH_NORM&where=${encodeURIComponent('{"dataset":{"eq":"cifar10"}}')}`,
  );
  await page.getByLabel('Marked best').selectOption({ label: 'of the whole table' });
  await expect(page).toHaveURL(/mark=all/);
  await page.getByRole('button', { name: 'Best settings' }).click();
  await expect(page).toHaveURL(/settings=true/);
  await page.locator('h1').click();
  await page.keyboard.press('s');
  await expect(page).toHaveURL(/rows=BATCH_NORM&columns=BATCH_SIZE/);
  await page.reload();
  const cells = page.getByRole('table', { name: 'Means by rows and columns' }).locator('td');
  await expect(cells).toHaveCount(16);
  const texts = await cells.allInnerTexts();
  const marked = texts.filter((text) => /\bbest (of|in)/.test(text));
  expect(marked).toHaveLength(1);
  const means = await cells.evaluateAll((all) => all.map((one) => Number((one as HTMLElement).dataset.mean)));
  expect(texts[means.indexOf(Math.max(...means))]).toBe(marked[0]);
  expect(marked[0]).toMatch(/base learning rate 2⁻\S* of \d+/);
});

test('the exported files are read back: Markdown, LaTeX and CSV have the numbers of the screen', async ({
  page,
}) => {
  await page.goto(`${own.url}/pivot?rows=BATCH_SIZE&columns=BATCH_NORM&mark=all`);
  await page.getByRole('button', { name: 'Save the table' }).click();
  const { pivot } = await own.ask(
    '{ pivot(rows: [BATCH_SIZE], columns: [BATCH_NORM], best: [BASE_LEARNING_RATE]) { rows { cells { group { mean } } } } }',
  );
  const means: number[] = pivot.rows.flatMap((row: { cells: { group: { mean: number } }[] }) =>
    row.cells.map(({ group }) => group.mean),
  );
  const read = async (word: string): Promise<string> => {
    const href = await page.getByRole('menuitem', { name: `Numbers (${word})` }).getAttribute('href');
    const response = await fetch(`${own.url}${href}`);
    expect(response.status).toBe(200);
    return response.text();
  };
  const [markdown, latex, csv] = [await read('Markdown'), await read('LaTeX'), await read('CSV')];
  for (const mean of means) {
    expect(markdown).toContain((100 * mean).toFixed(2));
    expect(latex).toContain((100 * mean).toFixed(2));
    expect(csv).toContain(String(mean));
  }
  const best = (100 * Math.max(...means)).toFixed(2);
  expect([...markdown.matchAll(/\*\*([\d.]+)/g)].map(([, number]) => number)).toEqual([best]);
});

test('a table of too many cells is refused with the way out', async ({ page }) => {
  await page.goto(`${own.url}/pivot?rows=BATCH_SIZE,BASE_LEARNING_RATE,DATASET&columns=SEED,MODEL`);
  await expect(page.getByRole('table', { name: 'Means by rows and columns' })).toBeVisible();
  await expect(page.getByText(/rows 1 to 100 of 312/)).toBeVisible();
  await page.getByRole('button', { name: 'Next rows' }).click();
  await expect(page).toHaveURL(/row=101/);
  await expect(page.getByText(/rows 101 to 200 of 312/)).toBeVisible();
});
