import { createHash } from 'node:crypto';
import { createSweep, type Db, type Identity, type NewRun } from '@smallbatch/db';
import {
  AXIS_NAMES,
  type Axes,
  bundleKey,
  canonical,
  checkAxes,
  type DataShape,
  leastBytes,
  plannedSteps,
  shapeKey,
  TRAINER_VERSION,
} from '@smallbatch/program';
import {
  type Cell,
  cells as cellsOf,
  countCells,
  locate,
  parseSweep,
  SpaceExhausted,
  type SweepDefinition,
  shuffledOrder,
} from '@smallbatch/search';
import type { ProblemShape } from '../builder.ts';

/** Most cells of one sweep. */
export const MAX_CELLS = 100_000;

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface KnownDataset extends DataShape {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
}

/** Memory that no machine has: what needs more is refused when it is made. */
const MOST_BYTES = 2 ** 42;

/** Least memory of a step, worked out once for each shape: it takes a program to be written. */
const memories = new Map<string, number>();
function memoryOf(axes: Axes, data: DataShape): number {
  const { classes, channels, height, width } = data;
  const key = `${shapeKey(axes)} ${classes} ${channels} ${height} ${width}`;
  const known = memories.get(key);
  if (known !== undefined) return known;
  if (memories.size > 10_000) memories.clear();
  const bytes = leastBytes(axes, data);
  memories.set(key, bytes);
  return bytes;
}

/** What is wrong with a configuration that no machine could train, or nothing. */
function tooLarge(axes: Axes, data: DataShape): ProblemShape[] {
  const bytes = memoryOf(axes, data);
  if (bytes <= MOST_BYTES) return [];
  const each = bytes / axes.batchSize;
  const part = axes.batchNorm && axes.bnBatch ? 'bnBatch' : 'batchSize';
  const fits = 2 ** Math.floor(Math.log2(MOST_BYTES / each));
  return [
    {
      path: [part],
      value: axes[part],
      message: `invalid ${part}: a step needs ${Math.round(bytes / 2 ** 30).toLocaleString('en')} GiB at once, as batch norm is over so many samples`,
      allowed: `at most ${fits} samples (${MOST_BYTES / 2 ** 30} GiB), or a smaller BN batch`,
    },
  ];
}

/** A configuration as its axes, and as the run that would be written. */
export interface Configured {
  readonly axes: Axes;
  readonly run: NewRun;
}

/** A configuration checked and hashed, ready to be written as a run. */
export function configure(
  dataset: KnownDataset,
  input: Readonly<Record<string, unknown>>,
  hyper: NewRun['hyper'],
  seed: number,
  measures: readonly string[] = [],
): Configured | { problems: readonly ProblemShape[] } {
  const checked = checkAxes(input, dataset);
  if (!checked.ok) return { problems: checked.problems };
  const { axes } = checked;
  const large = tooLarge(axes, dataset);
  if (large.length > 0) return { problems: large };
  const setting = { dataset: dataset.hash, axes, hyper, trainerVersion: TRAINER_VERSION };
  const { budget, schedule, ...columns } = axes;
  return {
    axes,
    run: {
      ...columns,
      datasetId: dataset.id,
      schedule: canonical(schedule),
      budgetUnit: budget.unit,
      budgetValue: budget.value,
      budgetEpochs: budget.epochs,
      seed,
      hyper,
      settingHash: sha(canonical(setting)),
      configurationHash: sha(canonical({ ...setting, seed })),
      trainerVersion: TRAINER_VERSION,
      bundleKey: bundleKey(axes),
      shapeKey: shapeKey(axes),
      memoryBytes: memoryOf(axes, dataset),
      measures: measures.join(','),
      plannedSteps: plannedSteps(axes, dataset),
    },
  };
}

/** The axes that a run was made of. */
function axesOf(run: NewRun): Axes {
  const { model, width, batchSize, baseLearningRate, warmUp, momentum, nesterov, weightDecay } = run;
  const { batchNorm, batchNormScope, bnBatch, augmentation, evaluateEvery } = run;
  return {
    model,
    width,
    batchSize,
    batchSchedule: run.batchSchedule as Axes['batchSchedule'],
    baseLearningRate,
    schedule: JSON.parse(run.schedule),
    warmUp,
    momentum,
    nesterov,
    weightDecay,
    batchNorm,
    batchNormScope,
    bnBatch,
    augmentation,
    budget: { unit: run.budgetUnit, value: run.budgetValue, epochs: run.budgetEpochs },
    evaluateEvery,
  };
}

/** A run's setting with other seeds; undefined where this version of the program would make another setting of its axes. */
export function withSeeds(run: NewRun, datasetHash: string, seeds: readonly number[]): NewRun[] | undefined {
  const axes = axesOf(run);
  const setting = { dataset: datasetHash, axes, hyper: run.hyper, trainerVersion: TRAINER_VERSION };
  if (sha(canonical(setting)) !== run.settingHash) return undefined;
  return seeds.map((seed) => ({
    ...run,
    seed,
    configurationHash: sha(canonical({ ...setting, seed })),
    // A run of somebody's own script has none.
    bundleKey: bundleKey(axes),
  }));
}

