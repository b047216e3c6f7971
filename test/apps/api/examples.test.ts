import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readExample, reference, rootFields } from '@smallbatch/api';
import { createInvitation, createSession, createToken, uuidv7 } from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import { createClient } from 'graphql-ws';
import { describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { addDataset } from '../../packages/db/new-run.ts';
import { BROWSER } from '../../packages/db/people.ts';
import { record } from './results.ts';
import { type Answer, type TestApi, testApi } from './server.ts';

const root = resolve(import.meta.dirname, '../../..');
const folder = resolve(root, 'docs/graphql/examples');
const texts = Object.fromEntries(
  readdirSync(folder).map((name) => [name, readFileSync(resolve(folder, name), 'utf8')]),
);

/** Everything that examples ask about: change it for a new one where it lacks something. */
interface World {
  readonly own: TestApi;
  /** What the texts with an @ in the examples' variables stand for. */
  readonly known: Record<string, string>;
}

/**
 * The sweep demo-1 of 24 runs, the first two with a worker, the third waiting, the last failed and diverged, the others done; its 22nd was
 * deleted. A view of the runs' page.
 */
async function world(): Promise<World> {
  // What is sent leads nowhere: nothing is tried while the examples are.
  const own = await testApi({ webhooks: { everyMs: 3_600_000 } });
  const ask = async (query: string, variables = {}): Promise<Answer> => {
    const { data, errors } = await own.ask(query, variables);
    expect(errors).toEqual([]);
    return data;
  };
  const { hash } = await addDataset(own.db, own.teamId);
  const file = {
    name: 'demo',
    dataset: ['shapes'],
    model: 'resnet8',
    axes: { batchSize: [2, 8], batchNorm: [false, true], baseLearningRate: [0.001, 0.002], seed: [0, 1, 2] },
    fixed: { epochs: 2 },
    order: 'listed',
  };
  await ask(
    'mutation ($d: JSON!) { createSweep(definition: $d) { ... on CreateSweepSuccess { created } } }',
    { d: file },
  );
  for (let i = 4; i <= 22; i++) await record(own, `demo-1/${i}`, { value: 0.5 + (i % 7) / 20 });
  await record(own, 'demo-1/23', { diverged: true });
  await record(own, 'demo-1/24', { status: 'FAILED' });
  const { registerWorker } = await ask(
    'mutation ($i: RegisterWorkerInput!) { registerWorker(input: $i) { id } }',
    {
      i: {
        name: 'w',
        host: 'here',
        pid: 1,
        engine: 'onnx',
        device: 'cpu',
        versions: {},
        trainerVersion: TRAINER_VERSION,
      },
    },
  );
  const worker = registerWorker.id;
  const { claimRuns } = await ask(
    'mutation ($i: ClaimRunsInput!) { claimRuns(input: $i) { ... on Bundle { claims { run { id key } attempt } } } }',
    { i: { worker, datasets: [hash], max: 2 } },
  );
  const run = claimRuns.claims.find(({ run: { key } }: Answer) => key === 'demo-1/1').run.id;
  const series = [{ metric: 'train_loss', steps: [10, 20], values: [2.3, 1.1] }];
  const { reportMetrics } = await ask(
    'mutation ($i: ReportMetricsInput!) { reportMetrics(input: $i) { results { __typename } } }',
    {
      i: { reports: [{ run, attempt: 1, sequence: 1, series }] },
    },
  );
  expect(reportMetrics.results).toEqual([{ __typename: 'ReportAccepted' }]);
  const { deleteRun, saveView } = await ask(
    `mutation {
       deleteRun(key: "demo-1/22") { ... on RunDeleted { deletion { key } } }
       saveView(input: { name: "Failed runs", page: RUNS, query: "status=FAILED", shared: true }) { ... on ViewSaved { view { key } } }
     }`,
  );
  expect([deleteRun.deletion.key, saveView.view.key]).toEqual(['deletion-1', 'failed-runs-1']);
  const identity = { teamId: own.teamId, memberId: own.memberId };
  const token = await createToken(own.db, { ...identity, name: 'a notebook', scopes: ['READ'] });
  // A second member, who cannot sign in: so the local owner stays.
  const [grace, key] = [uuidv7(), 'grace'];
  await own.db.pool.query('INSERT INTO account (id, name, email) VALUES ($1, $2, $3)', [
    grace,
    'Grace Hopper',
    'grace@example.org',
  ]);
  await own.db.pool.query(
    "INSERT INTO member (id, team_id, account_id, key, role) VALUES ($1, $2, $3, $4, 'MEMBER')",
    [uuidv7(), own.teamId, grace, key],
  );
  const { accountId } = own;
  const session = await createSession(own.db.pool, {
    accountId,
    teamId: null,
    method: 'PASSWORD',
    ...BROWSER,
  });
  const invitation = await createInvitation(own.db, {
    teamId: own.teamId,
    role: 'VIEWER',
    email: null,
    name: 'Ada',
    createdBy: own.memberId,
  });
  const { addWebhook } = await ask(
    'mutation { addWebhook(url: "https://hooks.example.org/lab", kinds: [SWEEP_ENDED]) { ... on WebhookAdded { webhook { id } } } }',
  );
  const webhook = addWebhook.webhook.id;
  const { testWebhook } = await ask(
    `mutation { testWebhook(id: "${webhook}") { ... on DeliveryWaits { delivery { id } } } }`,
  );
  const idOf = (type: string, { id }: { id: string }) => Buffer.from(`${type}:${id}`).toString('base64');
  return {
    own,
    known: {
      run,
      worker,
      token: idOf('Token', token),
      session: idOf('Session', session),
      invitation: idOf('Invitation', invitation),
      webhook,
      delivery: testWebhook.delivery.id,
      datasetHash: hash,
      trainerVersion: TRAINER_VERSION,
    },
  };
}
const asked = await world();

const fill = (value: unknown, known: Record<string, string>): unknown => {
  if (typeof value === 'string' && value.startsWith('@')) {
    expect(Object.keys(known), `what ${value} of an example stands for is not in known`).toContain(
      value.slice(1),
    );
    return known[value.slice(1)];
  }
  if (Array.isArray(value)) return value.map((one) => fill(one, known));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fill(one, known)]));
  return value;
};

