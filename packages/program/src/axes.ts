import type { Schedule } from './learning-rate.ts';
import { PAPER_SCHEDULE } from './learning-rate.ts';
import { describeModel, MODEL_NAMES } from './models.ts';
import { batchSizes, epochsOf } from './plan.ts';

/** The trainer's semantic version: part of every configuration, raised when the same axes would give other numbers. */
export const TRAINER_VERSION = '2.0.0';

/** Everything that fixes a training but data set, free parameters and seed. Field by field as in the sweep file. */
export interface Axes {
  readonly model: string;
  /** Channels of the first stage. */
  readonly width: number;
  /** m. */
  readonly batchSize: number;
  /** m times `factor` at each of the fractions of all epochs; null: m stays. */
  readonly batchSchedule: { readonly at: readonly number[]; readonly factor: number } | null;
  /** η̃; the learning rate is η = η̃·m (Masters & Luschi 2018, equation 9). */
  readonly baseLearningRate: number;
  readonly schedule: Schedule;
  readonly warmUp: boolean;
  readonly momentum: number;
  readonly nesterov: boolean;
  /** λ: w ← w − η·(g + λ·w), for all trained parameters. */
  readonly weightDecay: number;
  readonly batchNorm: boolean;
  /** Null where it cannot differ: without batch norm, and for models that have one scope only. */
  readonly batchNormScope: 'CONV' | 'ALL' | null;
  /** Null: the whole batch. */
  readonly bnBatch: number | null;
  readonly augmentation: boolean;
  /** GOAL_ERROR: until the test error is at most `value`, for `epochs` epochs at most; the schedule is laid out over these. */
  readonly budget: {
    readonly unit: 'EPOCHS' | 'STEPS' | 'GOAL_ERROR';
    readonly value: number;
    readonly epochs: number | null;
  };
  /** Epochs between evaluations; the last epoch is always evaluated. */
  readonly evaluateEvery: number;
}

export interface DataShape {
  readonly classes: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly trainCount: number;
  readonly testCount: number;
}

/** One thing wrong with an input: where, which value, and what is allowed there. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  readonly message: string;
  readonly allowed: string;
}

/** All keys that a configuration's axes may have in a sweep file; `epochs` and `steps` are short for a budget. */
export const AXIS_NAMES = [
  'model',
  'width',
  'batchSize',
  'batchSchedule',
  'baseLearningRate',
  'schedule',
  'warmUp',
  'momentum',
  'nesterov',
  'weightDecay',
  'batchNorm',
  'batchNormScope',
  'bnBatch',
  'augmentation',
  'budget',
  'epochs',
  'steps',
  'evaluateEvery',
] as const;
export type AxisName = (typeof AXIS_NAMES)[number];

type Checked = { ok: true; axes: Axes } | { ok: false; problems: Problem[] };

const isWhole = (value: unknown, low: number, high: number): value is number =>
  Number.isInteger(value) && (value as number) >= low && (value as number) <= high;

/** Most samples of one step that a batch may have. */
const MAX_BATCH_SIZE = 65_536;

/**
 * Fills in the defaults and refuses what cannot be trained, all problems at once. This is the one place that says which axes
 * are valid together; API, dashboard and command line ask it.
 */
