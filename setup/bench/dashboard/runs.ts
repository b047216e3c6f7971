import { frames, SCREEN, visit } from './browse.ts';
import type { Bench } from './rows.ts';

const FIRST = `{ runs(first: 100) { totalCount nodes { key status batchSize baseLearningRate batchNorm seed model width dataset { name }
  metrics(names: ["test_accuracy"]) { medianLast5 } } } }`;
const ROWS = `document.querySelectorAll('main [role=row], main tbody tr').length > 10`;
const VISITS = 7;
const SCROLLED_S = 10;
/** Pixels a frame at 60 frames a second: about a hundred rows a second. */
const SPEED = 60;

export async function benchRuns({ stage, browser, print }: Bench): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i <= VISITS; i++) {
    const context = await browser.newContext(SCREEN);
    const { ms } = await visit(context, `${stage.url}/runs`, ROWS);
    await context.close();
    if (i > 0) times.push(ms);
  }
  const limit = await stage.own(FIRST);
  print({
    case: 'runs table, first rows, empty browser cache',
    values: times,
    goal: 1000,
    limit,
    params: { limit: 'the question itself' },
  });

  const context = await browser.newContext(SCREEN);
  const { page } = await visit(context, `${stage.url}/runs`, ROWS);
  // What scrolls is the table's own box where it has one, else the page.
  await page.evaluate(`window.benchBox = (() => {
    let box = document.querySelector('main [role=row], main tbody tr');
    while (box && !(box.scrollHeight > box.clientHeight + 10 && /auto|scroll/.test(getComputedStyle(box).overflowY))) box = box.parentElement;
    return box ?? document.scrollingElement;
  })()`);
  const deltas = await frames(page, SCROLLED_S, `window.benchBox.scrollTop += ${SPEED};`);
  const reached = await page.evaluate<number>('window.benchBox.scrollTop');
  const params = { seconds: SCROLLED_S, pixelsAFrame: SPEED, reached };
  print({
    case: 'runs table, time between frames while scrolling, p50',
    values: deltas,
    params,
    limit: 1000 / 60,
  });
  print({
    case: 'runs table, time between frames while scrolling, p95',
    values: deltas,
    quantile: 0.95,
    goal: 50,
    limit: 1000 / 60,
    params,
  });
  await context.close();
}
