import type pg from 'pg';
import { compileFilter, type RunFilter, Values } from './read/filter.ts';

/** Most runs that one change is meant for: they stay locked meanwhile. */
export const MOST_MEANT = 10_000;

/** Whose things a change may reach: those of this member alone; null: everybody's in the team. */
export type Only = string | null;
/** Something of another member, which was left as it was. */
export interface NotYours {
  readonly kind: 'notYours';
  /** Key of the member whose it is. */
  readonly member: string;
}

/** Which runs a change is meant for, and how many whoever asks takes them to be. */
export interface Meaning {
  readonly where: RunFilter | null | undefined;
  readonly expect?: number | null | undefined;
  readonly only?: Only;
}
export interface Meant {
  /** Of the runs that may be changed, in their order, which every writer locks in. */
  readonly ids: readonly string[];
  /** All that match. */
  readonly matched: number;
  /** Of these, other members'. */
  readonly others: number;
}
/** None of the runs that are meant may be changed; here is the first of them. */
export interface NoneYours extends NotYours {
  readonly key: string;
  readonly matched: number;
}
export type NotMeant =
  /** More than MOST_MEANT match; nothing was changed. */
  | { readonly kind: 'tooManyRuns' }
  /** Another number than was expected; nothing was changed. */
  | { readonly kind: 'otherCount'; readonly matched: number }
  | NoneYours;

/** The runs that match and may be changed; or why there is nothing to do. */
export async function meantRuns(
  sql: pg.PoolClient,
  teamId: string,
  { where, expect, only = null }: Meaning,
): Promise<Meant | NotMeant> {
  const values = new Values();
  const condition = compileFilter(where, teamId, values);
  const { rows } = await sql.query<{ id: string; mine: boolean }>({
    text: `/* meantRuns */ SELECT r.id, ${mine('r', values.add(only))} AS mine FROM run r WHERE ${condition} ORDER BY r.id LIMIT ${MOST_MEANT + 1}`,
    values: values.list,
  });
  if (rows.length > MOST_MEANT) return { kind: 'tooManyRuns' };
  if (typeof expect === 'number' && expect !== rows.length)
    return { kind: 'otherCount', matched: rows.length };
  const ids = rows.flatMap((row) => (row.mine ? [row.id] : []));
  const others = rows.length - ids.length;
  if (others === 0 || ids.length > 0) return { ids, matched: rows.length, others };
  const first = await sql.query<{ key: string; member: string }>(
    '/* meantRuns whose */ SELECT r.key, m.key AS member FROM run r JOIN member m ON m.id = r.member_id WHERE r.id = $1',
    [rows[0]!.id],
  );
  return { kind: 'notYours', ...first.rows[0]!, matched: rows.length };
}

/** Whether a run or sweep may be changed; `only` stands for a value. */
export const mine = (table: string, only: string): string =>
  `(${only}::uuid IS NULL OR ${table}.member_id = ${only}::uuid)`;

/** Creating sweeps and own runs, deleting, retrying and locking follow each other in one team. */
export async function lockTeam(sql: pg.PoolClient, teamId: string): Promise<void> {
  await sql.query('/* lockTeam */ SELECT FROM team WHERE id = $1 FOR NO KEY UPDATE', [teamId]);
}
