import { expect, type Page, test } from '@playwright/test';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 3120 });
});
test.afterAll(() => own?.stop());

const runs = (page: Page) => page.getByRole('grid', { name: 'Runs' });
const address = (where: object, more = '') =>
  `${own.url}/runs?where=${encodeURIComponent(JSON.stringify(where))}${more}`;
const keysOf = async (page: Page, n: number): Promise<string[]> =>
  (await runs(page).getByRole('link').allTextContents()).slice(0, n);
const countOf = async (where: object): Promise<number> =>
  (await own.ask('query($where: RunFilter) { runs(where: $where) { totalCount } }', { where })).runs
    .totalCount;

test('the first answer has the rows; the last of 3,120 is one key away', async ({ page }) => {
  expect(await (await fetch(`${own.url}/runs`)).text()).toContain('3,120');
  await page.goto(`${own.url}/runs`);
  await expect(page.getByTestId('summary')).toContainText('3,120 runs');
  await expect(runs(page)).toHaveAttribute('aria-rowcount', '3121');
  await runs(page).focus();
  await page.keyboard.press('End');
  const { runs: last } = await own.ask('{ runs(last: 1) { nodes { key } } }');
  const row = runs(page).locator('[aria-rowindex="3121"]');
  await expect(row).toContainText(last.nodes[0].key);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/runs/${last.nodes[0].key}$`));
});

test('sorted by a metric the rows are in the order of the API, anywhere in the list; columns are in the URL', async ({
  page,
}) => {
  await page.goto(
    `${own.url}/runs?order=-metric:test_accuracy:MEDIAN_LAST_5&columns=metric:test_accuracy:MEDIAN_LAST_5,SEED`,
  );
  await expect(runs(page).getByRole('columnheader')).toHaveCount(4);
  const query = `query($skip: Int) { runs(first: 5, skip: $skip, orderBy: [{ metric: { name: "test_accuracy", value: MEDIAN_LAST_5 }, direction: DESC }]) { nodes { key } } }`;
  const first = await own.ask(query, { skip: 0 });
  await expect.poll(() => keysOf(page, 5)).toEqual(first.runs.nodes.map(({ key }: { key: string }) => key));
  await runs(page).evaluate((grid) => grid.scrollTo(0, 1500 * 34));
  const { runs: far } = await own.ask(query, { skip: 1505 });
  await expect(runs(page).locator('[aria-rowindex="1507"]')).toContainText(far.nodes[0].key);
  await runs(page).getByRole('button', { name: /^seed/ }).click();
  await expect(page).toHaveURL(/order=SEED/);
});

test('all that match are chosen, tagged and counted; rows and ranges by the keyboard', async ({ page }) => {
  const where = { batchSize: { eq: 8 }, batchNorm: { eq: true } };
  const n = await countOf(where);
  await page.goto(address(where));
  await page.getByRole('button', { name: `Choose all ${n}` }).click();
  await expect(page.getByTestId('chosen')).toHaveText(`All ${n} runs that match chosen`);
  await page.getByRole('button', { name: 'Tag …' }).click();
  await expect(page.getByTestId('foretold')).toContainText(`Change the tags of ${n} runs`);
  await page
    .getByRole('combobox', { name: 'Tags to put on' })
    .or(page.getByLabel('Tags to put on'))
    .first()
    .fill('keep');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: `Tag ${n} runs` }).click();
  await expect(page.getByText(`${n} runs of ${n} have other tags now.`)).toBeVisible();
  expect(await countOf({ tags: { has: 'keep' } })).toBe(n);
  await page.getByRole('button', { name: 'None', exact: true }).click();
  await runs(page).focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(page.getByTestId('chosen')).toHaveText('3 runs chosen');
});

test('deleting says what it hits, spares what is locked, refuses another number, and is undone', async ({
  page,
}) => {
  const where = { batchSize: { eq: 16 }, seed: { eq: 0 } };
  const n = await countOf(where);
  const { runs: some } = await own.ask(
    'query($where: RunFilter) { runs(where: $where, first: 2) { nodes { key } } }',
    { where },
  );
  const keys = some.nodes.map(({ key }: { key: string }) => key);
  const change = (locked: boolean) =>
    own.ask(
      'mutation($keys: [String!], $locked: Boolean!) { lockRuns(keys: $keys, locked: $locked) { __typename } }',
      { keys, locked },
    );
  await change(true);
  await page.goto(address(where));
  await page.getByRole('button', { name: `Choose all ${n}` }).click();
  await page.getByRole('button', { name: 'Delete …' }).click();
  await expect(page.getByTestId('foretold')).toContainText(`Delete ${n} runs of`);
  await expect(page.getByTestId('foretold')).toContainText('2 are locked and stay.');
  // One is gone in the meantime.
  await change(false);
  await own.ask('mutation($key: String!) { deleteRun(key: $key) { __typename } }', { key: keys[0] });
  await page.getByRole('button', { name: `Delete ${n} runs` }).click();
  await expect(page.getByText('Nothing was changed')).toBeVisible();
  expect(await countOf(where)).toBe(n - 1);
  await page.getByRole('button', { name: 'Count again' }).click();
  await page.getByRole('button', { name: `Delete ${n - 1} runs` }).click();
  await expect(page.getByText(`${n - 1} runs deleted.`)).toBeVisible();
  expect(await countOf(where)).toBe(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText(`${n - 1} runs are back.`)).toBeVisible();
  expect(await countOf(where)).toBe(n - 1);
  await page.getByRole('button', { name: 'Deleted …' }).click();
  await page.getByRole('button', { name: 'Bring back' }).last().click();
  await expect.poll(() => countOf(where)).toBe(n);
});
