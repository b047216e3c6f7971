'use client';

import { useMounted } from '@mantine/hooks';
import { useSyncExternalStore } from 'react';
import { ago, fullTime, time, utc } from './format';

/**
 * A moment as a person reads it: in the reader's zone once the browser has the page, in UTC as the server sends it; the full time on
 * hovering. With `relative` it says how long ago it was, and goes on counting.
 */
export function Time({ at, relative = false }: { at: string; relative?: boolean }) {
  const here = useMounted();
  const now = useSyncExternalStore(relative ? everySecond : never, seconds, unknown);
  return (
    <time dateTime={at} title={here ? fullTime(at) : utc(at)}>
      {relative && now !== null ? ago(at, now * 1000) : here ? time(at) : utc(at)}
    </time>
  );
}

const seconds = (): number | null => Math.floor(Date.now() / 1000);
const unknown = (): number | null => null;
const never = () => () => {};

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** One clock for all times of the page. */
function everySecond(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    for (const one of listeners) one();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}
