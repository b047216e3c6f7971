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
  const chart = page.getByRole('group', { name: /test accuracy against batch size: cifar10/ });
  await expect(chart.getByText('256', { exact: true })).toBeVisible();
  expect(faults).toEqual([]);
});
