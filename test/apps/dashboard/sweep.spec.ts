import { expect, type Page, test } from '@playwright/test';
import { record } from '../api/results.ts';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 10 });
});
test.afterAll(() => own?.stop());

const GRID = {
  dataset: 'shapes',
  model: 'resnet8',
  axes: { batchSize: [2, 8], baseLearningRate: [0.0078125, 0.03125], batchNorm: [false, true], seed: [0, 1] },
  fixed: { epochs: 2, width: 8 },
  order: 'listed',
};
const CREATE =
  'mutation ($definition: JSON!) { createSweep(definition: $definition) { ... on CreateSweepSuccess { sweep { key } } ... on InvalidInput { message } } }';

/** A sweep that no other test reuses runs of. */
async function create(name: string, more: object = {}): Promise<string> {
  const { createSweep } = await own.ask(CREATE, {
    definition: { name, ...GRID, hyper: { test: name }, ...more },
  });
  expect(createSweep.message).toBeUndefined();
  return createSweep.sweep.key;
}
/** Cells of a state as they are drawn, over all panels. */
const drawn = (page: Page, state: string): Promise<number> =>
  page
    .locator(`.cells path[data-state="${state}"]`)
    .evaluateAll((paths) => paths.reduce((sum, one) => sum + Number(one.getAttribute('data-count')), 0));
const standing = async (key: string) =>
  (
    await own.ask(
      'query ($key: String!) { sweep(key: $key) { status locked note tags counts { total waiting cancelled failed } } }',
      { key },
    )
  ).sweep;

test('the grid shows the states as recorded, in the first answer too, and follows changes without a reload', async ({
  page,
}) => {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  const key = await create('states');
  await record(own, `${key}/1`, { value: 0.5 });
  await record(own, `${key}/2`, { status: 'FAILED' });
  await record(own, `${key}/3`, { diverged: true });
  await record(own, `${key}/4`, { status: 'RUNNING' });
  await record(own, `${key}/5`, { status: 'CANCELLED' });
  const html = await (await fetch(`${own.url}/sweeps/${key}`)).text();
  expect(html).toMatch(/data-state="failed" data-count="1"/);
  await page.goto(`${own.url}/sweeps/${key}`);
  await expect(page.getByRole('heading', { name: '16 cells' })).toBeVisible();
  for (const [state, n] of Object.entries({
    done: 1,
    failed: 1,
    diverged: 1,
    running: 1,
    cancelled: 1,
    waiting: 11,
  }))
    expect(await drawn(page, state), state).toBe(n);
  await expect(page.locator('.cells').getByRole('grid')).toHaveCount(2);
  await expect(page.getByRole('button', { name: '11 waiting' })).toBeVisible();
  await record(own, `${key}/6`, { value: 0.75 });
  await expect.poll(() => drawn(page, 'done')).toBe(2);
  await expect(page.getByRole('button', { name: '10 waiting' })).toBeVisible();
  await expect(page.getByTestId('progress')).toContainText('5 of 16');
  expect(faults).toEqual([]);
});

test('what is reused is a state of its own, and says whose it is', async ({ page }) => {
  const first = await create('first', { hyper: { test: 'reuse' } });
  await record(own, `${first}/1`, { value: 0.5 });
  const key = await create('second', { hyper: { test: 'reuse' } });
  await page.goto(`${own.url}/sweeps/${key}`);
  await expect(page.getByRole('button', { name: '1 reused' })).toBeVisible();
  await expect(page.getByTestId('progress').getByRole('link', { name: /1 done of/ })).toBeVisible();
});

