import type { ResultOf } from '../shell/client';
import { graphql } from '../shell/client';

/** What the examples name: of the team itself, so that they have an answer here. */
export const Known = graphql(`
  query ExampleNames {
    datasets { name }
    members { key recentRuns }
    sweeps(first: 1) { nodes { key } }
    runs(first: 1, where: { status: [DONE] }) { nodes { key } }
  }
`);
export type Names = ResultOf<typeof Known>;

export interface Example {
  /** What it answers. */
  readonly name: string;
  readonly query: string;
}

/** A string as GraphQL writes it. */
const text = (value: string): string => JSON.stringify(value);

/** Questions that are ready to run, with the team's own names; those that need something that the team lacks are left out. */
export function examplesOf({ datasets, members, sweeps, runs }: Names): Example[] {
  const dataset = datasets[0]?.name;
  const sweep = sweeps.nodes[0]?.key;
  const run = runs.nodes[0]?.key;
  const [one, other] = members
    .toSorted((a, b) => b.recentRuns - a.recentRuns || (a.key < b.key ? -1 : 1))
    .map(({ key }) => key);
  const where = dataset ? `where: { dataset: { eq: ${text(dataset)} } }, ` : '';
  const some = sweep
    ? `{ sweep: { eq: ${text(sweep)} } }`
    : dataset
      ? `{ dataset: { eq: ${text(dataset)} } }`
      : '{}';
  const all: (Example | undefined)[] = [
    {
      name: 'Best accuracy by batch size, with and without batch norm',
      query: `{
  aggregate(${where}by: [BATCH_NORM, BATCH_SIZE], best: [BASE_LEARNING_RATE]) {
    runs
    groups {
      batchNorm batchSize mean sd n ci95 { low high } diverged failed
      best { baseLearningRate candidates }
    }
  }
}`,
    },
    {
      name: 'The same as a table: batch sizes down, batch norm across',
      query: `{
  pivot(${where}rows: [BATCH_SIZE], columns: [BATCH_NORM], best: [BASE_LEARNING_RATE]) {
    columns { batchNorm }
    rows { batchSize cells { state bestInRow group { mean sd n } } }
  }
}`,
    },
    one && other
      ? {
          name: `${one} against ${other}, setting by setting`,
          query: `{
  compare(a: { member: { eq: ${text(one)} } }, b: { member: { eq: ${text(other)} } }) {
    n mean ci95 { low high } verdict wins ties losses
    unmatchedCountA unmatchedCountB
    unmatchedA(first: 10) { dataset batchSize baseLearningRate keptBy }
    byBatchSize: by(axes: [BATCH_SIZE]) { batchSize n mean ci95 { low high } }
  }
}`,
        }
      : undefined,
    {
      name: 'Batch norm on against off',
      query: `{
  compare(a: { batchNorm: { eq: true } }, b: { batchNorm: { eq: false } }) {
    n mean ci95 { low high } verdict withoutValueA withoutValueB
    pairs(first: 20) { difference a { batchSize baseLearningRate mean } b { mean } }
  }
}`,
    },
    {
      name: 'Which cells of the grid are done, failed, diverged, or missing',
      query: `{
  coverage(where: ${some}, by: [BATCH_SIZE, BATCH_NORM]) {
    total done running failed missing
    cells(first: 50) { batchSize batchNorm done failed diverged missing }
  }
}`,
    },
    run
      ? {
          name: `The curve of ${run}`,
          query: `{
  curves(where: { key: { eq: ${text(run)} } }, metric: "test_accuracy") {
    sampled of
    curves { run { key } steps values }
  }
}`,
        }
      : undefined,
    {
      name: 'Accuracy against device time: what no other setting beats',
      query: `{
  pareto(${where}cost: GPU_SECONDS) {
    settings frontCount
    front { batchSize batchNorm baseLearningRate mean n cost }
  }
}`,
    },
    {
      name: 'Which axes the accuracy depends on',
      query: `{
  importance${where ? `(${where.slice(0, -2)})` : ''} {
    n of r2 reason
    axes { axis param share sd }
  }
}`,
    },
    {
      name: 'Runs of small batches that diverged or failed',
      query: `{
  runs(
    where: { batchSize: { lte: 16 }, or: [{ diverged: { eq: true } }, { status: [FAILED] }] }
    orderBy: [{ field: BATCH_SIZE }, { field: SEED }]
    first: 20
  ) {
    totalCount
    nodes { key status diverged batchSize baseLearningRate batchNorm seed member { key } }
    pageInfo { hasNextPage endCursor }
  }
}`,
    },
    {
      name: 'Who ran what, and what happened last',
      query: `{
  members { key role recentRuns runningRuns lastRunAt }
  workers { name engine device state samplesPerSecond lastSeenAt }
  activity(first: 10) { nodes { at kind member sweep run } }
}`,
    },
    {
      name: 'Watch what happens in the team',
      query: `subscription {
  activity { cursor events { at kind member sweep run } }
}`,
    },
  ];
  return all.flatMap((example) =>
    example ? [{ ...example, query: `# ${example.name}\n${example.query}\n` }] : [],
  );
}
