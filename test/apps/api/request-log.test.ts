import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createToken } from '@smallbatch/db';
import { describe, expect, test } from 'vitest';
import { logFile, logLevel } from '../../../apps/api/src/log.ts';
import { PASSWORD, person } from './browser.ts';
import { logLines } from './log-lines.ts';
import { type Answer, testApi } from './server.ts';

/** Lines of requests, once there are so many. */
async function requests(read: () => Answer[], n: number): Promise<Answer[]> {
  const lines = () => read().filter(({ msg }) => msg === 'request');
  await expect.poll(() => lines().length).toBe(n);
  return lines();
}

describe('the log', () => {
  test('has one line of each request: what it was, who asked, and what became of it', async () => {
    const { logger, read } = logLines();
    const own = await testApi({ logger });
    const identity = { teamId: own.teamId, memberId: own.memberId };
    const token = await createToken(own.db, { ...identity, name: 'one', scopes: ['READ'] });
    await own.ask(
      'query Names($secretName: String!) { viewer { scopes } run(key: $secretName) { key } }',
      { secretName: 'not-to-be-logged' },
      { authorization: `Bearer ${token.secret}` },
    );
    await own.ask('{ nonsense');
    await fetch(`http://127.0.0.1:${own.api.port}/auth/ways?secret=inv_not-to-be-logged`);
    const lines = await requests(read, 3);
    expect(lines[0]).toMatchObject({
      level: 30,
      requestId: expect.stringMatching(/^[\w-]{36}$/),
      method: 'POST',
      path: '/graphql',
      status: 200,
      ms: expect.any(Number),
      address: expect.stringContaining('127.0.0.1'),
      kind: 'query',
      operation: 'Names',
      ...identity,
      accountId: own.accountId,
      tokenId: token.id,
    });
    expect(lines[1]).toMatchObject({ path: '/graphql', status: 400 });
    expect(lines[2]).toMatchObject({ method: 'GET', path: '/auth/ways', status: 200 });
    const text = JSON.stringify(read());
    for (const secret of ['not-to-be-logged', token.secret]) expect(text).not.toContain(secret);
  });

  test('does not tell at level info of signs of life, which come every few seconds', async () => {
    const { logger, read } = logLines();
    const own = await testApi({ logger });
    await fetch(`http://127.0.0.1:${own.api.port}/health/ready`);
    await own.ask('{ viewer { scopes } }');
    const lines = await requests(read, 1);
    expect(lines[0].path).toBe('/graphql');
  });

  test('says the id of the request also where something fails within it', async () => {
    const { logger, read } = logLines();
    const own = await testApi({ logger });
    await own.asOwner('ALTER TABLE sweep RENAME COLUMN key TO schluessel');
    const { errors, extensions } = await own.ask('{ sweeps { nodes { key } } }');
    expect(errors[0]!.extensions.code).toBe('INTERNAL');
    const failed = read().find(({ level }) => level === 50);
    expect(failed).toMatchObject({
      requestId: extensions.requestId,
      errorId: (errors[0]!.extensions as Answer).errorId,
    });
  });

  test('goes into a file that is put aside when it is large, and loses no line', () => {
    const folder = mkdtempSync(join(tmpdir(), 'smallbatch-log-'));
    const path = join(folder, 'api.log');
    const file = logFile(path, 100);
    for (let i = 0; i < 6; i++) file.write(`line ${i} ${'.'.repeat(20)}\n`);
    const all = readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8');
    expect(all.match(/line \d/g)).toEqual(Array.from({ length: 6 }, (_, i) => `line ${i}`));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    rmSync(folder, { recursive: true });
  });

  test('has the level that LOG_LEVEL says, and a wrong one is named', () => {
    expect(logLevel('debug')).toBe('debug');
    expect(() => logLevel('loud')).toThrow('invalid LOG_LEVEL "loud": one of trace, debug, info');
  });
});

describe("a request's id", () => {
  const ask = async (port: number, id: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': id },
      body: JSON.stringify({ query: '{ nothing }' }),
    });
    const { extensions } = (await response.json()) as Answer;
    return { header: response.headers.get('x-request-id'), answer: extensions.requestId };
  };

  test('is the trusted proxy’s own, in the answer, its errors and the log', async () => {
    const { logger, read } = logLines();
    const own = await testApi({ logger, trustProxy: true });
    const id = 'f3b1.proxy:7_a-1';
    expect(await ask(own.api.port, id)).toEqual({ header: id, answer: id });
    expect((await requests(read, 1))[0].requestId).toBe(id);
    const odd = await ask(own.api.port, 'a"b{}');
    expect(odd.header).toMatch(/^[\w-]{36}$/);
  });

  test('is our own where no proxy is trusted, whatever a request says', async () => {
    const own = await testApi();
    const { header, answer } = await ask(own.api.port, 'mine');
    expect(header).toMatch(/^[\w-]{36}$/);
    expect(answer).toBe(header);
  });

  test('is in the answer of a sign-in that fails by a bug, and the log has it', async () => {
    const { logger, read } = logLines();
    const own = await testApi({ host: '0.0.0.0', logger });
    const { browser, email } = await person(own);
    await own.asOwner('ALTER TABLE account RENAME COLUMN password TO passwort');
    const { body, headers } = await browser.post('/auth/sign-in', { email, password: PASSWORD });
    const id = headers.get('x-request-id');
    expect(body.error.message).toContain(id);
    expect(read().filter(({ level, requestId }) => level === 50 && requestId === id)).toHaveLength(1);
  });
});
