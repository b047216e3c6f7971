import type { EventKind, RunStatus } from '../generated/prisma/enums.ts';
import type { Db } from '../open.ts';
import { RUN_MARK } from './points-since.ts';

/**
 * What a reader has seen: a snapshot of PostgreSQL, as text. A transaction that was open then, or began later, is new to the
 * reader whenever it commits; so nothing is lost and nothing comes twice, in whatever order transactions commit, and no reader
 * waits for a long one.
 */
export type Snapshot = string;

/** Events of transactions that $n does not contain; those before its oldest open one are not even read. */
export const newTo = (seen: string): string =>
  `e.xid >= pg_snapshot_xmin(${seen}::pg_snapshot) AND NOT pg_visible_in_snapshot(e.xid, ${seen}::pg_snapshot)`;

/** Now, and whether `seen` can be of this server: its transactions must have been given out. */
export const nowBeside = (seen: string): string =>
  `(SELECT pg_current_snapshot()::text AS snapshot, coalesce(pg_snapshot_xmax(pg_current_snapshot()) >= pg_snapshot_xmax(${seen}::pg_snapshot), true) AS known) AS now`;

export interface EventRow {
  readonly id: number;
  readonly xid: string;
  readonly at: Date;
  readonly kind: EventKind;
  readonly member: string | null;
  readonly sweep: string | null;
  readonly run: string | null;
  readonly worker: string | null;
  readonly mentioned: string | null;
  readonly detail: Readonly<Record<string, string | number | boolean>>;
}

/** Who and what, in words for people. */
const COLUMNS = `e.id, e.xid::text AS xid, e.at, e.kind::text AS kind, m.key AS member, s.key AS sweep, r.key AS run, w.name AS worker, n.key AS mentioned, e.detail`;
const NAMES = `LEFT JOIN member m ON m.id = e.member_id LEFT JOIN sweep s ON s.id = e.sweep_id LEFT JOIN run r ON r.id = e.run_id
  LEFT JOIN worker w ON w.id = e.worker_id LEFT JOIN member n ON n.id = e.mentioned_id`;

/** The member of team $1 with a key; of an unknown one nothing is found. */
const ofKey = (key: string): string => `(SELECT o.id FROM member o WHERE o.team_id = $1 AND o.key = ${key})`;

/** Where the reading of a long list of new events has come to: all that `upTo` contains, up to this one. */
export interface Midway {
  readonly upTo: Snapshot;
  readonly xid: string;
  readonly id: number;
}

export interface NewEvents {
  readonly events: EventRow[];
  /** What is seen with them, where the list is not longer. */
  readonly snapshot: Snapshot;
  readonly more: boolean;
  /** False: `seen` is of another database. */
  readonly known: boolean;
}

/** Events of a team that are new to a reader, a transaction's together, at most `most`. */
export async function eventsSince(
  db: Db,
  query: {
    readonly teamId: string;
    readonly kinds: readonly EventKind[] | null;
    readonly seen: Snapshot;
    readonly midway: Midway | null;
    readonly most: number;
  },
): Promise<NewEvents> {
  const { teamId, kinds, seen, midway, most } = query;
  const { rows } = await db.pool.query<EventRow & { snapshot: string; known: boolean }>(
    `/* eventsSince */ WITH fresh AS (
       SELECT e.* FROM event e WHERE e.team_id = $1 AND ${newTo('$2')} AND ($3::pg_snapshot IS NULL OR pg_visible_in_snapshot(e.xid, $3))
         AND ($4::xid8 IS NULL OR (e.xid, e.id) > ($4, $5::int8)) AND ($6::"EventKind"[] IS NULL OR e.kind = ANY ($6))
       ORDER BY e.xid, e.id LIMIT $7
     )
     SELECT now.snapshot, now.known, f.* FROM ${nowBeside('$2')} LEFT JOIN (SELECT e.xid AS place, ${COLUMNS} FROM fresh AS e ${NAMES}) AS f ON true
     ORDER BY f.place, f.id`,
    [teamId, seen, midway?.upTo ?? null, midway?.xid ?? null, midway?.id ?? null, kinds, most + 1],
  );
  const { snapshot, known } = rows[0]!;
  const events = rows.filter(({ id }) => id !== null);
  return {
    events: events.slice(0, most),
    snapshot: midway?.upTo ?? snapshot,
    more: events.length > most,
    known,
  };
}

