import {
  type Db,
  type LeaseTimes,
  type RunMetricRow,
  runMetrics,
  type SweepState,
  sweepStates,
  type WorkerUp,
  workersUp,
} from '@smallbatch/db';
import DataLoader from 'dataloader';
import type { Asked } from './admit.ts';
import type { KnownSettings } from './aggregate/settings.ts';
import type { From } from './audit/audited.ts';
import type { Viewer } from './can.ts';
import type { Live } from './live/hub.ts';
import type { Metrics } from './metrics.ts';

/** What a request knows. Loaders gather what one request needs of many things into one statement. */
export interface Context {
  /** The database as the viewer's team sees it: rows of others are not there. Whole only where there is no viewer. */
  readonly db: Db;
  /** The whole of it: for what is an account's, in any number of teams, and for nothing else. */
  readonly everyTeam: Db;
  readonly viewer: Viewer | undefined;
  readonly requestId: string;
  readonly from: From;
  /** By HTTP. */
  readonly asked?: Asked | undefined;
  readonly lease: LeaseTimes;
  readonly live: Live;
  /** Whether webhooks may lead into private networks, and where links in what they are told lead. */
  readonly webhooks: { readonly allowPrivate: boolean; readonly publicUrl: string };
  readonly metrics: Metrics;
  readonly sweepState: DataLoader<string, SweepState>;
  /** Summaries of runs by id: of these metrics, or of all. */
  runMetrics(names: readonly string[] | null): DataLoader<string, readonly RunMetricRow[]>;
  /** Workers of the team that are up: what they have, asked once a request. */
  workersUp(): Promise<WorkerUp[]>;
  /** What its questions over settings have read. */
  readonly settings: KnownSettings;
  /** Loaders that depend on arguments, by what they were made for. */
  readonly loaders: Map<string, unknown>;
}

export function makeContext(
  given: Pick<
    Context,
    'everyTeam' | 'viewer' | 'requestId' | 'from' | 'asked' | 'lease' | 'live' | 'metrics' | 'webhooks'
  >,
): Context {
  const { everyTeam, viewer } = given;
  const db = viewer ? everyTeam.ofTeam(viewer.teamId) : everyTeam;
  const loaders = new Map<string, unknown>();
  let up: Promise<WorkerUp[]> | undefined;
  return {
    ...given,
    db,
    sweepState: new DataLoader(
      async (ids) => {
        const states = new Map((await sweepStates(db, ids)).map((state) => [state.sweepId, state]));
        return ids.map((id) => states.get(id) ?? new Error(`sweep ${id} has no cells`));
      },
      { cache: false },
    ),
    runMetrics(names) {
      const key = `metrics ${JSON.stringify(names)}`;
      const known = loaders.get(key) as DataLoader<string, readonly RunMetricRow[]> | undefined;
      const loader =
        known ??
        new DataLoader(async (ids: readonly string[]) => {
          const byRun = new Map<string, RunMetricRow[]>(ids.map((id) => [id, []]));
          for (const row of await runMetrics(db, given.viewer!.teamId, ids, names))
            byRun.get(row.runId)!.push(row);
          return ids.map((id) => byRun.get(id)!);
        });
      loaders.set(key, loader);
      return loader;
    },
    workersUp() {
      up ??= workersUp(db, given.viewer!.teamId, given.lease.lease);
      return up;
    },
    settings: new Map(),
    loaders,
  };
}
