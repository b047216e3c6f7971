import { graphql, type ResultOf, type SchemaType } from '@smallbatch/client';
import { measure, rate } from '../shell/format';

export type Axis = SchemaType<'Axis'>;
export type RunFilter = SchemaType<'RunFilter'>;
/** What runs are grouped by: an axis, or a free parameter by its name. */
export type Dimension = Axis | `param:${string}`;

/** The values of axes, of whatever has some: a group, a row of a pivot, a setting. */
export const AxisFields = graphql(`
  fragment AxisFields on AxisValues {
    dataset model width batchSize batchSchedule baseLearningRate schedule warmUp momentum nesterov weightDecay batchNorm batchNormScope
    bnBatch augmentation budget { unit value epochs } evaluateEvery trainerVersion seed member sweep engine
  }
`);
export type AxisValues = ResultOf<typeof AxisFields>;
type Field = keyof AxisValues;

interface Words {
  readonly name: string;
  /** Its name in a run, a group and a filter. */
  readonly field: Field;
  /** Powers of two lie evenly on a log-2 axis; null: its values are names. */
  readonly scale: 'log2' | 'linear' | null;
  /** Of yes and no, as a series is called. */
  readonly yes?: string;
  readonly no?: string;
}

const onOff = (name: string) => ({ yes: `with ${name}`, no: `without ${name}` });

/** What axes are called; also the order in which they are offered. */
export const AXES: Readonly<Record<Axis, Words>> = {
  BATCH_SIZE: { name: 'batch size', field: 'batchSize', scale: 'log2' },
  BASE_LEARNING_RATE: { name: 'base learning rate', field: 'baseLearningRate', scale: 'log2' },
  BATCH_NORM: { name: 'batch norm', field: 'batchNorm', scale: null, ...onOff('batch norm') },
  DATASET: { name: 'data set', field: 'dataset', scale: null },
  MODEL: { name: 'model', field: 'model', scale: null },
  WIDTH: { name: 'width', field: 'width', scale: 'log2' },
  AUGMENTATION: { name: 'augmentation', field: 'augmentation', scale: null, ...onOff('augmentation') },
  WARM_UP: { name: 'warm-up', field: 'warmUp', scale: null, ...onOff('warm-up') },
  WEIGHT_DECAY: { name: 'weight decay', field: 'weightDecay', scale: 'linear' },
  MOMENTUM: { name: 'momentum', field: 'momentum', scale: 'linear' },
  NESTEROV: { name: 'Nesterov momentum', field: 'nesterov', scale: null, ...onOff('Nesterov momentum') },
  BN_BATCH: { name: 'BN batch', field: 'bnBatch', scale: 'log2' },
  BATCH_NORM_SCOPE: { name: 'batch norm scope', field: 'batchNormScope', scale: null },
  BATCH_SCHEDULE: { name: 'batch schedule', field: 'batchSchedule', scale: null },
  SCHEDULE: { name: 'learning rate schedule', field: 'schedule', scale: null },
  BUDGET: { name: 'budget', field: 'budget', scale: null },
  EVALUATE_EVERY: { name: 'epochs between evaluations', field: 'evaluateEvery', scale: 'linear' },
  SEED: { name: 'seed', field: 'seed', scale: 'linear' },
  MEMBER: { name: 'member', field: 'member', scale: null },
  SWEEP: { name: 'sweep', field: 'sweep', scale: null },
  ENGINE: { name: 'engine', field: 'engine', scale: null },
  TRAINER_VERSION: { name: 'trainer version', field: 'trainerVersion', scale: null },
};
export const ALL_AXES = Object.keys(AXES) as readonly Axis[];

/** Those that belong to a setting, which a best can be chosen over: all but who and where from, and the seed. */
export const SETTING_AXES = ALL_AXES.filter((axis) => !['SEED', 'MEMBER', 'SWEEP', 'ENGINE'].includes(axis));

export const isAxis = (value: string): value is Axis => Object.hasOwn(AXES, value);
export const isDimension = (value: string): value is Dimension =>
  isAxis(value) || (value.startsWith('param:') && value.length > 6);
