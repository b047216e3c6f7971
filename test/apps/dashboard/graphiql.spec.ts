import { expect, test } from '@playwright/test';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 1040, curves: true });
});
test.afterAll(() => own?.stop());

test('every example has an answer without an error, in a tab of its own', async ({ page }) => {
  // Eleven questions one after the other.
  test.slow();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  await page.goto(`${own.url}/graphiql`);
  const examples = page.getByRole('region', { name: 'Examples' }).getByRole('button');
  await expect(examples.filter({ hasText: 'local-1 against local-2' })).toBeVisible();
  const names = await examples.allInnerTexts();
  expect(names.length).toBeGreaterThanOrEqual(9);
  for (const name of names) {
    await examples.filter({ hasText: name }).click();
    await expect(page.locator('.graphiql-query-editor .CodeMirror-line').first()).toHaveText(`# ${name}`);
    if (name.startsWith('Watch')) continue;
    const answer = page.waitForResponse(
      (response) => response.url().endsWith('/graphql') && response.request().postData()!.includes(name),
    );
    await page.getByRole('button', { name: /Execute query/ }).click();
    const body = await (await answer).json();
    expect(body.errors, name).toBeUndefined();
    expect(Object.keys(body.data).length, name).toBeGreaterThan(0);
  }
  expect(faults).toEqual([]);
});

for (const colorScheme of ['light', 'dark'] as const)
  test(`in ${colorScheme}: the schema is documented, and nothing breaks the policy`, async ({ browser }) => {
    const context = await browser.newContext({ colorScheme });
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    await page.goto(`${own.url}/graphiql`);
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.locator('.graphiql-doc-explorer').getByRole('link', { name: 'Query' }).click();
    await expect(
      page.getByText('What happened in the team, the newest first; kept for 30 days.'),
    ).toBeVisible();
    await expect(page.locator('body')).toHaveClass(new RegExp(`graphiql-${colorScheme}`));
    expect(faults).toEqual([]);
    await context.close();
  });

test('a question is its URL: shared it is there, typed it is in the address', async ({ page }) => {
  const query = 'query Mine($first: Int) { runs(first: $first) { nodes { key } } }';
  const variables = '{ "first": 3 }';
  await page.goto(`${own.url}/graphiql?${new URLSearchParams({ query, variables })}`);
  await expect(page.locator('.graphiql-query-editor .CodeMirror-line').first()).toHaveText(query);
  const answer = page.waitForResponse(
    (response) => response.url().endsWith('/graphql') && response.request().postData()!.includes('Mine'),
  );
  await page.getByRole('button', { name: /Execute query/ }).click();
  expect((await (await answer).json()).data.runs.nodes).toHaveLength(3);
  await page.locator('.graphiql-query-editor .CodeMirror').click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('{ metrics { name ');
  await expect.poll(() => new URL(page.url()).searchParams.get('query')).toContain('{ metrics { name');
});

test('the question under a chart opens there, and runs', async ({ page }) => {
  await page.goto(`${own.url}/pivot`);
  await page.getByText('The exact question, for a script').click();
  await page.getByRole('link', { name: 'Open in GraphiQL' }).click();
  await expect(page).toHaveURL(/\/graphiql\?query=/);
  await expect(page.locator('.graphiql-query-editor .CodeMirror-line').first()).toContainText('query Pivot');
  const answer = page.waitForResponse(
    (response) =>
      response.url().endsWith('/graphql') && response.request().postData()!.includes('query Pivot'),
  );
  await page.getByRole('button', { name: /Execute query/ }).click();
  const body = await (await answer).json();
  expect(body.errors).toBeUndefined();
  expect(body.data.pivot.rows.length).toBeGreaterThan(0);
});
