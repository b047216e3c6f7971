import { type Api, type ApiOptions, startApi } from '@smallbatch/api';
import type { Db } from '@smallbatch/db';
import { afterAll } from 'vitest';
import { testDatabase } from '../../database.ts';

// biome-ignore lint/suspicious/noExplicitAny: an answer has the shape of its query, which only the test knows.
export type Answer = any;

export interface TestApi {
  readonly api: Api;
  readonly db: Db;
  readonly teamId: string;
  readonly memberId: string;
  /** Of the local owner. */
  readonly accountId: string;
  readonly asOwner: Awaited<ReturnType<typeof testDatabase>>['asOwner'];
  /** Asks, and returns the whole answer with its status. */
  ask(
    query: string,
    variables?: object,
    headers?: Record<string, string>,
  ): Promise<{
    status: number;
    data: Answer;
    errors: { message: string; extensions: { code: string } }[];
    extensions: Answer;
  }>;
  /** SQL statements by name since the last call. */
  statements(): string[];
}

/** Opens and closes a transaction, or says whose rows a connection may see. */
const FRAME = /^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|RESET|DEALLOCATE)/;
/** What the server does by itself, beside all requests: it removes what is old, tells webhooks, tells of changes a little later, and hears who may sign in. */
const BESIDE = /^\s*\/\* (purge|adoptEvents|notify|anyoneCanSignIn|localOwner|deliver)/;

/** The real server on a database of the test file's own. */
export async function testApi(options: Partial<ApiOptions> = {}): Promise<TestApi> {
  const database = await testDatabase();
  const { db, teamId, memberId, accountId } = await database.openOwned();
  const api = await startApi({ db, port: 0, lease: { lease: 60, heartbeat: 15 }, logger: quiet, ...options });
  afterAll(() => api.stop());
  const seen: string[] = [];
  // Every statement of the named SQL and of Prisma goes through a client of this pool, also one that was open before.
  const watched = new WeakSet<object>();
  db.pool.on('acquire', (client) => {
    if (watched.has(client)) return;
    watched.add(client);
    const inner = client.query.bind(client) as (...args: unknown[]) => unknown;
    client.query = ((...args: [string | { text: string }, ...unknown[]]) => {
      const [first] = args;
      seen.push(typeof first === 'string' ? first : first.text);
      return inner(...args);
    }) as typeof client.query;
  });
  return {
    api,
    db,
    teamId,
    memberId,
    accountId,
    asOwner: database.asOwner,
    async ask(text, variables = {}, headers = {}) {
      const response = await fetch(`http://127.0.0.1:${api.port}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query: text, variables }),
      });
      const { data = null, errors = [], extensions } = (await response.json()) as never;
      return { status: response.status, data, errors, extensions };
    },
    statements: () => seen.splice(0).filter((text) => !FRAME.test(text) && !BESIDE.test(text)),
  };
}

const silent = (): void => {};
const quiet = { level: 'silent', info: silent, warn: silent, error: silent, debug: silent } as never;
