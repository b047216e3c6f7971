import { type Client, graphql, type ResultOf } from '@smallbatch/client';
import { TRAINER_VERSION } from '@smallbatch/program';
import { ENGINES, runWorkers } from '@smallbatch/trainer';
import { Command } from 'commander';
import { apiUrl, connect } from '../api.ts';
import { homeOf } from '../home.ts';
import type { Column } from '../output/columns.ts';
import { note, print } from '../output/print.ts';
import { plain } from '../output/screen.ts';
import { Problem } from '../problem.ts';
import { type ReadOptions, withFormat } from './options.ts';
import { describeEvent } from './worker.ts';

const Original = graphql(`
  query Original($key: String!) {
    run(key: $key) {
      key status trainerVersion dataset { name } seed hyper measures
      model width batchSize batchSchedule baseLearningRate schedule warmUp momentum nesterov weightDecay
      batchNorm batchNormScope bnBatch augmentation budget { unit value epochs } evaluateEvery
      metrics { name }
      attempts { engine device versions startStep worker { name } }
    }
  }
`);
type Run = NonNullable<ResultOf<typeof Original>['run']>;
const Again = graphql(`
  mutation Again($definition: JSON!) {
    createSweep(definition: $definition) {
      __typename
      ... on CreateSweepSuccess { sweep { key runs(first: 1) { nodes { key } } } }
      ... on InvalidInput { message }
    }
  }
`);
const Both = graphql(`
  query Both($keys: [String!]!, $metric: String!) {
    curves(where: { key: { in: $keys } }, metric: $metric) {
      curves { run { key } steps values nonFinite { index kind } }
    }
  }
`);

/** A measure of speed, not of training. */
const SPEED = 'samples_per_second';
/**
 * How far the last test accuracy may be from the original's where the two did not compute with the same kernels in the same order. Roundings
 * grow from step to step, so that after thousands of them two runs are like two seeds.
 */
const TOLERANCE = 0.03;
/** What the worker of a repeat is called. */
const WORKER = `repeat-${process.pid}`;

interface Row {
  readonly metric: string;
  readonly points: number;
  readonly equal: number;
  /** Largest difference of two finite values at one step. */
  readonly apart: number;
  readonly last: number | null;
  readonly lastAgain: number | null;
}
const small = (value: unknown): string => (value === 0 ? '0' : Number(value).toExponential(1));
const columns: Column<Row>[] = [
  { name: 'metric', value: ({ metric }) => metric },
  { name: 'points', value: ({ points }) => points },
  { name: 'equal', title: 'equal to the last bit', value: ({ equal }) => equal },
  { name: 'apart', title: 'largest difference', value: ({ apart }) => apart, show: small, align: 'right' },
  { name: 'last', value: ({ last }) => last },
  { name: 'lastAgain', title: 'last again', value: ({ lastAgain }) => lastAgain },
];

export function repeatCommand(): Command {
  return withFormat(
    new Command('repeat')
      .argument('<key>', 'a run that is done')
      .description('Train a run again on this machine and compare all that it measured.'),
  )
    .option('--engine <name>', "what executes the steps (default: the original's)")
    .option('--device <name>', "on what (default: the original's)")
    .option('--home <dir>', 'data sets and spool (default: SMALLBATCH_HOME, else .smallbatch)')
    .option('--keep-weights', 'keep the final weights (smallbatch runs weights KEY)')
    .action(repeat);
}

interface Options extends ReadOptions {
  readonly engine?: string;
  readonly device?: string;
  readonly home?: string;
  readonly keepWeights?: boolean;
}

async function repeat(key: string, options: Options): Promise<void> {
  const client = connect(options);
  const { run } = await client.query(Original, { key });
  if (!run)
    throw new Problem(`unknown run "${plain(key)}": "smallbatch runs list" names those that there are`);
  if (run.status !== 'DONE')
    throw new Problem(
      `invalid run ${plain(key)}: it is ${run.status.toLowerCase()}; only a run that is done can be compared`,
    );
  if (run.trainerVersion !== TRAINER_VERSION) {
    throw new Problem(
      `unsupported trainer version ${plain(run.trainerVersion)}: this is ${TRAINER_VERSION}, which gives other numbers; check out the commit that the run's attempts name`,
    );
  }
  const last = run.attempts.at(-1)!;
  const engine = options.engine ?? last.engine;
  if (!Object.hasOwn(ENGINES, engine))
    throw new Problem(`unknown engine "${plain(engine)}": there are ${Object.keys(ENGINES).join(', ')}`, 2);
  const { createSweep } = await client.mutate(Again, { definition: definitionOf(run) });
  if (createSweep.__typename === 'InvalidInput') throw new Problem(plain(createSweep.message));
  const { sweep } = createSweep;
  const again = sweep.runs.nodes[0]!.key;
  note(`${plain(run.key)} is trained again as ${plain(again)}`);
  await train(sweep.key, engine as keyof typeof ENGINES, options.device ?? last.device, options);

  const repeated = (await client.query(Original, { key: again })).run!;
  if (repeated.status !== 'DONE')
    throw new Problem(`${plain(again)} is ${repeated.status.toLowerCase()}: there is nothing to compare`);
  const names = run.metrics.map(({ name }) => name).filter((name) => name !== SPEED);
  const rows: Row[] = [];
  for (const name of names) rows.push(await compared(client, name, run.key, again));
  print(columns, rows, options.format);
  judge(run, repeated, rows);
}

