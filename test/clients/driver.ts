// Does tasks of conformance.test.ts with the TypeScript client: a line of JSON each, answered by lines. driver.py is its twin.
import { createInterface } from 'node:readline';
import { createClient, curves, fromEnvironment, graphql, runs } from '@smallbatch/client';
import { createRun, Reporter } from '@smallbatch/client/reporter';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (line: unknown): void => console.log(JSON.stringify(line));
const environment = fromEnvironment();
let client = createClient();
// biome-ignore lint/suspicious/noExplicitAny: a task has the shape that its doer knows.
let task: any;

interface Point {
  step: number;
  epoch?: number;
  samplesSeen?: number;
  values: Record<string, string>;
}

const tasks: Record<string, () => Promise<unknown>> = {
  async runs() {
    const rows: unknown[] = [];
    for await (const run of runs(client, { where: task.where, orderBy: task.orderBy, metrics: task.metrics }))
      rows.push({
        key: run.key,
        seed: run.seed,
        metrics: run.metrics.map(({ name, last }) => ({ name, last })),
      });
    return rows;
  },
  async curves() {
    const answer = await curves(client, {
      where: task.where,
      metric: task.metric,
      maxPoints: task.maxPoints,
    });
    const texts = (column: Float64Array): string[] => Array.from(column, String);
    return {
      of: answer.of,
      sampled: answer.sampled,
      curves: answer.curves.map(({ run, steps, values, epochs, samplesSeen, count }) => ({
        run,
        steps: [...steps],
        values: texts(values),
        epochs: texts(epochs),
        samplesSeen: texts(samplesSeen),
        count,
      })),
    };
  },
  async aggregate() {
    const { aggregate } = await client.query(
      graphql(`query Aggregate($where: RunFilter) {
        aggregate(where: $where, by: [BATCH_NORM, BATCH_SIZE], best: [BASE_LEARNING_RATE]) {
          groups { batchNorm batchSize n mean sd ci95 { low high } best { baseLearningRate candidates } } } }`),
      { where: task.where },
    );
    return aggregate.groups;
  },
  async compare() {
    const { compare } = await client.query(
      graphql(`query Compare($a: RunFilter!, $b: RunFilter!) {
        compare(a: $a, b: $b) { n mean verdict ci95 { low high } pairs { difference } unmatchedA { keptBy } } }`),
      { a: task.a, b: task.b },
    );
    return compare;
  },
  async create() {
    return (await createRun({ ...task.run, token: task.token, spool: task.spool })).key;
  },
  /** Creates a run and logs; what comes then is said by lines that arrive. */
  async report() {
    const run = await createRun({ ...task.run, token: task.token, spool: task.spool });
    say({ key: run.key });
    const log = ({ values, ...point }: Point): void =>
      run.log({
        ...point,
        ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)])),
      });
    for (const point of task.points as Point[]) log(point);
    if (task.pause) {
      say('paused');
      await lines.next();
    }
    for (const point of (task.more ?? []) as Point[]) log(point);
    await run.finish(task.failed ? { failed: task.failed } : {});
    return { lost: run.lost ?? null };
  },
  async deliver() {
    const reporter = new Reporter({ client, spool: task.spool });
    await reporter.close(20);
    return reporter.empty;
  },
};

for (;;) {
  const { value, done } = await lines.next();
  if (done) break;
  task = JSON.parse(value);
  // Without a token of its own a task shows that the environment is enough.
  client = task.token ? createClient({ ...environment, token: task.token }) : createClient();
  await tasks[task.op]!().then(
    (result) => say({ result }),
    (error) => say({ error: { code: error.code, message: error.message } }),
  );
}
