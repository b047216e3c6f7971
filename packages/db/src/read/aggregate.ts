import type { Goal } from '../generated/prisma/enums.ts';
import type { Db } from '../open.ts';
import { type Axis, isCost, RUN_AXES, type RunValue } from './axes.ts';
import { rowsOfRuns } from './counted-runs.ts';
import { rowsOfSettings } from './counted-settings.ts';
import { onlySettings, type RunFilter } from './filter.ts';
import type { Settings } from './settings.ts';

export interface SettingQuery {
  readonly teamId: string;
  readonly where?: RunFilter | null;
  /** Axes of the groups; those of settings group without the database. */
  readonly by: readonly Axis[];
  readonly byParams: readonly string[];
  /** Undefined where nobody has reported the metric yet: no run has a value. */
  readonly metric: KnownMetric | undefined;
  readonly value: RunValue;
  /** Seeds whose values are kept apart, to choose on. */
  readonly selectSeeds?: readonly number[] | null;
  /** Runs without a value will be asked for, and are counted at once. */
  readonly counting?: boolean;
}

export interface KnownMetric {
  readonly id: number;
  readonly goal: Goal;
}

/** Runs of a setting that have no value, and runs of a configuration that is counted already. */
export interface SettingCounts {
  readonly diverged: number;
  readonly failed: number;
  readonly unfinished: number;
  readonly withoutValue: number;
  readonly duplicates: number;
}

/**
 * What there is of each setting (of each group of runs, where groups are told apart by what is not a setting's), row by row as
 * columns. Runs of one configuration count once.
 */
export interface SettingRows {
  readonly settings: Settings;
  /** Numbers of the settings, and their places among all. */
  readonly ids: Int32Array;
  readonly places: Int32Array;
  /** Values of the axes and params by which runs are grouped (not settings), in order; null where there are none. */
  readonly groups: readonly (readonly unknown[])[] | null;
  /** Runs that have a value, and the mean of their values in the order of the seeds; without the selecting seeds, if any. */
  readonly n: Int32Array;
  readonly mean: Float64Array;
  /** The same of the selecting seeds alone. */
  readonly selected: { readonly n: Int32Array; readonly mean: Float64Array } | null;
  /** Runs that diverged. */
  readonly diverged: Int32Array;
  /** All other runs, counted only when asked. */
  counts(): Promise<readonly SettingCounts[]>;
}

/** The goal and number of a metric; undefined when the team does not have it yet. */
export async function metricOf(db: Db, teamId: string, name: string): Promise<KnownMetric | undefined> {
  const { rows } = await db.pool.query(
    '/* metricOf */ SELECT id, goal::text FROM metric WHERE team_id = $1 AND name = $2',
    [teamId, name],
  );
  return rows[0];
}

/**
 * One row a setting. Where the question names nothing that differs between runs of a setting, it is answered from the index of
 * counted summaries and from the list of settings; else from the runs.
 */
export async function settingRows(db: Db, query: SettingQuery): Promise<SettingRows> {
  const ofRuns = query.by.some((axis) => RUN_AXES.includes(axis)) || query.byParams.length > 0;
  return ofRuns || isCost(query.value) || !onlySettings(query.where)
    ? rowsOfRuns(db, query)
    : rowsOfSettings(db, query);
}

/** Names of data sets and keys of members and sweeps, by id. */
export async function nameIds(db: Db, teamId: string): Promise<Map<string, string>> {
  const { rows } = await db.pool.query(
    `/* nameIds */ SELECT id, name FROM dataset WHERE team_id = $1 UNION ALL SELECT id, key FROM member WHERE team_id = $1
     UNION ALL SELECT id, key FROM sweep WHERE team_id = $1`,
    [teamId],
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}
