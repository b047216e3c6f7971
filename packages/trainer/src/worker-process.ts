/** A worker as a process of its own: one thread of one core. Ends with its parent. */
import { DeviceLost } from './engines/lost.ts';
import { EXHAUSTED } from './processes.ts';
import type { WorkerOptions } from './worker.ts';
import { runWorker } from './worker.ts';

export type WorkerOrder = Omit<WorkerOptions, 'signal' | 'onEvent'>;

/** Time for a step to end and for checkpoints to be written. */
const STOP_SECONDS = 15;

const controller = new AbortController();
const stop = (): void => {
  controller.abort();
  setTimeout(() => process.exit(0), STOP_SECONDS * 1000).unref();
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.on('disconnect', () => process.exit(0));
process.once('message', async (order: WorkerOrder) => {
  try {
    const end = await runWorker({
      ...order,
      signal: controller.signal,
      onEvent: (event) => process.connected && process.send?.(event),
    });
    process.exit(end === 'exhausted' ? EXHAUSTED : 0);
  } catch (error) {
    const kind = error instanceof DeviceLost ? 'lost' : 'fatal';
    if (process.connected) process.send?.({ kind, message: (error as Error).message });
    process.exit(1);
  }
});
