import type pg from 'pg';
import { TRASH_HOURS } from './delete.ts';
import { lockTeam, type NotYours, type Only } from './meant.ts';
import type { Db } from './open.ts';
import { ANSWERS, RUN_COLUMNS } from './sweep.ts';
import { transaction } from './transaction.ts';

/** Why a deleted run does not come back: the run that took its place was trained, or another answers its configuration by now. */
export type NotRestored = { readonly key: string; readonly why: 'RETRAINED' | 'ANSWERED' };
export type Restored =
  | {
      readonly kind: 'restored';
      readonly runs: number;
      readonly notRestored: readonly NotRestored[];
      /** Left where they were: other members'. */
      readonly others: number;
    }
  /** All of its runs are other members', the first of them of this one. */
  | NotYours
  /** There is no such deletion, or its day is over. */
  | { readonly kind: 'unknown' };

interface Kept {
  readonly id: string;
  readonly key: string;
  /** The run that has its key now. */
  readonly current: string | null;
  readonly why: NotRestored['why'] | null;
  readonly memberId: string;
}

/**
 * Brings the runs of a deletion back as they were, into their places in sweeps: all of them but those of others than `only`, and those whose place is taken by a result.
 * What does not come back stays, until its day is over.
 */
export async function restoreRuns(db: Db, teamId: string, key: string, only: Only = null): Promise<Restored> {
  const restored = await transaction(db, async (sql): Promise<Restored> => {
    await lockTeam(sql, teamId);
    const found = await sql.query<{ id: string }>(
      '/* restoreRuns deletion */ SELECT id FROM deletion WHERE team_id = $1 AND key = $2 FOR UPDATE',
      [teamId, key],
    );
    const deletion = found.rows[0]?.id;
    if (!deletion) return { kind: 'unknown' };
    const all = await look(sql, deletion);
    if (all.length === 0) return { kind: 'unknown' };
    const kept = all.filter(({ memberId }) => only === null || memberId === only);
    if (kept.length === 0) return { kind: 'notYours', member: await keyOf(sql, all[0]!.memberId) };
    const back = kept.filter(({ why }) => why === null);
    if (back.length > 0) await bring(sql, teamId, deletion, back);
    await sql.query(
      '/* restoreRuns done */ DELETE FROM deletion WHERE id = $1 AND NOT EXISTS (SELECT FROM deleted_run WHERE deletion_id = $1)',
      [deletion],
    );
    const notRestored = kept.flatMap(({ key: of, why }) => (why ? [{ key: of, why }] : []));
    return { kind: 'restored', runs: back.length, notRestored, others: all.length - kept.length };
  });
  if (restored.kind === 'restored' && restored.runs > 0) db.changed(teamId, '*', true);
  return restored;
}

async function keyOf(sql: pg.PoolClient, memberId: string): Promise<string> {
  const { rows } = await sql.query('/* restoreRuns whose */ SELECT key FROM member WHERE id = $1', [
    memberId,
  ]);
  return rows[0].key;
}

/** What there is of a deletion, and what stands in its way. Locked first, so that the purger is not at it when the clock is asked. */
async function look(sql: pg.PoolClient, deletion: string): Promise<Kept[]> {
  await sql.query(
    '/* restoreRuns lock */ SELECT FROM deleted_run WHERE deletion_id = $1 ORDER BY run_id FOR UPDATE',
    [deletion],
  );
  await sql.query(
    `/* restoreRuns places */ SELECT FROM run WHERE EXISTS (
       SELECT FROM deleted_run d WHERE d.deletion_id = $1 AND d.team_id = run.team_id AND d.key = run.key) ORDER BY id FOR UPDATE`,
    [deletion],
  );
  const { rows } = await sql.query<Kept>(
    `/* restoreRuns look */ SELECT d.run_id AS id, d.key, old.member_id AS "memberId", now.id AS current, CASE
         WHEN now.id IS NOT NULL AND (now.attempt > 0 OR now.status NOT IN ('CANCELLED', 'WAITING')) THEN 'RETRAINED'
         WHEN EXISTS (SELECT FROM run r WHERE r.team_id = d.team_id AND r.id IS DISTINCT FROM now.id AND (
           (NOT old.duplicate AND old.status IN ${ANSWERS} AND r.configuration_hash = old.configuration_hash AND NOT r.duplicate AND r.status IN ${ANSWERS})
           OR r.idempotency_key = old.idempotency_key)) THEN 'ANSWERED' END AS why
     FROM deleted_run d CROSS JOIN LATERAL json_populate_record(NULL::run, d.run) AS old LEFT JOIN run now ON now.team_id = d.team_id AND now.key = d.key
     WHERE d.deletion_id = $1 AND d.deleted_at > clock_timestamp() - make_interval(hours => $2) ORDER BY d.key COLLATE "C"`,
    [deletion, TRASH_HOURS],
  );
  return rows;
}

