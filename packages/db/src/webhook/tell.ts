import type { RunStatus, WebhookKind } from '../generated/prisma/enums.ts';
import type { Db } from '../open.ts';
import { newTo } from '../read/events.ts';
import { type SweepState, sweepStates } from '../read/sweep-state.ts';
import { type Sql, transaction } from '../transaction.ts';
import { uuidv7 } from '../uuid.ts';

/** What a metric is told of, where a sweep's runs have it. */
const BEST_METRIC = 'test_accuracy';

/** Facts of a sweep that a webhook is told. */
export interface SweepFacts {
  readonly key: string;
  readonly name: string;
  readonly member: string;
  readonly state: SweepState;
  /** The best run by test accuracy (median of the last five), of those that are done and did not diverge. */
  readonly best: { readonly metric: string; readonly value: number; readonly run: string } | null;
}
export interface MentionFacts {
  readonly member: string;
  readonly by: string | null;
  readonly run: string | null;
  readonly sweep: string | null;
  readonly note: string;
}

/** Something that webhooks are told of once. */
export interface Happening {
  /** A name of its own, the same whoever finds it. */
  readonly key: string;
  /** A webhook is told of the first of these that it listens to. */
  readonly kinds: readonly WebhookKind[];
  readonly at: Date;
  readonly told: {
    readonly sweep?: SweepFacts;
    readonly mention?: MentionFacts;
    readonly worker?: { readonly name: string; readonly host: string; readonly member: string };
    /** How many runs wait, and since when. */
    readonly runs?: number;
    readonly since?: Date;
    /** In words, and what to do. */
    readonly message?: string;
  };
}
/** What one delivery says. */
export interface Telling {
  readonly id: string;
  /** Null: a test. */
  readonly kind: WebhookKind | null;
  readonly team: { readonly key: string; readonly name: string };
  readonly happening: Happening;
}

interface Listener {
  readonly id: string;
  readonly teamId: string;
  readonly team: Telling['team'];
  readonly kind: WebhookKind | null;
}

/** → the delivery's id; undefined: this webhook knows of it. */
export async function writeDelivery(
  sql: Sql,
  { id: webhookId, teamId, team, kind }: Listener,
  happening: Happening,
  bodyOf: (telling: Telling) => string,
): Promise<string | undefined> {
  const id = uuidv7();
  const { rowCount } = await sql.query(
    `/* deliver write */ INSERT INTO webhook_delivery (id, team_id, webhook_id, happening, kind, body) VALUES ($1, $2, $3, $4, $5::"WebhookKind", $6)
     ON CONFLICT ON CONSTRAINT webhook_delivery_once DO NOTHING`,
    [id, teamId, webhookId, happening.key, kind, bodyOf({ id, kind, team, happening })],
  );
  return rowCount === 1 ? id : undefined;
}

/** Writes down what the team's webhooks are to be told: each of each happening that it listens to, once. */
export async function tellWebhooks(
  sql: Sql,
  teamId: string,
  happenings: readonly Happening[],
  bodyOf: (telling: Telling) => string,
): Promise<void> {
  if (happenings.length === 0) return;
  const { rows } = await sql.query<{ id: string; kinds: WebhookKind[]; since: Date; team: Telling['team'] }>(
    `/* deliver listeners */ SELECT w.id, w.kinds::text[] AS kinds, w.since, json_build_object('key', t.key, 'name', t.name) AS team
     FROM webhook w JOIN team t ON t.id = w.team_id WHERE w.team_id = $1 AND w.active ORDER BY w.created_at FOR KEY SHARE OF w`,
    [teamId],
  );
  for (const happening of happenings)
    for (const { id, kinds, since, team } of rows) {
      const kind = happening.kinds.find((one) => kinds.includes(one));
      if (kind && happening.at >= since)
        await writeDelivery(sql, { id, teamId, team, kind }, happening, bodyOf);
    }
}

/**
 * Reads what is new in the log of events of every team with webhooks, and writes down what they are to be told of it, in one transaction a
 * team: whichever process does it, however many do, and wherever one dies, nothing is lost and nothing comes twice. A team that another
 * process reads just now is left to it.
 */
export async function readEvents(db: Db, bodyOf: (telling: Telling) => string): Promise<void> {
  const { rows: teams } = await db.pool.query<{ team_id: string }>(
    `/* deliver teams */ SELECT r.team_id FROM webhook_reader r WHERE EXISTS (SELECT FROM event e WHERE e.team_id = r.team_id AND ${newTo('r.seen')})
       OR pg_snapshot_xmax(r.seen::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot())`,
  );
  for (const { team_id: teamId } of teams)
    await transaction(db, async (sql) => {
      const reader = await sql.query<{ seen: string }>(
        '/* deliver reader */ SELECT seen FROM webhook_reader WHERE team_id = $1 FOR UPDATE SKIP LOCKED',
        [teamId],
      );
      if (!reader.rows[0]) return;
      const { rows } = await sql.query<NewRow>(NEW, [teamId, reader.rows[0].seen]);
      // A snapshot of another server (a restored backup) says nothing here: what happens from now on is told.
      await sql.query('/* deliver seen */ UPDATE webhook_reader SET seen = $2 WHERE team_id = $1', [
        teamId,
        rows[0]!.snapshot,
      ]);
      await tellWebhooks(sql, teamId, await happened(sql, rows), bodyOf);
    });
}

