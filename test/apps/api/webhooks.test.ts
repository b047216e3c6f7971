import { setTimeout as sleep } from 'node:timers/promises';
import { startApi } from '@smallbatch/api';
import { claimDeliveries, claimRuns, createSweep, finishRuns, purgeDeliveries } from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import { Webhook } from 'standardwebhooks';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addDataset, addWorker, newRun, newSweep } from '../../packages/db/new-run.ts';
import { person } from './browser.ts';
import { type Receiver, receiver } from './receiver.ts';
import { type Answer, type TestApi, testApi } from './server.ts';

/** Tries follow each other fast, and receivers are on loopback. */
const FAST = {
  allowPrivate: true,
  everyMs: 40,
  pauses: [0.05, 0.05, 0.05],
  timeoutMs: 2000,
  lookSeconds: 0.1,
};
let own: TestApi;
let owner: { teamId: string; memberId: string };
let dataset: { id: string; hash: string };
beforeAll(async () => {
  own = await testApi({ host: '0.0.0.0', publicUrl: 'https://lab.example.org', webhooks: FAST });
  owner = { teamId: own.teamId, memberId: own.memberId };
  dataset = await addDataset(own.db, own.teamId);
  ada = (await person(own, 'OWNER')).browser;
});
let ada: Awaited<ReturnType<typeof person>>['browser'];
beforeEach(async () => {
  for (const table of [
    'webhook',
    'webhook_reader',
    'rung',
    'cell',
    'attempt',
    'run_metric',
    'run',
    'sweep',
    'worker',
  ])
    await own.asOwner(`DELETE FROM ${table}`);
});

const ask = async (text: string): Promise<Answer> => {
  const answer = await ada.ask(text);
  expect(typeof answer, String(answer)).toBe('object');
  return answer;
};
const add = async (url: string, kinds = 'SWEEP_ENDED'): Promise<{ id: string; secret: string }> => {
  const { addWebhook } = await ask(
    `mutation { addWebhook(url: "${url}", kinds: [${kinds}]) { __typename ... on WebhookAdded { secret webhook { id } } ... on InvalidInput { problems { message allowed } } } }`,
  );
  expect(addWebhook).toMatchObject({ __typename: 'WebhookAdded' });
  return { id: addWebhook.webhook.id, secret: addWebhook.secret };
};
const deliveries = async (): Promise<Answer[]> =>
  (
    await ask(
      '{ webhooks { deliveries(first: 50) { id kind status tries httpStatus error nextTryAt body } } }',
    )
  ).webhooks.flatMap((one: Answer) => one.deliveries);
const until = async (what: () => boolean | Promise<boolean>, ms = 8000): Promise<void> => {
  for (const end = Date.now() + ms; !(await what()); await sleep(25))
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
};
/** Long enough for whatever would come once more. */
const settled = () => sleep(600);

let seed = 0;
async function train(cells: number, failed = 0, workerName = 'w') {
  const sweep = await createSweep(
    own.db,
    newSweep(
      owner,
      Array.from({ length: cells }, () => newRun(dataset.id, { seed: seed++ })),
    ),
  );
  const workerId = await addWorker(own.db, owner, workerName);
  const claims = await claimRuns(own.db, {
    ...owner,
    workerId,
    datasets: [dataset.hash],
    trainerVersion: TRAINER_VERSION,
    max: cells,
    leaseSeconds: 60,
    sweepId: sweep.id,
  });
  const finish = (from: number, to: number) =>
    Promise.all(
      claims.slice(from, to).map(({ runId, attempt }, i) =>
        finishRuns(own.db, own.teamId, [
          {
            runId,
            attempt,
            sequence: 0,
            step: 100,
            samplesSeen: 200,
            deviceSeconds: 1,
            ...(from + i < failed
              ? { outcome: 'FAILED' as const, reason: 'out of memory' }
              : { outcome: 'DONE' as const }),
          },
        ]),
      ),
    );
  return { sweep, finish };
}
const verify = (secret: string, { body, headers }: Receiver['got'][number]) =>
  new Webhook(secret).verify(body, headers);

