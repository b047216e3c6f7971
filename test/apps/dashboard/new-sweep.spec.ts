import { expect, type Page, test } from '@playwright/test';
import { parse } from 'yaml';
import { type Dashboard, openDashboard } from './dashboard.ts';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 10 });
});
test.afterAll(() => own?.stop());

const text = (page: Page) => page.getByLabel('The sweep file as YAML');
const form = (page: Page) => page.getByRole('form', { name: 'The sweep as a form' });
const file = (yaml: string): string => `${own.url}/sweeps/new?${new URLSearchParams({ file: yaml })}`;
const YAML = `# what m does
name: typed
dataset: shapes
model: resnet8 # the smallest
axes:
  batchSize: [ 2, 8 ]
  baseLearningRate: { powersOfTwo: [ -8, -6 ] } # around the best
fixed:
  epochs: 2
  width: 8
`;

test('the form changes the YAML, which keeps its comments; what is created is what the preview said', async ({
  page,
}) => {
  await page.goto(file(YAML));
  await expect(page.getByTestId('preview')).toContainText('6 cells: 6 to train, 0 reused.');
  await form(page).getByLabel('batch size (batchSize)').fill('2, 8, 32');
  await form(page).getByLabel('name', { exact: true }).fill('made by the form');
  await expect(text(page)).toHaveValue(
    /# what m does[\s\S]*model: resnet8 # the smallest[\s\S]*# around the best/,
  );
  expect(parse(await text(page).inputValue())).toEqual({
    name: 'made by the form',
    dataset: 'shapes',
    model: 'resnet8',
    axes: { batchSize: [2, 8, 32], baseLearningRate: { powersOfTwo: [-8, -6] } },
    fixed: { epochs: 2, width: 8 },
  });
  await form(page).getByLabel('Add to axes').selectOption('batchNorm');
  await form(page).getByLabel('batch norm (batchNorm)').fill('false, true');
  await expect(page.getByTestId('preview')).toContainText('18 cells: 18 to train');
  await expect(page.getByTestId('preview')).toContainText('unknown: no worker is up');
  await expect(page).toHaveURL(/made/);
  await page.reload();
  await expect(form(page).getByLabel('batch size (batchSize)')).toHaveValue('2, 8, 32');
  await page.getByRole('button', { name: 'Create the sweep of 18 cells' }).click();
  await page.waitForURL('**/sweeps/made-by-the-form-*');
  await expect(page.getByRole('heading', { name: '18 cells' })).toBeVisible();
  const { sweep } = await own.ask(
    'query ($key: String!) { sweep(key: $key) { definition counts { total } } }',
    {
      key: page.url().split('/').at(-1),
    },
  );
  expect(sweep.counts.total).toBe(18);
  expect(sweep.definition.axes.batchNorm).toEqual([false, true]);
});

test('what is typed as YAML the form shows; text that is no YAML yet stays, and the form waits', async ({
  page,
}) => {
  await page.goto(file(YAML));
  await text(page).fill(YAML.replace('resnet8 #', 'resnet20 #').replace('width: 8', 'width: 16'));
  await expect(form(page).getByLabel('model', { exact: true })).toHaveValue('resnet20');
  await expect(form(page).getByLabel('width', { exact: true })).toHaveValue('16');
  const broken = `${YAML}hyper: { a: [1\n`;
  await text(page).fill(broken);
  await expect(form(page).getByText('so the form waits')).toBeVisible();
  await expect(form(page).getByLabel('model', { exact: true })).toBeDisabled();
  await expect(form(page).getByLabel('model', { exact: true })).toHaveValue('resnet20');
  await expect(text(page)).toHaveValue(broken);
  await expect(page.getByTestId('file-problems')).toContainText('Line 11');
  await text(page).fill(`${YAML}strategy: random\ncells: 4\n`);
  await expect(form(page).getByLabel('strategy', { exact: true })).toHaveValue('random');
  await expect(page.getByTestId('preview')).toContainText('4 cells');
});

test('a value that the API refuses is said at its field and at its line, and stays as it was typed', async ({
  page,
}) => {
  await page.goto(file(YAML));
  await form(page).getByLabel('batch size (batchSize)').fill('2, many');
  const field = form(page).getByLabel('batch size (batchSize)');
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  await expect(field).toHaveValue('2, many');
  await expect(page.getByTestId('file-problems')).toContainText(/Line 6: .*many/);
  await expect(page.getByRole('button', { name: 'Create the sweep' })).toBeDisabled();
  await page.getByRole('button', { name: 'Line 6' }).click();
  await expect(text(page)).toBeFocused();
  await expect(text(page)).toHaveValue(/many/);
});

test('a preset is drawn from its own cells, and its preview says the numbers of the API', async ({
  page,
}) => {
  await page.goto(`${own.url}/sweeps/new?scale=DEMO`);
  const card = page.getByRole('button', { name: /^figure-7/ });
  await expect(card.locator('svg')).toHaveAttribute('data-dots', '20');
  await expect(page.getByRole('button', { name: /^figure-13/ })).toContainText(
    'Not yet: missing results of figure-8',
  );
  await card.click();
  await expect(page).toHaveURL(/preset=figure-7/);
  await expect(form(page).getByLabel('name', { exact: true })).toHaveValue('figure-7 demo');
  const { preset } = await own.ask(
    '{ preset(name: "figure-7", scale: DEMO) { ... on PresetSweeps { sweeps } } }',
  );
  expect(parse(await text(page).inputValue())).toEqual(preset.sweeps[0]);
  const { previewSweep } = await own.ask(
    'query ($definition: JSON!) { previewSweep(definition: $definition) { ... on SweepPreview { total created reused } } }',
    { definition: preset.sweeps[0] },
  );
  await expect(page.getByTestId('preview')).toContainText(
    `${previewSweep.total} cells: ${previewSweep.created} to train, ${previewSweep.reused} reused.`,
  );
  await page.goBack();
  await expect(form(page).getByLabel('name', { exact: true })).toHaveValue('my sweep');
});

test('a copy begins with the definition of the other sweep, and says whose runs it takes', async ({
  page,
}) => {
  const definition = { ...parse(YAML), name: 'original' };
  await own.ask(
    'mutation ($definition: JSON!) { createSweep(definition: $definition) { ... on CreateSweepSuccess { sweep { key } } } }',
    { definition },
  );
  const { sweeps } = await own.ask('{ sweeps(where: { name: { eq: "original" } }) { nodes { key } } }');
  await page.goto(`${own.url}/sweeps/new?copy=${sweeps.nodes[0].key}`);
  await expect(form(page).getByLabel('name', { exact: true })).toHaveValue('original again');
  expect(parse(await text(page).inputValue())).toEqual({ ...definition, name: 'original again' });
  await expect(page.getByTestId('preview')).toContainText('6 cells: 0 to train, 6 reused.');
  await expect(page.getByTestId('preview')).toContainText(/6 waiting of /);
});
