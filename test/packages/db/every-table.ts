import {
  addWebhook,
  claimRuns,
  createSweep,
  createToken,
  type Db,
  deleteRun,
  finishRuns,
  type Identity,
  reportMetrics,
  saveView,
} from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import type { TestDatabase } from '../../database.ts';
import { addDataset, addWorker, newRun, newSweep } from './new-run.ts';
import { randomWorld } from './random-runs.ts';

/** Values that text, or a careless copy, would not bring back. */
export const VALUES = [-0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 0.1 + 0.2];

/** Writes rows into every table of the schema public: a trained sweep, a deletion, odd texts and numbers, and what else there is. */
export async function fillEveryTable({ asOwner }: TestDatabase, db: Db, owner: Identity): Promise<void> {
  const { teamId } = owner;
  const dataset = await addDataset(db, teamId);
  const workerId = await addWorker(db, owner);
  const cells = Array.from({ length: 4 }, (_, seed) => newRun(dataset.id, { seed }));
  const sweep = await createSweep(
    db,
    newSweep(owner, cells, { definition: { name: 'É😀', rates: [1e-300] } }),
  );
  const claims = await claimRuns(db, {
    ...owner,
    workerId,
    datasets: [dataset.hash],
    trainerVersion: TRAINER_VERSION,
    max: 3,
    leaseSeconds: 60,
    sweepId: sweep.id,
  });
  const steps = VALUES.map((_, i) => i + 1);
  for (const { runId, attempt } of claims) {
    const series = ['a', 'b'].map((metric) => ({ metric, steps, values: VALUES }));
    await reportMetrics(db, teamId, [{ runId, attempt, sequence: 1, series }]);
    const end = { runId, attempt, sequence: 1, step: 6, samplesSeen: 12, deviceSeconds: 0.1 };
    await finishRuns(db, teamId, [{ ...end, outcome: 'DONE' }]);
  }
  await asOwner(
    'INSERT INTO rung (sweep_id, epoch, run_id, team_id, value, goes_on) SELECT $1, 1, id, team_id, 0.5, true FROM run WHERE sweep_id = $1',
    [sweep.id],
  );
  await deleteRun(db, teamId, `${sweep.key}/1`);
  await createToken(db, { ...owner, name: 'of every scope', scopes: ['READ', 'WRITE', 'WORK', 'ADMIN'] });
  await saveView(db, { ...owner, name: 'view', page: 'RUNS', query: '?a=%00', shared: true, replace: false });
  for (const statement of PEOPLE) await asOwner(statement, [teamId]);
  await asOwner("INSERT INTO analysis_reader (login, team_id) VALUES ('analyst', $1)", [teamId]);
  await addWebhook(db, { ...owner, url: 'https://hooks.example.org/é', kinds: ['MENTIONED'] });
  await asOwner(
    `INSERT INTO webhook_delivery (id, team_id, webhook_id, happening, kind, body) SELECT gen_random_uuid(), team_id, id, 'one', 'MENTIONED', '{"é":"😀"}' FROM webhook`,
  );
  await asOwner("INSERT INTO upload (team_id, id, records) VALUES ($1, 'one', 3)", [teamId]);
  let state = 1;
  const draw = (): number => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  await (await randomWorld(db, draw, 'odd')).add(200);
}

/** Somebody who was invited, signed in by each way, and forgot the password. */
const ACCOUNT = 'SELECT account_id FROM member WHERE team_id = $1 ORDER BY key LIMIT 1';
const PEOPLE = [
  `INSERT INTO session (id, account_id, team_id, hash, previous_hash, expires_at, method, address, agent)
   VALUES (gen_random_uuid(), (${ACCOUNT}), $1, '\\x00ff', '\\x01', 'infinity', 'OIDC', '::1', 'Mozilla/5.0')`,
  `INSERT INTO invitation (id, team_id, role, email, hash, expires_at) VALUES (gen_random_uuid(), $1, 'VIEWER', 'Ä@example.org', '\\x02', now())`,
  `INSERT INTO password_link (id, account_id, hash, expires_at) VALUES (gen_random_uuid(), (${ACCOUNT}), '\\x03', now())`,
  `INSERT INTO external_identity (issuer, subject, account_id) VALUES ('https://id.example.org', 'one', (${ACCOUNT}))`,
  `INSERT INTO sign_in_try (key, tries) SELECT '\\x04', length($1::text)`,
  `INSERT INTO audit_entry (team_id, via, who, action, outcome, detail) VALUES ($1, 'TOKEN', 'Ä', 'DELETE_RUNS', 'DONE', '{"a": [null, 1e-300]}')`,
];

/** Of each table of the schema public, from the catalogue: how many rows, and one word for all they hold. */
export async function contents({
  asOwner,
}: TestDatabase): Promise<Map<string, { rows: number; sum: string }>> {
  const tables = await asOwner<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations' ORDER BY 1",
  );
  const found = new Map<string, { rows: number; sum: string }>();
  for (const { name } of tables) {
    const [one] = await asOwner<{ rows: number; sum: string }>(
      `SELECT count(*)::int AS rows, md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE "C"), '')) AS sum FROM "${name}" t`,
    );
    found.set(name, one!);
  }
  return found;
}

/** The error of work that has to fail. */
export const failure = (work: Promise<unknown>): Promise<Error & { code?: string }> =>
  work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error) => error,
  );
