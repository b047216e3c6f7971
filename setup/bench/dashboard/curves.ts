import { SCREEN, visit } from './browse.ts';
import type { Bench } from './rows.ts';
import { CURVES } from './stage.ts';

/** Those runs of the team that have curves are its first ones: all of their η̃, m and BN but for the last eight settings. */
const WHERE = {
  dataset: { eq: 'cifar10' },
  model: { eq: 'resnet8' },
  augmentation: { eq: false },
  warmUp: { eq: false },
  momentum: { eq: 0 },
  weightDecay: { eq: 0 },
  or: [{ batchNorm: { eq: false } }, { batchSize: { lt: 256 } }, { baseLearningRate: { lt: 2 ** -7 } }],
};
const METRIC = 'test_accuracy';
const QUESTION =
  'query ($where: RunFilter!, $metric: String!) { curves(where: $where, metric: $metric) { of curves { run { key } steps values epochs } } }';
const VISITS = 5;

/** All curves of two selections over each other, as Compare draws them, each of 82 points. */
export async function benchCurves({ stage, browser, print }: Bench): Promise<void> {
  const { curves } = await stage.ask(QUESTION, { where: WHERE, metric: METRIC });
  if (curves.curves.length !== CURVES)
    throw new Error(`there are ${curves.curves.length} curves, not ${CURVES}`);
  // It is drawn when it comes onto the screen.
  const chart = `document.querySelector('.curves[data-curves="${CURVES}"]')`;
  const drawn = `(${chart}.scrollIntoView(), ${chart}.querySelector('canvas') !== null)`;
  const side = (eq: boolean): string => encodeURIComponent(JSON.stringify({ ...WHERE, batchNorm: { eq } }));
  const url = `${stage.url}/compare?a=${side(true)}&b=${side(false)}&curves=curves`;
  const visits: number[] = [];
  const drawing: number[] = [];
  for (let i = 0; i <= VISITS; i++) {
    const context = await browser.newContext(SCREEN);
    const { page, ms } = await visit(context, url, drawn);
    // Their data came with the document or with an answer to the page's own question, whichever was last.
    const arrived = await page.evaluate<number>(`Math.max(...performance.getEntriesByType('resource')
      .filter(({ name }) => name.endsWith('/graphql')).map(({ responseEnd }) => responseEnd),
      performance.getEntriesByType('navigation')[0].responseEnd)`);
    await context.close();
    if (i === 0) continue;
    visits.push(ms);
    drawing.push(ms - arrived);
  }
  const limit = await stage.own(QUESTION, { where: WHERE, metric: METRIC });
  const params = { curves: CURVES, points: 82 * CURVES, limit: 'the question itself' };
  print({ case: '1,000 curves, from their data to the drawing', values: drawing, goal: 1000, params });
  print({ case: '1,000 curves, from the navigation to the drawing', values: visits, limit, params });
}
