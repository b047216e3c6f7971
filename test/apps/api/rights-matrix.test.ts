import { resolve } from 'node:path';
import { alignedTable, ROUTES, RULES } from '@smallbatch/api';
import { createClient } from 'graphql-ws';
import { beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Ask, CHANGES, FIELDS, followed, NODE_TYPES } from './every-field.ts';
import type { Answer } from './server.ts';
import { type Caller, OURS, THEIRS, type TwoTeams, twoTeams } from './two-teams.ts';

let world: TwoTeams;
beforeAll(async () => {
  world = await twoTeams();
}, 60_000);

/** What came of asking, in a word. */
function outcomeOf(data: Answer, errors: readonly Answer[] = []): string {
  if (errors.length > 0) return errors[0].extensions?.code ?? errors[0].message;
  const [value] = Object.values(data) as Answer[];
  if (value === null) return 'NOT_FOUND';
  return value.results?.[0].__typename ?? value.__typename ?? 'ok';
}

/** No answer has anything of the other team in it but what its asker has sent. */
function noLeak(caller: Caller, sent: string, answer: string, what: string): void {
  let rest = answer;
  for (const word of new Set(sent.match(/[\w-]+/g) ?? []))
    if (word.length > 3) rest = rest.replaceAll(word, '');
  expect(rest, `${what}, asked by ${caller.name}`).not.toMatch(
    new RegExp(caller.theirs ? OURS : THEIRS, 'i'),
  );
}

async function ask(caller: Caller, given: Ask, what: string): Promise<string> {
  if (given.query.startsWith('subscription')) return watch(caller, given, what);
  const { data, errors } = await world.own.ask(given.query, given.variables, caller.headers);
  noLeak(caller, JSON.stringify(given), JSON.stringify([data, errors]), what);
  return outcomeOf(data, errors);
}

/** The first message of a subscription, or why there is none. */
async function watch(caller: Caller, given: Ask, what: string): Promise<string> {
  const headers = { ...caller.headers };
  const client = createClient({
    url: `ws://127.0.0.1:${world.own.api.port}/graphql`,
    webSocketImpl: class extends WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol, { headers });
      }
    },
    retryAttempts: 0,
  });
  try {
    for await (const { data, errors } of client.iterate<Answer>({ query: given.query })) {
      noLeak(caller, given.query, JSON.stringify([data, errors]), what);
      return outcomeOf(data, errors as never);
    }
    return 'nothing';
  } catch (error) {
    if (Array.isArray(error)) return error[0].extensions.code;
    return (error as { code?: number }).code === 4403 ? 'UNAUTHENTICATED' : String(error);
  } finally {
    await client.dispose();
  }
}

const body = JSON.stringify;
/** What each route is asked: method, path, and the body with its type. */
const REQUESTS: Readonly<Record<string, readonly (() => [string, string?, string?])[]>> = {
  'GET /health/live': [() => ['/health/live']],
  'GET /health/ready': [() => ['/health/ready']],
  'GET /metrics': [() => ['/metrics']],
  'ALL /graphql': [() => ['/graphql', body({ query: '{ runs { nodes { key } } }' })]],
  'ALL /export/:name': [
    () => ['/export/runs.csv'],
    () => ['/export/runs.ndjson'],
    () => ['/export/runs.parquet'],
    () => ['/export/audit.csv'],
    () => ['/export/audit.ndjson'],
    () => ['/export/curves.ndjson'],
    () => ['/export/curves.parquet'],
    () => ['/export/aggregate.csv?by=MEMBER&metric=test_accuracy'],
    () => ['/export/pivot.md?rows=MEMBER&columns=DATASET&metric=test_accuracy'],
  ],
  'GET /ingest/points': [() => ['/ingest/points?upload=one']],
  'POST /ingest/points': [
    () => {
      const { run, attempt } = world.claim();
      const line = body({ run, attempt, sequence: 1, metric: 'm', step: 1, value: 1 });
      return ['/ingest/points', `${line}\n`, 'application/x-ndjson'];
    },
  ],
  'POST /auth/sign-in': [() => ['/auth/sign-in', '{}']],
  'POST /auth/sign-out': [() => ['/auth/sign-out', '{}']],
  'POST /auth/team': [() => ['/auth/team', body({ team: OURS })]],
  'POST /auth/invitation': [() => ['/auth/invitation', body({ secret: 'inv_none' })]],
  'POST /auth/invitation/look': [() => ['/auth/invitation/look', body({ secret: 'inv_none' })]],
  'POST /auth/password': [() => ['/auth/password', body({ password: 'a mill of numbers' })]],
  'GET /auth/ways': [() => ['/auth/ways']],
};
/** Tried against a provider in oidc.test.ts. */
const BY_PROVIDER = ['GET /auth/oidc/start', 'GET /auth/oidc/callback'];

