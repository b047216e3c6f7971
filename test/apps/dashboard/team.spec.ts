import { randomUUID } from 'node:crypto';
import { expect, test } from '@playwright/test';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 520 });
});
test.afterAll(() => own?.stop());

const WORKER = `mutation ($input: RegisterWorkerInput!) { registerWorker(input: $input) { id } }`;
const register = (name: string) =>
  own.ask(WORKER, {
    input: {
      name,
      host: 'bench',
      pid: 1,
      engine: 'onnx',
      device: 'cuda',
      memoryBytes: 2 ** 34,
      trainerVersion: '1.0.0',
      versions: {},
    },
  });

test('members are shown with what they ran, and two that are ticked are compared', async ({ page }) => {
  const { members } = await own.ask('{ members { key recentRuns } }');
  const html = await (await fetch(`${own.url}/team`)).text();
  expect(html).toContain('local-1');
  await page.goto(`${own.url}/team`);
  const rows = page.getByRole('table', { name: 'Members' }).locator('tbody tr');
  await expect(rows).toHaveCount(members.length);
  for (const { key, recentRuns } of members)
    await expect(page.locator(`tr[data-member="${key}"] td`).nth(3)).toHaveText(
      recentRuns.toLocaleString('en'),
    );
  await page.getByLabel('Compare local-1').check();
  await page.getByLabel('Compare local-2').check();
  await page.getByRole('link', { name: 'Compare local-1 with local-2' }).click();
  await expect(page.getByTestId('verdict')).toBeVisible();
  await expect(page.getByLabel('A is', { exact: true })).toHaveValue('{"member":{"eq":"local-1"}}');
});

test('what happens appears without a reload, as a sentence, and older events by pages', async ({ page }) => {
  await page.goto(`${own.url}/team`);
  await expect(page.getByTestId('feed')).toBeAttached();
  const name = `worker-${randomUUID().slice(0, 8)}`;
  await register(name);
  await expect(page.getByTestId('feed')).toContainText(`worker ${name} of`, { timeout: 15_000 });
  await expect(page.locator(`tr[data-worker="${name}"]`)).toContainText('idle');
  for (let i = 0; i < 25; i++) await register(`many-${i}`);
  await page.reload();
  const items = page.getByTestId('feed').locator('li[data-kind]');
  await expect(items).toHaveCount(20);
  await page.getByRole('button', { name: 'Older' }).click();
  await expect(page.getByTestId('feed')).toContainText(`worker ${name} of`);
  await page.getByRole('button', { name: /Kinds of events/ }).click();
  await page.getByRole('checkbox', { name: 'data sets' }).check();
  await expect(page.getByText('Nothing of these kinds in 30 days.')).toBeVisible();
  await expect(page).toHaveURL(/activity=data/);
});

test('what happens while the page is on its way is shown too, and so is what happened while another view was', async ({
  page,
}) => {
  let alive: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    alive = resolve;
  });
  await page.route('**/_next/static/**/*.js', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${own.url}/team`, { waitUntil: 'commit' });
  await expect(page.getByRole('table', { name: 'Workers' })).toBeAttached();
  const before = `before-${randomUUID().slice(0, 8)}`;
  await register(before);
  alive();
  await expect(page.locator(`tr[data-worker="${before}"]`)).toContainText('idle', { timeout: 15_000 });
  const nav = page.getByRole('navigation');
  await nav.getByRole('link', { name: 'Sweeps' }).click();
  await expect(page).toHaveURL(/sweeps/);
  const away = `away-${randomUUID().slice(0, 8)}`;
  await register(away);
  // Told while nobody showed it.
  await page.waitForTimeout(2500);
  await nav.getByRole('link', { name: 'Team' }).click();
  await expect(page.locator(`tr[data-worker="${away}"]`)).toContainText('idle', { timeout: 15_000 });
});

test('a lost worker is said calmly, with what to do', async ({ page }) => {
  await register('lost-one');
  await own.asOwner(`UPDATE worker SET last_seen_at = now() - interval '10 minutes' WHERE name = 'lost-one'`);
  const { notices } = await own.ask('{ notices { kind message } }');
  expect(notices.map(({ kind }: { kind: string }) => kind)).toContain('WORKER_LOST');
  await page.goto(`${own.url}/team`);
  const notice = page
    .getByRole('region', { name: 'Notices' })
    .or(page.locator('section[aria-label=Notices]'))
    .first();
  await expect(notice).toContainText('A worker was lost');
  await expect(notice).toContainText('start another (smallbatch worker)');
  await expect(page.locator('tr[data-worker="lost-one"]')).toContainText('lost');
});

test("a metric's goal is changed, and taken back", async ({ page }) => {
  await page.goto(`${own.url}/team`);
  const goal = () =>
    own
      .ask('{ metrics { name goal } }')
      .then(({ metrics }) => metrics.find(({ name }: { name: string }) => name === 'train_loss').goal);
  await page.getByRole('combobox', { name: 'Goal of train_loss' }).selectOption({ label: 'neither' });
  await expect.poll(goal).toBe('NONE');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(goal).toBe('MINIMISE');
});

test('data sets are shown with hash, classes and counts', async ({ page }) => {
  const { datasets } = await own.ask('{ datasets { name hash classes trainCount testCount } }');
  await page.goto(`${own.url}/team`);
  const rows = page.getByRole('table', { name: 'Data sets' }).locator('tbody tr');
  await expect(rows).toHaveCount(datasets.length);
  for (const [i, { name, hash, trainCount }] of datasets.entries()) {
    await expect(rows.nth(i)).toContainText(name);
    await expect(rows.nth(i)).toContainText(trainCount.toLocaleString('en'));
    await expect(rows.nth(i).locator('code')).toHaveAttribute('title', hash);
  }
});
