import type { RunStatus } from '../generated/prisma/enums.ts';
import type { Db } from '../open.ts';
import { AXIS_SQL, type Axis } from './axes.ts';
import { compileFilter, type RunFilter, Values } from './filter.ts';

/** Runs of one place of a grid, by where they stand. Runs of one configuration count once, the others as duplicates. */
export interface CoverageCounts {
  done: number;
  diverged: number;
  running: number;
  waiting: number;
  pruned: number;
  failed: number;
  cancelled: number;
  duplicates: number;
}

export interface CoverageRow extends CoverageCounts {
  /** Values of the grid's axes, in order. */
  readonly group: readonly unknown[];
  /** Ids of the members whose runs they are. */
  readonly members: readonly string[];
}

/** Of runs of one configuration the one that stands for it comes first, as in statistics: what has a result, then what may come to one. */
const FURTHEST = `array_position(ARRAY['DONE', 'PRUNED', 'RUNNING', 'WAITING', 'FAILED', 'CANCELLED'], r.status::text), r.diverged, r.duplicate, r.id`;

/** What there is at each place of a grid, in one statement. */
export async function coverageRows(
  db: Db,
  teamId: string,
  where: RunFilter | undefined,
  by: readonly Axis[],
): Promise<CoverageRow[]> {
  const values = new Values();
  const condition = compileFilter(where, teamId, values);
  const names = by.map((_, i) => `g${i}`);
  const count = (state: string): string => `(count(*) FILTER (WHERE place = 1 AND ${state}))::int`;
  const { rows } = await db.pool.query({
    text: `/* coverage */ WITH placed AS (
        SELECT r.status, r.diverged, r.member_id, ${by.map((axis, i) => `${AXIS_SQL[axis]} AS g${i}, `).join('')}
          row_number() OVER (PARTITION BY ${by.map((axis) => `${AXIS_SQL[axis]}, `).join('')} r.configuration_hash ORDER BY ${FURTHEST}) AS place
        FROM run r WHERE ${condition}
      )
      SELECT ${names.length ? `json_build_array(${names.join(', ')})` : `'[]'::json`} AS "group",
        ${count(`status = 'DONE' AND NOT diverged`)} AS done, ${count(`status = 'DONE' AND diverged`)} AS diverged,
        ${count(`status = 'RUNNING'`)} AS running, ${count(`status = 'WAITING'`)} AS waiting, ${count(`status = 'PRUNED'`)} AS pruned,
        ${count(`status = 'FAILED'`)} AS failed, ${count(`status = 'CANCELLED'`)} AS cancelled,
        (count(*) FILTER (WHERE place > 1))::int AS duplicates, array_agg(DISTINCT member_id::text) AS members
      FROM placed ${names.length ? `GROUP BY ${names.join(', ')} ORDER BY ${names.join(', ')}` : ''}`,
    values: values.list,
  });
  return rows;
}

/** A run of a configuration, whatever became of it. */
export interface Standing {
  readonly configurationHash: string;
  readonly status: RunStatus;
  readonly diverged: boolean;
  readonly duplicate: boolean;
  readonly member: string;
}

/** All runs of a team that have one of these configurations. */
export async function standingOf(
  { pool }: Db,
  teamId: string,
  hashes: readonly string[],
): Promise<Standing[]> {
  const { rows } = await pool.query(
    `/* standingOf */ SELECT r.configuration_hash AS "configurationHash", r.status::text, r.diverged, r.duplicate, r.member_id::text AS member
     FROM run r WHERE r.team_id = $1 AND r.configuration_hash = ANY ($2)
     ORDER BY ${FURTHEST}`,
    [teamId, hashes],
  );
  return rows;
}
