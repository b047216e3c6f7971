import { AXES, type Axis, type RunFilter } from '../axis/axis';

/** How values of a field compare, and so which operators it has. */
export type Kind =
  | 'text'
  | 'whole'
  | 'number'
  | 'yesNo'
  | 'moment'
  | 'json'
  | 'tags'
  | 'param'
  | 'status'
  | 'unit'
  | 'search';

export const OPERATORS: Readonly<Record<Kind, readonly string[]>> = {
  text: ['eq', 'in', 'contains', 'startsWith', 'isNull'],
  whole: ['eq', 'in', 'gte', 'lte', 'gt', 'lt', 'isNull'],
  number: ['eq', 'in', 'gte', 'lte', 'gt', 'lt', 'isNull'],
  yesNo: ['eq', 'isNull'],
  moment: ['gte', 'lte', 'gt', 'lt', 'isNull'],
  json: ['eq', 'in', 'isNull'],
  tags: ['has', 'hasAny', 'hasNone', 'isEmpty'],
  param: ['eq', 'in', 'gte', 'lte', 'gt', 'lt', 'contains', 'startsWith', 'isNull'],
  // Lists and texts of the filter itself, which have no operators: one that stands for them.
  status: ['in'],
  unit: ['in'],
  search: ['contains'],
};
export const isListOperator = (operator: string): boolean => ['in', 'hasAny', 'hasNone'].includes(operator);
export const isYesNoOperator = (operator: string): boolean => ['isNull', 'isEmpty'].includes(operator);

export const OPERATOR_WORDS: Readonly<Record<string, string>> = {
  eq: 'is',
  in: 'is one of',
  gt: '>',
  gte: '≥',
  lt: '<',
  lte: '≤',
  contains: 'contains',
  startsWith: 'begins with',
  has: 'have',
  hasAny: 'have one of',
  hasNone: 'have none of',
  isNull: 'is absent or there',
  isEmpty: 'are none or some',
};

export interface FilterField {
  readonly kind: Kind;
  readonly name: string;
  readonly axis?: Axis;
}
type Name = Exclude<keyof RunFilter, 'and' | 'or' | 'not' | 'params' | 'metrics' | 'budget'>;
/** The parts of `budget` are conditions of their own. */
export type FieldName = Name | 'budget.unit' | 'budget.value' | 'budget.epochs';

const AXIS_KINDS: Partial<Record<Axis, Kind>> = {
  BATCH_SIZE: 'whole',
  BASE_LEARNING_RATE: 'number',
  BATCH_NORM: 'yesNo',
  WIDTH: 'whole',
  AUGMENTATION: 'yesNo',
  WARM_UP: 'yesNo',
  WEIGHT_DECAY: 'number',
  MOMENTUM: 'number',
  NESTEROV: 'yesNo',
  BN_BATCH: 'whole',
  BATCH_SCHEDULE: 'json',
  SCHEDULE: 'json',
  EVALUATE_EVERY: 'whole',
  SEED: 'whole',
};
const axisFields = Object.fromEntries(
  (Object.keys(AXES) as Axis[])
    .filter((axis) => axis !== 'BUDGET')
    .map((axis) => [AXES[axis].field, { kind: AXIS_KINDS[axis] ?? 'text', name: AXES[axis].name, axis }]),
) as Record<Exclude<(typeof AXES)[Axis]['field'], 'budget'>, FilterField>;

const ownFields = {
  'budget.unit': { kind: 'unit', name: 'unit of the budget' },
  'budget.value': { kind: 'number', name: 'budget' },
  'budget.epochs': { kind: 'number', name: 'most epochs of a goal error' },
  epochs: { kind: 'number', name: 'budget in epochs' },
  status: { kind: 'status', name: 'status' },
  diverged: { kind: 'yesNo', name: 'diverged' },
  duplicate: { kind: 'yesNo', name: 'duplicate' },
  locked: { kind: 'yesNo', name: 'locked' },
  tags: { kind: 'tags', name: 'tags' },
  note: { kind: 'text', name: 'note' },
  reason: { kind: 'text', name: 'reason' },
  search: { kind: 'search', name: 'search' },
  key: { kind: 'text', name: 'key of the run' },
  createdAt: { kind: 'moment', name: 'created' },
  startedAt: { kind: 'moment', name: 'started' },
  endedAt: { kind: 'moment', name: 'ended' },
  deviceSeconds: { kind: 'number', name: 'device seconds' },
  samplesSeen: { kind: 'whole', name: 'samples seen' },
  step: { kind: 'whole', name: 'steps done' },
  plannedSteps: { kind: 'whole', name: 'planned steps' },
  settingHash: { kind: 'text', name: 'setting hash' },
  configurationHash: { kind: 'text', name: 'configuration hash' },
} as const satisfies Record<string, FilterField>;

/** All that a filter can ask of a run, but free parameters and metrics, which have names of their own. */
export const FIELDS: Readonly<Record<string, FilterField>> = {
  ...axisFields,
  ...ownFields,
} satisfies Record<FieldName, FilterField>;

export const fieldOf = (field: string): FilterField | undefined =>
  Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined;

const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
const CHECKS: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  text: isText,
  tags: isText,
  status: isText,
  unit: isText,
  search: isText,
  whole: (value) => Number.isSafeInteger(value),
  number: isNumber,
  yesNo: (value) => typeof value === 'boolean',
  moment: (value) => isText(value) && !Number.isNaN(Date.parse(value as string)),
  json: (value) => value !== null,
  param: (value) => isText(value) || isNumber(value) || typeof value === 'boolean',
};

/** Whether a value is one that this operator takes. */
export function isValue(kind: Kind, operator: string, value: unknown): boolean {
  if (!OPERATORS[kind].includes(operator)) return false;
  if (isYesNoOperator(operator)) return typeof value === 'boolean';
  const check =
    kind !== 'param'
      ? CHECKS[kind]
      : ['gt', 'gte', 'lt', 'lte'].includes(operator)
        ? isNumber
        : ['contains', 'startsWith'].includes(operator)
          ? isText
          : CHECKS.param;
  return isListOperator(operator) ? Array.isArray(value) && value.every(check) : check(value);
}

/** A number as people type it: 0.004, 1e-4, 2^-8, 2⁻⁸; undefined where it is none. */
export function parseNumber(text: string): number | undefined {
  const plain = text
    .trim()
    .replace(
      /[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+/g,
      (raised) =>
        `^${[...raised]
          .map((one) => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'.indexOf(one))
          .map((i) => (i === 0 ? '-' : i - 1))
          .join('')}`,
    )
    .replace(/^[−–]/, '-')
    .replace(/\^[−–]/, '^-');
  const power = /^2\^\(?(-?\d+)\)?$/.exec(plain);
  const value = power ? 2 ** Number(power[1]) : plain === '' ? Number.NaN : Number(plain);
  return Number.isFinite(value) ? value : undefined;
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
/** The same number, as text that reads back as it: powers of two below 1 as such. */
export function numberText(value: number): string {
  const exponent = Math.log2(value);
  return Number.isInteger(exponent) && exponent < 0
    ? `2⁻${[...String(-exponent)].map((digit) => SUPERSCRIPTS[Number(digit)]).join('')}`
    : String(value);
}
