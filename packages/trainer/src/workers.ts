import type { ChildProcess } from 'node:child_process';
import { availableParallelism, hostname, totalmem } from 'node:os';
import { forkBeside } from './processes.ts';
import type { WorkerEvent, WorkerOptions } from './worker.ts';

export interface WorkersOptions extends Omit<WorkerOptions, 'onEvent'> {
  /** One for each core unless said: two processes of one thread are faster than one of two. */
  readonly processes?: number;
  readonly onEvent?: (event: WorkerEvent & { readonly process: number }) => void;
}

/** Runs workers as processes until the signal, or until each has ended by itself. One that crashes is started again, slower each time. */
export async function runWorkers({
  signal,
  processes = availableParallelism(),
  onEvent,
  ...options
}: WorkersOptions): Promise<void> {
  const one = async (index: number): Promise<void> => {
    for (let crashes = 0; !signal.aborted; ) {
      const name = options.name ? `${options.name}-${index + 1}` : `${hostname()}-${index + 1}`;
      const child = forkBeside('worker-process', import.meta.url, { serialization: 'advanced' });
      let fatal: string | undefined;
      child.on(
        'message',
        (message: (WorkerEvent & { process: number }) | { kind: 'fatal'; message: string }) => {
          if (message.kind === 'fatal') fatal = message.message;
          else onEvent?.({ ...message, process: index });
        },
      );
      child.send({ memoryBytes: (0.75 * totalmem()) / processes, ...options, name });
      const code = await ended(child, signal);
      if (fatal !== undefined) throw new Error(fatal);
      if (code === 0 || signal.aborted) return;
      crashes++;
      await new Promise((resolve) => setTimeout(resolve, Math.min(30_000, 500 * 2 ** crashes)));
    }
  };
  await Promise.all(Array.from({ length: processes }, (_, index) => one(index)));
}

async function ended(child: ChildProcess, signal: AbortSignal): Promise<number | null> {
  const stop = (): void => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 20_000).unref();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise((resolve) => {
      child.once('exit', (code) => resolve(code));
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
