import type { Db } from '../open.ts';
import {
  all,
  type Comparison,
  conditions,
  folded,
  type TagCondition,
  tagConditions,
  Values,
  wordsOf,
} from './condition.ts';

/** Where a sweep stands, by what its maker wants and by its runs; the API says it of one by the same rule. */
export const SWEEP_STATUSES = ['WAITING', 'RUNNING', 'PAUSED', 'DONE', 'CANCELLED'] as const;
export type SweepStatus = (typeof SWEEP_STATUSES)[number];

export interface SweepFilter {
  readonly key?: Comparison | null;
  readonly name?: Comparison | null;
  readonly note?: Comparison | null;
  readonly member?: Comparison | null;
  readonly createdAt?: Comparison | null;
  readonly status?: readonly SweepStatus[] | null;
  readonly tags?: TagCondition | null;
  readonly search?: string | null;
}

/** Of every sweep of the team that has waiting or running runs, how many: far fewer than all runs, and looked at once. */
const activeRuns = (team: string): string => `LEFT JOIN (
    WITH active AS MATERIALIZED (
      SELECT c.sweep_id, count(*) FILTER (WHERE t.status = 'RUNNING') AS running,
        count(*) FILTER (WHERE t.status = 'WAITING' AND t.sweep_id IS DISTINCT FROM c.sweep_id) AS waiting_of_others
      FROM run t JOIN cell c ON c.run_id = t.id WHERE t.team_id = ${team} AND t.status IN ('WAITING', 'RUNNING') GROUP BY c.sweep_id)
    SELECT * FROM active) AS n ON n.sweep_id = r.id`;
/** It runs while one of its runs does, or when more of its own runs have begun than runs of others still wait. */
const STATUS_SQL = `CASE WHEN r.intent = 'CANCELLED' THEN 'CANCELLED' WHEN n.sweep_id IS NULL THEN 'DONE' WHEN r.intent = 'PAUSED' THEN 'PAUSED'
    WHEN n.running > 0 THEN 'RUNNING'
    WHEN EXISTS (SELECT FROM cell c JOIN run t ON t.id = c.run_id AND t.sweep_id = c.sweep_id WHERE c.sweep_id = r.id AND t.status <> 'WAITING'
      OFFSET n.waiting_of_others) THEN 'RUNNING'
    ELSE 'WAITING' END`;

/** The sweeps `r` of a filter, from FROM on; only names that are written here become SQL. */
function sweepsThat(filter: SweepFilter | null | undefined, teamId: string, values: Values): string {
  const team = values.add(teamId);
  const { key, name, note, member, createdAt, status, tags, search } = filter ?? {};
  const terms = [
    ...(key ? conditions('r.key', 'text', key, values) : []),
    ...(name ? conditions('r.name', 'text', name, values) : []),
    ...(note ? conditions('r.note', 'text', note, values) : []),
    ...(createdAt ? conditions('r.created_at', 'moment', createdAt, values) : []),
    ...(tags ? tagConditions('r.tags', tags, values) : []),
  ];
  if (member) {
    const found = conditions('m.key', 'text', member, values);
    if (found.length > 0)
      terms.push(
        `r.member_id = ANY (ARRAY(SELECT m.id FROM member m WHERE m.team_id = ${team} AND ${all(found)}))`,
      );
  }
  for (const word of wordsOf(search ?? '')) {
    const texts = `concat_ws(E'\\n', r.key, r.name, array_to_string(r.tags, E'\\n'), r.note)`;
    terms.push(`strpos(${folded(texts)}, ${folded(`${values.add(word)}::text`)}) > 0`);
  }
  if (status) terms.push(`${STATUS_SQL} = ANY (${values.add(status)}::text[])`);
  return `FROM sweep r ${status ? activeRuns(team) : ''} WHERE ${all([`r.team_id = ${team}`, ...terms])}`;
}

export interface SweepPageQuery {
  readonly teamId: string;
  readonly where?: SweepFilter | null;
  readonly count: number;
  /** From the oldest on, or from `from`; else from the newest. */
  readonly backwards: boolean;
  /** Number of the sweep after (before) which the page begins. */
  readonly from?: number | undefined;
}

/** Ids and numbers of the sweeps of a page, the newest first; one more than asked for tells whether there are others. */
export async function sweepPage(
  { pool }: Db,
  { teamId, where, count, backwards, from }: SweepPageQuery,
): Promise<{ id: string; number: number }[]> {
  const values = new Values();
  const sweeps = sweepsThat(where, teamId, values);
  const beyond = from === undefined ? '' : `AND r.number ${backwards ? '>' : '<'} ${values.add(from)}::int8`;
  const { rows } = await pool.query({
    text: `/* sweepPage */ SELECT r.id, r.number ${sweeps} ${beyond} ORDER BY r.number ${backwards ? 'ASC' : 'DESC'} LIMIT ${values.add(count + 1)}`,
    values: values.list,
  });
  return rows;
}

export async function countSweeps(
  { pool }: Db,
  teamId: string,
  where: SweepFilter | null | undefined,
): Promise<number> {
  const values = new Values();
  const sweeps = sweepsThat(where, teamId, values);
  const { rows } = await pool.query({
    text: `/* countSweeps */ SELECT count(*) AS n ${sweeps}`,
    values: values.list,
  });
  return rows[0].n;
}