/** Where in the sweep file the value stands that a cell was refused for. */
function place(sweep: SweepDefinition, cell: Cell, problem: ProblemShape): ProblemShape {
  const axis = String(problem.path[0] ?? '');
  const stated = axis === 'budget' && !('budget' in cell.axes) ? 'epochs' : axis;
  return { ...problem, path: locate(sweep, stated, cell.axes[stated]) };
}

/** Position → place in the order of training. */
export function ranksOf(
  count: number,
  { order, orderSeed }: Pick<SweepDefinition, 'order' | 'orderSeed'>,
): ArrayLike<number> {
  const ranks = Uint32Array.from({ length: count }, (_, position) => position);
  if (order === 'shuffled') {
    shuffledOrder(count, orderSeed).forEach((position, rank) => {
      ranks[position] = rank;
    });
  }
  return ranks;
}

/** A sweep as it would be written: its cells in position order. */
export interface LaidOut {
  readonly sweep: SweepDefinition;
  readonly cells: readonly Configured[];
  /** Data sets by id. */
  readonly datasets: ReadonlyMap<string, KnownDataset>;
}

/** Reads a sweep file and lays out its cells, or says everything that is wrong with it. */
export async function layOut(
  db: Db,
  identity: Identity,
  definition: unknown,
): Promise<LaidOut | { problems: ProblemShape[] }> {
  const parsed = parseSweep(definition, AXIS_NAMES);
  if (!parsed.ok) return { problems: parsed.problems };
  const { sweep } = parsed;
  const total = countCells(sweep);
  if (total > MAX_CELLS) {
    return {
      problems: [
        {
          path: ['axes'],
          value: total,
          message: `invalid sweep: ${total.toLocaleString('en')} cells`,
          allowed: `at most ${MAX_CELLS.toLocaleString('en')} cells: leave values out, or make several sweeps`,
        },
      ],
    };
  }
  const known = await db.prisma.dataset.findMany({ where: { teamId: identity.teamId } });
  const datasets = new Map<string, KnownDataset>(known.map((one) => [one.name, one]));
  const problems = new Map<string, ProblemShape>();
  const note = (problem: ProblemShape) =>
    problems.set(JSON.stringify([problem.path, problem.message]), problem);
  const datasetNames = sweep.dimensions.find(({ kind }) => kind === 'dataset')?.values ?? [];
  for (const name of datasetNames) {
    if (datasets.has(String(name))) continue;
    const names = [...datasets.keys()].join(', ');
    note({
      path: locate(sweep, 'dataset', name),
      value: name,
      message: `unknown dataset "${String(name).slice(0, 60)}"`,
      allowed: names
        ? `one of ${names}; or add it: smallbatch dataset add`
        : 'add it first: smallbatch dataset add',
    });
  }
  const laid: Configured[] = [];
  const seen = new Set<string>();
  try {
    for (const cell of cellsOf(sweep)) {
      const dataset = datasets.get(cell.dataset);
      if (!dataset) continue;
      const configured = configure(dataset, cell.axes, cell.hyper, cell.seed, sweep.measures);
      if ('problems' in configured) {
        for (const problem of configured.problems) note(place(sweep, cell, problem));
        if (problems.size > 1000) break;
        continue;
      }
      const { configurationHash } = configured.run;
      if (seen.has(configurationHash)) {
        note({
          path: ['axes'],
          value: cell.axes,
          message: 'invalid sweep: two cells are the same configuration',
          allowed: 'values that make a difference (a BN batch equal to the batch size is the whole batch)',
        });
      }
      seen.add(configurationHash);
      laid.push(configured);
    }
  } catch (error) {
    if (!(error instanceof SpaceExhausted)) throw error;
    note({
      path: ['cells'],
      value: sweep.cells,
      message: error.message,
      allowed: `at most ${error.found} cells of this space`,
    });
  }
  if (problems.size > 0) return { problems: [...problems.values()] };
  return { sweep, cells: laid, datasets: new Map(known.map((one) => [one.id, one])) };
}

/** Writes a sweep down, or says everything that is wrong with it; then nothing was written. */
export async function create(
  db: Db,
  identity: Identity,
  definition: unknown,
): Promise<{ sweepId: string; created: number; reused: number } | { problems: ProblemShape[] }> {
  const laid = await layOut(db, identity, definition);
  if ('problems' in laid) return laid;
  const { sweep, cells } = laid;
  const written = await createSweep(db, {
    ...identity,
    name: sweep.name,
    definition,
    strategy: sweep.strategy,
    stopping: sweep.stopping,
    order: sweep.order,
    reuse: sweep.reuse,
    cells: cells.map(({ run }) => run),
    ranks: ranksOf(cells.length, sweep),
  });
  return { sweepId: written.id, created: written.created, reused: written.reused };
}
