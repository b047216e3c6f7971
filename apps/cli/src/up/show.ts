import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, graphql } from '@smallbatch/client';
import { explainApiError } from '../api.ts';
import { accuracyTable } from '../commands/accuracy.ts';
import { Bar } from '../output/bar.ts';
import { render } from '../output/print.ts';
import { type Progress, progressLine } from '../output/progress.ts';
import { duration, plain } from '../output/screen.ts';

const Open = graphql(`
  query OpenSweeps {
    sweeps(first: 50) {
      nodes { key status progress { done total samplesDone samplesTotal samplesPerSecond secondsLeft workers } }
    }
  }
`);
const Ended = graphql(`
  query EndedSweep($key: String!) { sweep(key: $key) { status startedAt endedAt counts { done diverged failed } } }
`);

/**
 * The live progress of `up`: one line for what is open, and when a sweep has ended its table accuracy × batch size × BN ×
 * data set. Goes on until the signal; an API that is away for a moment is waited for.
 */
export async function showProgress(client: Client, signal: AbortSignal): Promise<void> {
  const bar = new Bar();
  const say = (text: string) => {
    bar.clear();
    process.stderr.write(`${text}\n`);
  };
  let open = new Set<string>();
  while (!signal.aborted) {
    try {
      const { sweeps } = await client.query(Open, {});
      const busy = sweeps.nodes.filter(({ status }) => status === 'WAITING' || status === 'RUNNING');
      const now = new Set(busy.map(({ key }) => key));
      for (const key of open) if (!now.has(key)) await sayEnd(client, key, say);
      if (open.size > 0 && now.size === 0)
        say('Nothing waits any more; everything stays up. Ctrl-C stops it.');
      open = now;
      const [first] = busy;
      if (first)
        bar.update(
          progressLine(
            now.size === 1 ? plain(first.key) : `${now.size} sweeps`,
            sum(busy.map(({ progress }) => progress)),
          ),
        );
    } catch (error) {
      if (signal.aborted) break;
      const message = explainApiError(error);
      if (message === undefined) throw error;
      bar.update(`! ${message}`);
    }
    // Only on a terminal does it change what is seen.
    await sleep(process.stderr.isTTY ? 1_000 : 5_000, undefined, { signal }).catch(() => {});
  }
  bar.clear();
}

async function sayEnd(client: Client, key: string, say: (text: string) => void): Promise<void> {
  const { sweep } = await client.query(Ended, { key });
  if (sweep?.status !== 'DONE') return;
  const { columns, rows, notes } = await accuracyTable(client, {
    sweep: key,
    by: ['dataset', 'batchNorm', 'batchSize'],
    best: ['baseLearningRate'],
    metric: 'test_accuracy',
    value: 'MEDIAN_LAST_5',
  });
  const took =
    sweep.startedAt && sweep.endedAt
      ? ` in ${duration((Date.parse(sweep.endedAt) - Date.parse(sweep.startedAt)) / 1000)}`
      : '';
  const { done, diverged, failed } = sweep.counts;
  say(`\n${plain(key)}: ${done} runs done${took}, ${diverged} of them diverged, ${failed} failed\n`);
  say(`${render(columns, rows, 'table')}\n`);
  for (const text of notes) say(text);
}

function sum(all: readonly Progress[]): Progress {
  const add = (pick: (one: Progress) => number) => all.reduce((total, one) => total + pick(one), 0);
  const samplesPerSecond = add((one) => one.samplesPerSecond);
  const samplesDone = add((one) => one.samplesDone);
  const samplesTotal = add((one) => one.samplesTotal);
  const left =
    all.length === 1
      ? all[0]!.secondsLeft
      : samplesPerSecond > 0
        ? (samplesTotal - samplesDone) / samplesPerSecond
        : null;
  return {
    done: add((one) => one.done),
    total: add((one) => one.total),
    samplesDone,
    samplesTotal,
    samplesPerSecond,
    secondsLeft: left,
    // A worker may have runs of several sweeps.
    workers: Math.max(...all.map((one) => one.workers)),
  };
}
