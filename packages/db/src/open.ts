import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { Listener, Notifier, type Unlisten } from './changes.ts';
import { PrismaClient } from './generated/prisma/client.ts';
import type { MetricIds } from './metric.ts';
import { makePool, type QueryListener } from './pool.ts';
import { connectionProblem, DatabaseProblem, withoutPassword } from './problem.ts';
import type { Acting } from './transaction.ts';
import { buildWall } from './wall.ts';
import { askedAgain } from './within.ts';

/** The oldest PostgreSQL that Smallbatch supports, as server_version_num. */
const OLDEST = 150_000;

export interface OpenOptions {
  url: string;
  /** Act as smallbatch_app, which owns nothing (default); false for administration. */
  applicationRole?: boolean;
  /** Most connections at once (default 16); one more is opened when somebody listens. */
  poolSize?: number;
}

/** Teams whose own client of Prisma is kept; one takes 20 ms to make, and 5 MB. */
const TEAMS_KEPT = 32;

/** The database, as who has the rows of all teams sees it. */
export interface Db {
  readonly url: string;
  /**
   * The same database for one team: row-level security hides the rows of all others, and refuses to write them, whatever a statement
   * asks. For everything that somebody asks for a team. Throws for what is no id.
   */
  ofTeam(teamId: string): Db;
  /** Reads of single things and their relations. Shares the pool. */
  readonly prisma: PrismaClient;
  /** Everything hot: named SQL. */
  readonly pool: pg.Pool;
  /** Calls `handler` with each payload of `channel`; with '' after the connection was lost and made anew. */
  listen(channel: string, handler: (payload: string) => void): Promise<Unlisten>;
  /** Sends a payload soon: equal ones within 100 ms once, outside of any transaction (see changes.ts). */
  notify(channel: string, payload: string): void;
  /**
   * Tells all processes, soon, that runs or sweeps of a team changed ('*': any of them), and whether the log of events grew.
   * What they hear is what `readChange` reads.
   */
  changed(teamId: string, ids: readonly string[] | '*', told: boolean): void;
  /** Who acts in its transactions, where somebody does (see transaction.ts). */
  readonly acting?: Acting;
  /** Ids of a team's metrics that this process has seen. */
  metricIds(teamId: string): MetricIds;
  /** Hears the name of every statement that is sent, Prisma's included; returns how to stop. */
  onQuery(listener: QueryListener): () => void;
  close(): Promise<void>;
}

/** Opens the database and checks that it answers, is new enough and knows the role. Throws a DatabaseProblem otherwise. */
export async function openDb(options: OpenOptions): Promise<Db> {
  const { url, applicationRole = true, poolSize = 16 } = options;
  const listeners = new Set<QueryListener>();
  const pool = makePool(url, applicationRole, poolSize, listeners);
  try {
    await checkServer(pool, url);
    if (applicationRole) await checkRole(pool, url);
  } catch (error) {
    await pool.end();
    throw connectionProblem(error, url);
  }
  const prisma = makePrisma(pool);
  const wall = buildWall(pool);
  // By team, the one that was asked for last at the end. Prisma gathers look-ups of requests that come at once: each team has its own client.
  const teams = new Map<string, Db>();
  const notifier = new Notifier(pool);
  let listener: Listener | undefined;
  let closing: Promise<void> | undefined;
  const metrics = new Map<string, MetricIds>();
  const db: Db = {
    url,
    prisma,
    ofTeam: (teamId) => {
      const known = teams.get(teamId) ?? oneTeam(wall.poolOf(teamId), db);
      teams.delete(teamId);
      teams.set(teamId, known);
      if (teams.size > TEAMS_KEPT) teams.delete(teams.keys().next().value!);
      return known;
    },
    pool,
    listen: (channel, handler) => {
      listener ??= new Listener(url, applicationRole);
      return listener.listen(channel, handler);
    },
    notify: (channel, payload) => notifier.notify(channel, payload),
    changed: (teamId, ids, told) => notifier.changed(teamId, ids, told),
    metricIds: (teamId) => {
      const known = metrics.get(teamId) ?? new Map();
      metrics.set(teamId, known);
      return known;
    },
    onQuery: (heard) => {
      listeners.add(heard);
      return () => void listeners.delete(heard);
    },
    close: () => {
      closing ??= (async () => {
        await notifier.flush();
        await listener?.close();
        await prisma.$disconnect();
        await pool.end();
      })();
      return closing;
    },
  };
  return db;
}

/** Throws unless connections act as smallbatch_app: what stands between may drop what a connection asks for. */
async function checkRole(pool: pg.Pool, url: string): Promise<void> {
  const { rows } = await pool.query<{ role: string }>('/* currentRole */ SELECT current_user AS role');
  if (rows[0]!.role === 'smallbatch_app') return;
  throw new DatabaseProblem(
    'MISSING_ROLE',
    `missing role at ${withoutPassword(url)}: connections act as "${rows[0]!.role}", though they asked for smallbatch_app; name PostgreSQL itself in DATABASE_URL, or a pooler that hands on a connection's options`,
  );
}

function oneTeam(pool: pg.Pool, db: Db): Db {
  let prisma: PrismaClient | undefined;
  return {
    ...db,
    pool,
    get prisma() {
      prisma ??= makePrisma(pool);
      return prisma;
    },
  };
}

const makePrisma = (pool: pg.Pool): PrismaClient =>
  new PrismaClient({
    adapter: new PrismaPg(pool),
    // Nothing that is read for people has a use for it.
    omit: { account: { password: true }, webhook: { secret: true, previousSecret: true } },
  }).$extends({
    query: { $allOperations: ({ args, query }) => askedAgain(() => query(args)) },
  }) as unknown as PrismaClient;

/** Throws unless the server is PostgreSQL 15 or newer. */
export async function checkServer(client: pg.Pool | pg.Client, url: string): Promise<void> {
  const { rows } = await client.query<{ number: number; version: string }>(
    `/* serverVersion */ SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version`,
  );
  const { number, version } = rows[0]!;
  if (number < OLDEST) {
    throw new DatabaseProblem(
      'UNSUPPORTED_SERVER',
      `unsupported PostgreSQL ${version} at ${withoutPassword(url)}: Smallbatch needs 15 or newer`,
    );
  }
}
