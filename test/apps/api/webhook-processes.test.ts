import { type ChildProcess, fork } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { addWebhook, createSweep, note } from '@smallbatch/db';
import { afterAll, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';
import { addDataset, newRun, newSweep } from '../../packages/db/new-run.ts';
import { receiver } from './receiver.ts';

const root = resolve(import.meta.dirname, '../../..');
const database = await testDatabase();
const { db, teamId, memberId } = await database.openOwned();
const dataset = await addDataset(db, teamId);
const sweep = await createSweep(db, newSweep({ teamId, memberId }, [newRun(dataset.id)]));
const { key } = await db.prisma.member.findUniqueOrThrow({ where: { id: memberId } });

const children: ChildProcess[] = [];
const ended = (child: ChildProcess) => new Promise((done) => child.once('exit', done));
afterAll(async () => {
  await Promise.all(
    children
      .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
      .map((child) => {
        const end = ended(child);
        child.kill('SIGTERM');
        return end;
      }),
  );
});
/** The API as it is started in earnest. */
async function start(): Promise<ChildProcess> {
  const child = fork(resolve(root, 'apps/api/src/main.ts'), [], {
    execArgv: ['--import', 'tsx', '--conditions=source'],
    env: {
      ...process.env,
      DATABASE_URL: database.url,
      PORT: '0',
      HOST: '127.0.0.1',
      LOG_LEVEL: 'warn',
      SMALLBATCH_WEBHOOK_PRIVATE: '1',
      SMALLBATCH_PUBLIC_URL: 'https://lab.example.org/',
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  children.push(child);
  await new Promise<void>((done, failed) => {
    child.once('message', () => done());
    child.once('exit', (code) => failed(new Error(`the API ended with ${code} before it listened`)));
  });
  return child;
}

test('of two processes of the API on one database one sends each message; what they had in hand when they are killed the next one sends', async () => {
  const to = await receiver();
  await addWebhook(db, { teamId, memberId, url: to.url, kinds: ['MENTIONED'] });
  const [first] = await Promise.all([start(), start()]);
  for (let i = 0; i < 6; i++) {
    await note(db, 'sweep', teamId, sweep.key, `@${key} ${i}`);
    await note(db, 'sweep', teamId, sweep.key, null);
  }
  const ids = () => new Set(to.got.map(({ headers }) => headers['webhook-id']));
  for (const end = Date.now() + 20_000; ids().size < 6 && Date.now() < end; ) await sleep(50);
  await sleep(3000);
  expect([ids().size, to.got.length]).toEqual([6, 6]);
  expect(to.got[0]!.json.link).toBe(`https://lab.example.org/sweeps/${sweep.key}`);

  // Nobody answers, and both are killed while one of them waits for the answer.
  to.answer = () => ({ status: 204, afterMs: 600_000 });
  await note(db, 'sweep', teamId, sweep.key, `@${key} once more`);
  for (const end = Date.now() + 20_000; ids().size < 7 && Date.now() < end; ) await sleep(10);
  const id = to.got.at(-1)!.headers['webhook-id'];
  const [{ tries }] = (await database.asOwner('SELECT tries FROM webhook_delivery WHERE id = $1', [id])) as [
    { tries: number },
  ];
  expect(tries).toBe(1);
  to.answer = () => ({ status: 204 });
  for (const child of children) {
    const end = ended(child);
    child.kill('SIGKILL');
    await end;
  }
  expect(first!.signalCode).toBe('SIGKILL');
  await start();
  for (const end = Date.now() + 40_000; to.got.length < 8 && Date.now() < end; ) await sleep(50);
  expect(to.got.at(-1)!.headers['webhook-id']).toBe(id);
  await sleep(500);
  expect(
    await database.asOwner(`SELECT tries FROM webhook_delivery WHERE id = $1 AND status = 'DELIVERED'`, [id]),
  ).toEqual([{ tries: 2 }]);
}, 120_000);
