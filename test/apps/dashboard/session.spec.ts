/// <reference lib="dom" />

import { expect, type Page, test } from '@playwright/test';
import { createInvitation } from '@smallbatch/db';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 520 });
});
test.afterAll(() => own?.stop());

const PASSWORD = 'nine lives of a cat';

const invitation = async (name: string): Promise<string> => {
  const { teamId } = own;
  const given = { teamId, role: 'OWNER', email: null, name, createdBy: null } as const;
  return `${own.url}/invitation#${(await createInvitation(own.db, given)).secret}`;
};
const failed = (page: Page) => page.getByRole('alert', { name: 'That did not work' });

async function join(page: Page, link: string, name: string, email: string): Promise<void> {
  await page.goto(link);
  await expect(page.getByRole('heading', { name: /^Join / })).toBeVisible();
  // The secret is no longer in the address, nor in the history.
  expect(new URL(page.url()).hash).toBe('');
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Make my account' }).click();
  await expect(page).toHaveURL(`${own.url}/`, { timeout: 30_000 });
  await expect(page.getByRole('button', { name })).toBeVisible({ timeout: 30_000 });
}

test('an owner comes by a link, invites a viewer, who reads and signs in again; others are led to the sign-in', async ({
  page,
  browser,
}) => {
  await join(page, await invitation('Ada'), 'Ada', 'ada@example.org');
  await expect(page.getByTestId('counts')).toContainText('520 runs');

  await page.goto(`${own.url}/team`);
  const invitations = page.getByRole('region', { name: 'Invitations' });
  await invitations.getByLabel('Name').fill('Berta');
  await invitations.getByLabel('Role').selectOption('VIEWER');
  await invitations.getByRole('button', { name: 'Make a link' }).click();
  const link = (await invitations.getByText(/\/invitation#inv_/).textContent())!.trim();
  await expect(invitations.getByRole('row', { name: /Berta viewer/ })).toBeVisible();

  const other = await browser.newContext();
  const guest = await other.newPage();
  await guest.goto(`${own.url}/runs?columns=SEED`);
  await expect(guest).toHaveURL(/\/sign-in\?to=%2Fruns%3Fcolumns%3DSEED$/);
  await expect(guest.getByRole('navigation')).toHaveText('Smallbatch');
  await join(guest, link, 'Berta', 'berta@example.org');
  await guest.goto(`${own.url}/team`);
  await expect(guest.getByRole('heading', { name: /^Team / })).toBeVisible();
  await expect(guest.getByRole('region', { name: 'Invitations' })).toHaveCount(0);

  // A link is good once.
  await page.goto(link);
  await expect(failed(page)).toContainText('invitation');
  await guest.getByRole('button', { name: 'Berta' }).click();
  await guest.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(guest).toHaveURL(`${own.url}/sign-in`);

  await guest.goto(`${own.url}/sign-in?to=%2Fpivot`);
  await guest.getByLabel('E-mail address').fill('berta@example.org');
  await guest.getByRole('textbox', { name: 'Password' }).fill('not the password');
  await guest.getByRole('button', { name: 'Sign in' }).click();
  await expect(failed(guest)).toContainText('password');
  // What was typed is still there.
  await expect(guest.getByLabel('E-mail address')).toHaveValue('berta@example.org');
  await guest.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
  await guest.getByRole('button', { name: 'Sign in' }).click();
  await expect(guest).toHaveURL(`${own.url}/pivot`);
  await other.close();
});

test('an address of elsewhere is not gone to after the sign-in', async ({ browser, page: first }) => {
  await join(first, await invitation('Clara'), 'Clara', 'clara@example.org');
  for (const to of ['//evil.example', '/\\evil.example', 'https://evil.example']) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${own.url}/sign-in?${new URLSearchParams({ to })}`);
    await page.getByLabel('E-mail address').fill('clara@example.org');
    await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page).toHaveURL(`${own.url}/`);
    await context.close();
  }
});