/** Tables whose rows are kept beside a run, and the columns that they are kept in. */
const KEPT = { run_metric: 'metrics', attempt: 'attempts', rung: 'rungs' } as const;

async function bring(
  sql: pg.PoolClient,
  teamId: string,
  deletion: string,
  back: readonly Kept[],
): Promise<void> {
  const ids = back.map(({ id }) => id);
  const replaced = back.filter(({ current }) => current !== null);
  const empty = replaced.map(({ current }) => current);
  // They give up their keys, and their places among the runs that answer their configurations.
  await sql.query(
    '/* restoreRuns rename */ UPDATE run SET key = id::text, duplicate = true WHERE id = ANY ($1)',
    [empty],
  );
  // A setting that went with its last run keeps its number.
  await sql.query(
    `/* restoreRuns settings */ INSERT INTO setting (id, team_id, hash, ${SETTING_COLUMNS}) OVERRIDING SYSTEM VALUE
     SELECT DISTINCT ON (r.setting_id) r.setting_id, r.team_id, r.setting_hash, ${SETTING_COLUMNS}
     FROM deleted_run d CROSS JOIN LATERAL json_populate_record(NULL::run, d.run) AS r WHERE d.run_id = ANY ($1) ORDER BY r.setting_id
     ON CONFLICT DO NOTHING`,
    [ids],
  );
  const insert = async (table: string, rows: string, first: string) => {
    // A column that came since the deletion has its default.
    const { rows: known } = await sql.query<{ columns: string | null }>(
      `/* restoreRuns columns */ SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns FROM pg_attribute
       WHERE attrelid = $2::regclass AND attnum > 0 AND NOT attisdropped AND attname IN (
         SELECT json_object_keys(row) FROM (SELECT ${first} AS row FROM deleted_run d WHERE run_id = ANY ($1) AND ${first} IS NOT NULL LIMIT 1) AS one)`,
      [ids, table],
    );
    const columns = known[0]?.columns;
    if (columns)
      await sql.query(
        `/* restoreRuns ${table} */ INSERT INTO ${table} (${columns}) SELECT ${columns.replaceAll(/"?\w+"?/g, 'x.$&')} FROM deleted_run d CROSS JOIN LATERAL ${rows} AS x
         WHERE d.run_id = ANY ($1)`,
        [ids],
      );
  };
  await insert('run', 'json_populate_record(NULL::run, d.run)', 'd.run');
  for (const [table, column] of Object.entries(KEPT))
    await insert(table, `json_populate_recordset(NULL::${table}, d.${column})`, `d.${column} -> 0`);
  await sql.query(
    `/* restoreRuns cells */ UPDATE cell SET run_id = n.id FROM unnest($1::uuid[], $2::uuid[]) AS n (empty, id) WHERE cell.run_id = n.empty`,
    [empty, replaced.map(({ id }) => id)],
  );
  await sql.query('/* restoreRuns empty */ DELETE FROM run WHERE id = ANY ($1)', [empty]);
  // Its sweeps may have been paused, resumed or cancelled meanwhile.
  await sql.query(
    `/* restoreRuns hold */ UPDATE run SET held = NOT x.open FROM (
       SELECT c.run_id, bool_or(s.intent = 'OPEN') AS open FROM cell c JOIN sweep s ON s.id = c.sweep_id WHERE c.run_id = ANY ($1) GROUP BY c.run_id) AS x
     WHERE run.id = x.run_id AND run.status = 'WAITING' AND run.held = x.open`,
    [ids],
  );
  await sql.query('/* restoreRuns forget */ DELETE FROM deleted_run WHERE run_id = ANY ($1)', [ids]);
  await sql.query(
    `/* restoreRuns told */ INSERT INTO event (team_id, kind, member_id, detail)
     SELECT $1, 'RUNS_RESTORED', acting_member(), jsonb_build_object('runs', $3::int, 'deletion', key) FROM deletion WHERE id = $2`,
    [teamId, deletion, ids.length],
  );
}

const OF_RUN = [
  'seed',
  'configuration_hash',
  'setting_hash',
  'bundle_key',
  'shape_key',
  'memory_bytes',
  'measures',
  'planned_steps',
];
const SETTING_COLUMNS = RUN_COLUMNS.split(', ')
  .filter((column) => !OF_RUN.includes(column))
  .join(', ');
