/// <reference lib="dom" />

import { randomUUID } from 'node:crypto';
import { type Browser, expect, type Page, test } from '@playwright/test';
import { createInvitation } from '@smallbatch/db';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
const outside = randomUUID();
test.beforeAll(async () => {
  own = await openDashboard({ runs: 520 });
  await own.asOwner(`INSERT INTO team (id, key, name) VALUES ($1, 'outside', 'Outside')`, [outside]);
});
test.afterAll(() => own?.stop());

/** Somebody who comes by an invitation, in a browser of their own. */
async function person(
  browser: Browser,
  name: string,
  teamId: string,
  role: 'OWNER' | 'MEMBER',
): Promise<Page> {
  const given = { teamId, role, email: null, name, createdBy: null } as const;
  const { secret } = await createInvitation(own.db, given);
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${own.url}/invitation#${secret}`);
  await page.getByLabel('E-mail address').fill(`${name.toLowerCase()}@example.org`);
  await page.getByRole('textbox', { name: 'Password' }).fill('nine lives of a cat');
  await page.getByRole('button', { name: 'Make my account' }).click();
  await expect(page.getByRole('button', { name })).toBeVisible({ timeout: 30_000 });
  return page;
}

/** Asks as who is signed in there. */
async function ask(page: Page, query: string, variables: object = {}) {
  const response = await page.request.post(`${own.url}/graphql`, {
    headers: { origin: own.url },
    data: { query, variables },
  });
  // biome-ignore lint/suspicious/noExplicitAny: an answer has the shape of its query.
  return (await response.json()) as { data: any; errors?: { message: string }[] };
}

test('two people of one team and one of another, at the same time: what one does the other sees at once, and the third never', async ({
  browser,
}) => {
  const [ada, berta, carl] = await Promise.all([
    person(browser, 'Ada', own.teamId, 'OWNER'),
    person(browser, 'Berta', own.teamId, 'MEMBER'),
    person(browser, 'Carl', outside, 'OWNER'),
  ]);
  // What Carl's browser is ever sent, by whatever way.
  const sent: string[] = [];
  carl.on(
    'response',
    (response) =>
      void response.text().then(
        (text) => sent.push(text),
        () => {},
      ),
  );
  carl.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => sent.push(String(payload))));

  await Promise.all([ada, berta, carl].map((page) => page.goto(`${own.url}/team`)));
  await expect(ada.getByRole('heading', { name: /^Team / })).toBeVisible();
  await expect(carl.getByRole('heading', { name: 'Team Outside' })).toBeVisible();
  const worker = `worker-${randomUUID().slice(0, 8)}`;
  const register = `mutation ($input: RegisterWorkerInput!) { registerWorker(input: $input) { id } }`;
  const input = {
    name: worker,
    host: 'desk',
    pid: 1,
    engine: 'onnx',
    device: 'cpu',
    memoryBytes: 1e9,
    trainerVersion: '1.0.0',
    versions: {},
  };
  expect((await ask(berta, register, { input })).errors).toBeUndefined();
  await expect(ada.getByTestId('feed')).toContainText(`worker ${worker}`, { timeout: 15_000 });
  await expect(berta.getByTestId('feed')).toContainText(`worker ${worker}`, { timeout: 15_000 });

  const { data } = await ask(
    ada,
    '{ runs(first: 1) { nodes { id key member { key } } } members { key account { name } } }',
  );
  const { id, key } = (data.runs as { nodes: { id: string; key: string }[] }).nodes[0]!;
  for (const path of ['/', '/runs', '/sweeps', '/pivot', '/team', `/runs/${key}`]) {
    await carl.goto(`${own.url}${path}`);
    await expect(carl.locator('main')).not.toContainText('Loading', { timeout: 15_000 });
  }
  await expect(carl.locator('main')).toContainText(/not found|No run|no run/i);
  const there = await ask(
    carl,
    'query ($id: ID!, $key: String!) { node(id: $id) { id } run(key: $key) { id } runs { totalCount } sweeps { totalCount } members { key } workers { name } }',
    { id, key },
  );
  expect(there.data).toMatchObject({
    node: null,
    run: null,
    runs: { totalCount: 0 },
    sweeps: { totalCount: 0 },
    workers: [],
  });
  expect(there.data.members).toHaveLength(1);
  // Nothing of the others was in anything that came: no name, no key.
  const all = sent.join('\n');
  expect(sent.length).toBeGreaterThan(10);
  for (const secret of [worker, 'Berta', id, own.teamId]) expect(all).not.toContain(secret);

  // Who is taken out is out at once, on the page that is open too.
  const members = data.members as { key: string; account: { name: string } }[];
  const { key: gone } = members.find(({ account }) => account.name === 'Berta')!;
  await berta.goto(`${own.url}/runs`);
  await expect(berta.getByRole('row').nth(1)).toBeVisible();
  const removed = await ask(ada, 'mutation ($key: String!) { removeMember(member: $key) { __typename } }', {
    key: gone,
  });
  expect(removed.errors).toBeUndefined();
  await expect(berta).toHaveURL(/\/sign-in/, { timeout: 15_000 });
  await expect(ada.getByRole('heading', { name: /^Team / })).toBeVisible();
});