async function request(caller: Caller, [path, sent, type = 'application/json']: [string, string?, string?]) {
  // Signing out ends the session that does it.
  const headers =
    path === '/auth/sign-out' && caller.headers.cookie ? await world.session(caller) : caller.headers;
  const response = await fetch(`http://127.0.0.1:${world.own.api.port}${path}`, {
    headers: { ...headers, ...(sent === undefined ? {} : { 'content-type': type }) },
    ...(sent === undefined ? {} : { method: 'POST', body: sent }),
  });
  const text = Buffer.from(await response.arrayBuffer()).toString('latin1');
  noLeak(caller, path + (sent ?? ''), text, path);
  const answer = response.headers.get('content-type')?.includes('application/json') ? JSON.parse(text) : {};
  const code = answer.error?.code ?? answer.errors?.[0].extensions.code;
  return code ?? answer.runs?.[0].outcome ?? (response.ok ? 'ok' : String(response.status));
}

describe('the matrix of rights', () => {
  test('has every root field, every type that is found by its id, and every route', () => {
    expect([...Object.keys(FIELDS), ...Object.keys(CHANGES)].sort()).toEqual(Object.keys(RULES).sort());
    expect(NODE_TYPES).toContain('Run');
    expect([...world.own.api.routes].sort()).toEqual(Object.keys(ROUTES).sort());
    expect([...Object.keys(REQUESTS), ...BY_PROVIDER].sort()).toEqual(Object.keys(ROUTES).sort());
  });

  test('is as it is committed, and no answer has anything of another team', async () => {
    const { callers, ours } = world;
    const someone = ours.someone.memberId;
    const row = async (name: string, work: (caller: Caller) => Promise<string>): Promise<string[]> => {
      return [name, ...(await Promise.all(callers.map(work)))];
    };
    const tables: Record<string, string[][]> = { fields: [], nodes: [], routes: [] };
    for (const name of Object.keys(RULES)) {
      const [type, field] = name.split('.') as [string, string];
      const change = CHANGES[name];
      const shown = `${type.toLowerCase()} ${field}`;
      if (change) {
        const own = async (one: Caller) => ask(one, await change(world, one, one.memberId), name);
        const others = async (one: Caller) => ask(one, await change(world, one, someone), name);
        tables.fields!.push(await row(`${shown}, one's own`, own), await row(`${shown}, another's`, others));
      } else
        tables.fields!.push(
          await row(shown, async (one) => ask(one, await FIELDS[name]!(world, one, someone), name)),
        );
    }
    for (const type of NODE_TYPES)
      tables.nodes!.push(
        await row(type, async (one) => ask(one, followed(type, await world.idOf(type, one)), type)),
      );
    for (const [route, requests] of Object.entries(REQUESTS))
      for (const make of requests) {
        const [path] = make();
        const name = route.startsWith('ALL /export') ? `GET ${path.split('?')[0]}` : route;
        // One by one: no more exports go at once than a server allows.
        const cells: string[] = [];
        for (const one of callers) cells.push(await request(one, make()));
        tables.routes!.push([name, ...cells]);
      }
    const head = ['', ...callers.map(({ name }) => name)];
    const page = `# What each field and route answers to whom

Written by \`npx vitest run test/apps/api/rights-matrix.test.ts -u\`, and compared in that test; [rights.md](../../../docs/rights.md) says what
stands behind it. Everybody asks for things of one team; tokens are of its owner. \`ok\`: an answer; a name like \`RunDeleted\`: that
outcome; in capitals: a code. For another team's owner lists are those of their own team.

## Root fields

${alignedTable(head, tables.fields!)}

## Things by their ids, and all that their edges lead to

${alignedTable(head, tables.nodes!)}

## HTTP

${alignedTable(head, tables.routes!)}
`;
    await expect(page).toMatchFileSnapshot(resolve(import.meta.dirname, 'rights-matrix.md'));
  }, 120_000);
});
