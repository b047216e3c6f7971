import { filled } from './bar.ts';
import { duration, many } from './screen.ts';

export interface Progress {
  done: number;
  total: number;
  samplesDone: number;
  samplesTotal: number;
  samplesPerSecond: number;
  secondsLeft: number | null;
  workers: number;
}

/** `██████░░░░ 12 of 96 runs · 1.5 k samples/s · 4 min left`. The bar is filled by samples: it moves inside runs too. */
export function progressLine(name: string, progress: Progress): string {
  const share =
    progress.samplesTotal > 0
      ? progress.samplesDone / progress.samplesTotal
      : progress.done / Math.max(1, progress.total);
  const parts = [`${name} ${filled(share)} ${progress.done} of ${progress.total} runs`];
  if (progress.workers === 0) parts.push('waiting for a worker');
  else parts.push(`${many(progress.samplesPerSecond)} samples/s`);
  if (progress.secondsLeft !== null) parts.push(`${duration(progress.secondsLeft)} left`);
  return parts.join(' · ');
}

/** `backing up ██████░░░░ 42 % · run_metric · 12 s left`: what takes one way from 0 to 1; `seconds` since it began. */
export function shareLine(name: string, share: number, detail: string, seconds: number): string {
  const parts = [`${name} ${filled(share)} ${Math.floor(share * 100)} %`, detail].filter(
    (part) => part !== '',
  );
  // The first moments say little about the rest.
  if (seconds >= 1 && share >= 0.02 && share < 1)
    parts.push(`${duration((seconds * (1 - share)) / share)} left`);
  return parts.join(' · ');
}
