/// <reference lib="dom" />

import { expect, type Page, test } from '@playwright/test';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 2080, curves: true });
});
test.afterAll(() => own?.stop());

const ON = { batchNorm: { eq: true } };
const OFF = { batchNorm: { eq: false } };
const address = (parts: Record<string, unknown>): string =>
  `${own.url}/compare?${new URLSearchParams(
    Object.entries(parts).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )}`;
const NUMBERS = `query ($a: RunFilter!, $b: RunFilter!, $best: [Axis!]) {
  compare(a: $a, b: $b, best: $best) {
    n mean ci95 { low high } wins ties losses verdict unmatchedCountA unmatchedCountB withoutValueA withoutValueB
    by(axes: [BATCH_SIZE]) { batchSize n mean }
    pairs(first: 1000) { difference }
    unmatchedA(first: 1000) { keys }
    unmatchedB(first: 1000) { keys }
  }
}`;
const points = (value: number) => (100 * Math.abs(value)).toFixed(2);
const whereOf = async (page: Page, name: string) =>
  JSON.parse(new URL(page.url()).searchParams.get(name) ?? 'null');

test('two members: the verdict and its numbers are those of the API', async ({ page }) => {
  const [a, b] = [{ member: { eq: 'local-1' } }, { member: { eq: 'local-2' } }];
  const { compare } = await own.ask(NUMBERS, { a, b });
  expect(compare.n).toBeGreaterThan(20);
  const html = await (await fetch(address({ a, b }))).text();
  expect(html).toContain(`n = ${compare.n} pairs`);
  await page.goto(address({ a, b }));
  const verdict = page.getByTestId('verdict');
  const said = `${await verdict.textContent()} ${await page.getByTestId('verdict-text').textContent()}`;
  expect(said).toContain(`n = ${compare.n} pairs`);
  for (const value of [compare.mean, compare.ci95.low, compare.ci95.high])
    expect(said).toContain(points(value));
  expect(said).toContain(compare.verdict === 'UNDECIDED' ? 'Undecided' : `${compare.verdict} is better by`);
  await expect(page.getByTestId('tally')).toContainText(
    `A better in ${compare.wins}, equal in ${compare.ties}, B better in ${compare.losses} of ${compare.n} pairs`,
  );
  await expect(page.getByText(/seed, member, sweep and engine, as always/)).toBeVisible();
});

test('the marks of the charts are the differences of the API', async ({ page }) => {
  const { compare } = await own.ask(NUMBERS, { a: ON, b: OFF });
  await page.goto(address({ a: ON, b: OFF, tables: 'forest' }));
  const rows = page.getByRole('table', { name: /Mean difference A − B/ }).locator('tbody tr');
  await expect(rows.first().locator('td[data-mean]')).toHaveAttribute('data-mean', String(compare.mean));
  for (const { batchSize, mean } of compare.by)
    await expect(
      rows
        .filter({ has: page.getByRole('rowheader', { name: `batch size ${batchSize}`, exact: true }) })
        .locator('td[data-mean]'),
    ).toHaveAttribute('data-mean', String(mean));
  const chart = page.getByRole('img', { name: /Difference of each pair, sorted/ });
  await expect(chart).toHaveAttribute('aria-label', new RegExp(`: ${compare.n} marks`));
  const { colours } = { colours: ['#0072b2', '#b84a00'] };
  const marks = (colour: string) => chart.locator(`path[fill="${colour}"]`).count();
  // One more of each colour stands in the legend.
  expect(await marks(colours[0]!)).toBe(compare.wins + 1);
  expect(await marks(colours[1]!)).toBe(compare.losses + 1);
});

test('what did not match is listed completely, page by page, with the reason', async ({ page }) => {
  const { compare } = await own.ask(NUMBERS, { a: ON, b: OFF });
  expect(compare.unmatchedCountA).toBeGreaterThan(50);
  await page.goto(address({ a: ON, b: OFF }));
  const side = page.getByTestId('unmatched-A');
  await expect(side).toContainText(`${compare.unmatchedCountA} settings of A have no match`);
  await expect(page.getByTestId('unmatched-B')).toContainText(`${compare.withoutValueB} more have no value`);
  const listed: string[] = [];
  const next = side.getByRole('button', { name: 'Next settings of A without a match' });
  for (let skip = 0; skip < compare.unmatchedCountA; skip += 50) {
    await expect(side.getByText(new RegExp(`^${skip + 1} to `))).toBeVisible();
    const rows = side.locator('tbody tr');
    await expect(rows).toHaveCount(Math.min(50, compare.unmatchedCountA - skip));
    await expect(rows.first().locator('th')).not.toHaveText('');
    listed.push(...(await rows.evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.keys!))));
    if (skip + 50 < compare.unmatchedCountA) await next.click();
  }
  expect(listed).toEqual(compare.unmatchedA.map(({ keys }: { keys: string[] }) => keys.join(' ')));
});

