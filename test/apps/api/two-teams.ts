import {
  acting,
  type Claimed,
  claimRuns,
  createInvitation,
  createSession,
  createSweep,
  createToken,
  deleteRun,
  type Role,
  registerWorker,
  saveView,
  uuidv7,
} from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import { addDataset, addWorker, newRun, newSweep } from '../../packages/db/new-run.ts';
import { addPerson, addTeam, BROWSER } from '../../packages/db/people.ts';
import { type TestApi, testApi } from './server.ts';

/** Every name of the one team has the first in it, every name of the other the second: so an answer is looked through for them. */
export const OURS = 'apple';
export const THEIRS = 'zebra';

/** Somebody who asks, for `memberId` of a team. */
export interface Caller {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whose own things it would change: of who is nobody of the team, those of another member of it. */
  readonly memberId: string;
  readonly accountId: string;
  readonly theirs: boolean;
}

const globalId = (type: string, id: string): string => Buffer.from(`${type}:${id}`).toString('base64');
let seed = 0;

/** Two teams on one server: people of every role and tokens of every kind in the one, an owner in the other, and things in both. */
export async function twoTeams() {
  const own = await testApi({ host: '0.0.0.0', oidc: { name: 'a provider' } as never });
  const { db } = own;
  const team = async (word: string) => {
    const { id, key } = await addTeam(db, word);
    const dataset = await addDataset(db, id, `${word}-shapes`);
    const join = (role: Role) => addPerson(db, { name: `${word}-${role}`, teamId: id, role });
    const someone = await join('MEMBER');
    const worker = await registerWorker(db, {
      ...{ teamId: id, memberId: someone.memberId, name: `${word}-worker`, host: `${word}-host`, pid: 1 },
      ...{ engine: 'onnx', device: 'cpu', versions: {}, trainerVersion: TRAINER_VERSION },
    });
    const runs = (memberId: string, count: number) => {
      const cells = Array.from({ length: count }, () => newRun(dataset.id, { seed: seed++ }));
      return createSweep(db, newSweep({ teamId: id, memberId }, cells, { name: word }));
    };
    await own.asOwner("INSERT INTO metric (team_id, name, goal) VALUES ($1, $2, 'MINIMISE')", [
      id,
      `${word}_loss`,
    ]);
    return { id, key, word, dataset, join, someone, worker, runs };
  };
  const [ours, theirs] = [await team(OURS), await team(THEIRS)];

  const people = {
    VIEWER: await ours.join('VIEWER'),
    MEMBER: await ours.join('MEMBER'),
    MAINTAINER: await ours.join('MAINTAINER'),
    OWNER: await ours.join('OWNER'),
  };
  const stranger = await theirs.join('OWNER');
  const session = async ({ accountId }: { accountId: string }) => {
    const { secret } = await createSession(db.pool, {
      accountId,
      teamId: null,
      method: 'PASSWORD',
      ...BROWSER,
    });
    return { cookie: `smallbatch_session=${secret}` };
  };
  const owner = { teamId: ours.id, memberId: people.OWNER.memberId };
  const token = async (scopes: ('READ' | 'WRITE' | 'WORK' | 'ADMIN')[], spoil?: string) => {
    const made = await createToken(db, { ...owner, name: `${OURS}-token`, scopes });
    if (spoil) await own.asOwner(`UPDATE token SET ${spoil} WHERE id = $1`, [made.id]);
    return { authorization: `Bearer ${made.secret}` };
  };
  const ofOwner = { ...people.OWNER, theirs: false };
  const all = ['READ', 'WRITE', 'WORK', 'ADMIN'] as const;
  const callers: Caller[] = [
    { name: 'anonymous', headers: {}, ...ours.someone, theirs: false },
    ...(await Promise.all(
      Object.entries(people).map(async ([name, one]) => ({
        ...{ name, headers: await session(one), memberId: one.memberId },
        ...{ accountId: one.accountId, theirs: false },
      })),
    )),
    { name: "another team's OWNER", headers: await session(stranger), ...ours.someone, theirs: true },
    {
      name: 'expired token',
      headers: await token([...all], "expires_at = now() - interval '1 s'"),
      ...ofOwner,
    },
    { name: 'revoked token', headers: await token([...all], 'revoked_at = now()'), ...ofOwner },
    ...(await Promise.all(
      all.map(async (scope) => ({ name: `token ${scope}`, headers: await token([scope]), ...ofOwner })),
    )),
  ];

  // Runs that have failed, so that anything can be done with them, by whose they are.
  const failed = new Map<string, string[]>();
  const pool = async (memberId: string, count: number) => {
    const { key } = await ours.runs(memberId, count);
    failed.set(
      memberId,
      Array.from({ length: count }, (_, i) => `${key}/${i + 1}`),
    );
  };
  for (const { memberId } of Object.values(people)) await pool(memberId, 70);
  await pool(ours.someone.memberId, 150);
  await theirs.runs(theirs.someone.memberId, 2);
  await own.asOwner("UPDATE run SET status = 'FAILED', ended_at = now(), note = $1 WHERE team_id = $2", [
    `${OURS} note`,
    ours.id,
  ]);
  // Runs that are being trained.
  const claimed: Claimed[] = [];
  const trainer = await addWorker(
    db,
    { teamId: ours.id, memberId: ours.someone.memberId },
    `${OURS}-trainer`,
  );
  const trained = await ours.runs(ours.someone.memberId, 64);
  claimed.push(
    ...(await claimRuns(db, {
      ...{ teamId: ours.id, workerId: trainer, datasets: [ours.dataset.hash], max: 64 },
      ...{ trainerVersion: TRAINER_VERSION, leaseSeconds: 600, sweepId: trained.id, maxSamples: 1e6 },
    })),
  );
  const steady = await ours.runs(ours.someone.memberId, 2);

  return {
    own,
    ours,
    theirs,
    callers,
    people,
    session,
    /** A run of a member that nobody has changed yet, by its key. */
    run(memberId: string): string {
      const key = failed.get(memberId)?.pop();
      if (!key) throw new Error('too few runs: make more of them');
      return key;
    },
    /** A run that is being trained. */
    claim(): { run: string; attempt: number } {
      const { runId, attempt } = claimed.pop()!;
      return { run: globalId('Run', runId), attempt };
    },
    /** A sweep that stays as it is. */
    steady: steady.key,
    async sweep(memberId: string): Promise<string> {
      return (await ours.runs(memberId, 1)).key;
    },
    async deletion(memberId: string): Promise<string> {
      const deleted = await deleteRun(acting(db, { memberId }), ours.id, this.run(memberId));
      const { deletionId } = deleted as { deletionId: string };
      const [row] = await own.asOwner<{ key: string }>('SELECT key FROM deletion WHERE id = $1', [
        deletionId,
      ]);
      return row!.key;
    },
    async view(memberId: string): Promise<string> {
      const { id } = (await saveView(db, {
        ...{ teamId: ours.id, memberId, name: `${OURS} ${uuidv7()}`, page: 'RUNS', query: '' },
        ...{ shared: true, replace: false },
      })) as { id: string };
      const [row] = await own.asOwner<{ key: string }>('SELECT key FROM saved_view WHERE id = $1', [id]);
      return row!.key;
    },
    async token(memberId: string): Promise<string> {
      const given = { teamId: ours.id, memberId, name: `${OURS}-token`, scopes: ['READ' as const] };
      return globalId('Token', (await createToken(db, given)).id);
    },
    async sessionOf(accountId: string): Promise<string> {
      const given = { accountId, teamId: null, method: 'PASSWORD' as const, ...BROWSER };
      return globalId('Session', (await createSession(db.pool, given)).id);
    },
    async invitation(): Promise<string> {
      const given = { teamId: ours.id, role: 'VIEWER' as const, email: null, createdBy: null };
      return globalId('Invitation', (await createInvitation(db, { ...given, name: `${OURS}-guest` })).id);
    },
    async webhook(): Promise<string> {
      const [row] = await own.asOwner<{ id: string }>(
        `INSERT INTO webhook (id, team_id, url, kinds, secret) VALUES (gen_random_uuid(), $1, 'https://hooks.example.org/${OURS}', '{MENTIONED}', 'whsec_AAAA') RETURNING id`,
        [ours.id],
      );
      return globalId('Webhook', row!.id);
    },
    async delivery(): Promise<string> {
      const webhook = Buffer.from(await this.webhook(), 'base64')
        .toString()
        .split(':')[1];
      const [row] = await own.asOwner<{ id: string }>(
        `INSERT INTO webhook_delivery (id, team_id, webhook_id, happening, body, status, next_try_at) VALUES (gen_random_uuid(), $1, $2, 'one', '{"of":"${OURS}"}', 'DELIVERED', NULL) RETURNING id`,
        [ours.id, webhook],
      );
      return globalId('WebhookDelivery', row!.id);
    },
    async member(): Promise<string> {
      return (await ours.join('MEMBER')).key;
    },
    /** The id of a thing of the team, of any type that has one. */
    async idOf(type: string, { memberId, accountId }: Caller): Promise<string> {
      const table: Readonly<Record<string, string>> = { SavedView: 'saved_view' };
      if (type === 'Team') return globalId(type, ours.id);
      if (type === 'Account') return globalId(type, accountId);
      if (type === 'Session') return this.sessionOf(accountId);
      if (type === 'SavedView') await this.view(memberId);
      if (type === 'Invitation') return this.invitation();
      if (type === 'Token') return this.token(memberId);
      const [row] = await own.asOwner<{ id: string }>(
        `SELECT id FROM ${table[type] ?? type.toLowerCase()} WHERE team_id = $1 ORDER BY id LIMIT 1`,
        [ours.id],
      );
      return globalId(type, row!.id);
    },
  };
}
export type TwoTeams = Awaited<ReturnType<typeof twoTeams>>;
export type { TestApi };