test('arrows move between cells over gaps and panels keep their place; Enter opens the run', async ({
  page,
}) => {
  const key = await create('keys');
  await page.goto(`${own.url}/sweeps/${key}`);
  const grid = page.getByRole('grid', { name: /with batch norm/ });
  const cell = grid.getByRole('gridcell');
  await cell.focus();
  await expect(cell).toHaveAccessibleName(/base learning rate 2⁻⁵.*seed 0/);
  await page.keyboard.press('ArrowRight');
  await expect(cell).toBeFocused();
  await expect(cell).toHaveAccessibleName(/batch size 2,.*2⁻⁵.*seed 1/);
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowDown');
  await expect(cell).toHaveAccessibleName(/batch size 8,.*2⁻⁷.*seed 1/);
  const name = (await cell.getAttribute('aria-label'))!;
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/runs/${/run (\S+)$/.exec(name)![1]}`);
});

test('a click on a cell opens its run; hovering says all of it', async ({ page }) => {
  const key = await create('click');
  await page.goto(`${own.url}/sweeps/${key}`);
  const grid = page.getByRole('grid', { name: /without batch norm/ });
  const [box, cell] = [(await grid.boundingBox())!, (await grid.getByRole('gridcell').boundingBox())!];
  expect(cell.x).toBeGreaterThan(box.x);
  await page.mouse.move(cell.x + cell.width / 2, cell.y + cell.height / 2);
  const words = page.getByRole('tooltip');
  await expect(words).toContainText('waiting, batch size 2, base learning rate 2⁻⁵, batch norm off, seed 0');
  const run = /run (\S+)$/.exec((await words.textContent())!)![1];
  await page.mouse.click(cell.x + cell.width / 2, cell.y + cell.height / 2);
  await page.waitForURL(`**/runs/${run}`);
});

test('rows, columns, panels, colour and states are the URL, and the table has the same cells', async ({
  page,
}) => {
  const key = await create('places');
  await record(own, `${key}/1`, { value: 0.5 });
  await record(own, `${key}/2`, { value: 0.75 });
  await page.goto(
    `${own.url}/sweeps/${key}?rows=BATCH_NORM&panels=BASE_LEARNING_RATE&colour=accuracy&states=done`,
  );
  await expect(page.locator('.cells').getByRole('grid')).toHaveCount(2);
  await expect(page.getByRole('combobox', { name: 'Rows of the grid' })).toHaveValue('BATCH_NORM');
  await expect(page.getByText('median of the last five epochs: 50.0 %')).toBeVisible();
  await expect.poll(() => page.locator('.cells path[data-state="done"]').count()).toBe(2);
  await expect(page.locator('.cells path[data-state="waiting"]').first()).toHaveAttribute('opacity', '0.12');
  await page.getByRole('button', { name: 'Table' }).click();
  await expect(page.getByRole('table', { name: 'Cells', exact: true }).getByRole('link')).toHaveText([
    `${key}/1`,
    `${key}/2`,
  ]);
  await expect(page).toHaveURL(/twin=table/);
});

test('pause, resume, cancel with its undo, retry, seeds, lock, note and tags change what the API says', async ({
  page,
}) => {
  const key = await create('actions');
  await record(own, `${key}/1`, { status: 'FAILED' });
  await page.goto(`${own.url}/sweeps/${key}`);
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByTestId('why')).toContainText('paused');
  expect((await standing(key)).status).toBe('PAUSED');
  await page.getByRole('main').getByRole('button', { name: 'Resume' }).click();
  await expect.poll(async () => (await standing(key)).status).toBe('RUNNING');
  await page.getByRole('button', { name: 'Retry 1 failed' }).click();
  await expect.poll(async () => (await standing(key)).counts.failed).toBe(0);
  await page.getByRole('button', { name: 'Cancel …' }).click();
  await page.getByRole('button', { name: 'Cancel 16 runs' }).click();
  await expect.poll(async () => (await standing(key)).counts.cancelled).toBe(16);
  await page.getByRole('button', { name: 'Put them back' }).click();
  await expect.poll(async () => (await standing(key)).counts.waiting).toBe(16);
  await expect(page.getByRole('button', { name: '16 waiting' })).toBeVisible();
  await page.getByRole('button', { name: 'Add seeds …' }).click();
  await page.getByLabel('Seeds', { exact: true }).fill('2-x');
  await expect(page.getByText('"2-x" is not a list')).toBeVisible();
  await page.getByLabel('Seeds', { exact: true }).fill('1-3');
  await expect(
    page.getByText('3 seeds × 8 settings = 24 cells, those that it has already left out'),
  ).toBeVisible();
  await page.getByRole('button', { name: 'Add them' }).click();
  await expect(page.getByText('16 new cells')).toBeVisible();
  await expect(page.getByRole('heading', { name: '32 cells' })).toBeVisible();
  await page.getByRole('button', { name: 'Lock', exact: true }).click();
  await expect.poll(async () => (await standing(key)).locked).toBe(true);
  await page.getByLabel('Note', { exact: true }).fill('as in the paper');
  await page.getByRole('button', { name: 'Save the note' }).click();
  await expect.poll(async () => (await standing(key)).note).toBe('as in the paper');
  await page.getByRole('combobox', { name: 'Tags' }).fill('paper');
  await page.keyboard.press('Enter');
  await expect.poll(async () => (await standing(key)).tags).toEqual(['paper']);
});

test('a sweep of 5,000 cells loads, and says all of them', async ({ page }) => {
  const key = await create('large', {
    axes: { ...GRID.axes, seed: Array.from({ length: 625 }, (_, i) => i) },
  });
  await page.goto(`${own.url}/sweeps/${key}`);
  await expect(page.getByRole('heading', { name: '5,000 cells' })).toBeVisible();
  expect(await drawn(page, 'waiting')).toBe(5000);
  expect(await page.locator('.cells *').count()).toBeLessThan(200);
  await page.goto(`${own.url}/sweeps/${key}?twin=table`);
  await expect(page.getByRole('table', { name: 'Cells', exact: true })).toHaveAttribute(
    'aria-rowcount',
    '5001',
  );
});

test('the list has all sweeps with who, how far and what it cost, filtered by the URL', async ({ page }) => {
  const key = await create('listed by name');
  const { sweeps } = await own.ask('{ sweeps { totalCount } }');
  await page.goto(`${own.url}/sweeps`);
  await expect(page.getByText(`${sweeps.totalCount} of ${sweeps.totalCount} sweeps`)).toBeVisible();
  await page.getByLabel('Search sweeps').fill('listed');
  await expect(page.getByText('1 of 1 sweeps')).toBeVisible();
  await expect(page).toHaveURL(/search=listed/);
  await expect(page.getByRole('img', { name: 'Of 16 cells 16 waiting' })).toBeVisible();
  await own.ask('mutation ($key: String!) { pauseSweep(key: $key) { __typename } }', { key });
  await expect(page.getByRole('cell', { name: 'paused' })).toBeVisible();
  await page.getByLabel('Status').selectOption('RUNNING');
  await expect(page.getByText('No sweep matches')).toBeVisible();
  await page.getByRole('combobox', { name: 'Whose sweeps' }).selectOption({ label: 'my sweeps' });
  await expect(page).toHaveURL(/by=[\p{L}\p{N}-]+$/u);
});
