import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { createSession, type Role } from '@smallbatch/db';
import { addPerson, BROWSER } from '../../packages/db/people.ts';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 520 });
});
test.afterAll(() => own?.stop());

/** Somebody of the team, signed in in a browser of their own. */
async function person(context: BrowserContext, name: string, role: Role) {
  const { accountId, key, memberId } = await addPerson(own.db, { teamId: own.teamId, name, role });
  const given = { accountId, teamId: own.teamId, method: 'PASSWORD' as const, ...BROWSER };
  const { secret } = await createSession(own.db.pool, given);
  await context.addCookies([{ name: 'smallbatch_session', value: secret, url: own.url }]);
  return { accountId, key, memberId, page: await context.newPage() };
}
const rowOf = (page: Page, key: string) => page.locator(`tr[data-member="${key}"]`);
async function manage(page: Page, key: string, what: RegExp): Promise<void> {
  await page.getByRole('button', { name: `Manage ${key}` }).click();
  await page.getByRole('menuitem', { name: what }).click();
}

test('an owner changes roles, disables, enables and removes people, each after a word about what is lost', async ({
  browser,
}) => {
  const [one, two] = [await browser.newContext(), await browser.newContext()];
  const { page, key: adaKey } = await person(one, 'Ada', 'OWNER');
  const { page: guest, key } = await person(two, 'Berta', 'MEMBER');
  await guest.goto(`${own.url}/team`);
  await expect(guest.getByRole('heading', { name: /^Team / })).toBeVisible();
  await expect(guest.getByRole('button', { name: /^Manage / })).toHaveCount(0);
  await page.goto(`${own.url}/team`);

  await manage(page, key, /Change the role/);
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(`Another role for Berta (${key})`);
  await dialog.getByLabel('Role').selectOption('MAINTAINER');
  await dialog.getByRole('button', { name: 'Make Berta maintainer' }).click();
  await expect(rowOf(page, key)).toContainText('maintainer');

  await manage(page, key, /Make a link/);
  await dialog.getByRole('button', { name: 'Make the link' }).click();
  await expect(page.getByText(/\/password#pwl_/)).toBeVisible();

  await manage(page, key, /Disable the account/);
  await expect(dialog).toContainText('Berta is signed out everywhere');
  await dialog.getByRole('button', { name: 'Leave it as it is' }).click();
  await expect(rowOf(page, key)).not.toContainText('disabled');
  await manage(page, key, /Disable the account/);
  await dialog.getByRole('button', { name: 'Disable Berta' }).click();
  await expect(rowOf(page, key)).toContainText('maintainer, disabled');
  await guest.goto(`${own.url}/runs`);
  await expect(guest).toHaveURL(/\/sign-in/);
  await manage(page, key, /Enable the account/);
  await expect(rowOf(page, key)).not.toContainText('disabled');

  await manage(page, key, /Remove from the team/);
  await expect(dialog).toContainText('All runs, sweeps and views stay');
  await dialog.getByRole('button', { name: 'Remove Berta' }).click();
  await expect(rowOf(page, key)).toHaveCount(0);

  await manage(page, adaKey, /Remove from the team/);
  await dialog.getByRole('button', { name: 'Remove Ada' }).click();
  await expect(page.getByText(`${adaKey} is the last owner who can sign in`)).toBeVisible();
  await expect(rowOf(page, adaKey)).toHaveCount(1);
  await Promise.all([one.close(), two.close()]);
});

test('a member makes a token, rotates and revokes it, and ends a session elsewhere', async ({ context }) => {
  const { page, accountId } = await person(context, 'Clara', 'MEMBER');
  await page.goto(`${own.url}/team`);
  const tokens = page.getByRole('region', { name: 'Tokens' });
  await expect(tokens.getByRole('checkbox', { name: 'admin' })).toHaveCount(0);
  await tokens.getByLabel('What it is for').fill('lab worker');
  await tokens.getByRole('checkbox', { name: 'work' }).check();
  await tokens.getByRole('button', { name: 'Make a token' }).click();
  const secret = async () => (await tokens.getByText(/^sb_[\w-]{40,}$/).textContent())!.trim();
  const scopes = async (token: string) => {
    const response = await fetch(`${own.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: '{ viewer { scopes } }' }),
    });
    const { data } = (await response.json()) as { data: { viewer: { scopes: string[] } } | null };
    return data?.viewer.scopes;
  };
  const first = await secret();
  expect(await scopes(first)).toEqual(['WORK']);
  await expect(tokens.getByRole('row', { name: /lab worker/ })).toHaveCount(1);

  await tokens.getByRole('button', { name: 'Rotate lab worker' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Make a new secret' }).click();
  await expect.poll(secret).not.toBe(first);
  const next = await secret();
  expect([await scopes(first), await scopes(next)]).toEqual([['WORK'], ['WORK']]);
  const rows = tokens.getByRole('row', { name: /lab worker/ });
  await expect(rows).toHaveCount(2);
  await rows.first().getByRole('button', { name: 'Revoke lab worker' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke lab worker' }).click();
  await expect(rows).toHaveCount(1);
  expect(await scopes(next)).toBeUndefined();

  const elsewhere = { accountId, teamId: null, method: 'PASSWORD' as const, address: '192.0.2.1' };
  await createSession(own.db.pool, { ...elsewhere, agent: 'a telephone' });
  await page.getByRole('button', { name: 'Clara' }).click();
  await page.getByRole('menuitem', { name: 'My sessions' }).click();
  const sessions = page.getByRole('table', { name: 'Sessions' });
  await expect(sessions.getByRole('row', { name: /a browser/ })).toContainText('this one');
  await sessions
    .getByRole('row', { name: /a telephone/ })
    .getByRole('button', { name: 'End it' })
    .click();
  await expect(sessions.getByRole('row', { name: /a telephone/ })).toHaveCount(0);
});

test("a member's own run is changed, another's says whose it is; a viewer is told in the dialog of many", async ({
  browser,
}) => {
  const [one, two] = [await browser.newContext(), await browser.newContext()];
  const { page, memberId } = await person(one, 'Dora', 'MEMBER');
  const [theirs, mine] = await own.asOwner<{ key: string; name: string }>(
    'SELECT r.key, a.name FROM run r JOIN member m ON m.id = r.member_id JOIN account a ON a.id = m.account_id ORDER BY r.id LIMIT 2',
  );
  await own.asOwner('UPDATE run SET member_id = $1 WHERE key = $2', [memberId, mine!.key]);
  await page.goto(`${own.url}/runs/${theirs!.key}`);
  const remove = page.getByRole('button', { name: 'Delete …' });
  await expect(remove).toBeDisabled();
  await expect(remove).toHaveAttribute('title', new RegExp(`^It is ${theirs!.name}'s`));
  await expect(page.getByRole('textbox', { name: 'Note' })).toHaveAttribute('readonly', '');
  await page.goto(`${own.url}/runs/${mine!.key}`);
  await expect(remove).toBeEnabled();
  await expect(page.getByRole('textbox', { name: 'Note' })).not.toHaveAttribute('readonly');

  const { page: viewer } = await person(two, 'Emil', 'VIEWER');
  await viewer.goto(`${own.url}/runs`);
  await viewer.getByRole('button', { name: /^Choose all/ }).click();
  await viewer.getByRole('button', { name: 'Delete …', exact: true }).click();
  const dialog = viewer.getByRole('dialog');
  await expect(dialog).toContainText('You may look at runs here, and not change them');
  await expect(dialog.getByRole('button', { name: /^Delete 520/ })).toBeDisabled();
  await Promise.all([one.close(), two.close()]);
});
