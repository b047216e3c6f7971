import { type Meaning, MOST_MEANT, type NotMeant } from './meant.ts';
import { tellMentions } from './mention.ts';
import type { Db } from './open.ts';
import { compileFilter, Values } from './read/filter.ts';
import { transaction } from './transaction.ts';

/** Most tags of one run or sweep; the tables check it too. */
export const MOST_TAGS = 50;
/** Most free parameters beside the configuration of one run. */
export const MOST_INFO = 1000;

export interface TagChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}
export type Tagged =
  | { readonly kind: 'tagged'; readonly matched: number; readonly changed: number }
  /** These would have more tags than one may have; nothing was changed. */
  | { readonly kind: 'tooMany'; readonly keys: readonly string[] }
  | NotMeant;

/** Tags after a change: each once, in the order of their letters. */
const tagsAfter = (add: string, remove: string): string =>
  `ARRAY(SELECT t FROM unnest(x.tags || ${add}::text[]) AS t WHERE t <> ALL (${remove}::text[]) GROUP BY t ORDER BY t COLLATE "C")`;

/**
 * Changes the tags of all things that match, or of none. They are locked in the order of their ids, as every writer does, and
 * what is written is worked out from what was locked, so that two who tag at once lose nothing. One that changes nothing is
 * not written.
 */
async function tag(
  db: Db,
  table: 'run' | 'sweep',
  condition: string,
  { add, remove }: TagChange,
  values: Values,
  expect: number | null = null,
): Promise<Tagged> {
  const next = tagsAfter(values.add(add), values.add(remove));
  const expected = `${values.add(expect)}::int8`;
  const text = `/* tag ${table} */ WITH x AS MATERIALIZED (SELECT r.id, r.key, r.tags FROM ${table} r WHERE ${condition} ORDER BY r.id LIMIT ${MOST_MEANT + 1} FOR NO KEY UPDATE),
      y AS MATERIALIZED (SELECT x.id, x.key, x.tags, ${next} AS next FROM x),
      over AS MATERIALIZED (SELECT key FROM y WHERE cardinality(next) > ${MOST_TAGS} ORDER BY key COLLATE "C" LIMIT 10),
      changed AS (UPDATE ${table} SET tags = y.next FROM y
        WHERE ${table}.id = y.id AND y.next <> y.tags AND NOT EXISTS (SELECT FROM over)
          AND (SELECT count(*) FROM x) <= least(${MOST_MEANT}, ${expected}) AND (SELECT count(*) FROM x) >= coalesce(${expected}, 0) RETURNING 1)
    SELECT (SELECT count(*) FROM x) AS matched, (SELECT count(*) FROM changed) AS changed, ARRAY(SELECT key FROM over) AS keys`;
  const { rows } = await transaction(db, (sql) => sql.query({ text, values: values.list }));
  const { matched, changed, keys } = rows[0];
  if (matched > MOST_MEANT) return { kind: 'tooManyRuns' };
  if (expect !== null && matched !== expect) return { kind: 'otherCount', matched };
  return keys.length > 0 ? { kind: 'tooMany', keys } : { kind: 'tagged', matched, changed };
}

export async function tagRuns(
  db: Db,
  teamId: string,
  { where, expect }: Meaning,
  change: TagChange,
): Promise<Tagged> {
  const values = new Values();
  return tag(db, 'run', compileFilter(where, teamId, values), change, values, expect ?? null);
}

export async function tagSweep(db: Db, teamId: string, key: string, change: TagChange): Promise<Tagged> {
  const values = new Values();
  return tag(db, 'sweep', `r.team_id = ${values.add(teamId)} AND r.key = ${values.add(key)}`, change, values);
}

/** Which of these keys are of no run of the team. */
export async function unknownRuns({ pool }: Db, teamId: string, keys: readonly string[]): Promise<string[]> {
  const { rows } = await pool.query(
    `/* unknownRuns */ SELECT k AS key FROM unnest($2::text[]) AS k
     WHERE NOT EXISTS (SELECT FROM run r WHERE r.team_id = $1 AND r.key = k) ORDER BY k COLLATE "C"`,
    [teamId, keys],
  );
  return rows.map(({ key }) => key);
}

/**
 * Writes a note, or takes it away: → the id of the run or sweep, undefined where there is none. Members whom it names and the one before
 * did not are told of in the log of events.
 */
export async function note(
  db: Db,
  table: 'run' | 'sweep',
  teamId: string,
  key: string,
  text: string | null,
): Promise<string | undefined> {
  const written = await transaction(db, async (sql): Promise<{ id: string; told: number } | undefined> => {
    const { rows } = await sql.query<{ id: string; before: string | null }>(
      `/* note ${table} */ WITH x AS MATERIALIZED (SELECT id, note FROM ${table} WHERE team_id = $1 AND key = $2 FOR NO KEY UPDATE)
       UPDATE ${table} SET note = $3 FROM x WHERE ${table}.id = x.id RETURNING x.id, x.note AS before`,
      [teamId, key, text],
    );
    const [one] = rows;
    if (!one) return undefined;
    return { id: one.id, told: await tellMentions(sql, teamId, table, one.id, one.before, text) };
  });
  if (written && written.told > 0) db.changed(teamId, [], true);
  return written?.id;
}

/**
 * Merges free parameters into those beside a run's configuration; null takes one away. → the run's id and how many it would have
 * (with more than it may have nothing is written), undefined where there is none.
 */
export async function setRunInfo(
  { pool }: Db,
  teamId: string,
  key: string,
  info: Readonly<Record<string, string | number | boolean | null>>,
): Promise<{ id: string; count: number } | undefined> {
  const { rows } = await pool.query(
    `/* setRunInfo */ WITH x AS MATERIALIZED (SELECT id, info FROM run WHERE team_id = $1 AND key = $2 FOR NO KEY UPDATE),
       y AS MATERIALIZED (SELECT id, jsonb_strip_nulls(info || $3::jsonb) AS next FROM x),
       z AS MATERIALIZED (SELECT y.*, (SELECT count(*) FROM jsonb_object_keys(next)) AS count FROM y),
       written AS (UPDATE run SET info = z.next FROM z WHERE run.id = z.id AND z.count <= ${MOST_INFO})
     SELECT id, count FROM z`,
    [teamId, key, JSON.stringify(info)],
  );
  return rows[0];
}

/** Puts tags on a new run, and a note where it has none yet: the same however often it is sent. */
export async function describeRun(
  db: Db,
  teamId: string,
  id: string,
  { tags, note: text }: { readonly tags: readonly string[]; readonly note: string | null },
): Promise<void> {
  if (tags.length === 0 && text === null) return;
  const told = await transaction(db, async (sql) => {
    const { rows } = await sql.query<{ before: string | null; note: string | null }>(
      `/* describeRun */ WITH x AS MATERIALIZED (SELECT id, tags, note FROM run WHERE team_id = $1 AND id = $2 FOR NO KEY UPDATE)
       UPDATE run SET tags = ${tagsAfter('$3', `'{}'`)}, note = coalesce(x.note, $4) FROM x WHERE run.id = x.id RETURNING x.note AS before, run.note`,
      [teamId, id, tags, text],
    );
    const [one] = rows;
    return one ? tellMentions(sql, teamId, 'run', id, one.before, one.note) : 0;
  });
  if (told > 0) db.changed(teamId, [], true);
}
