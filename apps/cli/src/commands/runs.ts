import { graphql, pages, type ResultOf } from '@smallbatch/client';
import { Command } from 'commander';
import { connect } from '../api.ts';
import type { Column, Value } from '../output/columns.ts';
import { note, print, record, render } from '../output/print.ts';
import { duration, percent, plain, power } from '../output/screen.ts';
import { Problem } from '../problem.ts';
import { type FilterOptions, filterOf, withFilter } from './filter.ts';
import { type ReadOptions, wholeNumber, withFormat } from './options.ts';
import { repeatCommand } from './runs-repeat.ts';
import { weightsCommand } from './runs-weights.ts';

const List = graphql(`
  query RunList($where: RunFilter, $first: Int, $after: String) {
    runs(where: $where, first: $first, after: $after, orderBy: [{ field: CREATED_AT, direction: DESC }]) {
      nodes {
        key status diverged dataset { name } model batchSize baseLearningRate batchNorm seed step plannedSteps
        metrics(names: ["test_accuracy"]) { last medianLast5 best }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
`);
type Row = ResultOf<typeof List>['runs']['nodes'][number];

const Show = graphql(`
  query RunShow($key: String!) {
    run(key: $key) {
      key status diverged divergedStep reason dataset { name hash } model width batchSize batchSchedule baseLearningRate
      learningRate schedule warmUp momentum nesterov weightDecay batchNorm batchNormScope bnBatch augmentation
      budget { unit value } seed hyper info configurationHash settingHash trainerVersion duplicate member { key }
      sweep { key } sweeps { key } engine step plannedSteps samplesSeen deviceSeconds createdAt startedAt endedAt
      metrics { name goal count nonFiniteCount last lastNonFinite lastStep min max mean best bestStep medianLast5 medianOf }
      attempts {
        number engine device runsSideBySide slot startStep startedAt endedAt end reason worker { name host }
      }
    }
  }
`);
type Run = NonNullable<ResultOf<typeof Show>['run']>;

const accuracyOf = (pick: 'last' | 'medianLast5' | 'best') => (row: Row) => row.metrics[0]?.[pick] ?? null;
const share = (value: Value) => percent(Number(value));

const columns: Column<Row>[] = [
  { name: 'key', value: ({ key }) => key },
  {
    name: 'status',
    value: ({ status, diverged }) => (diverged ? 'DIVERGED' : status),
    show: (status) => String(status).toLowerCase(),
  },
  { name: 'dataset', title: 'data set', value: ({ dataset }) => dataset.name },
  { name: 'model', value: ({ model }) => model },
  { name: 'batchSize', title: 'm', value: ({ batchSize }) => batchSize },
  {
    name: 'baseLearningRate',
    title: 'η̃',
    value: (row) => row.baseLearningRate,
    show: (rate) => power(Number(rate)),
    align: 'right',
  },
  { name: 'batchNorm', title: 'BN', value: ({ batchNorm }) => batchNorm, show: (on) => (on ? 'on' : 'off') },
  { name: 'seed', value: ({ seed }) => seed },
  { name: 'step', value: ({ step }) => step },
  { name: 'plannedSteps', title: 'of', value: ({ plannedSteps }) => plannedSteps },
  { name: 'test_accuracy.last', title: 'last', value: accuracyOf('last'), show: share, align: 'right' },
  {
    name: 'test_accuracy.medianLast5',
    title: 'median of 5',
    value: accuracyOf('medianLast5'),
    show: share,
    align: 'right',
  },
  { name: 'test_accuracy.best', title: 'best', value: accuracyOf('best'), show: share, align: 'right' },
];

export function runsCommand(): Command {
  const runs = new Command('runs').description('Look at runs, repeat one, take its weights.');
  withFilter(withFormat(runs.command('list').description('Runs, newest first, with their test accuracy.')))
    .option('--limit <n>', 'at most so many', wholeNumber(1, 1_000_000), 50)
    .action(list);
  withFormat(runs.command('show <key>').description('One run: configuration, metrics, attempts.')).action(
    show,
  );
  runs.addCommand(repeatCommand()).addCommand(weightsCommand());
  return runs;
}

async function list(options: ReadOptions & FilterOptions & { limit: number }): Promise<void> {
  const client = connect(options);
  const page = async (after: string | null) =>
    (await client.query(List, { where: filterOf(options), first: Math.min(100, options.limit + 1), after }))
      .runs;
  const rows: Row[] = [];
  for await (const row of pages(page)) {
    rows.push(row);
    if (rows.length > options.limit) break;
  }
  const more = rows.length > options.limit;
  print(columns, rows.slice(0, options.limit), options.format);
  if (more) note(`the newest ${options.limit} runs; --limit asks for more`);
}

