import type { RunStatus } from '../generated/prisma/enums.ts';
import type { Db } from '../open.ts';
import { finiteSql, VALUE_SQL } from './axes.ts';
import { type Settings, settingsOf } from './settings.ts';

/** Cells of a sweep as columns of one length, in the order of their positions. */
export interface CellRows {
  readonly positions: number[];
  readonly runs: string[];
  readonly statuses: RunStatus[];
  readonly diverged: boolean[];
  /** Whether the run was not created by the sweep. */
  readonly reused: boolean[];
  readonly seeds: number[];
  /** Of each cell's setting its place in `settings`. */
  readonly places: Int32Array;
  /** Places of the settings of all cells of the sweep, also of those that are not among these. */
  readonly allPlaces: Int32Array;
  /** Whether seeds differ in the sweep. */
  readonly seedsVary: boolean;
  readonly settings: Settings;
}

interface Row {
  readonly position: number;
  readonly key: string;
  readonly status: RunStatus;
  readonly diverged: boolean;
  readonly reused: boolean;
  readonly setting: number;
  readonly seed: number;
}

/** Everything that a sweep's grid is laid out by. The cells are one statement; what their settings are is known, or another. */
export async function cellTable(
  db: Db,
  teamId: string,
  sweepId: string,
  { count, skip }: { readonly count: number; readonly skip: number },
): Promise<CellRows> {
  const { rows } = await db.pool.query<Row>(
    `/* cellTable */ SELECT c.position, r.key, r.status::text, r.diverged, r.sweep_id IS DISTINCT FROM c.sweep_id AS reused, r.setting_id AS setting, r.seed
     FROM cell c JOIN run r ON r.id = c.run_id WHERE c.sweep_id = $1 AND c.team_id = $2 ORDER BY c.position LIMIT $3 OFFSET $4`,
    [sweepId, teamId, count, skip],
  );
  // A part alone does not say what differs in the whole.
  const whole = skip === 0 && rows.length < count;
  const { rows: others } = whole
    ? { rows: rows.map(({ setting, seed }) => ({ setting, low: seed, high: seed })) }
    : await db.pool.query<{ setting: number; low: number; high: number }>(
        `/* cellTable settings */ SELECT r.setting_id AS setting, min(r.seed) AS low, max(r.seed) AS high
         FROM cell c JOIN run r ON r.id = c.run_id WHERE c.sweep_id = $1 AND c.team_id = $2 GROUP BY r.setting_id`,
        [sweepId, teamId],
      );
  const ids = [...new Set([...others, ...rows].map(({ setting }) => setting))];
  const { settings, places } = await settingsOf(db, teamId, Int32Array.from(ids));
  const placeOf = new Map(ids.map((id, i) => [id, places[i]!]));
  // A run that was deleted at this moment may have taken its setting with it.
  const known = rows.filter(({ setting }) => placeOf.get(setting)! >= 0);
  const seeds = others.flatMap(({ low, high }) => [low, high]);
  return {
    positions: known.map(({ position }) => position),
    runs: known.map(({ key }) => key),
    statuses: known.map(({ status }) => status),
    diverged: known.map(({ diverged }) => diverged),
    reused: known.map(({ reused }) => reused),
    seeds: known.map(({ seed }) => seed),
    places: Int32Array.from(known, ({ setting }) => placeOf.get(setting)!),
    allPlaces: places.filter((place) => place >= 0),
    seedsVary: seeds.some((seed) => seed !== seeds[0]),
    settings,
  };
}

/**
 * Of a metric the medians of the last five evaluations of the runs that answer these cells, in the order of `positions`; null where a run
 * is not done, has diverged, or does not have the metric.
 */
export async function cellValues(
  db: Db,
  teamId: string,
  sweepId: string,
  positions: readonly number[],
  metric: string,
): Promise<(number | null)[]> {
  if (positions.length === 0) return [];
  const { rows } = await db.pool.query<{ position: number; value: number }>(
    `/* cellValues */ SELECT c.position, ${VALUE_SQL.MEDIAN_LAST_5} AS value
     FROM cell c JOIN run r ON r.id = c.run_id JOIN metric k ON k.team_id = c.team_id AND k.name = $5 JOIN run_metric s ON s.run_id = r.id AND s.metric_id = k.id
     WHERE c.sweep_id = $1 AND c.team_id = $2 AND c.position BETWEEN $3 AND $4 AND r.status = 'DONE' AND NOT r.diverged
       AND ${finiteSql(VALUE_SQL.MEDIAN_LAST_5)}`,
    [sweepId, teamId, positions[0], positions.at(-1), metric],
  );
  const known = new Map(rows.map(({ position, value }) => [position, value]));
  return positions.map((position) => known.get(position) ?? null);
}