/** A sweep of the run's one cell, trained though its configuration is answered. */
function definitionOf(run: Run): unknown {
  const {
    key,
    status: _status,
    trainerVersion: _version,
    dataset,
    seed,
    hyper,
    measures,
    budget,
    metrics: _metrics,
    attempts: _attempts,
    model,
    ...axes
  } = run;
  const { unit, value, epochs } = budget;
  const length =
    unit === 'EPOCHS'
      ? { epochs: value }
      : unit === 'STEPS'
        ? { steps: value }
        : { goalError: value, epochs };
  return {
    name: `repeat of ${key}`.slice(0, 100),
    dataset: dataset.name,
    model,
    fixed: {
      ...axes,
      ...(unit === 'STEPS' ? { evaluateEvery: null } : {}),
      budget: length,
      seed: Number(seed),
    },
    hyper,
    measures,
    reuse: false,
  };
}

async function train(
  sweep: string,
  engine: keyof typeof ENGINES,
  device: string,
  options: Options,
): Promise<void> {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => controller.abort());
  await runWorkers({
    url: apiUrl(options.url),
    ...(process.env.SMALLBATCH_TOKEN ? { token: process.env.SMALLBATCH_TOKEN } : {}),
    home: homeOf(options.home),
    name: WORKER,
    engine,
    device,
    sweep,
    processes: 1,
    untilEmpty: true,
    keepWeights: options.keepWeights,
    signal: controller.signal,
    onEvent: (event) => note(describeEvent(event)),
  });
  if (controller.signal.aborted)
    throw new Problem(`stopped; "smallbatch worker --sweep ${plain(sweep)}" goes on`);
}

async function compared(client: Client, metric: string, key: string, again: string): Promise<Row> {
  const { curves } = (await client.query(Both, { keys: [key, again], metric })).curves;
  const columnsOf = (wanted: string) => {
    const curve = curves.find(({ run }) => run.key === wanted);
    const kinds = new Map(curve?.nonFinite.map(({ index, kind }) => [index, kind]));
    const values = curve?.values.map((value, i) => value ?? kinds.get(i) ?? null) ?? [];
    return new Map(curve?.steps.map((step, i) => [Number(step), values[i]!]));
  };
  const [before, after] = [columnsOf(key), columnsOf(again)];
  const steps = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => a - b);
  let equal = 0;
  let apart = 0;
  for (const step of steps) {
    const [a, b] = [before.get(step), after.get(step)];
    if (Object.is(a, b)) equal++;
    if (typeof a === 'number' && typeof b === 'number') apart = Math.max(apart, Math.abs(a - b));
  }
  const lastOf = (points: ReadonlyMap<number, unknown>): number | null => {
    const value = points.get(steps.at(-1) ?? 0);
    return typeof value === 'number' ? value : null;
  };
  return { metric, points: steps.length, equal, apart, last: lastOf(before), lastAgain: lastOf(after) };
}

/** What two runs must have in common to be the same to the last bit: ONNX Runtime on the CPU, one thread, the same version and kernels. */
function sameKernels(run: Run, again: Run): boolean {
  const all = [...run.attempts, ...again.attempts];
  const kernels = all.map(({ engine, device, versions }) => {
    const { onnxruntime, block, threads } = versions as Record<string, unknown>;
    return JSON.stringify([engine, device, onnxruntime, block, threads]);
  });
  return (
    all.every(({ engine, device }) => engine === 'onnx' && device === 'cpu') && new Set(kernels).size === 1
  );
}

function judge(run: Run, again: Run, rows: readonly Row[]): void {
  const other = again.attempts.find(({ worker }) => !worker?.name.startsWith(WORKER));
  if (other)
    note(
      `another worker has taken it: ${plain(other.worker?.name ?? 'unknown')}, ${plain(other.engine)} on ${plain(other.device)}`,
    );
  const [first, second] = [run.attempts.at(-1)!, again.attempts.at(-1)!];
  for (const name of new Set([
    ...Object.keys(first.versions as object),
    ...Object.keys(second.versions as object),
  ])) {
    const [a, b] = [first, second].map(({ versions }) => (versions as Record<string, unknown>)[name]);
    if (a !== b) note(`${plain(name)} was ${plain(String(a))}, and is ${plain(String(b))} now`);
  }
  const unequal = rows.filter(({ points, equal }) => equal < points);
  if (unequal.length === 0) {
    note(
      `the same to the last bit: ${rows.reduce((sum, { points }) => sum + points, 0)} points of ${rows.length} metrics`,
    );
    return;
  }
  const names = unequal.map(({ metric }) => plain(metric)).join(', ');
  if (sameKernels(run, again))
    throw new Problem(`not the same: ${names} differ, though both ran on the same kernels of one thread`);
  const accuracy = rows.find(({ metric }) => metric === 'test_accuracy');
  const apart = Math.abs((accuracy?.last ?? Number.NaN) - (accuracy?.lastAgain ?? Number.NaN));
  if (!(apart <= TOLERANCE))
    throw new Problem(
      `not the same: the last test accuracy is ${apart.toFixed(4)} apart, and other kernels may make ${TOLERANCE}`,
    );
  note(
    `the same within roundings of other kernels: the last test accuracy is ${apart.toFixed(4)} apart (at most ${TOLERANCE})`,
  );
}