interface Setting {
  name: string;
  value: Value;
}
type Metric = Run['metrics'][number];
type Attempt = Run['attempts'][number];

const settingColumns: Column<Setting>[] = [
  { name: 'name', value: ({ name }) => name },
  { name: 'value', value: ({ value }) => value, align: 'left' },
];
const digits = (value: Value) => String(Number(Number(value).toPrecision(5)));
const numberColumn = (
  name: 'last' | 'min' | 'max' | 'mean' | 'best' | 'medianLast5',
  title?: string,
): Column<Metric> => ({
  name,
  ...(title ? { title } : {}),
  value: (metric) => metric[name],
  show: digits,
  align: 'right',
});
const metricColumns: Column<Metric>[] = [
  { name: 'name', title: 'metric', value: ({ name }) => name },
  { name: 'count', title: 'points', value: ({ count }) => count },
  { name: 'nonFiniteCount', title: 'not finite', value: ({ nonFiniteCount }) => nonFiniteCount },
  {
    ...numberColumn('last'),
    value: ({ last, lastNonFinite }) => last ?? lastNonFinite,
    show: (value) => (typeof value === 'number' ? digits(value) : String(value)),
  },
  numberColumn('min'),
  numberColumn('max'),
  numberColumn('mean'),
  numberColumn('best'),
  { name: 'bestStep', title: 'at step', value: ({ bestStep }) => bestStep },
  numberColumn('medianLast5', 'median of 5'),
];
const attemptColumns: Column<Attempt>[] = [
  { name: 'number', title: 'attempt', value: ({ number }) => number },
  { name: 'worker', value: ({ worker }) => worker?.name ?? null },
  { name: 'engine', value: ({ engine, device }) => `${engine} ${device}` },
  { name: 'runsSideBySide', title: 'R', value: ({ runsSideBySide }) => runsSideBySide },
  { name: 'slot', value: ({ slot }) => slot },
  { name: 'startStep', title: 'from step', value: ({ startStep }) => startStep },
  {
    name: 'seconds',
    title: 'took',
    value: (one) => secondsBetween(one.startedAt, one.endedAt),
    show: (value) => duration(Number(value)),
    align: 'right',
  },
  { name: 'end', value: ({ end }) => end, show: (end) => String(end).toLowerCase() },
  { name: 'reason', value: ({ reason }) => reason },
];

async function show(key: string, options: ReadOptions): Promise<void> {
  const { run } = await connect(options).query(Show, { key });
  if (!run)
    throw new Problem(`unknown run "${plain(key)}": "smallbatch runs list" names those that there are`);
  const settings = settingsOf(run);
  if (options.format === 'json') {
    const whole = {
      ...Object.fromEntries(settings.map(({ name, value }) => [name, value])),
      metrics: run.metrics.map((metric) => record(metricColumns, metric)),
      attempts: run.attempts.map((attempt) => record(attemptColumns, attempt)),
    };
    process.stdout.write(`${JSON.stringify(whole, null, 2)}\n`);
    return;
  }
  print(settingColumns, settings, options.format);
  // One CSV file is one table; people get the others below it.
  if (options.format === 'csv') return;
  process.stdout.write(`\n${render(metricColumns, run.metrics, options.format)}\n`);
  process.stdout.write(`\n${render(attemptColumns, run.attempts, options.format)}\n`);
}

function settingsOf(run: Run): Setting[] {
  const {
    metrics: _metrics,
    attempts: _attempts,
    dataset,
    member,
    sweep,
    sweeps,
    budget,
    hyper,
    info,
    ...plainFields
  } = run;
  const named: Record<string, unknown> = {
    ...plainFields,
    dataset: dataset.name,
    datasetHash: dataset.hash,
    member: member.key,
    sweep: sweep?.key ?? null,
    alsoIn:
      sweeps
        .map((one) => one.key)
        .filter((other) => other !== sweep?.key)
        .join(', ') || null,
    budget: `${budget.value} ${budget.unit.toLowerCase()}`,
  };
  for (const [group, values] of Object.entries({ hyper, info })) {
    for (const [name, value] of Object.entries((values ?? {}) as Record<string, unknown>))
      named[`${group}.${name}`] = value;
  }
  return Object.entries(named).map(([name, value]) => ({ name, value: scalar(value) }));
}

function scalar(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return JSON.stringify(value);
}

function secondsBetween(from: string, to: string | null): number | null {
  return to === null ? null : (Date.parse(to) - Date.parse(from)) / 1000;
}
