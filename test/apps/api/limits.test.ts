import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { getIntrospectionQuery } from 'graphql';
import { createClient } from 'graphql-ws';
import { beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { addDataset } from '../../packages/db/new-run.ts';
import { type TestApi, testApi } from './server.ts';

let own: TestApi;
beforeAll(async () => {
  own = await testApi();
  await addDataset(own.db, own.teamId);
});

const many = (count: number, text: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => text(i)).join(' ');
const nested = (levels: number, open: string, inside: string, close: string): string =>
  open.repeat(levels) + inside + close.repeat(levels);
/** Filters within filters, as a value. */
function deepFilter(levels: number, wrap: (inner: object) => object): object {
  let filter: object = { seed: { eq: 1 } };
  for (let i = 0; i < levels; i++) filter = wrap(filter);
  return filter;
}
const RUNS = 'query ($where: RunFilter) { runs(where: $where) { nodes { key } } }';

/** Each of them once killed a server somewhere, or could. */
const TOO_MUCH: [string, { query: string; variables?: object; text?: string }][] = [
  ['1,000 aliases', { query: `{ ${many(1000, (i) => `a${i}: metrics { name }`)} }` }],
  ['1,000 aliases below a field', { query: `{ viewer { ${many(1000, (i) => `a${i}: scopes`)} } }` }],
  [
    '100 root fields by fragments',
    {
      query: `{ ${many(30, (i) => `...f${i}`)} } ${many(30, (i) => `fragment f${i} on Query { metrics { name } datasets { name } }`)}`,
    },
  ],
  ['10,000 repeated fields', { query: `{ viewer { ${'scopes '.repeat(10_000)} } }` }],
  ['3,900 repeated fields', { query: `{ viewer { ${'scopes '.repeat(3_900)} } }` }],
  [
    '1,900 repeated fragments',
    { query: `{ viewer { ${'...f '.repeat(1_900)} } } fragment f on Viewer { scopes }` },
  ],
  [
    'fragments in circles',
    { query: '{ sweeps { nodes { ...a } } } fragment a on Sweep { ...b } fragment b on Sweep { ...a }' },
  ],
  [
    'fragments that double at each of 60 levels',
    {
      query: `{ sweeps { nodes { ...f0 } } } ${many(60, (i) => `fragment f${i} on Sweep { ...f${i + 1} ...f${i + 1} }`)} fragment f60 on Sweep { key }`,
    },
  ],
  ['depth 30', { query: `{ sweeps { nodes { ${nested(9, 'runs { nodes { sweep { ', 'key', '} } }')} } } }` }],
  ['1,500 brackets', { query: nested(1_500, '{ a ', '', '}') }],
  [
    '3,900 brackets in a value',
    { query: `{ runs(where: ${nested(1_900, '[', '', ']')}) { nodes { key } } }` },
  ],
  [
    '100³ things',
    {
      query:
        '{ sweeps(first: 100) { nodes { runs(first: 100) { nodes { sweep { runs(first: 100) { nodes { key } } } } } } } }',
    },
  ],
  [
    '100³ things, by variables',
    {
      query:
        'query ($n: Int) { sweeps(first: $n) { nodes { runs(first: $n) { nodes { sweep { runs(first: $n) { nodes { key } } } } } } } }',
      variables: { n: 100 },
    },
  ],
  [
    'all runs of all workers, again and again',
    { query: `{ workers { ${nested(4, 'runs { worker { ', 'name', '} }')} } }` },
  ],
  [
    '200 levels of not in a variable',
    { query: RUNS, variables: { where: deepFilter(200, (not) => ({ not })) } },
  ],
  [
    '200 levels of and in a variable',
    { query: RUNS, variables: { where: deepFilter(200, (and) => ({ and: [and] })) } },
  ],
  [
    '38 levels of not in a variable',
    { query: RUNS, variables: { where: deepFilter(38, (not) => ({ not })) } },
  ],
  [
    '200 levels of not in the document',
    { query: `{ runs(where: ${nested(200, '{ not: ', '{ seed: { eq: 1 } }', '}')}) { nodes { key } } }` },
  ],
  [
    'a list of 10,000 in a variable',
    { query: RUNS, variables: { where: { seed: { in: Array.from({ length: 10_000 }, (_, i) => i) } } } },
  ],
  [
    'a list of 10,000 in the document',
    { query: `{ runs(where: { seed: { in: [${many(10_000, String)}] } }) { nodes { key } } }` },
  ],
  [
    'a list of 10,000 seeds',
    {
      query: 'query ($s: [SafeInt!]) { aggregate(by: [MODEL], selectSeeds: $s) { runs } }',
      variables: { s: Array.from({ length: 10_000 }, (_, i) => i) },
    },
  ],
  [
    '100,000 tokens',
    { query: `{ viewer { scopes } } ${'# \n,'.repeat(10)} ${many(50_000, (i) => `a${i} {`)}` },
  ],
  ['10,000 directives', { query: `{ viewer { scopes ${'@skip(if: false) '.repeat(10_000)} } }` }],
  ['500 directives', { query: `{ viewer { scopes ${'@skip(if: false) '.repeat(500)} } }` }],
  ['700 unknown fields', { query: `{ viewer { ${many(700, (i) => `nothing${i}`)} } }` }],
  ['a name of 900,000 letters', { query: `{ ${'x'.repeat(900_000)} }` }],
  [
    'a text of 900,000 letters where a number belongs',
    { query: `{ runs(first: "${'x'.repeat(900_000)}") { nodes { key } } }` },
  ],
  [
    'such a text in a variable',
    { query: 'query ($n: Int) { runs(first: $n) { nodes { key } } }', variables: { n: 'x'.repeat(900_000) } },
  ],
  [
    'a variable of 200,000 levels',
    {
      query: RUNS,
      text: `{ "query": ${JSON.stringify(RUNS)}, "variables": { "where": ${nested(200_000, '[', '', ']')} } }`,
    },
  ],
  [
    'such a variable that nobody declared',
    {
      query: RUNS,
      text: `{ "query": "{ viewer { scopes } }", "variables": { "x": ${nested(200_000, '[', '', ']')} } }`,
    },
  ],
  [
    'introspection within introspection',
    {
      query: `{ ${many(12, (i) => `a${i}: __schema { types { fields { type { fields { type { name } } } } } }`)} }`,
    },
  ],
  [
    'a list of requests',
    {
      query: '',
      text: JSON.stringify(Array.from({ length: 100 }, () => ({ query: '{ viewer { scopes } }' }))),
    },
  ],
];

const url = (): string => `http://127.0.0.1:${own.api.port}/graphql`;
const post = (body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url(), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: body as string,
  });

describe('a request of', () => {
  test.each(TOO_MUCH)(
    '%s is refused by one small error, without a statement',
    async (_name, { query, variables, text }) => {
      const body = text ?? JSON.stringify({ query, variables });
      own.statements();
      const response = await post(body);
      const answer = await response.text();
      expect(response.status).toBeGreaterThanOrEqual(200);
      expect(response.status).toBeLessThan(500);
      expect(answer.length, answer.slice(0, 3000)).toBeLessThan(2_000);
      const { data = null, errors } = JSON.parse(answer);
      expect(data).toBeNull();
      expect(errors.length).toBeGreaterThan(0);
      for (const { extensions } of errors) expect(extensions.code).not.toBe('INTERNAL');
      expect(own.statements()).toEqual([]);
    },
  );

  test('any of these kinds leaves no memory behind, fifty times over', async () => {
    const bodies = TOO_MUCH.map(
      ([, { query, variables, text }]) => text ?? JSON.stringify({ query, variables }),
    );
    const heapAfter = async (rounds: number, some: string[]): Promise<number> => {
      for (let i = 0; i < rounds; i++) await Promise.all(some.map(async (body) => (await post(body)).text()));
      collect();
      return process.memoryUsage().heapUsed;
    };
    // Large ones take their time in the test's own sending, and ten times tell as much.
    await heapAfter(3, bodies);
    const before = await heapAfter(1, bodies);
    await heapAfter(10, bodies);
    expect(
      (await heapAfter(
        40,
        bodies.filter(({ length }) => length < 100_000),
      )) - before,
    ).toBeLessThan(6e6);
  });

  test('the whole schema, as every tool asks for it, is answered', async () => {
    const { data, errors } = await own.ask(getIntrospectionQuery());
    expect(errors).toEqual([]);
    expect(data.__schema.types.length).toBeGreaterThan(100);
  });
});

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Sends bytes as they are, and answers what came back until the server closed, or said all it had to. */
async function raw(
  head: string,
  body: Buffer | string = '',
): Promise<{ answer: string; sent: number; closed: Promise<void> }> {
  const socket = connect(own.api.port, '127.0.0.1');
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.write(
    `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${head}\r\n\r\n`,
  );
  socket.write(body);
  let answer = '';
  for await (const chunk of socket) {
    answer += chunk;
    if (answer.endsWith('}')) break;
  }
  return { answer, sent: socket.bytesWritten, closed };
}
const jsonOf = (answer: string) => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));

