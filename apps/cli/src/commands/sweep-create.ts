import { type Client, graphql, type ResultOf } from '@smallbatch/client';
import type { Axes } from '@smallbatch/program';
import { expectation } from '@smallbatch/trainer';
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { connect } from '../api.ts';
import { homeOf } from '../home.ts';
import type { Column } from '../output/columns.ts';
import { note, print } from '../output/print.ts';
import { duration, flops, percent, plain, power } from '../output/screen.ts';
import { Problem } from '../problem.ts';
import { type FileProblem, readSweepFile } from '../sweep-file.ts';
import { type ReadOptions, wholeNumber, withFormat } from './options.ts';
import { watchSweep } from './watch.ts';

const SCALES = ['paper', 'small', 'demo'] as const;

const PresetList = graphql(`query PresetList { presets { name title reports after } }`);
const PresetSweeps = graphql(`
  query PresetSweeps($name: String!, $scale: PresetScale!, $dataset: String) {
    preset(name: $name, scale: $scale, dataset: $dataset) {
      __typename
      ... on PresetSweeps { sweeps }
      ... on InvalidInput { message problems { message allowed } }
      ... on NotFound { message }
    }
  }
`);
const Create = graphql(`
  mutation CreateSweep($definition: JSON!) {
    createSweep(definition: $definition) {
      __typename
      ... on CreateSweepSuccess { created reused sweep { key } }
      ... on InvalidInput { message problems { path value message allowed } }
    }
  }
`);
const PreviewSweep = graphql(`
  query PreviewSweep($definition: JSON!, $first: Int!, $skip: Int!) {
    previewSweep(definition: $definition) {
      __typename
      ... on SweepPreview {
        name total created reused flops mayEndEarly
        work {
          dataset { hash classes channels height width trainCount testCount }
          shapeKey flopsPerSample flops
          cell {
            model width batchSize batchSchedule baseLearningRate schedule warmUp momentum nesterov weightDecay
            batchNorm batchNormScope bnBatch augmentation budget { unit value epochs } evaluateEvery
          }
        }
        cells(first: $first, skip: $skip) {
          position dataset model width batchSize batchSchedule baseLearningRate schedule warmUp momentum nesterov weightDecay
          batchNorm batchNormScope bnBatch augmentation budget { unit value epochs } evaluateEvery seed hyper plannedSteps flops
          answeredBy { key status member }
        }
      }
      ... on InvalidInput { message problems { path value message allowed } }
    }
  }
`);
type Previewed = Extract<ResultOf<typeof PreviewSweep>['previewSweep'], { __typename: 'SweepPreview' }>;
type Cell = Previewed['cells'][number] & { readonly sweep: string };
type PresetRow = ResultOf<typeof PresetList>['presets'][number];

interface Options extends ReadOptions {
  readonly preset?: string;
  readonly scale?: (typeof SCALES)[number];
  readonly dataset?: string;
  readonly dryRun?: boolean;
  readonly print?: boolean;
  readonly part?: number;
  readonly limit: number;
  readonly home?: string;
  readonly watch?: boolean;
}

export function createCommand(): Command {
  return withFormat(
    new Command('create')
      .argument('[file]', 'a YAML or JSON file; "-" is stdin')
      .description(
        'Create a sweep from a file, or a published experiment by name (smallbatch sweep presets).',
      ),
  )
    .option('--preset <name>', 'a published experiment in place of a file: figure-8, goyal, …')
    .addOption(
      new Option(
        '--scale <scale>',
        "how much of the preset: the paper's grid and epochs, an evening of one GPU, or minutes of a laptop (default: paper)",
      ).choices(SCALES),
    )
    .option('--dataset <name>', "another data set in place of the preset's own")
    .option(
      '--dry-run',
      'write nothing: print the cells, what they cost, and how long this machine would take',
    )
    .option('--part <n>', 'only this one of the sweeps of a preset that has several', wholeNumber(1, 1000))
    .option('--print', 'write nothing: print the sweep file, to be changed and created from a file')
    .option('--limit <n>', 'with --dry-run: print at most so many cells', wholeNumber(0, 100_000), 1000)
    .option(
      '--home <dir>',
      'what this machine remembers of its speed (default: SMALLBATCH_HOME, else .smallbatch)',
    )
    .option('--watch', 'stay and show its progress until it has ended')
    .action(create);
}

