import { change, SCREEN, visit, weigh } from './browse.ts';
import type { Bench } from './rows.ts';

/** The question of Explore's first view, as the page asks it. */
const QUESTION = `{ aggregate(by: [DATASET, BATCH_NORM, BATCH_SIZE], best: [BASE_LEARNING_RATE]) {
  runs groups { dataset batchNorm batchSize mean sd n diverged failed unfinished duplicates withoutValue varying } } }`;
const FILTERED = QUESTION.replace('by:', 'where: { batchNorm: { eq: true } }, by:');

/** A line of the first panel. */
const CHART = `document.querySelector('section.frame svg path[data-drawn]') !== null`;
const VISITS = 7;

export async function benchExplore({ stage, browser, print }: Bench): Promise<void> {
  const { url } = stage;
  const cold: number[] = [];
  const warm: number[] = [];
  const empty: number[] = [];
  // The first visit warms the server up, and is not counted.
  for (let i = 0; i <= VISITS; i++) {
    const context = await browser.newContext(SCREEN);
    const first = await visit(context, url, CHART);
    await first.page.close();
    const second = await visit(context, url, CHART);
    await second.page.close();
    const bare = await visit(context, `${url}/health/live`, 'document.readyState === "complete"');
    await context.close();
    if (i === 0) continue;
    cold.push(first.ms);
    warm.push(second.ms);
    empty.push(bare.ms);
  }
  const limit = (await stage.own(QUESTION)) + median(empty);
  const params = { limit: "an empty page's visit and the question itself" };
  print({ case: "Explore's first chart, empty browser cache", values: cold, goal: 1500, limit, params });
  print({ case: "Explore's first chart, visited before", values: warm, goal: 1500, limit, params });

  await benchFilter({ stage, browser, print });
  const weight = await weigh(browser, url, CHART);
  const kB = (kind: string): readonly number[] => [(weight.bytes[kind] ?? 0) / 1000];
  const as = { unit: 'kB', params: { requests: weight.requests, uncompressed: weight.plain } };
  print({ ...as, case: 'JavaScript of the first view', values: kB('Script'), goal: 350 });
  print({ ...as, case: 'document of the first view, data in it', values: kB('Document') });
  print({ ...as, case: 'styles of the first view', values: kB('Stylesheet') });
  print({ ...as, case: 'GraphQL answers of the first view', values: kB('GraphQL') });
}

/** From the choice until the chart shows the new answer; answers that the page has kept are not asked for again, so each page is new. */
async function benchFilter({ stage, browser, print }: Bench): Promise<void> {
  const { aggregate } = await stage.ask(FILTERED);
  const counted = aggregate.runs.toLocaleString('en-GB');
  const times: number[] = [];
  for (let i = 0; i <= VISITS; i++) {
    const context = await browser.newContext(SCREEN);
    const { page } = await visit(context, stage.url, CHART);
    await page.getByRole('button', { name: /^Runs: / }).click();
    await page.getByText('Text', { exact: true }).click();
    await page.getByLabel('RunFilter as JSON').fill('{ "batchNorm": { "eq": true } }');
    await page.evaluate(`window.benchLines = ${LINES}`);
    const ms = await change(
      page,
      () => page.getByRole('button', { name: 'Apply' }).click(),
      `document.querySelector('[data-testid=counts]').textContent.startsWith('${counted} ') && ${LINES} !== window.benchLines`,
    );
    if (i > 0) times.push(ms);
    await context.close();
  }
  const limit = await stage.own(FILTERED);
  print({
    case: 'Explore with another filter',
    values: times,
    goal: 300,
    limit,
    params: { limit: 'the question itself' },
  });
}
const LINES = `[...document.querySelectorAll('section.frame svg path[data-drawn]')].map((path) => path.getAttribute('d')).join()`;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