describe('a body', () => {
  test('of 2 MB is refused as soon as its length is known, and its rest is not waited for', async () => {
    const { answer, sent, closed } = await raw('content-length: 2000000', '{ "query": "');
    expect(answer).toContain('HTTP/1.1 413 ');
    expect(answer.length).toBeLessThan(2_000);
    expect(jsonOf(answer).errors[0]).toMatchObject({
      message: 'too large a body; at most 1000000 bytes: send smaller batches',
      extensions: { code: 'BAD_INPUT' },
    });
    expect(sent).toBeLessThan(1_000);
    await closed;
  });

  test('of 2 MB in chunks, of no stated length, is refused when it is over the limit', async () => {
    const chunk = `${(50_000).toString(16)}\r\n${' '.repeat(50_000)}\r\n`;
    const { answer } = await raw('transfer-encoding: chunked', chunk.repeat(25));
    expect(answer).toContain('HTTP/1.1 413 ');
    expect(jsonOf(answer).errors[0].extensions.code).toBe('BAD_INPUT');
  });

  test('of a megabyte less a little is read', async () => {
    const response = await post(
      JSON.stringify({ query: '{ viewer { scopes } }', variables: { x: 'y'.repeat(990_000) } }),
    );
    expect(response.status).toBe(200);
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('compressed by %s, that would unfold to 50 MB, is refused unread', async (encoding, compress) => {
    const bomb = compress(
      Buffer.from(JSON.stringify({ query: `{ viewer { scopes } } #${' '.repeat(50_000_000)}` })),
    );
    expect(bomb.length).toBeLessThan(100_000);
    collect();
    const before = process.memoryUsage();
    for (let i = 0; i < 50; i++) {
      const response = await post(bomb, { 'content-encoding': encoding });
      expect(response.status).toBe(415);
      const { errors } = (await response.json()) as never as {
        errors: { message: string; extensions: { code: string } }[];
      };
      expect(errors).toHaveLength(1);
      expect(errors[0]!.message).toBe(`invalid content encoding "${encoding}": send the body as it is`);
      expect(errors[0]!.extensions.code).toBe('BAD_INPUT');
    }
    collect();
    const after = process.memoryUsage();
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(6e6);
  });

  test.each([
    ['', 'application/json', 400],
    ['null', 'application/json', 400],
    ['"text"', 'application/json', 400],
    ['{}', 'application/json', 400],
    ['{ "query": 1 }', 'application/json', 400],
    ['{ "query": "{ viewer { scopes } }", "variables": [] }', 'application/json', 400],
    ['{ "query": "{ viewer { scopes } }", "variables": "x" }', 'application/json', 400],
    ['{ "query": "{ viewer { scopes } }", "operationName": 1 }', 'application/json', 400],
    ['{ "query": "{ viewer { scopes } }" }', 'text/plain', 415],
    ['{ "query": "{ viewer { scopes } }" }', 'application/json; charset=latin1', 415],
    ['query={viewer{scopes}}', 'application/x-www-form-urlencoded', 415],
  ])('%s as %s is refused in the form of every answer', async (body, type, status) => {
    const response = await post(body, { 'content-type': type });
    expect(response.status).toBe(status);
    const answer = (await response.json()) as {
      errors: { extensions: { code: string } }[];
      extensions: { requestId: string };
    };
    expect(answer.errors[0]!.extensions.code).toBe('BAD_INPUT');
    expect(answer.extensions.requestId).toBe(response.headers.get('x-request-id'));
  });

  test('is what asks: a GET is refused', async () => {
    const response = await fetch(`${url()}?query={viewer{scopes}}`);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
  });

  test('does not subscribe: that goes over WebSocket', async () => {
    const { status, errors } = await own.ask('subscription { sweepProgress(key: "x") { sweep { key } } }');
    expect(status).toBe(400);
    expect(errors[0]!.message).toContain('WebSocket');
  });
});

describe('by WebSocket', () => {
  const client = () =>
    createClient({ url: url().replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });

  test.each(TOO_MUCH.filter(([, { text }]) => text === undefined))(
    '%s is refused just so',
    async (_name, request) => {
      const socket = client();
      own.statements();
      const answer = await socket
        .iterate(request as never)
        .next()
        .then(
          ({ value }) => value.errors,
          (errors) => errors,
        );
      await socket.dispose();
      expect(JSON.stringify(answer).length).toBeLessThan(2_000);
      expect(answer.length).toBeGreaterThan(0);
      for (const { extensions } of answer) expect(extensions.code).toMatch(/^(?!INTERNAL)[A-Z_]+$/);
      expect(own.statements()).toEqual([]);
    },
  );

  test('a message of 2 MB closes the socket', async () => {
    const socket = new WebSocket(url().replace('http', 'ws'), 'graphql-transport-ws');
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(JSON.stringify({ type: 'connection_init', payload: { x: 'y'.repeat(2_000_000) } }));
    expect(await new Promise((resolve) => socket.once('close', resolve))).toBe(1009);
  });

  test('a target that is no path does not end the server', async () => {
    const socket = connect(own.api.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET // HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    expect(answer).toContain('403');
    expect((await own.ask('{ viewer { scopes } }')).status).toBe(200);
  });
});

describe('an answer', () => {
  test('says in its extensions what it cost, of how much, and under which id', async () => {
    const ask = async (query: string) => {
      const response = await post(JSON.stringify({ query }));
      return {
        id: response.headers.get('x-request-id'),
        ...((await response.json()) as { extensions: Record<string, unknown> }),
      };
    };
    const good = await ask('{ runs(first: 7) { nodes { key seed } } datasets { name } }');
    expect(good.extensions).toEqual({
      requestId: good.id,
      cost: {
        // runs, and seven times nodes with two fields; datasets with one field, taken for ten.
        cost: 1 + 7 * 3 + 1 + 10,
        limit: 20_000,
        depth: 3,
        depthLimit: 12,
        statements: expect.any(Number),
        milliseconds: expect.any(Number),
      },
    });
    const { statements } = good.extensions.cost as { statements: number };
    expect(statements).toBeGreaterThanOrEqual(2);
    const invalid = await ask('{ nothing }');
    expect(invalid.extensions).toMatchObject({ requestId: invalid.id, cost: { statements: 0 } });
    const refused = await ask('{');
    expect(refused.extensions).toEqual({ requestId: refused.id });
  });

  test('counts the same statements as went over its connections', async () => {
    own.statements();
    const { extensions } = await own.ask(
      '{ sweeps { nodes { key runs { nodes { key metrics { name } } } } } members { name } }',
    );
    expect(extensions.cost.statements).toBe(own.statements().length);
  });
});
