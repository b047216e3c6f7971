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

const STATUS_SQL = `(SELECT CASE WHEN r.intent = 'CANCELLED' THEN 'CANCELLED' WHEN n.waiting + n.running = 0 THEN 'DONE' WHEN r.intent = 'PAUSED' THEN 'PAUSED'
    WHEN n.running > 0 OR n.waiting < n.own THEN 'RUNNING' ELSE 'WAITING' END
  FROM (SELECT count(*) FILTER (WHERE t.status = 'WAITING') AS waiting, count(*) FILTER (WHERE t.status = 'RUNNING') AS running,
      count(*) FILTER (WHERE t.sweep_id = r.id) AS own
    FROM cell c JOIN run t ON t.id = c.run_id WHERE c.sweep_id = r.id) AS n)`;

/** A filter of sweeps as a condition over a sweep `r`; only names that are written here become SQL. */
export function compileSweepFilter(
  filter: SweepFilter | null | undefined,
  teamId: string,
  values: Values,
): string {
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
  // The last: it looks at the runs of every sweep that is left.
  if (status) terms.push(`${STATUS_SQL} = ANY (${values.add(status)}::text[])`);
  return all([`r.team_id = ${team}`, ...terms]);
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
  const condition = compileSweepFilter(where, teamId, values);
  const beyond = from === undefined ? '' : `AND r.number ${backwards ? '>' : '<'} ${values.add(from)}::int8`;
  const { rows } = await pool.query({
    text: `/* sweepPage */ SELECT r.id, r.number FROM sweep r WHERE ${condition} ${beyond} ORDER BY r.number ${backwards ? 'ASC' : 'DESC'} LIMIT ${values.add(count + 1)}`,
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
  const condition = compileSweepFilter(where, teamId, values);
  const { rows } = await pool.query({
    text: `/* countSweeps */ SELECT count(*) AS n FROM sweep r WHERE ${condition}`,
    values: values.list,
  });
  return rows[0].n;
}