/** A page of a team's events, the newest first (backwards: the oldest first), and what is seen with it. */
export async function eventPage(
  db: Db,
  query: {
    readonly teamId: string;
    readonly kinds: readonly EventKind[] | null;
    /** Key of the member who did it, or whose run or worker it is. */
    readonly member?: string | null;
    /** Key of the member who was named in a note. */
    readonly mentioned?: string | null;
    readonly count: number;
    readonly backwards: boolean;
    readonly from: readonly [xid: string, id: string] | null;
  },
): Promise<{ rows: EventRow[]; snapshot: Snapshot }> {
  const { teamId, kinds, member = null, mentioned = null, count, backwards, from } = query;
  const [beyond, order] = backwards ? ['>', 'ASC'] : ['<', 'DESC'];
  const { rows } = await db.pool.query<EventRow & { snapshot: string }>(
    `/* eventPage */ WITH page AS (
       SELECT e.* FROM event e WHERE e.team_id = $1 AND ($2::"EventKind"[] IS NULL OR e.kind = ANY ($2))
         AND ($4::text IS NULL OR e.member_id = ${ofKey('$4')}) ${mentioned === null ? 'AND $5::text IS NULL' : `AND e.mentioned_id = ${ofKey('$5')}`}
         ${from ? `AND (e.xid, e.id) ${beyond} ($6::xid8, $7::int8)` : ''} ORDER BY e.xid ${order}, e.id ${order} LIMIT $3
     )
     SELECT now.snapshot, p.* FROM (SELECT pg_current_snapshot()::text AS snapshot) AS now
     LEFT JOIN (SELECT e.xid AS place, ${COLUMNS} FROM page AS e ${NAMES}) AS p ON true ORDER BY p.place ${order}, p.id ${order}`,
    [teamId, kinds, count + 1, member, mentioned, ...(from ?? [])],
  );
  return { snapshot: rows[0]!.snapshot, rows: rows.filter(({ id }) => id !== null) };
}

/** Cells of a sweep as columns of one length, in the order of their positions. */
export interface CellColumns {
  readonly positions: number[];
  readonly runs: string[];
  readonly statuses: RunStatus[];
  readonly diverged: boolean[];
  readonly attempts: number[];
  readonly workers: (string | null)[];
}

interface CellRow {
  snapshot: string;
  known: boolean;
  position: number | null;
  key: string;
  status: RunStatus;
  diverged: boolean;
  attempt: number;
  worker: string | null;
}

/** The cells of a sweep whose runs changed since `seen`, as they are now; all of them without it. */
export async function cellsSince(
  db: Db,
  query: { readonly teamId: string; readonly sweepId: string; readonly seen: Snapshot | null },
): Promise<{ cells: CellColumns; snapshot: Snapshot; known: boolean }> {
  const { teamId, sweepId, seen } = query;
  const state = 'c.position, r.key, r.status::text AS status, r.diverged, r.attempt, w.name AS worker';
  const run = 'JOIN run r ON r.id = c.run_id LEFT JOIN worker w ON w.id = r.worker_id';
  const { rows } = seen
    ? await db.pool.query<CellRow>(
        `/* cellsSince */ WITH told AS (SELECT DISTINCT e.run_id FROM event e WHERE e.team_id = $1 AND ${newTo('$3')} AND e.run_id IS NOT NULL),
         grown AS (SELECT min((e.detail ->> 'first')::int) AS first FROM event e WHERE e.team_id = $1 AND ${newTo('$3')} AND e.sweep_id = $2 AND e.kind = 'SEEDS_ADDED'),
         moved AS (SELECT c.* FROM told JOIN cell c ON c.run_id = told.run_id AND c.sweep_id = $2
           UNION SELECT c.* FROM grown JOIN cell c ON c.sweep_id = $2 AND c.position >= grown.first),
         changed AS (SELECT ${state} FROM moved c ${run})
         SELECT now.*, changed.* FROM ${nowBeside('$3')} LEFT JOIN changed ON true ORDER BY changed.position`,
        [teamId, sweepId, seen],
      )
    : await db.pool.query<CellRow>(
        `/* allCells */ SELECT now.*, all_cells.* FROM ${nowBeside('NULL')}
         LEFT JOIN (SELECT ${state} FROM cell c ${run} WHERE c.team_id = $1 AND c.sweep_id = $2) AS all_cells ON true ORDER BY all_cells.position`,
        [teamId, sweepId],
      );
  const { snapshot, known } = rows[0]!;
  const found = rows.filter(({ position }) => position !== null);
  const cells = {
    positions: found.map(({ position }) => position!),
    runs: found.map(({ key }) => key),
    statuses: found.map(({ status }) => status),
    diverged: found.map(({ diverged }) => diverged),
    attempts: found.map(({ attempt }) => attempt),
    workers: found.map(({ worker }) => worker),
  };
  return { cells, snapshot, known };
}

/** What is seen at this moment. */
export async function snapshotNow(db: Db): Promise<Snapshot> {
  const { rows } = await db.pool.query('/* snapshotNow */ SELECT pg_current_snapshot()::text AS snapshot');
  return rows[0].snapshot;
}

/** The runs that answer the cells of a sweep. */
export async function runsOfSweep(db: Db, sweepId: string): Promise<string[]> {
  const { rows } = await db.pool.query('/* runsOfSweep */ SELECT run_id FROM cell WHERE sweep_id = $1', [
    sweepId,
  ]);
  return rows.map(({ run_id }) => run_id);
}

/**
 * A mark of each of these teams and runs, which differs when something happened there: the newest event of a team, and where a
 * run stands.
 */
export async function marksOf(
  db: Db,
  teamIds: readonly string[],
  runIds: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await db.pool.query<{ id: string; mark: string | null }>(
    `/* marksOf */ SELECT t.id, (SELECT e.xid::text || ':' || e.id FROM event e WHERE e.team_id = t.id ORDER BY e.xid DESC, e.id DESC LIMIT 1) AS mark
       FROM unnest($1::uuid[]) AS t (id)
     UNION ALL SELECT id, ${RUN_MARK} FROM run WHERE id = ANY ($2)`,
    [teamIds, runIds],
  );
  return new Map(rows.map(({ id, mark }) => [id, mark ?? '']));
}