export function checkAxes(input: Readonly<Record<string, unknown>>, data: DataShape): Checked {
  const problems: Problem[] = [];
  const bad = (axis: string, message: string, allowed: string): void => {
    problems.push({ path: [axis], value: input[axis], message, allowed });
  };
  const known: readonly string[] = AXIS_NAMES;
  for (const axis of Object.keys(input)) {
    if (!known.includes(axis)) bad(axis, `unknown axis "${axis}"`, `one of ${known.join(', ')}`);
  }
  const given = (axis: AxisName): boolean => input[axis] !== undefined && input[axis] !== null;

  const boolean = (axis: AxisName): boolean => {
    const value = input[axis] ?? false;
    if (typeof value !== 'boolean') bad(axis, `invalid ${axis}`, 'true or false');
    return value === true;
  };
  const number = (
    axis: AxisName,
    fallback: number,
    fits: (value: number) => boolean,
    allowed: string,
  ): number => {
    const value = input[axis] ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value) || !fits(value)) {
      bad(axis, given(axis) ? `invalid ${axis}` : `missing ${axis}`, allowed);
      return fallback;
    }
    return value;
  };

  const model = input.model;
  const description = typeof model === 'string' ? describeModel(model) : undefined;
  if (!given('model')) bad('model', 'missing model', `one of ${MODEL_NAMES}`);
  else if (!description) bad('model', 'unknown model', `one of ${MODEL_NAMES}`);
  else if (data.height % description.divisor || data.width % description.divisor) {
    bad(
      'model',
      `unsupported image size ${data.height}×${data.width} for this model`,
      `sides divisible by ${description.divisor}`,
    );
  }

  const width = number(
    'width',
    description?.width ?? 16,
    (w) => isWhole(w, 1, 1024),
    'a whole number from 1 to 1024',
  );
  const largest = Math.min(MAX_BATCH_SIZE, data.trainCount);
  const m = number(
    'batchSize',
    0,
    (value) => isWhole(value, 1, largest),
    `a whole number from 1 to ${largest} (the data set has ${data.trainCount} training samples)`,
  );
  const baseLearningRate = number('baseLearningRate', 0, (rate) => rate > 0, 'a number above 0');
  const weightDecay = number(
    'weightDecay',
    0,
    (decay) => decay >= 0 && decay < 1,
    'a number from 0, below 1',
  );
  const momentum = number('momentum', 0, (mu) => mu >= 0 && mu < 1, 'a number from 0, below 1');
  const nesterov = boolean('nesterov');
  if (nesterov && momentum === 0)
    bad('nesterov', 'invalid nesterov: it needs momentum', 'false, or a momentum above 0');
  const batchNorm = boolean('batchNorm');
  const scopes = description?.batchNormScopes ?? [];
  let batchNormScope: Axes['batchNormScope'] = batchNorm && scopes.length > 1 ? 'ALL' : null;
  if (given('batchNormScope')) {
    if (!batchNorm) bad('batchNormScope', 'invalid batchNormScope: batch norm is off', 'null');
    else if (!scopes.includes(input.batchNormScope as 'CONV')) {
      const allowed = scopes.length
        ? `one of ${scopes.join(', ')}`
        : `null: ${model} has batch norm in one way only`;
      bad('batchNormScope', 'invalid batchNormScope for this model', allowed);
    } else batchNormScope = input.batchNormScope as 'CONV' | 'ALL';
  }
  let bnBatch: number | null = null;
  if (given('bnBatch')) {
    if (!batchNorm) bad('bnBatch', 'invalid bnBatch: batch norm is off', 'null');
    else if (!isWhole(input.bnBatch, 1, m) || m % input.bnBatch !== 0) {
      bad('bnBatch', `invalid bnBatch: not a divisor of batch size ${m}`, `a divisor of ${m}`);
    } else bnBatch = input.bnBatch === m ? null : input.bnBatch;
  }
  if (batchNormScope === 'ALL' && (bnBatch ?? m) < 2 && m > 0) {
    const axis = bnBatch ? 'bnBatch' : 'batchSize';
    bad(
      axis,
      'invalid batch norm of one sample in a fully connected layer',
      'at least 2 samples, or scope CONV',
    );
  }

  const checked: Omit<Axes, 'schedule' | 'budget' | 'batchSchedule' | 'evaluateEvery'> = {
    model: typeof model === 'string' ? model : '',
    width,
    batchSize: m,
    baseLearningRate,
    warmUp: boolean('warmUp'),
    momentum,
    nesterov,
    weightDecay,
    batchNorm,
    batchNormScope,
    bnBatch,
    augmentation: boolean('augmentation'),
  };
  const schedule = checkSchedule(input.schedule, bad);
  const budget = checkBudget(input, bad);
  if (problems.length > 0 || !schedule || !budget) return { ok: false, problems };
  const batchSchedule = checkBatchSchedule(input.batchSchedule, { ...checked, budget }, largest, bad);
  const epochs = epochsOf(budget);
  if (given('evaluateEvery') && epochs === undefined) {
    bad('evaluateEvery', 'invalid evaluateEvery: the budget is in steps', 'null, or a budget in epochs');
  }
  const evaluateEvery = number(
    'evaluateEvery',
    1,
    (every) => isWhole(every, 1, epochs ?? 1),
    `a whole number of epochs from 1 to ${epochs ?? 1}`,
  );
  if ('atEpochs' in schedule && epochs !== undefined && schedule.atEpochs.some((epoch) => epoch >= epochs)) {
    bad(
      'schedule',
      `invalid schedule: a drop at or after the end of ${epochs} epochs`,
      `epochs below ${epochs}`,
    );
  }
  const axes = { ...checked, schedule, budget, batchSchedule: batchSchedule ?? null, evaluateEvery };
  return problems.length > 0 ? { ok: false, problems } : { ok: true, axes };
}

function checkBatchSchedule(
  value: unknown,
  axes: Pick<Axes, 'batchSize' | 'budget' | 'bnBatch'>,
  largest: number,
  bad: Bad,
): Axes['batchSchedule'] | undefined {
  if (value === undefined || value === null) return null;
  const allowed = '{ at: [rising fractions of the epochs], factor: a number above 0 }, or null';
  const { at, factor } = (typeof value === 'object' ? value : {}) as Record<string, unknown>;
  if (!areShares(at) || at.length === 0 || typeof factor !== 'number' || !(factor > 0) || factor === 1) {
    bad('batchSchedule', 'invalid batchSchedule', allowed);
    return undefined;
  }
  if (axes.budget.unit === 'STEPS') {
    bad('batchSchedule', 'invalid batchSchedule: the budget is in steps', 'a budget in epochs, or null');
    return undefined;
  }
  const schedule = { at, factor };
  const sizes = batchSizes({ ...axes, batchSchedule: schedule });
  const wrong = sizes.find((m) => m < 1 || m > largest);
  const exact = sizes.every((m, i) => i === 0 || m === sizes[i - 1]! * factor);
  if (wrong !== undefined || !exact) {
    bad(
      'batchSchedule',
      `invalid batchSchedule: batch sizes ${sizes.join(', ')}`,
      `whole numbers from 1 to ${largest}`,
    );
  } else if (axes.bnBatch && sizes.some((m) => m % axes.bnBatch!)) {
    bad(
      'batchSchedule',
      `invalid batchSchedule: BN batch ${axes.bnBatch} divides not all of ${sizes.join(', ')}`,
      'multiples of the BN batch',
    );
  }
  return schedule;
}

