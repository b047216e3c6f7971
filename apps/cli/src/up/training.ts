import { closeSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { runWorkers } from '@smallbatch/trainer';
import { describeEvent } from '../commands/worker.ts';
import { note } from '../output/print.ts';
import { openLog } from './child.ts';

/** Kinds of events that people must see; the rest is in the log. */
const LOUD = new Set(['failed', 'discarded']);

/** One worker process a core. `stop` lets them give their runs back. */
export function startTraining({ home, url, token }: { home: string; url: string; token: string }): {
  stop(): Promise<void>;
} {
  const controller = new AbortController();
  const log = openLog(join(home, 'logs', 'worker.log'));
  const ended = runWorkers({
    url,
    token,
    home,
    signal: controller.signal,
    onEvent: (event) => {
      const text = `[${event.process + 1}] ${describeEvent(event)}`;
      writeSync(log, `${new Date().toISOString()} ${text}\n`);
      if (LOUD.has(event.kind)) note(`! worker ${text}`);
    },
  }).catch((error: Error) => note(`! no worker is training any more: ${error.message}`));
  return {
    stop: async () => {
      controller.abort();
      await ended;
      closeSync(log);
    },
  };
}
