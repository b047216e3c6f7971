import { graphql, type ResultOf } from '@smallbatch/client';
import { Command, InvalidArgumentError } from 'commander';
import { connect } from '../api.ts';
import type { Column, Value } from '../output/columns.ts';
import { note, print } from '../output/print.ts';
import { plain } from '../output/screen.ts';
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
import { listOf, type ReadOptions, wholeNumber, withFormat, yesOrNo } from './options.ts';

const Compare = graphql(`
  query CommandLineCompare(
    $a: RunFilter!, $b: RunFilter!, $within: RunFilter, $ignoring: [Axis!], $best: [Axis!], $selectSeeds: [SafeInt!],
    $metric: String!, $value: RunValue!, $by: [Axis!]!
  ) {
    compare(
      a: $a, b: $b, within: $within, ignoring: $ignoring, best: $best, selectSeeds: $selectSeeds, metric: $metric, value: $value
    ) {
      goal ignored inBoth unmatchedCountA unmatchedCountB withoutValueA withoutValueB
      n mean sd ci95 { low high } wins ties losses verdict
      by(axes: $by) {
        dataset model width batchSize baseLearningRate schedule warmUp momentum nesterov weightDecay
        batchNorm batchNormScope bnBatch augmentation budget { unit value epochs }
        n mean sd ci95 { low high } wins ties losses verdict
      }
      unmatchedA(first: 3) { keptBy keptByParams keys }
      unmatchedB(first: 3) { keptBy keptByParams keys }
    }
  }
`);
type Compared = ResultOf<typeof Compare>['compare'];
type Group = Compared['by'][number];
type Row = Pick<Group, 'n' | 'mean' | 'sd' | 'ci95' | 'wins' | 'ties' | 'losses' | 'verdict'> &
  Partial<Group>;
type GroupField = Exclude<AxisField, 'seed' | 'member' | 'sweep' | 'engine'>;

interface Options extends ReadOptions, FilterOptions {
  readonly by: GroupField[];
  readonly best: AxisField[];
  readonly ignoring: AxisField[];
  readonly selectSeeds?: number[];
  readonly metric: string;
  readonly value: (typeof RUN_VALUES)[number];
}
type Side = ReturnType<typeof filterOf>;

const SIDE_HELP = `
A side is FIELD=VALUE, several with commas: sweep=KEY, member=KEY, dataset=NAME, model=NAME, batchSize=M, batchNorm=on|off, seed=N.

  smallbatch compare member=ada member=grace --best baseLearningRate --by batchSize
  smallbatch compare batchNorm=on batchNorm=off --sweep resnet8-bn-7 --best baseLearningRate`;

export function compareCommand(): Command {
  const axis = listOf(readAxis);
  const command = new Command('compare')
    .argument('<a>', 'one side', readSide)
    .argument('<b>', 'the other', readSide)
    .description('Pair the settings of two sides, and test the differences of their means over seeds.');
  return withValue(withFilter(withFormat(command)))
    .option('--by <axes>', 'the differences by these axes too', axis, [] as AxisField[])
    .option(
      '--best <axes>',
      'each side takes its best setting over these axes first',
      axis,
      [] as AxisField[],
    )
    .option('--ignoring <axes>', 'axes that need not match', axis, [] as AxisField[])
    .option(
      '--select-seeds <seeds>',
      'choose the best on these seeds, compare the others',
      listOf(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
    )
    .addHelpText('after', SIDE_HELP)
    .action(compare);
}

const READERS: Readonly<Record<string, (text: string) => Partial<FilterOptions>>> = {
  sweep: (text) => ({ sweep: text }),
  member: (text) => ({ member: text }),
  dataset: (text) => ({ dataset: [text] }),
  model: (text) => ({ model: [text] }),
  batchSize: (text) => ({ batchSize: [wholeNumber(1, 1e9)(text)] }),
  batchNorm: (text) => ({ batchNorm: yesOrNo(text) }),
  seed: (text) => ({ seed: [wholeNumber(0, Number.MAX_SAFE_INTEGER)(text)] }),
};

function readSide(text: string): Side {
  const parts = listOf((part) => part)(text).map((part) => {
    const [field = '', ...rest] = part.split('=');
    const reader = Object.hasOwn(READERS, field) ? READERS[field] : undefined;
    if (!reader || rest.length === 0) {
      throw new InvalidArgumentError(
        `invalid side "${plain(part)}": FIELD=VALUE, FIELD one of ${Object.keys(READERS).join(', ')}.`,
      );
    }
    return reader(rest.join('='));
  });
  return filterOf(Object.assign({}, ...parts));
}

async function compare(a: Side, b: Side, options: Options): Promise<void> {
  const axes = (list: readonly AxisField[]) => list.map(constant) as never[];
  const { compare: found } = await connect(options).query(Compare, {
    a,
    b,
    within: filterOf(options),
    ignoring: axes(options.ignoring),
    best: axes(options.best),
    selectSeeds: options.selectSeeds ?? null,
    metric: options.metric,
    value: options.value,
    by: axes(options.by),
  });
  const number = showMetric(options.metric);
  const numberColumn = (name: string, title: string, value: (row: Row) => Value): Column<Row> => ({
    name,
    title,
    value,
    show: number,
    align: 'right',
  });
  const columns: Column<Row>[] = [
    ...options.by.map(
      (name): Column<Row> => ({
        name,
        title: AXES[name],
        value: (row) => ('batchSize' in row ? axisValue(row[name]) : null),
        show: (value) => showAxis(name, value),
      }),
    ),
    { name: 'n', title: 'pairs', value: ({ n }) => n },
    numberColumn('mean', 'a − b', ({ mean }) => mean),
    numberColumn('sd', '± sd', ({ sd }) => sd),
    numberColumn('ci95.low', '95 % from', ({ ci95 }) => ci95?.low ?? null),
    numberColumn('ci95.high', 'to', ({ ci95 }) => ci95?.high ?? null),
    { name: 'wins', value: ({ wins }) => wins },
    { name: 'ties', value: ({ ties }) => ties },
    { name: 'losses', value: ({ losses }) => losses },
    {
      name: 'verdict',
      title: 'better',
      value: ({ verdict }) => verdict,
      show: (verdict) => String(verdict).toLowerCase(),
    },
  ];
  // Last the whole, whose axes are open.
  print(columns, options.by.length > 0 ? [...found.by, found] : [found], options.format);
  if (found.ignored.length > 0)
    note(`not matched by: ${found.ignored.join(', ').toLowerCase().replaceAll('_', ' ')}`);
  for (const [side, count, some] of [
    ['a', found.unmatchedCountA, found.unmatchedA],
    ['b', found.unmatchedCountB, found.unmatchedB],
  ] as const) {
    if (count === 0) continue;
    const why = some.map(({ keys, keptBy, keptByParams }) => {
      const axes = [...keptBy.map((axis) => axis.toLowerCase().replaceAll('_', ' ')), ...keptByParams];
      return `${plain(keys[0] ?? '')} by ${plain(axes.join(', '))}`;
    });
    note(`without a match: ${count} settings of ${side}, such as ${why.join('; ')}`);
  }
  const without = found.withoutValueA + found.withoutValueB;
  if (without > 0) note(`without a value: ${without} settings (unfinished, failed, or all diverged)`);
  if (found.inBoth > 0) note(`on both sides: ${found.inBoth} runs, which differ from themselves by nothing`);
  if (found.n < 2) note('no verdict below two pairs');
}