/** Rising fractions of a run. */
function areShares(at: unknown): at is number[] {
  return (
    Array.isArray(at) &&
    at.length <= 20 &&
    at.every(
      (share, i) => typeof share === 'number' && share > 0 && share < 1 && (i === 0 || share > at[i - 1]),
    )
  );
}

type Bad = (axis: string, message: string, allowed: string) => void;

function checkSchedule(value: unknown, bad: Bad): Schedule | undefined {
  if (value === undefined || value === null) return PAPER_SCHEDULE;
  const allowed =
    '"constant", "cosine", { kind: steps, at: [fractions of the run], factor } or { kind: steps, atEpochs: [epochs], factor }';
  const schedule = (typeof value === 'string' ? { kind: value } : value) as Record<string, unknown>;
  if (schedule.kind === 'constant' || schedule.kind === 'cosine') return { kind: schedule.kind };
  const { at, atEpochs, factor = 0.1 } = schedule;
  const inEpochs =
    Array.isArray(atEpochs) &&
    atEpochs.length <= 20 &&
    atEpochs.every((epoch, i) => isWhole(epoch, 1, 1e6) && (i === 0 || epoch > atEpochs[i - 1]));
  const shares =
    at === undefined && atEpochs === undefined && 'at' in PAPER_SCHEDULE ? PAPER_SCHEDULE.at : at;
  const fits =
    schedule.kind === 'steps' &&
    (atEpochs === undefined ? areShares(shares) : inEpochs && at === undefined) &&
    typeof factor === 'number' &&
    factor > 0 &&
    factor <= 1;
  if (!fits) {
    bad('schedule', 'invalid schedule', allowed);
    return undefined;
  }
  return inEpochs ? { kind: 'steps', atEpochs, factor } : { kind: 'steps', at: shares as number[], factor };
}

function checkBudget(input: Readonly<Record<string, unknown>>, bad: Bad): Axes['budget'] | undefined {
  const ways = (['epochs', 'steps', 'budget'] as const).filter(
    (key) => input[key] !== undefined && input[key] !== null,
  );
  const allowed =
    'one of epochs: N, steps: N, budget: { epochs: N }, { steps: N } or { goalError: E, epochs: N }, N a whole number from 1, E between 0 and 1';
  const [way] = ways;
  if (!way) {
    bad('budget', 'missing budget', allowed);
    return undefined;
  }
  if (ways.length > 1) {
    bad(way, `invalid budget: ${ways.join(' and ')} at once`, allowed);
    return undefined;
  }
  const given = way === 'budget' ? (input.budget as Record<string, unknown>) : { [way]: input[way] };
  const { epochs, steps, goalError, ...rest } = typeof given === 'object' ? given : { other: given };
  const isCount = (value: unknown): value is number => isWhole(value, 1, 1e9);
  if (Object.keys(rest).length === 0) {
    if (goalError !== undefined) {
      const fits = typeof goalError === 'number' && goalError > 0 && goalError < 1;
      if (fits && isCount(epochs) && steps === undefined)
        return { unit: 'GOAL_ERROR', value: goalError, epochs };
    } else if (isCount(epochs) && steps === undefined) return { unit: 'EPOCHS', value: epochs, epochs: null };
    else if (isCount(steps) && epochs === undefined) return { unit: 'STEPS', value: steps, epochs: null };
  }
  bad(way, 'invalid budget', allowed);
  return undefined;
}

/** JSON with sorted keys: equal values have equal texts. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** What shapes the program of a step: the same for all runs that one compiled step can train, and what its speed depends on. */
export function shapeKey(axes: Axes): string {
  const { model, width, batchSize, batchSchedule, batchNorm, batchNormScope, bnBatch, nesterov } = axes;
  const momentum = axes.momentum > 0;
  return canonical({
    model,
    width,
    batchSize,
    batchSchedule,
    batchNorm,
    batchNormScope,
    bnBatch,
    momentum,
    nesterov,
  });
}

/** What runs must have in common to train side by side, apart from the data set: what shapes the program, and the length. */
export function bundleKey(axes: Axes): string {
  const { augmentation, budget, evaluateEvery } = axes;
  return canonical({ shape: shapeKey(axes), augmentation, budget, evaluateEvery });
}
