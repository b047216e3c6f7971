import { type Client, graphql, type ResultOf } from '@smallbatch/client';
import { Command } from 'commander';
import { connect } from '../api.ts';
import type { Column } from '../output/columns.ts';
import { note, print } from '../output/print.ts';
import {
  AXES,
  type AxisField,
  axisValue,
  constant,
  type RUN_VALUES,
  readAxis,
  showAxis,
  showMetric,
  withValue,
} from './axes.ts';
import { type FilterOptions, filterOf, withFilter } from './filter.ts';
import { listOf, type ReadOptions, wholeNumber, withFormat } from './options.ts';

const Accuracy = graphql(`
  query CommandLineAccuracy(
    $where: RunFilter, $by: [Axis!]!, $best: [Axis!], $selectSeeds: [SafeInt!], $metric: String!, $value: RunValue!
  ) {
    aggregate(where: $where, by: $by, best: $best, selectSeeds: $selectSeeds, metric: $metric, value: $value) {
      metric value goal runs
      groups {
        dataset model width batchSize baseLearningRate schedule warmUp momentum nesterov weightDecay
        batchNorm batchNormScope bnBatch augmentation budget { unit value } seed member sweep engine
        unit n runs settings mean sd sem ci95 { low high } min median max
        diverged failed unfinished duplicates withoutValue varying
        best {
          dataset model width batchSize baseLearningRate schedule warmUp momentum nesterov weightDecay
          batchNorm batchNormScope bnBatch augmentation budget { unit value } seed member sweep engine
          candidates seeds
        }
      }
    }
  }
`);
type Group = ResultOf<typeof Accuracy>['aggregate']['groups'][number];

interface Options extends ReadOptions, FilterOptions {
  by: AxisField[];
  best: AxisField[];
  selectSeeds?: number[];
  metric: string;
  value: (typeof RUN_VALUES)[number];
}

export function accuracyCommand(): Command {
  const axis = listOf(readAxis);
  const command = new Command('accuracy').description(
    'Accuracy by batch size, batch norm and data set: one aggregate query.',
  );
  return withValue(withFilter(withFormat(command)))
    .option('--by <axes>', 'group by these axes', axis, ['dataset', 'batchNorm', 'batchSize'] as AxisField[])
    .option('--best <axes>', 'in each group, the best setting over these axes ("" for none)', axis, [
      'baseLearningRate',
    ] as AxisField[])
    .option(
      '--select-seeds <seeds>',
      'choose the best on these seeds, report on the others',
      listOf(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
    )
    .action(accuracy);
}

async function accuracy(options: Options): Promise<void> {
  const { columns, rows, notes } = await accuracyTable(connect(options), options);
  print(columns, rows, options.format);
  for (const text of notes) note(text);
}

/** The table accuracy × axes, with what has to be said beside it. Used by `up` too. */
export async function accuracyTable(client: Client, options: Omit<Options, 'url' | 'format'>) {
  const { aggregate } = await client.query(Accuracy, {
    where: filterOf(options),
    by: options.by.map(constant) as never,
    best: options.best.length > 0 ? (options.best.map(constant) as never) : null,
    selectSeeds: options.selectSeeds ?? null,
    metric: options.metric,
    value: options.value,
  });
  const number = showMetric(options.metric);
  const axes: Column<Group>[] = options.by.map((name) => ({
    name,
    title: AXES[name],
    value: (group) => axisValue(group[name]),
    show: (value) => showAxis(name, value),
  }));
  const chosen: Column<Group>[] = options.best.map((name) => ({
    name: `best.${name}`,
    title: `best ${AXES[name]}`,
    value: ({ best }) => (best ? axisValue(best[name]) : null),
    show: (value, { best }) => `${showAxis(name, value)} of ${best?.candidates ?? 0}`,
    align: 'right',
  }));
  const columns: Column<Group>[] = [
    ...axes,
    { name: 'mean', title: options.metric, value: ({ mean }) => mean, show: number, align: 'right' },
    { name: 'sd', title: '± sd', value: ({ sd }) => sd, show: number, align: 'right' },
    { name: 'n', value: ({ n }) => n },
    {
      name: 'unit',
      title: 'of',
      value: ({ unit }) => unit,
      show: (unit, { n }) => `${String(unit).toLowerCase()}${n === 1 ? '' : 's'}`,
    },
    {
      name: 'ci95.low',
      title: '95 % from',
      value: ({ ci95 }) => ci95?.low ?? null,
      show: number,
      align: 'right',
    },
    { name: 'ci95.high', title: 'to', value: ({ ci95 }) => ci95?.high ?? null, show: number, align: 'right' },
    ...chosen,
    { name: 'diverged', value: ({ diverged }) => diverged },
    { name: 'failed', value: ({ failed }) => failed },
    { name: 'unfinished', value: ({ unfinished }) => unfinished },
  ];
  const notes = [
    `${aggregate.runs} runs; ${aggregate.metric}, ${aggregate.value.toLowerCase().replaceAll('_', ' ')}`,
  ];
  const varying = [...new Set(aggregate.groups.flatMap((group) => group.varying))].filter(
    (axis) => axis !== 'SEED',
  );
  if (varying.length > 0) {
    notes.push(
      `inside groups these axes differ: ${varying.join(', ').toLowerCase()}; group by them (--by), or choose the best (--best)`,
    );
  }
  if (options.best.length > 0 && !options.selectSeeds) {
    notes.push(
      'a best of several settings is optimistic: --select-seeds chooses on some seeds and reports on the others',
    );
  }
  return { columns, rows: [...aggregate.groups], notes, aggregate };
}
