import type pg from 'pg';
import { compileFilter, type RunFilter, Values } from './read/filter.ts';

/** Most runs that one change is meant for: they stay locked meanwhile. */
export const MOST_MEANT = 10_000;

/** Which runs a change is meant for, and how many whoever asks takes them to be. */
export interface Meaning {
  readonly where: RunFilter | null | undefined;
  readonly expect?: number | null | undefined;
}
export type NotMeant =
  /** More than MOST_MEANT match; nothing was changed. */
  | { readonly kind: 'tooManyRuns' }
  /** Another number than was expected; nothing was changed. */
  | { readonly kind: 'otherCount'; readonly matched: number };

/** The ids of the runs that match, in their order, which every writer locks in; or why there is nothing to do. */
export async function meantRuns(
  sql: pg.PoolClient,
  teamId: string,
  { where, expect }: Meaning,
): Promise<string[] | NotMeant> {
  const values = new Values();
  const condition = compileFilter(where, teamId, values);
  const { rows } = await sql.query<{ id: string }>({
    text: `/* meantRuns */ SELECT r.id FROM run r WHERE ${condition} ORDER BY r.id LIMIT ${MOST_MEANT + 1}`,
    values: values.list,
  });
  if (rows.length > MOST_MEANT) return { kind: 'tooManyRuns' };
  if (typeof expect === 'number' && expect !== rows.length)
    return { kind: 'otherCount', matched: rows.length };
  return rows.map(({ id }) => id);
}

/** Creating sweeps and own runs, deleting, retrying and locking follow each other in one team. */
export async function lockTeam(sql: pg.PoolClient, teamId: string): Promise<void> {
  await sql.query('/* lockTeam */ SELECT FROM team WHERE id = $1 FOR NO KEY UPDATE', [teamId]);
}