test('all pairs are reached, and a side leads to its runs', async ({ page }) => {
  const { compare } = await own.ask(NUMBERS, { a: ON, b: OFF });
  const skip = Math.floor((compare.n - 1) / 50) * 50;
  await page.goto(address({ a: ON, b: OFF, pairs: String(skip) }));
  const rows = page.getByRole('table', { name: 'Pairs' }).locator('tbody tr');
  await expect(rows).toHaveCount(compare.n - skip);
  await expect(rows.last()).toHaveAttribute('data-difference', String(compare.pairs.at(-1).difference));
  const href = await rows.last().getByRole('link').first().getAttribute('href');
  const where = JSON.parse(new URL(href!, own.url).searchParams.get('where')!);
  const { runs } = await own.ask(
    'query ($where: RunFilter) { runs(where: $where) { nodes { batchNorm } } }',
    { where },
  );
  expect(runs.nodes.length).toBeGreaterThan(0);
  expect(new Set(runs.nodes.map(({ batchNorm }: { batchNorm: boolean }) => batchNorm))).toEqual(
    new Set([true]),
  );
});

test('quick picks, swapping and the best: the URL has it all', async ({ page }) => {
  await page.goto(`${own.url}/compare`);
  await page.getByRole('link', { name: 'two members' }).click();
  await expect(page.getByTestId('verdict')).toBeVisible();
  expect(await whereOf(page, 'a')).toEqual({ member: { eq: 'local-1' } });
  expect(await whereOf(page, 'b')).toEqual({ member: { eq: 'local-2' } });
  await page.getByRole('link', { name: 'batch norm on against off' }).click();
  await expect(page.getByLabel('A is', { exact: true })).toHaveValue(JSON.stringify(ON));
  await expect.poll(() => whereOf(page, 'a')).toEqual(ON);
  await page.locator('h1').click();
  await page.keyboard.press('s');
  await expect.poll(() => whereOf(page, 'a')).toEqual(OFF);
  expect(await whereOf(page, 'b')).toEqual(ON);
  await page.goto(address({ a: ON, b: OFF, best: 'BASE_LEARNING_RATE' }));
  await expect(page.getByText('The best of many is optimistic')).toBeVisible();
  await page.getByRole('button', { name: 'Choose on seed 0, report on the others' }).click();
  await expect(page).toHaveURL(/select=0/);
  await expect(page.getByText('The best of many is optimistic')).toBeHidden();
});

test('below two pairs there is no verdict, and the page says why and what to do', async ({ page }) => {
  await page.goto(address({ a: { batchSize: { in: [2, 4] } }, b: { batchSize: { in: [8, 16] } } }));
  await expect(page.getByTestId('verdict')).toHaveText('No verdict');
  await expect(page.getByText('Most settings are kept apart by batch size.')).toBeVisible();
  await page.getByRole('button', { name: 'Ignore batch size' }).click();
  await expect(page).toHaveURL(/ignoring=BATCH_SIZE/);
  await expect(page.getByTestId('verdict')).not.toHaveText('No verdict');
  await expect(page.getByRole('table', { name: 'Axes that differ' })).toContainText('batch size');
});

test('each choice is undone by Back and done again by Forward, also where curves are shown', async ({
  page,
}) => {
  await page.goto(address({}));
  const [a, b] = [page.getByLabel('A is'), page.getByLabel('B is')];
  await a.selectOption('local-1');
  await b.selectOption('local-2');
  await expect(page.getByTestId('verdict')).toBeVisible();
  await expect(page.locator('[data-curves="2"]')).toBeVisible();
  await page.goBack();
  await expect(b).toHaveValue('');
  await expect(a).toHaveValue(JSON.stringify({ member: { eq: 'local-1' } }));
  await page.goForward();
  await expect(page.getByTestId('verdict')).toBeVisible();
});

test('curves are drawn where the browser names no language', async ({ page }) => {
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  await page.addInitScript(() =>
    Object.defineProperty(Navigator.prototype, 'language', { get: () => 'en-US@posix' }),
  );
  await page.goto(address({ a: { member: { eq: 'local-1' } }, b: { member: { eq: 'local-2' } } }));
  await page.locator('[data-curves="2"]').scrollIntoViewIfNeeded();
  await expect(page.locator('[data-curves="2"] canvas')).toBeVisible();
  expect(faults).toEqual([]);
});
