import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, graphql } from '@smallbatch/client';
import { Bar } from '../output/bar.ts';
import { note } from '../output/print.ts';
import { progressLine } from '../output/progress.ts';
import { plain } from '../output/screen.ts';
import { Problem } from '../problem.ts';

const Progress = graphql(`
  query WatchSweep($key: String!) {
    sweep(key: $key) {
      status
      counts { failed diverged cancelled }
      progress { done total samplesDone samplesTotal samplesPerSecond secondsLeft workers }
    }
  }
`);

/** Shows a sweep's progress on stderr until it has ended. */
export async function watchSweep(client: Client, key: string): Promise<void> {
  const bar = new Bar();
  for (;;) {
    const { sweep } = await client.query(Progress, { key });
    if (!sweep) throw new Problem(`unknown sweep "${plain(key)}"`);
    if (sweep.status === 'DONE' || sweep.status === 'CANCELLED') {
      bar.clear();
      const { failed, diverged } = sweep.counts;
      note(
        `${plain(key)} ${sweep.status.toLowerCase()}: ${sweep.progress.done} of ${sweep.progress.total} runs, ${diverged} diverged, ${failed} failed`,
      );
      return;
    }
    bar.update(progressLine(plain(key), sweep.progress));
    await sleep(1_000);
  }
}