/** Mutations that end things: each has a world of its own. */
const ENDS = /^(cancel|delete|disable|finish|lock|remove|restore|retryRuns|revoke|rotate)/;
/** Outcomes that are no example of what a field is for. */
const PROBLEMS =
  /^(InvalidInput|NotFound|NoRunAvailable|LeaseLost|SequenceGap|NameTaken|RunExists|SweepEnded|OtherCount|ViewNameTaken|ViewNotYours|SeedsRefused|LastOwner|NotYours|RunIsLocked|RunIsRunning)$/;

/** An answer with something in it: no null, no empty list, no problem, at the field itself. */
function answered(value: Answer): void {
  expect(value).not.toBeNull();
  expect(value).not.toBeUndefined();
  if (Array.isArray(value)) expect(value.length).toBeGreaterThan(0);
  for (const one of [value, ...(value.results ?? [])].flat())
    if (one.__typename) expect(one.__typename).not.toMatch(PROBLEMS);
  for (const list of ['nodes', 'groups', 'rows', 'curves', 'bands', 'front', 'cells', 'claims'])
    if (Array.isArray(value[list])) expect(value[list].length).toBeGreaterThan(0);
}

describe('the example of', () => {
  test.each(rootFields())('%s is there, and answers something', async (coordinate) => {
    const name = `${coordinate}.graphql`;
    const text = texts[name];
    if (!text)
      throw new Error(
        `missing example: write docs/graphql/examples/${name}: a line "# What it answers.", perhaps a line "# variables { … }" ` +
          `(texts with an @ stand for ids: see known in ${import.meta.filename.slice(root.length + 1)}), and the operation; then npm run generate`,
      );
    const { says, query, variables } = readExample(text);
    expect(says).toMatch(/^\p{Lu}.{10,}[.?!)]$/u);
    const [type, field] = coordinate.split('.') as [string, string];
    const { own, known } = type === 'Mutation' && ENDS.test(field) ? await world() : asked;
    const filled = fill(variables, known) as Record<string, unknown>;
    if (type === 'Subscription') {
      const client = createClient({
        url: `ws://127.0.0.1:${own.api.port}/graphql`,
        webSocketImpl: WebSocket,
        retryAttempts: 0,
      });
      for await (const { data, errors } of client.iterate<Answer>({ query, variables: filled })) {
        expect(errors).toBeUndefined();
        answered(data[field]);
        break;
      }
      return client.dispose();
    }
    const { data, errors } = await own.ask(query, filled);
    expect(errors).toEqual([]);
    expect(Object.keys(data)).toEqual([field]);
    answered(data[field]);
    return undefined;
  });

  test.each(Object.keys(texts))('%s is of a field that there is', (name) => {
    expect(rootFields()).toContain(name.replace('.graphql', ''));
  });
});

test('docs/graphql.md is what npm run generate writes', () => {
  expect(
    readFileSync(resolve(root, 'docs/graphql.md'), 'utf8') === reference(texts),
    'run npm run generate',
  ).toBe(true);
});

test('every link of docs/graphql.md leads to a heading of it', () => {
  const page = reference(texts);
  const headings = new Set(
    [...page.matchAll(/^#+ (.+)$/gm)].map(([, title]) => title!.toLowerCase().replaceAll(' ', '-')),
  );
  const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, link]) => link!);
  expect(links.length).toBeGreaterThan(100);
  expect(links.filter((link) => !headings.has(link))).toEqual([]);
});
