import pg from 'pg';
import { DatabaseProblem, withoutPassword } from './problem.ts';
import { keepContext, stoppable } from './within.ts';

/**
 * Told of every statement that goes over a connection, Prisma's included. `name` is its leading comment, or its first word. A function
 * that it answers hears when the statement has ended, with its error where it has one; of what is read in parts, when it begins.
 */
export type QueryListener = (name: string, sql: string, values: readonly unknown[]) => unknown;
type OnEnd = (error?: unknown) => void;

const INT8 = 20;
const INT8_ARRAY = 1016;

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`unsupported whole number ${text}: over 2^53 - 1`);
  return value;
}

/** bigint as number: all of ours (steps, samples, seeds, counts) are under 2^53. */
const types = new pg.TypeOverrides();
types.setTypeParser(INT8, wholeNumber);
const parseArray = pg.types.getTypeParser(INT8_ARRAY as never) as (text: string) => (string | null)[];
types.setTypeParser(
  INT8_ARRAY as never,
  ((text: string) => parseArray(text).map((item) => (item === null ? null : Number(item)))) as never,
);

/**
 * Connection settings from a URL. Every connection has TimeZone UTC: through the Prisma adapter a timestamptz is stored hours
 * off otherwise. With `applicationRole` it acts as smallbatch_app, which owns no table, and no statement may take over a minute.
 */
export function connectionConfig(url: string, applicationRole: boolean): pg.ClientConfig {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw invalidUrl(url, cause);
  }
  if (parsed.protocol !== 'postgresql:' && parsed.protocol !== 'postgres:') throw invalidUrl(url);
  const options = [
    parsed.searchParams.get('options') ?? '',
    '-c TimeZone=UTC',
    applicationRole ? '-c role=smallbatch_app -c statement_timeout=60s' : '',
    // Indexes lie on flash or in memory, and every statement is short or bound by memory: compiling it costs more than it saves.
    // A request sends its statements at once; a second process for each of them would take a core from the next request.
    '-c random_page_cost=1.1 -c jit=off -c max_parallel_workers_per_gather=0',
  ];
  parsed.searchParams.delete('options');
  if (!parsed.searchParams.has('application_name')) parsed.searchParams.set('application_name', 'smallbatch');
  return {
    connectionString: parsed.href,
    options: options.join(' ').trim(),
    types,
    connectionTimeoutMillis: 10_000,
  };
}

function invalidUrl(url: string, cause?: unknown): DatabaseProblem {
  return new DatabaseProblem(
    'INVALID_URL',
    `invalid DATABASE_URL "${withoutPassword(url)}": write postgresql://USER:PASSWORD@HOST:PORT/DATABASE`,
    { cause },
  );
}

/** The one pool of a process. A connection lost while idle is dropped and replaced, not an error of the process. */
export function makePool(
  url: string,
  applicationRole: boolean,
  size: number,
  listeners: Set<QueryListener>,
): pg.Pool {
  const pool = new pg.Pool({
    ...connectionConfig(url, applicationRole),
    max: size,
    idleTimeoutMillis: 30_000,
  });
  keepContext(pool);
  pool.on('error', () => {});
  pool.on('connect', (client) => {
    // A connection that is in use when PostgreSQL goes away tells its query; unheard, the event would end the process too.
    client.on('error', () => {});
    watch(client, listeners);
  });
  return pool;
}

function watch(client: pg.PoolClient, listeners: Set<QueryListener>): void {
  const query = stoppable(client, client.query.bind(client) as (...given: unknown[]) => unknown);
  client.query = ((...given: unknown[]) => {
    const ends: OnEnd[] = [];
    if (listeners.size > 0) {
      const [first, second] = given as [string | { text?: string; values?: unknown[] }, unknown];
      const { text: sql = '', values } = typeof first === 'string' ? { text: first, values: second } : first;
      const name = /^\s*\/\* (.+?) \*\//.exec(sql)?.[1] ?? /^\s*(\w*)/.exec(sql)?.[1] ?? '';
      for (const listener of listeners) {
        const end = listener(name, sql, Array.isArray(values) ? values : []);
        if (typeof end === 'function') ends.push(end as OnEnd);
      }
    }
    if (ends.length === 0) return query(...given);
    return heard(query, given, (error) => {
      for (const end of ends) end(error);
    });
  }) as typeof client.query;
}

/** Sends a statement, and tells its end. */
function heard(query: (...given: unknown[]) => unknown, given: unknown[], end: OnEnd): unknown {
  const last = given.at(-1);
  if (typeof last === 'function')
    return query(...given.slice(0, -1), (error: unknown, result: unknown) => {
      end(error ?? undefined);
      last(error, result);
    });
  const result = query(...given);
  if (result instanceof Promise) result.then(() => end(), end);
  else end();
  return result;
}