interface NewRow {
  readonly snapshot: string;
  readonly at: Date | null;
  /** Of a sweep whose runs have all ended now. */
  readonly sweepId: string | null;
  readonly endedAt: Date | null;
  /** Of a mention. */
  readonly eventId: string | null;
  readonly mention: MentionFacts | null;
}

const ENDED: readonly RunStatus[] = ['DONE', 'PRUNED', 'FAILED', 'CANCELLED'];
const ENDS = [...ENDED.map((status) => `'RUN_${status}'`), `'SWEEP_CREATED'`].join(', ');
/** A sweep ends with the run that ends last, which is new then; one that finds all its runs there ends as it is made. */
const NEW = `/* deliver new */ WITH fresh AS MATERIALIZED (
    SELECT e.id, e.at, e.kind, e.member_id, e.run_id, e.sweep_id, e.mentioned_id FROM event e
    WHERE e.team_id = $1 AND ${newTo('$2')} AND e.kind IN (${ENDS}, 'MENTIONED')
  ), touched AS MATERIALIZED (
    SELECT x.sweep_id, max(x.at) AS at FROM (
      SELECT c.sweep_id, f.at FROM fresh f JOIN cell c ON c.run_id = f.run_id WHERE f.kind <> 'MENTIONED'
      UNION ALL SELECT f.sweep_id, f.at FROM fresh f WHERE f.kind = 'SWEEP_CREATED') x GROUP BY x.sweep_id
  ), ended AS MATERIALIZED (
    SELECT t.* FROM touched t WHERE NOT EXISTS (SELECT FROM cell c JOIN run r ON r.id = c.run_id WHERE c.sweep_id = t.sweep_id AND r.status IN ('WAITING', 'RUNNING'))
  ), told AS (
    SELECT e.at, e.sweep_id AS "sweepId", (SELECT max(r.ended_at) FROM cell c JOIN run r ON r.id = c.run_id WHERE c.sweep_id = e.sweep_id) AS "endedAt",
      NULL::text AS "eventId", NULL::json AS mention FROM ended e
    UNION ALL
    SELECT f.at, NULL, NULL, f.id::text, json_build_object('member', n.key, 'by', m.key, 'run', r.key, 'sweep', s.key, 'note', coalesce(r.note, s.note, ''))
    FROM fresh f JOIN member n ON n.id = f.mentioned_id LEFT JOIN member m ON m.id = f.member_id LEFT JOIN run r ON r.id = f.run_id LEFT JOIN sweep s ON s.id = f.sweep_id
    WHERE f.kind = 'MENTIONED'
  )
  SELECT now.snapshot, told.* FROM (SELECT pg_current_snapshot()::text AS snapshot) AS now LEFT JOIN told ON true ORDER BY told.at`;

async function happened(sql: Sql, rows: readonly NewRow[]): Promise<Happening[]> {
  const facts = await sweepFacts(
    sql,
    rows.flatMap(({ sweepId }) => sweepId ?? []),
  );
  return rows.flatMap(({ at, sweepId, endedAt, eventId, mention }): Happening[] => {
    if (!at) return [];
    if (mention) return [{ key: `mention ${eventId}`, kinds: ['MENTIONED'], at, told: { mention } }];
    const sweep = facts.get(sweepId!);
    if (!sweep) return [];
    const kinds =
      sweep.state.failed > 0 ? (['SWEEP_FAILED', 'SWEEP_ENDED'] as const) : (['SWEEP_ENDED'] as const);
    return [{ key: `ended ${sweepId} ${endedAt?.toISOString() ?? ''}`, kinds, at, told: { sweep } }];
  });
}

/** What webhooks are told of sweeps, by their ids. */
export async function sweepFacts(sql: Sql, ids: readonly string[]): Promise<Map<string, SweepFacts>> {
  if (ids.length === 0) return new Map();
  const states = new Map((await sweepStates({ pool: sql }, ids)).map((state) => [state.sweepId, state]));
  const { rows } = await sql.query<Omit<SweepFacts, 'state'> & { id: string }>(
    `/* deliver sweeps */ SELECT s.id, s.key, s.name, m.key AS member, (
       SELECT json_build_object('metric', k.name, 'value', x.median_last_5, 'run', r.key)
       FROM metric k JOIN run_metric x ON x.metric_id = k.id JOIN run r ON r.id = x.run_id JOIN cell c ON c.run_id = r.id AND c.sweep_id = s.id
       WHERE k.team_id = s.team_id AND k.name = '${BEST_METRIC}' AND x.counted AND x.median_last_5 < 'Infinity'
       ORDER BY x.median_last_5 DESC, r.key COLLATE "C" LIMIT 1) AS best
     FROM sweep s JOIN member m ON m.id = s.member_id WHERE s.id = ANY ($1)`,
    [ids],
  );
  return new Map(
    rows.flatMap(({ id, ...facts }) => {
      const state = states.get(id);
      return state ? [[id, { ...facts, state }] as const] : [];
    }),
  );
}

/** Teams with webhooks at which nobody looked for so long: this process does now. */
export async function claimLooks({ pool }: Db, seconds: number): Promise<string[]> {
  const { rows } = await pool.query<{ team_id: string }>(
    `/* deliver looks */ UPDATE webhook_reader SET looked_at = now() WHERE team_id IN (
       SELECT team_id FROM webhook_reader WHERE looked_at <= now() - make_interval(secs => $1) FOR UPDATE SKIP LOCKED) RETURNING team_id`,
    [seconds],
  );
  return rows.map(({ team_id }) => team_id);
}
