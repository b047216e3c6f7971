import { type RunValue, VALUE_SQL } from './axes.ts';

type Scalar = string | number | boolean | Date;

export interface Comparison {
  readonly eq?: Scalar | null;
  readonly in?: readonly Scalar[] | null;
  readonly gt?: Scalar | null;
  readonly gte?: Scalar | null;
  readonly lt?: Scalar | null;
  readonly lte?: Scalar | null;
  readonly isNull?: boolean | null;
}

export interface RunFilter {
  readonly and?: readonly RunFilter[] | null;
  readonly or?: readonly RunFilter[] | null;
  readonly not?: RunFilter | null;
  readonly status?: readonly string[] | null;
  readonly metrics?: readonly { name: string; value: RunValue; is: Comparison }[] | null;
  readonly params?: readonly ({ name: string } & Comparison)[] | null;
  readonly [field: string]: unknown;
}

/** Values of a statement in the order of their numbers. */
export class Values {
  readonly list: unknown[] = [];
  add(value: unknown): string {
    this.list.push(value);
    return `$${this.list.length}`;
  }
}

const COLUMNS: Record<string, string> = {
  key: 'r.key',
  diverged: 'r.diverged',
  duplicate: 'r.duplicate',
  engine: 'r.engine',
  model: 'r.model',
  width: 'r.width',
  batchSize: 'r.batch_size',
  baseLearningRate: 'r.base_learning_rate',
  warmUp: 'r.warm_up',
  momentum: 'r.momentum',
  nesterov: 'r.nesterov',
  weightDecay: 'r.weight_decay',
  batchNorm: 'r.batch_norm',
  batchNormScope: 'r.batch_norm_scope::text',
  bnBatch: 'r.bn_batch',
  augmentation: 'r.augmentation',
  evaluateEvery: 'r.evaluate_every',
  epochs: `CASE r.budget_unit WHEN 'EPOCHS' THEN r.budget_value END`,
  seed: 'r.seed',
  createdAt: 'r.created_at',
  startedAt: 'r.started_at',
  endedAt: 'r.ended_at',
  dataset: '(SELECT name FROM dataset WHERE id = r.dataset_id)',
  member: '(SELECT key FROM member WHERE id = r.member_id)',
};

const OPERATORS = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

function compare(sql: string, is: Comparison, values: Values, cast = ''): string[] {
  const terms: string[] = [];
  for (const [name, operator] of Object.entries(OPERATORS)) {
    const value = is[name as keyof typeof OPERATORS];
    if (value !== undefined && value !== null) terms.push(`${sql} ${operator} ${values.add(value)}${cast}`);
  }
  if (is.in)
    terms.push(
      is.in.length ? `${sql} IN (${is.in.map((value) => values.add(value) + cast).join(', ')})` : 'false',
    );
  if (is.isNull !== undefined && is.isNull !== null) terms.push(`(${sql}) IS ${is.isNull ? '' : 'NOT '}NULL`);
  return terms;
}

function param(one: { name: string } & Comparison, values: Values): string {
  const { name, ...is } = one;
  // A name alone asks nothing, and PostgreSQL refuses a value that no condition uses.
  if (Object.values(is).every((value) => value === undefined || value === null)) return 'true';
  const key = values.add(name);
  const json = `coalesce(r.hyper -> ${key}, r.info -> ${key})`;
  const { eq, in: list, ...rest } = is;
  const terms: string[] = [];
  if (eq !== undefined && eq !== null) terms.push(`${json} = ${values.add(JSON.stringify(eq))}::jsonb`);
  if (list) terms.push(`${json} = ANY (${values.add(list.map((value) => JSON.stringify(value)))}::jsonb[])`);
  const asNumber = `CASE jsonb_typeof(${json}) WHEN 'number' THEN (${json})::text::float8 END`;
  const { isNull, ...bounds } = rest;
  terms.push(...compare(asNumber, bounds, values, '::float8'));
  if (isNull !== undefined && isNull !== null) terms.push(`${json} IS ${isNull ? '' : 'NOT '}NULL`);
  return terms.join(' AND ') || 'true';
}

/** Compiles a filter to a condition over a run `r`. Only names of the lists above become SQL; everything else is a value. */
export function compileFilter(filter: RunFilter | null | undefined, teamId: string, values: Values): string {
  const terms: string[] = [];
  for (const [field, given] of Object.entries(filter ?? {})) {
    if (given === undefined || given === null) continue;
    if (field === 'and' || field === 'or') {
      const parts = (given as RunFilter[]).map((part) => compileFilter(part, teamId, values));
      terms.push(
        parts.length ? `(${parts.join(field === 'and' ? ' AND ' : ' OR ')})` : String(field === 'and'),
      );
    } else if (field === 'not') {
      // A comparison with an absent value is not true, so its negation is true: two-valued, as people read it.
      terms.push(`(${compileFilter(given as RunFilter, teamId, values)}) IS NOT TRUE`);
    } else if (field === 'status') {
      terms.push(`r.status = ANY (${values.add(given)}::"RunStatus"[])`);
    } else if (field === 'sweep') {
      const found = compare('f.key', given as Comparison, values).join(' AND ') || 'true';
      terms.push(
        `EXISTS (SELECT FROM cell c JOIN sweep f ON f.id = c.sweep_id WHERE c.run_id = r.id AND ${found})`,
      );
    } else if (field === 'metrics') {
      for (const { name, value, is } of given as NonNullable<RunFilter['metrics']>) {
        const terms2 = compare(VALUE_SQL[value], is, values).join(' AND ') || 'true';
        terms.push(
          `EXISTS (SELECT FROM run_metric s JOIN metric k ON k.id = s.metric_id WHERE s.run_id = r.id AND k.name = ${values.add(name)} AND ${terms2})`,
        );
      }
    } else if (field === 'params') {
      for (const one of given as NonNullable<RunFilter['params']>) terms.push(param(one, values));
    } else {
      const column = COLUMNS[field];
      if (!column) throw new Error(`unknown filter "${field}"`);
      terms.push(...compare(column, given as Comparison, values));
    }
  }
  return [`r.team_id = ${values.add(teamId)}`, ...terms].join(' AND ');
}
