import type { MetricValue } from './axes.ts';
import {
  all,
  type Comparison,
  conditions,
  folded,
  paramConditions,
  type TagCondition,
  tagConditions,
  Values,
  wordsOf,
} from './condition.ts';
import { BUDGET_SQL, fieldOf, metricValues, paramValue, SETTING_ONLY } from './fields.ts';

export { type Comparison, type TagCondition, Values, wordsOf };

export interface RunFilter {
  readonly and?: readonly RunFilter[] | null;
  readonly or?: readonly RunFilter[] | null;
  readonly not?: RunFilter | null;
  readonly status?: readonly string[] | null;
  readonly sweep?: Comparison | null;
  readonly budget?: {
    readonly unit?: readonly string[] | null;
    readonly value?: Comparison | null;
    readonly epochs?: Comparison | null;
  } | null;
  readonly tags?: TagCondition | null;
  readonly search?: string | null;
  readonly metrics?: readonly { name: string; value: MetricValue; is: Comparison }[] | null;
  readonly params?: readonly ({ name: string } & Comparison)[] | null;
  readonly [field: string]: unknown;
}

export interface CompileOptions {
  /** The table behind `r`: with 'setting' the condition names no column but a setting's and team_id; see onlySettings. */
  readonly over?: 'run' | 'setting';
}

const given = (filter: RunFilter | null | undefined): [string, unknown][] =>
  Object.entries(filter ?? {}).filter(([, value]) => value !== undefined && value !== null);

/** Whether a filter asks of settings alone, so that it can be answered without looking at runs. */
export function onlySettings(filter: RunFilter | null | undefined): boolean {
  return given(filter).every(([field, value]) => {
    if (field === 'and' || field === 'or') return (value as RunFilter[]).every(onlySettings);
    if (field === 'not') return onlySettings(value as RunFilter);
    return SETTING_ONLY.has(field) || fieldOf(field)?.setting === true;
  });
}

/** Names of the metrics whose best value a filter asks for: that has a meaning only for a metric with a goal. */
export function bestOf(filter: RunFilter | null | undefined): string[] {
  return given(filter).flatMap(([field, value]) => {
    if (field === 'and' || field === 'or') return (value as RunFilter[]).flatMap(bestOf);
    if (field === 'not') return bestOf(value as RunFilter);
    if (field !== 'metrics') return [];
    return (value as NonNullable<RunFilter['metrics']>)
      .filter((one) => one.value === 'BEST')
      .map(({ name }) => name);
  });
}

/**
 * Compiles a filter to a condition over a run `r` (or a setting). Only names of fields.ts become SQL; everything else is a value.
 * A condition on an absent value does not hold, and `not` turns exactly what does not hold: two-valued, as people read it.
 */
export function compileFilter(
  filter: RunFilter | null | undefined,
  teamId: string,
  values: Values,
  { over = 'run' }: CompileOptions = {},
): string {
  if (over === 'setting' && !onlySettings(filter)) throw new Error('a filter of settings asks of runs');
  const team = values.add(teamId);
  const compile = (inner: RunFilter): string =>
    all(given(inner).flatMap(([field, value]) => term(field, value)));
  const term = (field: string, value: unknown): string[] => {
    switch (field) {
      case 'and':
        return [`(${all((value as RunFilter[]).map((part) => `(${compile(part)})`))})`];
      case 'or':
        return [`(${(value as RunFilter[]).map((part) => `(${compile(part)})`).join(' OR ') || 'false'})`];
      case 'not':
        return [`(${compile(value as RunFilter)}) IS NOT TRUE`];
      case 'status':
        return [`r.status = ANY (${values.add(value)}::"RunStatus"[])`];
      case 'sweep':
        return sweep(value as Comparison);
      case 'budget':
        return budget(value as NonNullable<RunFilter['budget']>);
      case 'tags':
        return tagConditions('r.tags', value as TagCondition, values);
      case 'search':
        return wordsOf(value as string).map(search);
      case 'metrics':
        return (value as NonNullable<RunFilter['metrics']>).flatMap(metric);
      case 'params':
        // A name alone asks nothing, and PostgreSQL refuses a value that no condition uses.
        return (value as NonNullable<RunFilter['params']>).flatMap(({ name, ...is }) =>
          Object.values(is).some((one) => one !== undefined && one !== null)
            ? paramConditions(paramValue(values.add(name)), is, values)
            : [],
        );
    }
    const known = fieldOf(field);
    if (!known) throw new Error(`unknown filter "${field}"`);
    const { sql, kind, table, name } = known;
    if (!table) return conditions(sql, kind, value as Comparison, values);
    // The few things of these names first: then an index over their ids can be used.
    const found = conditions(`n.${name}`, kind, value as Comparison, values);
    if (found.length === 0) return [];
    return [`${sql} = ANY (ARRAY(SELECT n.id FROM ${table} n WHERE n.team_id = ${team} AND ${all(found)}))`];
  };
  /** A run can answer cells of several sweeps: one of them has to fulfil all that is asked. */
  const sweep = ({ isNull, ...is }: Comparison): string[] => {
    const answers = (found: readonly string[]): string =>
      `EXISTS (SELECT FROM cell c JOIN sweep f ON f.id = c.sweep_id WHERE c.run_id = r.id AND f.team_id = ${team} AND ${all(found)})`;
    const found = conditions('f.key', 'text', is, values);
    const terms = found.length ? [answers(found)] : [];
    if (typeof isNull === 'boolean') terms.push(isNull ? `NOT ${answers([])}` : answers([]));
    return terms;
  };
  const budget = ({ unit, value, epochs }: NonNullable<RunFilter['budget']>): string[] => [
    ...(unit ? [`${BUDGET_SQL.unit} = ANY (${values.add(unit)}::text[])`] : []),
    ...(value ? conditions(BUDGET_SQL.value, 'number', value, values) : []),
    ...(epochs ? conditions(BUDGET_SQL.epochs, 'number', epochs, values) : []),
  ];
  const metric = ({ name, value, is }: NonNullable<RunFilter['metrics']>[number]): string[] => {
    const { isNull, ...rest } = is;
    const found = conditions('m.value', 'number', rest, values);
    if (found.length === 0 && typeof isNull !== 'boolean') return [];
    const known = metricValues(value, team, values.add(name));
    const exists = (wanted: readonly string[]): string =>
      `EXISTS (SELECT FROM (${known}) m WHERE m.run_id = r.id AND ${all(wanted)})`;
    const terms = found.length ? [exists(found)] : [];
    // A run without the metric has no value of it, as one whose value is not there.
    if (typeof isNull === 'boolean') terms.push(`${isNull ? 'NOT ' : ''}${exists(['m.value IS NOT NULL'])}`);
    return terms;
  };
  const search = (word: string): string => {
    const sought = folded(`${values.add(word)}::text`);
    const within = (text: string): string => `strpos(${folded(text)}, ${sought}) > 0`;
    // What most runs do not have is asked of only where it is there. No word spans two tags: they are parted by what parts words.
    return `(${within('r.key')} OR (r.tags <> '{}' AND ${within(`array_to_string(r.tags, E'\\n')`)}) OR ${within('r.note')}
      OR r.sweep_id = ANY (ARRAY(SELECT n.id FROM sweep n WHERE n.team_id = ${team} AND ${within('n.name')})))`;
  };
  const terms = given(filter).flatMap(([field, value]) => term(field, value));
  return all([`r.team_id = ${team}`, ...terms]);
}
