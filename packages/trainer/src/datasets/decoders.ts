import { Worker } from 'node:worker_threads';
import type { View } from './views.ts';

/** An image to look at (without `expected`), or to decode: as a view, or whole. */
export interface Job {
  readonly path: string;
  /** SHA-256 that its bytes must have. */
  readonly expected?: string;
  readonly view?: View;
}

export interface Inspected {
  readonly bytes: number;
  readonly hash: string;
  readonly width: number;
  readonly height: number;
}

export type Answer =
  | { readonly id: number; readonly result: Inspected | Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly reason: string };

interface Thread {
  readonly worker: Worker;
  readonly open: Map<number, { resolve(result: unknown): void; reject(error: Error): void }>;
}

/** An image that cannot be read: missing, other than it was, or corrupt. */
export class ImageError extends Error {}

/** Starts the thread's file: compiled beside compiled, source beside source. */
const startThread = (): Worker => {
  const name = import.meta.url.endsWith('.ts') ? 'decoder-thread-from-source.mjs' : 'decoder-thread.js';
  return new Worker(new URL(`./${name}`, import.meta.url));
};

/**
 * Threads that read and decode images. A job is handed to its thread at once, so that a step that holds the main thread keeps
 * none of them waiting. What a job gives depends on the job alone, never on the thread or on their number.
 */
export class Decoders {
  readonly #most: number;
  readonly #threads: Thread[] = [];
  #jobs = 0;
  #closed = false;

  constructor(threads: number) {
    this.#most = Math.max(1, threads);
  }

  inspect(path: string): Promise<Inspected> {
    return this.#run({ path }) as Promise<Inspected>;
  }

  /** Pixels of a file, [3, H, W]. */
  decode(job: Job & { readonly expected: string }): Promise<Uint8Array> {
    return this.#run(job) as Promise<Uint8Array>;
  }

  #run(job: Job): Promise<unknown> {
    if (this.#closed) return Promise.reject(new Error('its data set was closed'));
    const thread = this.#idlest();
    const id = this.#jobs++;
    const done = new Promise((resolve, reject) => thread.open.set(id, { resolve, reject }));
    // What is decoded ahead may never be asked for; whoever waits for it hears of the failure all the same.
    done.catch(() => {});
    // A process waits for jobs, not for idle threads.
    thread.worker.ref();
    thread.worker.postMessage({ id, job });
    return done;
  }

  /** The thread with the fewest jobs; a new one while all are busy. */
  #idlest(): Thread {
    const least = this.#threads.reduce<Thread | undefined>(
      (best, one) => (!best || one.open.size < best.open.size ? one : best),
      undefined,
    );
    if (least && (least.open.size === 0 || this.#threads.length === this.#most)) return least;
    const thread: Thread = { worker: startThread(), open: new Map() };
    const { worker, open } = thread;
    worker.on('message', (answer: Answer) => {
      const job = open.get(answer.id);
      open.delete(answer.id);
      if (open.size === 0) worker.unref();
      if ('reason' in answer) job?.reject(new ImageError(answer.reason));
      else job?.resolve(answer.result);
    });
    const fail = (error: Error): void => {
      const place = this.#threads.indexOf(thread);
      if (place >= 0) this.#threads.splice(place, 1);
      for (const job of open.values()) job.reject(error);
      open.clear();
    };
    worker.on('error', fail);
    worker.on('exit', () => fail(new Error('its decoding thread ended')));
    this.#threads.push(thread);
    return thread;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }
}
