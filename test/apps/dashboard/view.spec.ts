import { expect, test } from '@playwright/test';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 520 });
});
test.afterAll(() => own?.stop());

test('a click that comes before the scripts of the page is done once they are there', async ({ page }) => {
  let go = (): void => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  await page.route('**/_next/static/**', async (route) => {
    if (route.request().resourceType() === 'script') await held;
    await route.continue();
  });
  await page.goto(`${own.url}/runs`, { waitUntil: 'commit' });
  const filter = page.getByRole('button', { name: /^Runs: / });
  await filter.click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  go();
  await expect(page.getByRole('dialog')).toBeVisible();
});

test('a view is saved, changed, opened again from its name, shared, deleted and brought back', async ({
  page,
}) => {
  const saved = `${own.url}/runs?where=${encodeURIComponent('{"batchSize":{"eq":8}}')}`;
  await page.goto(saved);
  await page.getByRole('button', { name: 'Saved views' }).click();
  await page.getByRole('button', { name: 'Save as …' }).click();
  await page.getByLabel('Save this view as').fill('Eights');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'View: Eights', exact: true })).toBeVisible();
  await page.getByRole('grid').getByRole('button', { name: 'seed' }).click();
  const changed = page.getByRole('button', { name: 'View: Eights, changed' });
  await changed.click();
  await page.getByRole('link', { name: 'Eights' }).click();
  await expect(page).toHaveURL(saved.replaceAll('%20', '+'));
  await page.getByRole('button', { name: 'Share with the team' }).click();
  await expect(page.getByText('The team sees Eights now.')).toBeVisible();
  expect((await own.ask('{ savedViews { name shared page } }')).savedViews).toEqual([
    { name: 'Eights', shared: true, page: 'RUNS' },
  ]);
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('The view Eights is deleted.')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect
    .poll(async () => (await own.ask('{ savedViews { name shared } }')).savedViews)
    .toEqual([{ name: 'Eights', shared: true }]);
});
