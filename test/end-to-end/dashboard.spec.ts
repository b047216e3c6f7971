/// <reference lib="dom" />

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { type Installation, startUp } from './smallbatch.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let own: Installation;
test.beforeAll(async () => {
  test.setTimeout(180_000);
  own = await startUp('--no-demo');
  const file = join(own.home, 'sweep.yaml');
  writeFileSync(
    file,
    `name: tiny
dataset: [shapes]
model: resnet8
axes: { batchSize: [16, 64], batchNorm: [false, true], seed: [0, 1] }
fixed: { width: 2, epochs: 2, baseLearningRate: 0.001953125 }
`,
  );
  await own.smallbatch('sweep', 'create', file);
});
test.afterAll(() => own?.stop());

interface Serious {
  id: string;
  nodes: string[];
}
const serious = async (page: Page): Promise<Serious[]> => {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await (
      window as never as {
        axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
      }
    ).axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html.slice(0, 200)) }));
  });
};

test('a sweep is watched live until it is done, and what Explore shows are the numbers of aggregate', async ({
  page,
}) => {
  test.setTimeout(180_000);
  await page.goto(`${own.url}/sweeps/tiny-1`);
  await expect(page.getByTestId('progress')).toContainText('8 of 8', { timeout: 150_000 });

  const { aggregate } = await own.ask<{ aggregate: { groups: { mean: number }[] } }>(
    '{ aggregate(by: [DATASET, BATCH_NORM, BATCH_SIZE], best: [BASE_LEARNING_RATE]) { groups { mean } } }',
  );
  const want = aggregate.groups.map(({ mean }) => mean).sort();
  await page.goto(own.url);
  await expect(page.getByTestId('counts')).toHaveText('8 runs');
  const cells = page.locator('td[data-mean]');
  await expect(cells).toHaveCount(4);
  const shown = await cells.evaluateAll((all) =>
    all.map((cell) => Number((cell as HTMLElement).dataset.mean)),
  );
  expect(shown.sort()).toEqual(want);
  // The chart draws a symbol for each mean, on an axis whose labels are batch sizes.
  const chart = page.getByRole('img', { name: /test_accuracy against batch size on shapes/ });
  await expect(chart.getByText('16', { exact: true })).toBeVisible();
  await expect(chart.getByText('64', { exact: true })).toBeVisible();
});

test('a view is its URL, and a point leads to its runs and to a run with its curves', async ({ page }) => {
  await page.goto(`${own.url}/?bn=on&band=range`);
  await expect(page.getByLabel('Batch norm')).toHaveValue('on');
  await expect(page.locator('td[data-mean]')).toHaveCount(2);
  await page.getByLabel('Batch norm').selectOption('off');
  await expect(page).toHaveURL(/bn=off/);
  await page.getByRole('link', { name: '64' }).first().click();
  await expect(page).toHaveURL(/\/runs\?.*m=64/);
  await expect(page.getByText('1 to 2 of 2 runs')).toBeVisible();
  await page
    .getByRole('link', { name: /^tiny-1\// })
    .first()
    .click();
  await expect(page.getByTestId('result')).toContainText(
    'median of the last 2 evaluations (fewer than five so far)',
  );
  await expect(page.locator('.uplot')).toHaveCount(3);
});

for (const scheme of ['light', 'dark'] as const) {
  test(`no page has a serious accessibility finding or asks another origin, in ${scheme}`, async ({
    browser,
  }) => {
    const page = await browser.newPage({ colorScheme: scheme, locale: 'en-GB' });
    const foreign: string[] = [];
    const faults: string[] = [];
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== own.url && protocol.startsWith('http')) foreign.push(request.url());
    });
    page.on('pageerror', (error) => faults.push(error.message));
    for (const path of [
      '/',
      '/sweeps',
      '/sweeps/tiny-1',
      '/runs',
      '/runs/tiny-1/1',
      '/runs/nothing',
      '/sweeps/nothing',
    ]) {
      await page.goto(`${own.url}${path}`);
      await expect(page.getByRole('status').filter({ hasText: 'Loading' })).toHaveCount(0);
      await page.waitForTimeout(300);
      expect(await serious(page), path).toEqual([]);
    }
    await page.goto(`${own.url}/graphiql`);
    await expect(page.locator('.graphiql-container')).toBeVisible();
    expect({ foreign, faults }).toEqual({ foreign: [], faults: [] });
    await page.close();
  });
}
