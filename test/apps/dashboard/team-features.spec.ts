import { createServer, type Server } from 'node:http';
import { type Browser, expect, type Page, test } from '@playwright/test';
import { createSession, type Role, uuidv7 } from '@smallbatch/db';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
let me: string;
let run: string;
let sweep: string;
test.beforeAll(async () => {
  own = await openDashboard({
    runs: 520,
    api: { webhooks: { allowPrivate: true, everyMs: 100, pauses: [600] } },
  });
  const { viewer, runs } = await own.ask('{ viewer { member { key } } runs(first: 1) { nodes { key } } }');
  me = viewer.member.key;
  run = runs.nodes[0].key;
  const made = await own.ask(
    'mutation ($d: JSON!) { createSweep(definition: $d) { ... on CreateSweepSuccess { sweep { key } } } }',
    {
      d: {
        name: 'mine',
        dataset: (await own.ask('{ datasets { name } }')).datasets[0].name,
        model: 'resnet8',
        axes: { batchSize: [3], baseLearningRate: [0.001], seed: [0] },
        fixed: { epochs: 1 },
      },
    },
  );
  sweep = made.createSweep.sweep.key;
});
test.afterAll(() => own?.stop());

const path = (key: string): string => key.split('/').map(encodeURIComponent).join('/');

/** A member of the team, in a browser of their own. */
async function person(browser: Browser, key: string, name: string, role: Role): Promise<Page> {
  const accountId = uuidv7();
  await own.asOwner('INSERT INTO account (id, name) VALUES ($1, $2)', [accountId, name]);
  await own.asOwner(
    'INSERT INTO member (id, team_id, account_id, key, role) VALUES ($1, $2, $3, $4, $5::"Role")',
    [uuidv7(), own.teamId, accountId, key, role],
  );
  const { secret } = await createSession(own.db.pool, {
    accountId,
    teamId: own.teamId,
    method: 'PASSWORD',
    address: '::1',
    agent: 'a test',
  });
  const context = await browser.newContext();
  await context.addCookies([{ name: 'smallbatch_session', value: secret, url: own.url }]);
  return context.newPage();
}

