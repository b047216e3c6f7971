import { expect, type Page, test } from '@playwright/test';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 3120 });
});
test.afterAll(() => own?.stop());

const whereOf = (page: Page): unknown => JSON.parse(new URL(page.url()).searchParams.get('where') ?? '{}');
const countOf = async (where: unknown): Promise<string> =>
  (
    await own.ask('query($where: RunFilter) { runs(where: $where) { totalCount } }', { where })
  ).runs.totalCount.toLocaleString('en');

test('a filter with an or is built by the mouse; the rows are those of the API', async ({ page }) => {
  await page.goto(`${own.url}/runs`);
  await page.getByRole('button', { name: 'Runs: all of them' }).click();
  await page.getByLabel('Add a condition').selectOption('or');
  await page.getByLabel('Add a condition').nth(0).selectOption('batchSize');
  await page.getByRole('combobox', { name: 'batch size is', exact: true }).fill('8');
  await page.getByLabel('Add a condition').nth(1).selectOption('baseLearningRate');
  await page.getByLabel('base learning rate: how').selectOption('lte');
  await page.getByRole('combobox', { name: 'base learning rate ≤' }).fill('2^-9');
  const where = { or: [{ batchSize: { eq: 8 } }, { baseLearningRate: { lte: 2 ** -9 } }] };
  const n = await countOf(where);
  await expect(page.getByTestId('matches')).toHaveText(`Matches ${n} runs`);
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect.poll(() => whereOf(page)).toEqual(where);
  await expect(page.getByTestId('summary')).toContainText(`${n} runs`);
});

test('conditions are added, moved and duplicated by the keyboard', async ({ page }) => {
  await page.goto(`${own.url}/runs?where=${encodeURIComponent('{"seed":{"eq":0},"batchSize":{"gte":8}}')}`);
  await page.getByRole('button', { name: /^Runs: seed is 0/ }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('combobox', { name: 'seed is', exact: true }).focus();
  await page.keyboard.press('Alt+ArrowDown');
  await page.getByLabel('Duplicate: batch size ≥ 8').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Apply' }).focus();
  await page.keyboard.press('Enter');
  await expect
    .poll(() => JSON.stringify(whereOf(page)))
    .toBe('{"batchSize":{"gte":8},"seed":{"eq":0},"and":[{"batchSize":{"gte":8}}]}');
});

test('as text nothing is lost, an unknown field is kept, and what the API refuses is said where it was typed', async ({
  page,
}) => {
  await page.goto(`${own.url}/runs`);
  await page.getByRole('button', { name: 'Runs: all of them' }).click();
  await page.getByText('Text', { exact: true }).click();
  const text = page.getByLabel('RunFilter as JSON');
  await text.fill('{"batchSize":{"eq":4},"colour":"red"');
  await expect(page.getByText('not a JSON object')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Apply' })).toBeDisabled();
  await text.fill('{"batchSize":{"eq":4},"colour":"red"}');
  await expect(page.getByRole('alert').filter({ hasText: 'colour' })).toBeVisible();
  await expect(text).toHaveValue('{"batchSize":{"eq":4},"colour":"red"}');
  await page.getByText('Conditions', { exact: true }).click();
  await expect(page.getByText('kept as it is:')).toContainText('"colour": "red"');
  await page.getByLabel('Take away: colour "red"').click();
  const n = await countOf({ batchSize: { eq: 4 } });
  await expect(page.getByTestId('matches')).toHaveText(`Matches ${n} runs`);
});
