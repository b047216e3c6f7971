import { once } from 'node:events';
import { createSession, createSweep, createToken } from '@smallbatch/db';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { addDataset, newRun, newSweep } from '../../packages/db/new-run.ts';
import { addPerson, addTeam, BROWSER } from '../../packages/db/people.ts';
import { person } from './browser.ts';
import { type Answer, testApi } from './server.ts';

// Tokens and sessions are looked at anew once a minute: what is shown here does not wait for that.
const own = await testApi({ host: '0.0.0.0' });
const { teamId } = own;
const owner = await person(own, 'OWNER');
const dataset = await addDataset(own.db, teamId);
let seed = 0;
const sweepOf = (memberId: string) =>
  createSweep(own.db, newSweep({ teamId, memberId }, [newRun(dataset.id, { seed: seed++ })]));
const sweep = await sweepOf(owner.memberId);

const ask = (text: string) => owner.browser.ask(`mutation { it: ${text} { __typename } }`);
/** Within this they are gone, in milliseconds; far less than a minute. */
const SOON = 1000;

interface Watching {
  /** Answers of its subscription. */
  readonly messages: Answer[];
  /** Resolves with the code that it was closed with, and how long that took from `from`. */
  closed(from: number): Promise<{ code: number; ms: number }>;
  readonly open: () => boolean;
  close(): void;
}
/** Somebody who watches a sweep, by a token or a session. */
async function watch(
  headers: Record<string, string>,
  key = sweep.key,
  fields = 'sweep { key }',
): Promise<Watching> {
  const socket = new WebSocket(`ws://127.0.0.1:${own.api.port}/graphql`, 'graphql-transport-ws', { headers });
  await once(socket, 'open');
  const messages: Answer[] = [];
  socket.on('message', (data) => {
    const { type, payload } = JSON.parse(String(data));
    if (type === 'next') messages.push(payload.data.sweepProgress);
  });
  const send = (message: object) => socket.send(JSON.stringify(message));
  send({ type: 'connection_init' });
  await once(socket, 'message');
  send({
    type: 'subscribe',
    id: '1',
    payload: { query: `subscription { sweepProgress(key: "${key}") { ${fields} } }` },
  });
  await expect.poll(() => messages.length, { timeout: 5000 }).toBeGreaterThan(0);
  const ended = once(socket, 'close').then(([code]) => ({ code: code as number, at: Date.now() }));
  return {
    messages,
    closed: async (from) => {
      const { code, at } = await ended;
      return { code, ms: at - from };
    },
    open: () => socket.readyState === WebSocket.OPEN,
    close: () => socket.close(),
  };
}

const tokenOf = async (memberId: string, scopes: ('READ' | 'ADMIN')[] = ['READ']) => {
  const { id, secret } = await createToken(own.db, { teamId, memberId, name: 't', scopes });
  return {
    id: Buffer.from(`Token:${id}`).toString('base64'),
    headers: { authorization: `Bearer ${secret}` },
  };
};
const sessionOf = async (accountId: string) => {
  const session = await createSession(own.db.pool, { accountId, teamId, method: 'PASSWORD', ...BROWSER });
  return {
    id: Buffer.from(`Session:${session.id}`).toString('base64'),
    headers: { cookie: `smallbatch_session=${session.secret}` },
  };
};
async function goes(watching: Watching, by: () => Promise<unknown>): Promise<void> {
  const from = Date.now();
  await by();
  const { code, ms } = await watching.closed(from);
  expect(code).toBe(4403);
  expect(ms).toBeLessThan(SOON);
}

test('who watches with a token is sent away at once when it is revoked, or rotated without delay; others stay', async () => {
  const [one, two, three] = [
    await tokenOf(owner.memberId),
    await tokenOf(owner.memberId),
    await tokenOf(owner.memberId),
  ];
  const [first, second, third] = [
    await watch(one.headers),
    await watch(two.headers),
    await watch(three.headers),
  ];
  await goes(first, () => ask(`revokeToken(id: "${one.id}")`));
  await ask(`rotateToken(id: "${three.id}", minutes: 5)`);
  await goes(second, () => ask(`rotateToken(id: "${two.id}", minutes: 0)`));
  expect(third.open()).toBe(true);
  third.close();
});

test('so is who watches with a session that is ended, by themselves or with their account', async () => {
  const [one, two] = [await sessionOf(owner.accountId), await sessionOf(owner.accountId)];
  const [first, second] = [await watch(one.headers), await watch(two.headers)];
  await goes(first, () => ask(`revokeSession(id: "${one.id}")`));
  expect(second.open()).toBe(true);
  second.close();
  const ada = await addPerson(own.db, { teamId });
  const third = await watch((await sessionOf(ada.accountId)).headers);
  const fourth = await watch((await tokenOf(ada.memberId)).headers);
  const from = Date.now();
  await ask(`disableAccount(member: "${ada.key}")`);
  for (const one of [third, fourth]) expect(await one.closed(from)).toMatchObject({ code: 4403 });
});

test('so is a member who is removed, also one who is in another team, for which the session acts then', async () => {
  const ada = await addPerson(own.db, { teamId });
  const other = await addTeam(own.db);
  await addPerson(own.db, { teamId: other.id, accountId: ada.accountId });
  const byToken = await watch((await tokenOf(ada.memberId)).headers);
  const bySession = await watch((await sessionOf(ada.accountId)).headers);
  const from = Date.now();
  await ask(`removeMember(member: "${ada.key}")`);
  for (const one of [byToken, bySession]) {
    const { code, ms } = await one.closed(from);
    expect(code).toBe(4403);
    expect(ms).toBeLessThan(SOON);
  }
});

test('so is who may not read any more as their role has fallen; who still may stays', async () => {
  const ada = await addPerson(own.db, { teamId, role: 'OWNER' });
  const admin = await watch((await tokenOf(ada.memberId, ['ADMIN'])).headers);
  const reader = await watch((await tokenOf(ada.memberId, ['READ'])).headers);
  await goes(admin, () => ask(`changeRole(member: "${ada.key}", role: MEMBER)`));
  expect(reader.open()).toBe(true);
  reader.close();
});

test('two who ask the same of one message each hear what they may themselves', async () => {
  const [ada, grace] = [await addPerson(own.db, { teamId }), await addPerson(own.db, { teamId })];
  const { key } = await sweepOf(ada.memberId);
  const fields = 'sweep { mayChange note }';
  const [one, two] = [
    await watch((await tokenOf(ada.memberId)).headers, key, fields),
    await watch((await sessionOf(ada.accountId)).headers, key, fields),
  ];
  const three = await watch((await sessionOf(grace.accountId)).headers, key, fields);
  await ask(`pauseSweep(key: "${key}")`);
  for (const { messages } of [one, two, three])
    await expect.poll(() => messages.length, { timeout: 5000 }).toBeGreaterThan(1);
  // A token that may only read may change nothing, whosever it is.
  expect([one, two, three].map(({ messages }) => messages.at(-1).sweep.mayChange)).toEqual([
    false,
    true,
    false,
  ]);
  for (const watching of [one, two, three]) watching.close();
});
