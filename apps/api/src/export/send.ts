import { setTimeout as sleep } from 'node:timers/promises';
import type { Response } from 'express';

export interface SendLimits {
  /** Longest time of one export, in seconds. */
  readonly seconds: number;
  /** Longest time that a reader may take nothing. */
  readonly stallSeconds: number;
}

/** The reader has gone, or was too slow: nothing failed on our side. */
export class ReaderGone extends Error {}

/** Told when the reader goes away, and after the time limit: whatever makes the file stops then. */
export function readerSignal(
  response: Response,
  { seconds }: SendLimits,
): { signal: AbortSignal; done: () => void } {
  const controller = new AbortController();
  const gone = (): void => {
    if (!response.writableFinished) controller.abort(new ReaderGone('the reader has gone'));
  };
  response.once('close', gone);
  const timer = setTimeout(
    () => controller.abort(new ReaderGone(`longer than ${seconds} s`)),
    seconds * 1000,
  ).unref();
  return {
    signal: controller.signal,
    done: () => {
      clearTimeout(timer);
      response.off('close', gone);
      // Whatever is still open, since something failed before anybody read it, ends here.
      controller.abort(new ReaderGone('done'));
    },
  };
}

/**
 * Writes parts as they come, no faster than they are read. The status is sent with the first part, so that what fails before it has a
 * status of its own; what fails later cuts the connection, and the reader sees an error instead of the end of a shorter file.
 */
export async function send(
  response: Response,
  parts: AsyncGenerator<string | Uint8Array>,
  signal: AbortSignal,
  { stallSeconds }: SendLimits,
): Promise<void> {
  try {
    for await (const part of parts) {
      signal.throwIfAborted();
      if (!response.write(part)) await drained(response, signal, stallSeconds);
    }
    signal.throwIfAborted();
    response.end();
  } catch (error) {
    if (response.headersSent) response.destroy();
    throw error;
  }
}

async function drained(response: Response, signal: AbortSignal, stallSeconds: number): Promise<void> {
  const timer = new AbortController();
  const either = AbortSignal.any([signal, timer.signal]);
  const stalled = sleep(stallSeconds * 1000, undefined, { signal: either, ref: false }).then(
    () => {
      throw new ReaderGone(`the reader took nothing for ${stallSeconds} s`);
    },
    () => signal.throwIfAborted(),
  );
  const flowing = new Promise<void>((done) => response.once('drain', done));
  try {
    await Promise.race([flowing, stalled]);
  } finally {
    timer.abort();
  }
}