describe('a webhook', () => {
  test('is told once when the last run of a sweep has ended, signed as Standard Webhooks says', async () => {
    const to = await receiver();
    const { secret } = await add(to.url);
    const { sweep, finish } = await train(3);
    await finish(0, 2);
    await settled();
    expect(to.got).toEqual([]);
    await finish(2, 3);
    await until(() => to.got.length > 0);
    await settled();
    expect(to.got.length).toBe(1);
    const [one] = to.got;
    expect(verify(secret, one!)).toMatchObject({
      id: one!.headers['webhook-id'],
      type: 'sweep.ended',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      team: { key: expect.any(String), name: expect.any(String) },
      link: `https://lab.example.org/sweeps/${sweep.key}`,
      data: {
        sweep: { key: sweep.key, name: 'grid', member: expect.any(String) },
        runs: { total: 3, done: 3, failed: 0, waiting: 0, running: 0 },
        best: null,
      },
    });
    expect(() => verify(`whsec_${Buffer.from('another').toString('base64')}`, one!)).toThrow(
      'No matching signature',
    );
    expect(() => verify(secret, { ...one!, body: one!.body.replace('grid', 'grit') })).toThrow(
      'No matching signature',
    );
    expect((await deliveries())[0]).toMatchObject({
      kind: 'SWEEP_ENDED',
      status: 'DELIVERED',
      tries: 1,
      httpStatus: 204,
      error: null,
      nextTryAt: null,
    });
  });

  test('is told of a sweep with failed runs as that, and once though it listens to both', async () => {
    const [both, ended] = [await receiver(), await receiver()];
    await add(both.url, 'SWEEP_ENDED, SWEEP_FAILED');
    await add(ended.url, 'SWEEP_ENDED');
    const { finish } = await train(2, 1);
    await finish(0, 2);
    await until(() => both.got.length + ended.got.length >= 2);
    await settled();
    expect([both.got.map(({ json }) => json.type), ended.got.map(({ json }) => json.type)]).toEqual([
      ['sweep.failed'],
      ['sweep.ended'],
    ]);
  });

  test('that failed twice gets the same message with the same id a third time', async () => {
    const to = await receiver((_one, count) => ({ status: count < 3 ? 503 : 200 }));
    const { secret } = await add(to.url);
    await (await train(1)).finish(0, 1);
    await until(async () => (await deliveries())[0]?.status === 'DELIVERED');
    expect(to.got.length).toBe(3);
    expect(new Set(to.got.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(to.got.map(({ body }) => body)).size).toBe(1);
    for (const one of to.got) verify(secret, one);
    expect((await deliveries())[0]).toMatchObject({ tries: 3, httpStatus: 200 });
  });

  test('is given up after the last try, and shows why; it can be sent again', async () => {
    const to = await receiver(() => ({ status: 500 }));
    await add(to.url);
    await (await train(1)).finish(0, 1);
    await until(async () => (await deliveries())[0]?.status === 'GIVEN_UP');
    const [one] = await deliveries();
    expect(one).toMatchObject({ tries: 4, httpStatus: 500, error: 'answered 500', nextTryAt: null });
    await settled();
    expect(to.got.length).toBe(4);
    to.answer = () => ({ status: 200 });
    await ask(`mutation { redeliver(id: "${one.id}") { __typename } }`);
    await until(async () => (await deliveries())[0]?.status === 'DELIVERED');
    expect(new Set(to.got.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  test('that redirects is not followed', async () => {
    const elsewhere = await receiver();
    const to = await receiver(() => ({ status: 307, headers: { location: elsewhere.url } }));
    await add(to.url);
    await (await train(1)).finish(0, 1);
    await until(async () => (await deliveries())[0]?.status === 'GIVEN_UP');
    expect((await deliveries())[0].error).toBe('answered 307, a redirect, which is not followed');
    expect(elsewhere.connections).toBe(0);
  });

  test('that is slow keeps nobody else waiting, and has its time limit', async () => {
    const slow = await receiver(() => ({ status: 200, afterMs: 60_000 }));
    const fast = await receiver();
    const { id } = await add(slow.url);
    await add(fast.url);
    for (let i = 0; i < 20; i++) await ask(`mutation { testWebhook(id: "${id}") { __typename } }`);
    await until(() => slow.got.length > 0);
    const begun = Date.now();
    await (await train(1)).finish(0, 1);
    await until(() => fast.got.length === 1);
    expect(Date.now() - begun).toBeLessThan(1500);
    // One at a time is sent to the slow one.
    expect(slow.got.length).toBeLessThan(4);
    await until(async () => (await deliveries()).some(({ error }) => error === 'no answer within 2 s'));
  });

  test('that is paused is told nothing, also not later; one that is removed loses what waits', async () => {
    const to = await receiver();
    const { id } = await add(to.url);
    const active = (value: boolean) =>
      ask(`mutation { changeWebhook(id: "${id}", active: ${value}) { __typename } }`);
    await active(false);
    await (await train(1)).finish(0, 1);
    await settled();
    await active(true);
    await settled();
    expect(to.got).toEqual([]);
    await (await train(1)).finish(0, 1);
    await until(() => to.got.length === 1);
    await ask(`mutation { removeWebhook(id: "${id}") { __typename } }`);
    expect(await own.asOwner('SELECT FROM webhook_delivery')).toEqual([]);
    expect(await own.asOwner('SELECT FROM webhook_reader')).toEqual([]);
  });

  test('is not told what happened before it was added, nor another one twice, though the log is read again from its start', async () => {
    const first = await receiver();
    await add(first.url);
    await (await train(1)).finish(0, 1);
    await until(() => first.got.length === 1);
    const second = await receiver();
    await add(second.url);
    await own.asOwner(`UPDATE webhook_reader SET seen = '3:3:'`);
    await settled();
    expect([first.got.length, second.got.length]).toEqual([1, 0]);
  });

  test('of a new secret is signed with both for a day, then with the new one alone', async () => {
    const to = await receiver();
    const { id, secret } = await add(to.url);
    const { rotateWebhook } = await ask(
      `mutation { rotateWebhook(id: "${id}") { ... on WebhookRotated { secret } } }`,
    );
    const send = async () => {
      const before = to.got.length;
      await ask(`mutation { testWebhook(id: "${id}") { __typename } }`);
      await until(() => to.got.length > before);
      return to.got.at(-1)!;
    };
    const one = await send();
    verify(secret, one);
    verify(rotateWebhook.secret, one);
    await own.asOwner(`UPDATE webhook SET rotated_at = now() - interval '25 hours'`);
    const later = await send();
    verify(rotateWebhook.secret, later);
    expect(() => verify(secret, later)).toThrow('No matching signature');
  });

  test('is told of a sweep that is stuck and of a lost worker, once each, though nothing is written then', async () => {
    const to = await receiver();
    await add(to.url, 'SWEEP_STUCK, WORKER_LOST');
    await addWorker(own.db, owner, 'gone');
    await createSweep(own.db, newSweep(owner, [newRun(dataset.id, { seed: seed++ })]));
    await settled();
    expect(to.got).toEqual([]);
    await own.asOwner(`UPDATE worker SET last_seen_at = now() - interval '10 minutes'`);
    await own.asOwner(`UPDATE webhook SET since = now() - interval '1 hour'`);
    await own.asOwner(`UPDATE sweep SET created_at = now() - interval '20 minutes'`);
    await until(() => to.got.length >= 2);
    await settled();
    expect(to.got.map(({ json }) => json.type).sort()).toEqual(['sweep.stuck', 'worker.lost']);
    const by = (type: string) => to.got.find(({ json }) => json.type === type)!.json;
    expect(by('worker.lost')).toMatchObject({
      link: 'https://lab.example.org/team#workers',
      data: {
        worker: { name: 'gone', host: 'here' },
        runs: 0,
        message: expect.stringContaining('was not heard of'),
      },
    });
    expect(by('sweep.stuck')).toMatchObject({
      data: { runs: { total: 1, waiting: 1 }, message: expect.stringContaining('no worker is up') },
    });
  });

  test('is told of a mention, with the note', async () => {
    const to = await receiver();
    await add(to.url, 'MENTIONED');
    const { key } = await person(own, 'MEMBER');
    const { sweep } = await train(1);
    await ask(`mutation { noteSweep(key: "${sweep.key}", note: "look, @${key}: odd") { __typename } }`);
    await until(() => to.got.length === 1);
    expect(to.got[0]!.json).toMatchObject({
      type: 'member.mentioned',
      link: `https://lab.example.org/sweeps/${sweep.key}`,
      data: { member: key, run: null, sweep: sweep.key, note: `look, @${key}: odd` },
    });
  });
});

describe('API processes', () => {
  test('that are two on one database send everything once', async () => {
    const to = await receiver();
    await add(to.url);
    const logger = { level: 'silent', info() {}, warn() {}, error() {}, debug() {} } as never;
    const another = await startApi({ db: own.db, port: 0, host: '127.0.0.1', webhooks: FAST, logger });
    for (let i = 0; i < 12; i++) await (await train(1)).finish(0, 1);
    await until(() => to.got.length >= 12);
    await settled();
    await another.stop();
    expect(to.got.length).toBe(12);
    expect(new Set(to.got.map(({ headers }) => headers['webhook-id'])).size).toBe(12);
  });

  test('that die in the middle lose nothing: another tries when the time of the try is over', async () => {
    const to = await receiver();
    const { id } = await add(to.url);
    await ask(`mutation { changeWebhook(id: "${id}", active: false) { __typename } }`);
    await ask(`mutation { testWebhook(id: "${id}") { __typename } }`);
    // What a process that is killed leaves behind: taken, and nothing written since.
    await own.asOwner(
      `UPDATE webhook_delivery SET tries = 1, tried_at = now(), next_try_at = now() + interval '2 seconds'`,
    );
    await ask(`mutation { changeWebhook(id: "${id}", active: true) { __typename } }`);
    await sleep(800);
    expect(to.got.length).toBe(0);
    await until(() => to.got.length === 1);
    expect((await deliveries())[0]).toMatchObject({ tries: 2, status: 'DELIVERED' });
  });

  test('take what is due for themselves, each delivery one of them', async () => {
    const { id } = await add('http://127.0.0.1:9/');
    await ask(`mutation { changeWebhook(id: "${id}", active: false) { __typename } }`);
    await ask(`mutation { testWebhook(id: "${id}") { __typename } }`);
    await own.asOwner('UPDATE webhook SET active = true; SELECT pg_sleep(0)');
    const taken = await Promise.all(Array.from({ length: 8 }, () => claimDeliveries(own.db, 16, 60)));
    expect(taken.flat().length).toBeLessThanOrEqual(1);
  });
});

describe('webhooks', () => {
  test('are seen and changed by owners alone, and of another team by nobody', async () => {
    const { id } = await add('https://hooks.example.org/');
    const one = `(id: "${id}") { __typename }`;
    for (const role of ['VIEWER', 'MEMBER', 'MAINTAINER'] as const) {
      const { browser } = await person(own, role);
      for (const text of [
        '{ webhooks { url } }',
        'mutation { addWebhook(url: "https://a.example.org", kinds: [MENTIONED]) { __typename } }',
        ...['changeWebhook', 'rotateWebhook', 'removeWebhook', 'testWebhook', 'redeliver'].map(
          (name) => `mutation { ${name}${one} }`,
        ),
      ])
        expect(await browser.ask(text), `${role} ${text}`).toBe('FORBIDDEN');
    }
    const otherTeam = await testApi({ host: '0.0.0.0', webhooks: FAST });
    const theirs = (await person(otherTeam, 'OWNER')).browser;
    expect(await theirs.ask('{ webhooks { id } }')).toEqual({ webhooks: [] });
    expect(await theirs.ask(`mutation { testWebhook${one} }`)).toEqual({
      testWebhook: { __typename: 'NotFound' },
    });
  });

  test('never show a secret again: not in an answer, not to the role that acts for a team', async () => {
    const { secret } = await add('https://hooks.example.org/');
    const { __type } = await ask('{ __type(name: "Webhook") { fields { name } } }');
    expect(__type.fields.map(({ name }: Answer) => name)).not.toContain('secret');
    expect(JSON.stringify(await ask('{ webhooks { id url deliveries { body } } }'))).not.toContain(secret);
    await expect(own.db.ofTeam(own.teamId).pool.query('SELECT secret FROM webhook')).rejects.toThrow(
      'permission denied',
    );
  });

  test('have an address that fits, something to be told of, and are at most 20', async () => {
    const plain = await testApi({ host: '0.0.0.0', webhooks: { everyMs: 3_600_000 } });
    const { browser } = await person(plain, 'OWNER');
    const tryAdd = async (url: string, kinds = '[MENTIONED]') =>
      (
        await browser.ask(
          `mutation { addWebhook(url: "${url}", kinds: ${kinds}) { __typename ... on InvalidInput { problems { path message } } } }`,
        )
      ).addWebhook;
    for (const url of [
      'http://hooks.example.org/',
      'ftp://hooks.example.org/',
      'hooks.example.org',
      'https://user:secret@hooks.example.org/',
      'https://localhost/',
      'https://127.0.0.1/',
      'https://2130706433/',
      'https://0x7f.1/',
      'https://10.1.2.3/',
      'https://169.254.169.254/latest/meta-data',
      'https://100.64.0.1/',
      'https://0.0.0.0/',
      'https://[::1]/',
      'https://[::]/',
      'https://[::ffff:127.0.0.1]/',
      'https://[64:ff9b::7f00:1]/',
      'https://[fd00::1]/',
      'https://[fe80::1]/',
      'https://[fec0::1]/',
    ])
      expect(await tryAdd(url), url).toMatchObject({
        __typename: 'InvalidInput',
        problems: [{ path: ['url'] }],
      });
    expect(await tryAdd('https://hooks.example.org/', '[]')).toMatchObject({
      problems: [{ path: ['kinds'] }],
    });
    for (let i = 0; i < 20; i++)
      expect(await tryAdd(`https://93.184.215.14/${i}`)).toEqual({ __typename: 'WebhookAdded' });
    expect(await tryAdd('https://hooks.example.org/')).toMatchObject({ __typename: 'InvalidInput' });
  });

  test('keep their deliveries for 30 days', async () => {
    const { id } = await add('http://127.0.0.1:9/');
    for (let i = 0; i < 2; i++) await ask(`mutation { testWebhook(id: "${id}") { __typename } }`);
    await own.asOwner(
      `UPDATE webhook_delivery SET created_at = now() - interval '31 days' WHERE id = (SELECT min(id::text)::uuid FROM webhook_delivery)`,
    );
    expect(await purgeDeliveries(own.db)).toBe(1);
    expect((await deliveries()).length).toBe(1);
  });
});
