import { EventEmitter } from 'node:events';
import type pg from 'pg';

/** As whom a connection's statements run: for one team, as the role that row-level security binds to it, or for all. */
const EVERY_TEAM = '';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type Done = (done?: Error | boolean) => void;
type Callback = (error: Error | undefined, client: pg.PoolClient | undefined, release: Done) => void;
type Connect = (callback: Callback) => void;

export interface Wall {
  /** The pool as statements of one team see it: whatever they ask, they find and change this team's rows alone. */
  poolOf(teamId: string): pg.Pool;
}

/**
 * Whoever takes a connection from `pool` has the rows of all teams; whoever takes it from `poolOf` those of one. They share the
 * connections: one that served another team before is told first, which is one statement without a table. If that fails, the
 * connection is closed.
 */
export function buildWall(pool: pg.Pool): Wall {
  const connect = pool.connect.bind(pool) as unknown as Connect;
  const served = new WeakMap<pg.PoolClient, string>();
  pool.connect = connectAs(EVERY_TEAM) as typeof pool.connect;
  return {
    poolOf(teamId) {
      if (!UUID.test(teamId)) throw new TypeError(`invalid team id "${teamId}"`);
      const own = Object.create(pool) as pg.Pool;
      // Its listeners are its own: each Prisma client adds one.
      EventEmitter.call(own as never);
      own.connect = connectAs(teamId) as typeof pool.connect;
      return own;
    },
  };

  function connectAs(team: string) {
    const taken: Connect = (callback) =>
      connect((error, client, release) => {
        if (error || !client) return callback(error, client, release);
        const before = served.get(client) ?? EVERY_TEAM;
        if (before === team) return callback(undefined, client, release);
        client.query(turn(before, team)).then(
          () => {
            served.set(client, team);
            callback(undefined, client, release);
          },
          (failed: Error) => {
            release(failed);
            callback(failed, undefined, () => {});
          },
        );
      });
    return (callback?: Callback): unknown =>
      callback
        ? taken(callback)
        : new Promise((resolve, reject) =>
            taken((error, client) => (error || !client ? reject(error) : resolve(client))),
          );
  }
}

function turn(from: string, to: string): string {
  if (to === EVERY_TEAM) return 'RESET ROLE';
  const team = `SET smallbatch.team = '${to}'`;
  return from === EVERY_TEAM ? `SET ROLE smallbatch_team; ${team}` : team;
}

/** Operators that hot statements compare with, and that PostgreSQL does not say tell nothing (the migration 20261201000000_walls says why). */
const QUIET = [
  'enum_eq(anyenum, anyenum)',
  'enum_ne(anyenum, anyenum)',
  'arraycontains(anyarray, anyarray)',
  'arrayoverlap(anyarray, anyarray)',
];

/** Statements that a superuser has to run in this database so that conditions are answered by indexes behind the wall; none where all is well. */
export async function missingForSpeed(pool: Pick<pg.Pool, 'query'>): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `/* missingForSpeed */ SELECT f AS name FROM unnest($1::text[]) AS f JOIN pg_proc p ON p.oid = ('pg_catalog.' || f)::regprocedure
     WHERE NOT p.proleakproof ORDER BY 1`,
    [QUIET],
  );
  return rows.map(({ name }) => `ALTER FUNCTION pg_catalog.${name} LEAKPROOF;`);
}