const paramOf = (dimension: Dimension): string | undefined =>
  isAxis(dimension) ? undefined : dimension.slice(6);

export const nameOf = (dimension: Dimension): string =>
  isAxis(dimension) ? AXES[dimension].name : dimension.slice(6);
export const scaleOf = (dimension: Dimension): Words['scale'] =>
  isAxis(dimension) ? AXES[dimension].scale : null;

/** Axes and free parameters apart, as `aggregate` takes them. */
export function groupingOf(dimensions: readonly Dimension[]): { by: Axis[]; byParams: string[] } {
  const all = [...new Set(dimensions)];
  return { by: all.filter((one) => isAxis(one)), byParams: all.flatMap((one) => paramOf(one) ?? []) };
}

/** The value that a group, setting or row has on a dimension; null where it has none. */
export function valueAt(of: Partial<AxisValues> & { params?: unknown }, dimension: Dimension): unknown {
  const param = paramOf(dimension);
  if (param !== undefined) return (of.params as Record<string, unknown> | undefined)?.[param] ?? null;
  return of[AXES[dimension as Axis].field] ?? null;
}

/** A value as people read it: 2⁻⁸, on, 82 epochs. */
export function formatValue(dimension: Dimension, value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (dimension === 'BASE_LEARNING_RATE' && typeof value === 'number') return rate(value);
  if (dimension === 'BUDGET') return budgetWords(value as NonNullable<AxisValues['budget']>);
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'object') return scheduleWords(value as Record<string, unknown>);
  return typeof value === 'number' ? measure('', value) : String(value);
}

/** A series' or panel's name says by itself what it is of. */
export function seriesName(dimension: Dimension, value: unknown): string {
  const words = isAxis(dimension) ? AXES[dimension] : undefined;
  if (typeof value === 'boolean' && words?.yes) return value ? words.yes : words.no!;
  return ['DATASET', 'MODEL', 'MEMBER', 'SWEEP'].includes(dimension) && value !== null
    ? String(value)
    : `${nameOf(dimension)} ${formatValue(dimension, value)}`;
}

export const budgetWords = ({ unit, value, epochs }: NonNullable<AxisValues['budget']>): string =>
  unit === 'EPOCHS'
    ? `${value} epochs`
    : unit === 'STEPS'
      ? `${value} steps`
      : `until a test error of ${value}${epochs === null ? '' : `, at most ${epochs} epochs`}`;

function scheduleWords(value: Record<string, unknown>): string {
  const { kind, ...rest } = value;
  const said = Object.entries(rest).map(([name, one]) => `${name} ${JSON.stringify(one)}`);
  return [...(typeof kind === 'string' ? [kind] : []), ...said].join(', ');
}

/** Values side by side: numbers by size, yes before no, names by their letters, none last. */
export function compareValues(a: unknown, b: unknown): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(b) - Number(a);
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** All values of a dimension among these, each once, in order. */
export function valuesOf(
  all: readonly (Partial<AxisValues> & { params?: unknown })[],
  dimension: Dimension,
): unknown[] {
  const found = new Map(all.map((one) => [JSON.stringify(valueAt(one, dimension)), valueAt(one, dimension)]));
  return [...found.values()].sort(compareValues);
}

/** The runs that have this value: for the way from a point to its runs. */
export function filterOf(dimension: Dimension, value: unknown): RunFilter {
  const param = paramOf(dimension);
  if (param !== undefined)
    return { params: [value === null ? { name: param, isNull: true } : { name: param, eq: value }] };
  const { field } = AXES[dimension as Axis];
  if (field === 'budget') {
    const budget = value as NonNullable<AxisValues['budget']>;
    return {
      budget: {
        unit: [budget.unit],
        value: { eq: budget.value },
        ...(budget.epochs === null ? {} : { epochs: { eq: budget.epochs } }),
      },
    };
  }
  return { [field]: value === null ? { isNull: true } : { eq: value } };
}
