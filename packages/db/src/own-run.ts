import type { Db } from './open.ts';
import { ANSWERS, type NewRun, RUN_COLUMNS, runArrays, runTypes, slug } from './sweep.ts';
import type { Identity } from './team.ts';
import { again } from './transaction.ts';
import { uuidv7 } from './uuid.ts';
import { registerWorker } from './worker.ts';

/** How often the time of an own worker is brought up to date by the runs that are created with it. */
const SEEN_MS = 10_000;
const REMEMBERED = 10_000;
const seen = new WeakMap<Db, Map<string, { id: string; at: number }>>();

/**
 * The worker that a member's scripts of one name and engine are, made at the first of them: one a run would be as many workers as
 * runs. Remembered in this process, so that a run costs no statement for it.
 */
export async function ownWorker(
  db: Db,
  { teamId, memberId, name, engine }: Identity & { readonly name: string; readonly engine: string },
): Promise<string> {
  const mine = seen.get(db) ?? new Map<string, { id: string; at: number }>();
  seen.set(db, mine);
  const key = JSON.stringify([memberId, name, engine]);
  const known = mine.get(key);
  if (known && Date.now() - known.at < SEEN_MS) return known.id;
  const { rows } = await db.pool.query(
    `/* ownWorker */ UPDATE worker SET last_seen_at = now(), stopped_at = NULL WHERE team_id = $1 AND id = (
       SELECT id FROM worker WHERE member_id = $2 AND name = $3 AND engine = $4 AND trainer_version = 'own' ORDER BY id LIMIT 1) RETURNING id`,
    [teamId, memberId, name, engine],
  );
  const own = { pid: 0, host: 'own script', device: 'own', versions: {}, trainerVersion: 'own' };
  const id: string = rows[0]?.id ?? (await registerWorker(db, { ...own, teamId, memberId, name, engine }));
  if (mine.size > REMEMBERED) mine.clear();
  mine.set(key, { id, at: Date.now() });
  return id;
}

export interface OwnRun extends Identity {
  readonly name: string;
  readonly workerId: string;
  readonly engine: string;
  readonly run: NewRun;
  readonly info: Readonly<Record<string, unknown>>;
  readonly idempotencyKey: string | null;
  readonly duplicate: boolean;
  readonly leaseSeconds: number;
}

/**
 * A run of somebody's own training script: its creator has it at once, and no worker ever claims it (it is held).
 * → the run, and whether it is new; one that was made with the same idempotency key is returned again; `answered` is a run that
 * answers the configuration already.
 *
 * One statement, and so one wait for the disk. Creations go side by side (the team's row is locked in share mode, which keeps
 * out a sweep being created); two of the same key or configuration meet at a unique index, and the later one looks again.
 */
export async function createOwnRun(
  db: Db,
  own: OwnRun,
): Promise<{ id: string; key: string; created: boolean } | { answered: string }> {
  const { teamId, memberId, run, workerId } = own;
  const found = await again(async () => {
    const { rows } = await db.pool.query({
      name: 'createOwnRun',
      text: `/* createOwnRun */ WITH locked AS MATERIALIZED (
         SELECT id FROM team WHERE id = $2 FOR SHARE
       ), before AS MATERIALIZED (
         SELECT id, key, true AS same, false AS lost FROM run WHERE team_id = $2 AND idempotency_key = $9
         UNION ALL
         SELECT id, key, false, status = 'RUNNING' AND held AND sweep_id IS NULL AND lease_expires_at < now() FROM run
         WHERE NOT $10 AND team_id = $2 AND configuration_hash = $11 AND NOT duplicate AND status IN ${ANSWERS}
         ORDER BY same DESC LIMIT 1
       ), made AS (
         INSERT INTO run (${RUN_COLUMNS}, id, team_id, member_id, key, queue_rank, held, status, attempt, worker_id, engine,
           lease_expires_at, started_at, info, idempotency_key, duplicate)
         SELECT n.*, $1::uuid, locked.id, $3::uuid, $4::text || '-' || nextval('own_run_number'), 0, true, 'RUNNING', 1, $5::uuid, $6::text,
           now() + make_interval(secs => $7), now(), $8::jsonb, $9::text, $10::bool AND EXISTS (
           SELECT FROM run r WHERE r.team_id = $2 AND r.configuration_hash = n.configuration_hash AND NOT r.duplicate AND r.status IN ${ANSWERS})
         FROM locked, unnest(${runTypes(12)}) AS n (${RUN_COLUMNS}) WHERE NOT EXISTS (SELECT FROM before)
         RETURNING id, key
       ), noted AS (
         INSERT INTO attempt (run_id, number, team_id, worker_id, engine, device, versions, runs_side_by_side, slot)
         SELECT id, 1, $2, $5, $6, 'own', '{}', 1, 0 FROM made
       )
       SELECT id, key, true AS created, false AS same, false AS lost FROM made UNION ALL SELECT id, key, false, same, lost FROM before`,
      values: [
        uuidv7(),
        teamId,
        memberId,
        slug(own.name),
        workerId,
        own.engine,
        own.leaseSeconds,
        JSON.stringify(own.info),
        own.idempotencyKey,
        own.duplicate,
        run.configurationHash,
        ...runArrays([run]),
      ],
    });
    return rows[0];
  });
  if (found.created) db.changed(own.teamId, [found.id], true);
  if (found.created || found.same) return { id: found.id, key: found.key, created: found.created };
  if (!found.lost) return { answered: found.id };
  await giveUp(db, found.id);
  return createOwnRun(db, own);
}

/** Nobody but its script could go on with an own run; when that was lost, the run gives its place to the new one. */
async function giveUp({ pool }: Db, runId: string): Promise<void> {
  await pool.query(
    `/* createOwnRun lost */ WITH gone AS (
       UPDATE run SET status = 'FAILED', ended_at = now(), lease_expires_at = NULL, reason = 'its script was lost'
       WHERE id = $1 AND status = 'RUNNING' AND held AND sweep_id IS NULL AND lease_expires_at < now() RETURNING id, attempt
     )
     UPDATE attempt SET ended_at = now(), "end" = 'LOST', reason = 'its lease expired' FROM gone
     WHERE attempt.run_id = gone.id AND attempt.number = gone.attempt`,
    [runId],
  );
}