test('an owner adds a webhook, sees its secret once, tests it, sees what failed and why, and removes it', async ({
  page,
}) => {
  let status = 204;
  const got: string[] = [];
  const server: Server = createServer((request, response) => {
    got.push(String(request.headers['webhook-signature']));
    response.writeHead(status).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/hook`;
  await page.goto(`${own.url}/team`);
  const part = page.getByRole('region', { name: 'Webhooks' });
  await part.getByLabel('Address').fill('https://me:secret@hooks.example.org/');
  await part.getByRole('button', { name: 'Add a webhook' }).click();
  await expect(page.getByText(/invalid url: a name or password in it would be shown/)).toBeVisible();
  await part.getByLabel('Address').fill(url);
  await part.getByRole('checkbox', { name: 'a member who is named in a note' }).check();
  await part.getByRole('button', { name: 'Add a webhook' }).click();
  const secret = part.getByText(/^whsec_/);
  await expect(secret).toBeVisible();
  await part.getByRole('button', { name: 'Put the secret away' }).click();
  await expect(secret).toHaveCount(0);

  const one = page.getByRole('region', { name: `Webhook ${new URL(url).host}` });
  await expect(one).toContainText('a member who is named in a note');
  await one.getByRole('button', { name: 'Send a test' }).click();
  const row = one.getByRole('table', { name: 'Last deliveries' }).locator('tbody tr').first();
  await expect(row).toContainText('arrived (204)', { timeout: 15_000 });
  expect(got).toEqual([expect.stringMatching(/^v1,/)]);
  status = 503;
  await one.getByRole('button', { name: 'Send a test' }).click();
  await expect(row).toContainText('answered 503; tried again', { timeout: 15_000 });
  status = 200;
  await row.getByRole('button', { name: 'Send again' }).click();
  await expect(row).toContainText('arrived (200)', { timeout: 15_000 });
  await row.getByText('JSON').click();
  await expect(row).toContainText('"type": "webhook.test"');

  await page.reload();
  await expect(page.getByText(/^whsec_/)).toHaveCount(0);
  await one.getByRole('button', { name: 'Remove …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Keep it' }).click();
  await expect(one).toBeVisible();
  await one.getByRole('button', { name: 'Remove …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove it' }).click();
  await expect(one).toHaveCount(0);
  server.close();
});

test('a member is suggested after @, written by the keyboard, shown by name, and finds the mention', async ({
  page,
  browser,
}) => {
  const guest = await person(browser, 'grace', 'Grace Hopper', 'MEMBER');
  await page.goto(`${own.url}/runs/${path(run)}`);
  const note = page.getByRole('textbox', { name: 'Note' });
  await note.click();
  await page.keyboard.type('mail a@grace.example, ask @ho');
  const options = page.getByRole('listbox', { name: 'Members' }).getByRole('option');
  await expect(options).toHaveText(['@grace Grace Hopper']);
  await expect(
    page.getByText('1 member, the first Grace Hopper: Enter writes, arrow keys choose'),
  ).toBeAttached();
  await page.keyboard.press('ArrowDown');
  await expect(note).toHaveAttribute('aria-activedescendant', (await options.getAttribute('id'))!);
  await page.keyboard.press('Enter');
  await expect(note).toHaveValue('mail a@grace.example, ask @grace ');
  await page.keyboard.type('and @nobody\nabout it');
  await page.getByRole('button', { name: 'Save note' }).click();
  await expect(page.getByText('Names Grace Hopper.')).toBeVisible();
  // An edit that names nobody new tells nobody again.
  await note.click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('!');
  await page.getByRole('button', { name: 'Save note' }).click();
  await expect(page.getByRole('button', { name: 'Save note' })).toHaveCount(0);

  await guest.goto(`${own.url}/runs`);
  await guest.getByRole('button', { name: 'Grace Hopper' }).click();
  await guest.getByRole('menuitem', { name: 'Mentions of me' }).click();
  await expect(guest).toHaveURL(/mentioned=grace/);
  const items = guest.getByTestId('feed').locator('li[data-kind]');
  await expect(items).toHaveCount(1);
  await expect(items).toContainText(`${me} named grace in the note of run ${run}`);
  await guest.getByRole('button', { name: 'Mentions of me alone' }).click();
  await expect(items).not.toHaveCount(1);
  await guest.context().close();
});

test('mine or the team’s is one control on every page, one key, and in the address as the key of the member', async ({
  page,
}) => {
  const where = encodeURIComponent(JSON.stringify({ member: { eq: me } }));
  for (const [at, what, written] of [
    ['/', 'runs', `where=${where}`],
    ['/pivot', 'runs', `where=${where}`],
    ['/runs', 'runs', `where=${where}`],
    ['/sweeps', 'sweeps', `by=${me}`],
    ['/team', 'events', `by=${me}`],
  ] as const) {
    await page.goto(`${own.url}${at}`);
    const control = page.getByRole('combobox', { name: `Whose ${what}` });
    await expect(control, at).toHaveValue('');
    await expect(control.locator(`option[value="${me}"]`)).toHaveText(`my ${what}`);
    await page.keyboard.press('h');
    await expect(control, at).toHaveValue(me);
    await expect.poll(() => decodeURIComponent(page.url()), at).toContain(decodeURIComponent(written));
    await page.keyboard.press('h');
    await expect(control, at).toHaveValue('');
    await control.selectOption({ label: `my ${what}` });
    await expect.poll(() => decodeURIComponent(page.url()), at).toContain(decodeURIComponent(written));
  }
  // Whoever opens it sees the runs of the same member.
  const other = `where=${encodeURIComponent(JSON.stringify({ member: { eq: 'local-1' }, batchNorm: { eq: true } }))}`;
  await page.goto(`${own.url}/runs?${other}`);
  const control = page.getByRole('combobox', { name: 'Whose runs' });
  await expect(control).toHaveValue('local-1');
  await control.selectOption({ label: 'the team’s runs' });
  await expect
    .poll(() => new URL(page.url()).searchParams.get('where'))
    .toBe(JSON.stringify({ batchNorm: { eq: true } }));
  await page.goto(`${own.url}/sweeps?by=me`);
  await expect(page).toHaveURL(new RegExp(`by=${me}$`));

  await page.goto(`${own.url}/compare`);
  await expect(page.getByLabel('A is', { exact: true })).toBeVisible();
  await page.keyboard.press('h');
  await expect(page.getByLabel('A is', { exact: true })).toHaveValue(JSON.stringify({ member: { eq: me } }));
  await expect(page.getByLabel('B is', { exact: true })).toHaveValue(
    JSON.stringify({ not: { member: { eq: me } } }),
  );
});

test('a viewer reads notes, tags and views and is offered nothing to change; a member saves views of their own', async ({
  browser,
}) => {
  await own.ask(
    `mutation {
       noteRun(key: "${run}", note: "seen by @${me}, not @nobody") { __typename }
       tagRuns(keys: ["${run}"], add: ["odd"]) { __typename }
       saveView(input: { name: "Ours", page: RUNS, query: "columns=SEED", shared: true }) { __typename }
     }`,
  );
  const viewer = await person(browser, 'victor', 'Victor', 'VIEWER');
  await viewer.goto(`${own.url}/runs/${path(run)}`);
  const read = viewer.getByRole('textbox', { name: 'Note' });
  await expect(read).toHaveValue(`seen by @${me}, not @nobody`);
  await expect(read).not.toBeEditable();
  await expect(viewer.getByText('Names ').getByRole('link')).toHaveAttribute('title', me);
  await expect(viewer.getByText('odd', { exact: true })).toBeVisible();
  for (const name of ['Lock', 'Delete …'])
    await expect(viewer.getByRole('button', { name }), name).toBeDisabled();
  await viewer.goto(`${own.url}/sweeps/${sweep}`);
  await expect(viewer.getByRole('button', { name: 'Pause' })).toBeDisabled();
  await expect(viewer.getByRole('textbox', { name: 'Note' })).not.toBeEditable();
  await viewer.goto(`${own.url}/runs?columns=SEED`);
  await viewer.getByRole('button', { name: 'View: Ours' }).click();
  await expect(viewer.getByText('You read here: members of the team save and share views.')).toBeVisible();
  await expect(viewer.getByRole('button', { name: 'Save as …' })).toHaveCount(0);
  await viewer.goto(`${own.url}/sweeps`);
  await expect(
    viewer.locator('#main').getByText('You read here: members of the team make sweeps.').first(),
  ).toBeVisible();
  await viewer.goto(`${own.url}/team`);
  await expect(viewer.getByRole('combobox', { name: 'Goal of train_loss' })).toBeDisabled();
  await expect(viewer.getByTestId('feed')).toBeAttached();
  await expect(viewer.getByRole('region', { name: 'Webhooks' })).toHaveCount(0);
  await viewer.context().close();

  const member = await person(browser, 'mary', 'Mary', 'MEMBER');
  await member.goto(`${own.url}/runs?columns=SEED`);
  await member.getByRole('button', { name: 'View: Ours' }).click();
  // Another's view is not hers to change; she saves her own.
  await expect(member.getByRole('button', { name: 'Rename …' })).toHaveCount(0);
  await member.getByRole('button', { name: 'Save as …' }).click();
  await member.getByRole('textbox', { name: 'Save this view as' }).fill('Hers');
  await member.keyboard.press('Enter');
  await expect(member.getByText('The view Hers is saved.')).toBeVisible();
  await member.context().close();
});
