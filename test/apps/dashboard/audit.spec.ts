/// <reference lib="dom" />

import { expect, test } from '@playwright/test';
import { createInvitation } from '@smallbatch/db';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 520 });
});
test.afterAll(() => own?.stop());

test('an owner sees who did what, narrows it down, and the address is the view; a viewer is told who can see it', async ({
  page,
  browser,
}) => {
  await own.ask('mutation { tagRuns(keys: ["run-1", "run-2"], add: ["odd"]) { __typename } }');
  await own.ask('mutation { noteRun(key: "run-3", note: "<img src=x onerror=alert(1)>") { __typename } }');
  for (let i = 0; i < 55; i++)
    await own.ask(`mutation { setMetricGoal(name: "<b>m${i}</b>", goal: NONE) { __typename } }`);
  await page.goto(`${own.url}/team`);
  await page.getByRole('link', { name: 'What was done, by whom' }).click();
  await expect(page).toHaveURL(`${own.url}/audit`);
  const table = page.getByRole('table', { name: 'What was done' });
  await expect(table.getByRole('row')).toHaveCount(51);
  await expect(page.getByRole('status').filter({ hasText: '50 of 57 entries' })).toBeVisible();
  await expect(table.getByText('metric <b>m54</b>')).toBeVisible();
  await page.getByRole('button', { name: 'Older' }).click();
  await expect(page).toHaveURL(/\/audit\?after=/);
  await expect(table.getByRole('row', { name: /tagged runs 2 runs .*odd/ })).toBeVisible();
  await expect(table.getByRole('link', { name: 'run-3' })).toHaveAttribute('href', '/runs/run-3');
  await page.goBack();
  await expect(table.getByRole('row')).toHaveCount(51);

  await page.getByRole('button', { name: /^What:/ }).click();
  await page.getByRole('checkbox', { name: 'wrote a note on a run' }).check();
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/action=NOTE_RUN/);
  await expect(table.getByRole('row')).toHaveCount(2);
  await expect(page.getByRole('link', { name: 'CSV' })).toHaveAttribute(
    'href',
    '/export/audit.csv?action=NOTE_RUN',
  );
  await page.getByLabel('To (UTC)').fill('2020-01-01');
  await expect(page.getByRole('heading', { name: 'Nothing of this was done' })).toBeVisible();
  await expect(page).toHaveURL(/until=2020-01-01/);

  const { secret } = await createInvitation(own.db, {
    teamId: own.teamId,
    role: 'VIEWER',
    email: null,
    name: null,
    createdBy: null,
  });
  const other = await browser.newContext();
  const guest = await other.newPage();
  await guest.goto(`${own.url}/invitation#${secret}`);
  await guest.getByLabel('Name').fill('Berta');
  await guest.getByLabel('E-mail address').fill('berta@example.org');
  await guest.getByRole('textbox', { name: 'Password' }).fill('nine lives of a cat');
  await guest.getByRole('button', { name: 'Make my account' }).click();
  await expect(guest).toHaveURL(`${own.url}/`, { timeout: 30_000 });
  await guest.goto(`${own.url}/audit`);
  await expect(guest.getByRole('heading', { name: 'Owners of the team see this' })).toBeVisible();
  await expect(guest.getByText(/^Ask one of them: ./)).toBeVisible();
  await guest.goto(`${own.url}/team`);
  await expect(guest.getByRole('link', { name: 'What was done, by whom' })).toHaveCount(0);
  await other.close();
});
