import type { Sql } from './transaction.ts';

/** `@` and a key, not within a word or an address of e-mail; the dashboard finds them by the same rule. */
const MENTION = /(?<![\p{L}\p{N}_.@-])@([\p{L}\p{N}]+(?:-[\p{L}\p{N}]+)*)(?![\p{L}\p{N}_])/gu;

/** Keys that a note may name: each once, in small letters as keys are. Whether they are of members is not said. */
export const mentionsIn = (note: string | null): string[] => [
  ...new Set([...(note ?? '').matchAll(MENTION)].map(([, key]) => key!.toLowerCase())),
];

/**
 * Tells in the log of events of each member whom a note names and the one before did not: once, however often it is written there. Keys
 * of nobody in the team are plain text. → how many were told of.
 */
export async function tellMentions(
  sql: Sql,
  teamId: string,
  table: 'run' | 'sweep',
  id: string,
  before: string | null,
  after: string | null,
): Promise<number> {
  const known = mentionsIn(before);
  const fresh = mentionsIn(after).filter((key) => !known.includes(key));
  if (fresh.length === 0) return 0;
  const { rowCount } = await sql.query(
    `/* tellMentions */ INSERT INTO event (team_id, kind, member_id, ${table}_id, mentioned_id)
     SELECT $1, 'MENTIONED', acting_member(), $2, m.id FROM member m WHERE m.team_id = $1 AND m.key = ANY ($3) AND m.left_at IS NULL ORDER BY m.key COLLATE "C"`,
    [teamId, id, fresh],
  );
  return rowCount ?? 0;
}