export function presetsCommand(): Command {
  const columns: Column<PresetRow>[] = [
    { name: 'name', value: ({ name }) => name },
    { name: 'title', value: ({ title }) => title },
    { name: 'reports', title: 'reported', value: ({ reports }) => reports },
    { name: 'after', value: ({ after }) => after.join(', ') || null },
  ];
  return withFormat(
    new Command('presets').description("Published experiments: the paper's figures, and claims by others."),
  ).action(async (options: ReadOptions) => {
    const { presets } = await connect(options).query(PresetList, {});
    print(columns, presets, options.format);
  });
}

/** What is to be created, and how a problem with it is told. */
interface Source {
  readonly definition: unknown;
  explain(problems: readonly FileProblem[]): string;
}

async function sourcesOf(client: Client, path: string | undefined, options: Options): Promise<Source[]> {
  const { preset, scale, dataset } = options;
  if (preset === undefined) {
    if (path === undefined)
      throw new Problem('missing sweep file: smallbatch sweep create FILE, or --preset NAME', 2);
    const wrong = scale !== undefined ? '--scale' : dataset !== undefined ? '--dataset' : undefined;
    if (wrong) throw new Problem(`invalid ${wrong}: it goes with --preset`, 2);
    return [readSweepFile(path)];
  }
  if (path !== undefined) throw new Problem(`invalid use: a file (${plain(path)}) and --preset at once`, 2);
  const { preset: found } = await client.query(PresetSweeps, {
    name: preset,
    scale: (scale ?? 'paper').toUpperCase() as 'PAPER',
    dataset: dataset ?? null,
  });
  if (found.__typename === 'NotFound') throw new Problem(plain(found.message), 2);
  if (found.__typename === 'InvalidInput') throw new Problem(plainly(found.problems));
  return found.sweeps.map((definition) => ({ definition, explain: plainly }));
}

const plainly = (problems: readonly { readonly message: string; readonly allowed: string }[]): string =>
  problems.map(({ message, allowed }) => `${plain(message)}\n    allowed: ${plain(allowed)}`).join('\n');

async function create(path: string | undefined, options: Options): Promise<void> {
  const client = connect(options);
  const all = await sourcesOf(client, path, options);
  const { part } = options;
  if (part !== undefined && part > all.length)
    throw new Problem(`invalid --part ${part}: there are ${all.length}`, 2);
  const sources = part === undefined ? all : [all[part - 1]!];
  if (options.print) {
    if (sources.length > 1) {
      const parts = `--part 1 … ${sources.length}`;
      throw new Problem(
        `invalid --print: ${options.preset} is ${sources.length} sweeps, and a file is one: ${parts}`,
        2,
      );
    }
    process.stdout.write(stringify(sources[0]!.definition, { lineWidth: 120 }));
    return;
  }
  if (options.dryRun) return dryRun(client, sources, options);
  // Several sweeps of a preset are created all or not at all.
  if (sources.length > 1) for (const source of sources) await previewed(client, source, 0, 0);
  const keys: string[] = [];
  for (const { definition, explain } of sources) {
    const { createSweep } = await client.mutate(Create, { definition });
    if (createSweep.__typename === 'InvalidInput')
      throw new Problem(`${plain(createSweep.message)}\n${explain(createSweep.problems)}`);
    const { created, reused, sweep } = createSweep;
    process.stdout.write(`${sweep.key}\n`);
    note(`${created + reused} cells: ${created} new runs, ${reused} answered by runs that are there already`);
    keys.push(sweep.key);
  }
  if (options.watch) for (const key of keys) await watchSweep(client, key);
}

