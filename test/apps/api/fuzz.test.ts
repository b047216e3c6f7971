import { Agent, request } from 'node:http';
import { schema } from '@smallbatch/api';
import { TRAINER_VERSION } from '@smallbatch/program';
import { expect, test } from 'vitest';
import { addDataset } from '../../packages/db/new-run.ts';
import { randomDocuments } from './documents.ts';
import { record } from './results.ts';
import { type Answer, testApi } from './server.ts';

/** FUZZ_COUNT and FUZZ_SEED for more, or for others. */
const COUNT = Number(process.env.FUZZ_COUNT ?? 20_000);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_126);
/** What only the inside of the server would say. */
const INSIDE =
  /prisma|postgres|\bpg\b|SELECT .* FROM|INSERT INTO|relation "|column "|syntax error at or near|violates|node_modules|\.ts:\d|\n\s+at |file:\/\/|TypeError|RangeError|ReferenceError|Maximum call stack|Cannot read prop|is not a function|undefined \(reading/i;

const logged: { err?: Error; errorId?: string }[] = [];
const silent = (): void => {};
const logger = {
  level: 'silent',
  info: silent,
  warn: silent,
  debug: silent,
  error: (one: object) => void logged.push(one),
};
const own = await testApi({ logger: logger as never });
const { hash } = await addDataset(own.db, own.teamId);
const created = await own.ask('mutation ($d: JSON!) { createSweep(definition: $d) { __typename } }', {
  d: {
    name: 'demo',
    dataset: ['shapes'],
    model: 'resnet8',
    axes: { batchSize: [2, 8], batchNorm: [false, true], baseLearningRate: [0.001, 0.002], seed: [0, 1, 2] },
    fixed: { epochs: 2 },
  },
});
expect(created.data.createSweep.__typename).toBe('CreateSweepSuccess');
for (let i = 4; i <= 24; i++)
  await record(own, `demo-1/${i}`, { value: 0.5 + (i % 7) / 20, diverged: i === 9 });
const { id: workerId } = (
  await own.ask('mutation ($i: RegisterWorkerInput!) { registerWorker(input: $i) { id } }', {
    i: {
      name: 'w',
      host: 'h',
      pid: 1,
      engine: 'onnx',
      device: 'cpu',
      versions: {},
      trainerVersion: TRAINER_VERSION,
    },
  })
).data.registerWorker;
const ids = await own.ask(
  '{ runs(first: 3) { nodes { id } } sweeps { nodes { id } } datasets { id } viewer { member { id } team { id } } }',
);
const known = [
  'demo-1',
  'demo-1/1',
  'demo-1/9',
  'test_accuracy',
  'shapes',
  hash,
  'resnet8',
  'onnx',
  workerId,
  TRAINER_VERSION,
  ...(JSON.stringify(ids.data).match(/(?<="id":")[^"]+/g) ?? []),
];

const agent = new Agent({ keepAlive: true, maxSockets: 8 });
const post = (body: string): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const sent = request(
      {
        agent,
        port: own.api.port,
        path: '/graphql',
        method: 'POST',
        headers: { host: 'localhost', 'content-type': 'application/json' },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });

test(`${COUNT.toLocaleString('en')} random documents, valid and not, never meet a fault of the server, nor are told of its inside`, async () => {
  const next = randomDocuments(schema, SEED, known);
  /** One of each kind. */
  const wrong = new Map<string, object>();
  const codes = new Map<string, number>();
  const reached = new Set<string>();
  let [sent, whole] = [0, 0];
  const work = async (): Promise<void> => {
    while (sent < COUNT) {
      sent++;
      const { query, variables } = next();
      const { status, text } = await post(JSON.stringify({ query, variables }));
      const answer = JSON.parse(text) as Answer;
      const errors = answer.errors ?? [];
      if (errors.length === 0) whole++;
      for (const field of Object.keys(answer.data ?? {})) reached.add(field);
      for (const { path } of errors) if (path) reached.add(path[0]);
      for (const { extensions } of errors)
        codes.set(extensions?.code, (codes.get(extensions?.code) ?? 0) + 1);
      const bad =
        status >= 500 ||
        errors.some(
          ({ message, extensions }: Answer) =>
            !extensions?.code || extensions.code === 'INTERNAL' || INSIDE.test(message),
        );
      if (bad) {
        const ids = new Set(errors.map(({ extensions }: Answer) => extensions?.errorId));
        const reason = logged
          .filter(({ errorId }) => ids.has(errorId))
          .map(({ err }) => String(err?.stack ?? err).slice(0, 1_500));
        const kind = `${status} ${reason[0] ?? text.slice(0, 300)}`
          .replace(/[0-9a-f-]{12,}|"[^"]*"/g, '…')
          .slice(0, 400);
        if (!wrong.has(kind))
          wrong.set(kind, { status, query, variables, errors: errors.slice(0, 2), reason: reason[0] });
        logged.length = 0;
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  expect([...wrong.keys()], JSON.stringify([...wrong.values()].slice(0, 5), null, 1)).toEqual([]);
  expect(sent).toBe(COUNT);
  // It would prove nothing if all were refused, or none.
  console.info(`${whole} whole answers; errors by code: ${JSON.stringify(Object.fromEntries(codes))}`);
  expect(whole).toBeGreaterThan(COUNT / 5);
  for (const code of ['GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_PARSE_FAILED', 'BAD_USER_INPUT', 'BAD_INPUT'])
    expect(codes.get(code) ?? 0, code).toBeGreaterThan(10);
  const roots = [schema.getQueryType()!, schema.getMutationType()!].flatMap((type) =>
    Object.keys(type.getFields()),
  );
  expect(roots.filter((name) => !reached.has(name))).toEqual([]);
  expect((await own.ask('{ viewer { scopes } }')).errors).toEqual([]);
}, 900_000);
