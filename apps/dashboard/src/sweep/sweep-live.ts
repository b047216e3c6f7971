'use client';

import { graphql, type ResultOf, type SchemaType } from '../shell/client';
import { useWatch } from '../shell/live';

/** Where a sweep stands; asked for with the page, and sent whenever it changes. */
export const SweepStands = graphql(`
  fragment SweepStands on Sweep {
    status startedAt endedAt
    counts { total waiting running done pruned failed cancelled diverged reused }
    progress { done total samplesDone samplesTotal samplesPerSecond secondsLeft workers }
  }
`);
export type Stands = ResultOf<typeof SweepStands>;

const SweepLive = graphql(
  `
    subscription SweepLive($key: String!, $after: String) {
      sweepProgress(key: $key, after: $after) {
        cursor reset
        sweep { ...SweepStands }
        changed { positions runs statuses diverged attempts workers }
      }
    }
  `,
  [SweepStands],
);
type Update = ResultOf<typeof SweepLive>['sweepProgress'];

export interface LiveCell {
  readonly run: string;
  readonly status: SchemaType<'RunStatus'>;
  readonly diverged: boolean;
  readonly attempt: number;
  /** The worker that trains it, or did last. */
  readonly worker: string | null;
}
/** Cells by their place as they are now. A new one with every message: `at` itself goes on growing. */
export interface LiveStates {
  readonly at: ReadonlyMap<number, LiveCell>;
}
export interface LiveSweep extends LiveStates {
  readonly stands: Stands;
}

/** A sweep as it goes on. What came later is never followed by what was before: every message is of a later moment. */
export const useSweepLive = (key: string) => useWatch(SweepLive, { key } as Variables, cursorOf, reduce);
type Variables = { key: string; after?: string };
const cursorOf = ({ sweepProgress }: { sweepProgress: Update }): string => sweepProgress.cursor;

function reduce(seen: LiveSweep | undefined, { sweepProgress }: { sweepProgress: Update }): LiveSweep {
  const { changed, reset, sweep } = sweepProgress;
  const at = reset || !seen ? new Map<number, LiveCell>() : (seen.at as Map<number, LiveCell>);
  for (const [i, position] of changed.positions.entries())
    at.set(position, {
      run: changed.runs[i]!,
      status: changed.statuses[i]!,
      diverged: changed.diverged[i]!,
      attempt: changed.attempts[i]!,
      worker: changed.workers[i]!,
    });
  return { at, stands: sweep };
}