const cellColumns: Column<Cell>[] = [
  { name: 'sweep', value: ({ sweep }) => sweep },
  { name: 'position', title: 'cell', value: ({ position }) => position },
  { name: 'dataset', title: 'data set', value: ({ dataset }) => dataset },
  { name: 'model', value: ({ model }) => model },
  { name: 'width', value: ({ width }) => width },
  { name: 'batchSize', title: 'm', value: ({ batchSize }) => batchSize },
  { name: 'batchSchedule', title: 'schedule of m', value: ({ batchSchedule }) => text(batchSchedule) },
  {
    name: 'baseLearningRate',
    title: 'η̃',
    value: (cell) => cell.baseLearningRate,
    show: (rate) => power(Number(rate)),
    align: 'right',
  },
  { name: 'schedule', value: ({ schedule }) => text(schedule) },
  { name: 'warmUp', title: 'warm-up', value: ({ warmUp }) => warmUp },
  {
    name: 'momentum',
    value: ({ momentum }) => momentum,
    show: (mu) => String(Number(Number(mu).toPrecision(4))),
  },
  { name: 'nesterov', value: ({ nesterov }) => nesterov },
  { name: 'weightDecay', title: 'λ', value: ({ weightDecay }) => weightDecay },
  { name: 'batchNorm', title: 'BN', value: ({ batchNorm }) => batchNorm, show: (on) => (on ? 'on' : 'off') },
  { name: 'batchNormScope', title: 'BN scope', value: ({ batchNormScope }) => batchNormScope },
  { name: 'bnBatch', title: 'BN batch', value: ({ bnBatch }) => bnBatch },
  { name: 'augmentation', value: ({ augmentation }) => augmentation },
  { name: 'budget', value: ({ budget }) => budget && `${budget.value} ${budget.unit.toLowerCase()}` },
  { name: 'evaluateEvery', title: 'evaluated every', value: ({ evaluateEvery }) => evaluateEvery },
  { name: 'seed', value: ({ seed }) => Number(seed) },
  { name: 'hyper', value: ({ hyper }) => text(hyper) },
  { name: 'plannedSteps', title: 'steps', value: ({ plannedSteps }) => Number(plannedSteps) },
  {
    name: 'flops',
    title: 'FLOPs',
    value: (cell) => cell.flops,
    show: (count) => flops(Number(count)),
    align: 'right',
  },
  {
    name: 'answeredBy',
    title: 'answered by',
    value: ({ answeredBy }) =>
      answeredBy && `${answeredBy.key} (${answeredBy.status.toLowerCase()}, ${answeredBy.member})`,
  },
];
/** Shown always; the others where cells differ in them. */
const USUAL = [
  'position',
  'dataset',
  'model',
  'batchSize',
  'baseLearningRate',
  'batchNorm',
  'plannedSteps',
  'flops',
];

const text = (value: unknown): string | null =>
  value === null || value === undefined || JSON.stringify(value) === '{}' ? null : JSON.stringify(value);

async function previewed(
  client: Client,
  { definition, explain }: Source,
  first: number,
  skip: number,
): Promise<Previewed> {
  const { previewSweep } = await client.query(PreviewSweep, { definition, first, skip });
  if (previewSweep.__typename === 'InvalidInput')
    throw new Problem(`${plain(previewSweep.message)}\n${explain(previewSweep.problems)}`);
  return previewSweep;
}

async function dryRun(client: Client, sources: readonly Source[], options: Options): Promise<void> {
  const previews: Previewed[] = [];
  const cells: Cell[] = [];
  for (const source of sources) {
    for (let skip = 0; ; ) {
      const first = Math.max(0, Math.min(1000, options.limit - cells.length));
      const previewSweep = await previewed(client, source, first, skip);
      if (skip === 0) previews.push(previewSweep);
      cells.push(...previewSweep.cells.map((cell) => ({ ...cell, sweep: previewSweep.name })));
      skip += previewSweep.cells.length;
      if (previewSweep.cells.length === 0 || skip >= previewSweep.total || cells.length >= options.limit)
        break;
    }
  }
  const differs = ({ value }: Column<Cell>): boolean => new Set(cells.map(value)).size > 1;
  const machine = options.format === 'json' || options.format === 'csv';
  const columns = cellColumns.filter((column) => machine || USUAL.includes(column.name) || differs(column));
  print(columns, cells, options.format);
  const sum = (of: (one: Previewed) => number): number => previews.reduce((total, one) => total + of(one), 0);
  const total = sum((one) => one.total);
  if (total > cells.length) note(`the first ${cells.length} of ${total} cells; --limit asks for more`);
  note(
    `${total} cells: ${sum((one) => one.created)} new runs, ${sum((one) => one.reused)} answered by runs that are there already`,
  );
  const most = previews.some(({ mayEndEarly }) => mayEndEarly) ? 'at most ' : '';
  note(`cost: ${most}${flops(sum((one) => one.flops))} FLOPs, training and evaluation of the new runs`);
  const work = previews.flatMap((one) => one.work);
  if (work.length === 0) return;
  const { seconds, engine, device, processes, measured } = await expectation(
    homeOf(options.home),
    // A cell that was laid out has all of its axes.
    work.map(({ cell, ...one }) => ({ ...one, axes: cell as unknown as Axes })),
    (shape) => note(`measuring ${plain(shape)} on this machine …`),
  );
  const basis =
    measured === 1
      ? 'measured here'
      : `measured here for ${percent(measured)} of the work, the rest estimated by FLOPs`;
  note(
    `time on this machine: ${most}${duration(seconds)} with ${engine} on ${device}, ${processes} processes (${basis})`,
  );
}
