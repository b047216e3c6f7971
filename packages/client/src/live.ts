import type { TadaDocumentNode } from 'gql.tada';
import type { Client } from './client.ts';
import { graphql, type ResultOf, type VariablesOf } from './documents.ts';

/**
 * Watches with a cursor: after a lost connection the subscription goes on from the last message that came, so that nothing is
 * lost and nothing comes twice. Any subscription with a variable `after` can be watched so.
 */
export function watch<R, V extends { after?: string | null | undefined }>(
  client: Client,
  document: TadaDocumentNode<R, V>,
  variables: V,
  cursorOf: (data: R) => string,
): AsyncIterableIterator<R> {
  // Sent as it is at the moment of each connection.
  const going = { ...variables };
  return client.subscribe(document, going, (data) => {
    going.after = cursorOf(data);
  });
}

function each<R, T>(messages: AsyncIterableIterator<R>, pick: (data: R) => T): AsyncIterableIterator<T> {
  const picked = ({ value, done }: IteratorResult<R>): IteratorResult<T> =>
    done ? { value: undefined, done } : { value: pick(value), done: false };
  const mapped: AsyncIterableIterator<T> = {
    next: async () => picked(await messages.next()),
    return: async () => picked(await messages.return!()),
    [Symbol.asyncIterator]: () => mapped,
  };
  return mapped;
}

const WatchRun = graphql(`
  subscription WatchRun($key: String!, $names: [String!], $after: String) {
    runMetrics(key: $key, names: $names, after: $after) {
      cursor reset attempt
      run { key status step plannedSteps samplesSeen diverged reason }
      curves { metric steps epochs samplesSeen wallTimes values nonFinite { index kind } count }
    }
  }
`);
export type RunUpdate = ResultOf<typeof WatchRun>['runMetrics'];

/** A run and its new points, until it has ended. Where a message has `reset`, forget the points of before. */
export const watchRun = (
  client: Client,
  variables: VariablesOf<typeof WatchRun>,
): AsyncIterableIterator<RunUpdate> =>
  each(
    watch(client, WatchRun, variables, ({ runMetrics }) => runMetrics.cursor),
    ({ runMetrics }) => runMetrics,
  );

const WatchSweep = graphql(`
  subscription WatchSweep($key: String!, $after: String) {
    sweepProgress(key: $key, after: $after) {
      cursor reset
      sweep {
        key status
        counts { total waiting running done pruned failed cancelled diverged reused }
        progress { done total samplesDone samplesTotal samplesPerSecond secondsLeft workers }
      }
      changed { positions runs statuses diverged attempts workers }
    }
  }
`);
export type SweepUpdate = ResultOf<typeof WatchSweep>['sweepProgress'];

/** A sweep and the cells that changed; all of them in the first message, which has `reset`. */
export const watchSweep = (
  client: Client,
  variables: VariablesOf<typeof WatchSweep>,
): AsyncIterableIterator<SweepUpdate> =>
  each(
    watch(client, WatchSweep, variables, ({ sweepProgress }) => sweepProgress.cursor),
    ({ sweepProgress }) => sweepProgress,
  );

const WatchActivity = graphql(`
  subscription WatchActivity($kinds: [EventKind!], $after: String) {
    activity(kinds: $kinds, after: $after) {
      cursor
      events { at kind member sweep run worker dataset attempt diverged reason cells }
    }
  }
`);
export type ActivityUpdate = ResultOf<typeof WatchActivity>['activity'];

/** What happens in the team; the first message only says where it begins, unless `after` does. */
export const watchActivity = (
  client: Client,
  variables: VariablesOf<typeof WatchActivity> = {},
): AsyncIterableIterator<ActivityUpdate> =>
  each(
    watch(client, WatchActivity, variables, ({ activity }) => activity.cursor),
    ({ activity }) => activity,
  );
