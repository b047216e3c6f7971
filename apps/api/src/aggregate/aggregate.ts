import {
  type AggregateQuery,
  AXES,
  type Axis,
  aggregateSettings,
  axesOfRuns,
  type Db,
  type Goal,
  metricGoal,
  nameIds,
  SETTING_AXES,
  type SettingRow,
} from '@smallbatch/db';
import { fault } from '../errors.ts';
import { mean, type Statistics, statistics } from './statistics.ts';

/** `BATCH_SIZE` → `batchSize`. */
export const fieldOf = (axis: string): string =>
  axis.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

export interface Group extends Statistics {
  readonly axes: Readonly<Record<string, unknown>>;
  readonly params: Readonly<Record<string, unknown>>;
  /** Of the metric. */
  readonly goal: Goal;
  readonly unit: 'RUN' | 'SETTING';
  readonly runs: number;
  readonly settings: number;
  readonly diverged: number;
  readonly failed: number;
  readonly unfinished: number;
  readonly duplicates: number;
  readonly withoutValue: number;
  readonly varying: readonly Axis[];
  readonly varyingParams: readonly string[];
  readonly best: {
    axes: Readonly<Record<string, unknown>>;
    settingHash: string;
    candidates: number;
    seeds: number;
  } | null;
  readonly keys: readonly string[];
  /** All of its settings, whatever `best` chose. */
  readonly members: readonly Setting[];
}

export interface AggregateRequest extends AggregateQuery {
  readonly best: readonly Axis[];
  readonly selectSeeds: readonly number[] | null;
}

/** A setting of a group, with the axes and params that it stands for. */
export interface Setting extends SettingRow {
  readonly axes: Readonly<Record<string, unknown>>;
  readonly hyper: Readonly<Record<string, unknown>>;
}

const sum = (rows: readonly SettingRow[], of: (row: SettingRow) => number): number =>
  rows.reduce((total, row) => total + of(row), 0);
export const text = (value: unknown): string => JSON.stringify(value) ?? 'null';

/** Things by a key of theirs, in the order in which keys first come. */
export function groupBy<T>(all: Iterable<T>, keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return groups;
}

/** Numbers by size, everything else by its text; what is absent comes last. */
export function byValue(a: unknown, b: unknown): number {
  const absent = Number(a === null || a === undefined) - Number(b === null || b === undefined);
  if (absent !== 0) return absent;
  return typeof a === 'number' && typeof b === 'number' ? a - b : text(a).localeCompare(text(b));
}

interface HasAxes {
  readonly axes: Readonly<Record<string, unknown>>;
}
/** Things with axes in the order of some of these. */
export function byAxes(axes: readonly Axis[]): (a: HasAxes, b: HasAxes) => number {
  const fields = axes.map(fieldOf);
  return (a, b) => {
    for (const field of fields) {
      const order = byValue(a.axes[field], b.axes[field]);
      if (order !== 0) return order;
    }
    return 0;
  };
}

export interface Chosen {
  readonly setting: Setting;
  readonly candidates: number;
}

/**
 * Among settings that differ only in the best axes: those with a diverged seed are out, those with fewer seeds than the most are
 * out, the best mean over seeds wins. With `selectSeeds` the choice sees only those seeds, and the report only the others.
 */
export function choose(
  settings: readonly Setting[],
  request: Pick<AggregateRequest, 'best' | 'selectSeeds'>,
  maximise: boolean,
): Chosen[] {
  const rest = SETTING_AXES.filter((axis) => !request.best.includes(axis));
  const families = groupBy(settings, ({ axes, hyper }) =>
    text([rest.map((axis) => axes[fieldOf(axis)]), hyper]),
  );
  const smaller = byAxes(request.best);
  const select = request.selectSeeds && new Set(request.selectSeeds);
  return [...families.values()].flatMap((family): Chosen[] => {
    const scored = family
      .filter(({ diverged }) => diverged === 0)
      .map((setting) => ({
        setting,
        values: setting.values.filter((_, i) => !select || select.has(setting.seeds[i]!)),
      }))
      .filter(({ values }) => values.length > 0);
    const most = Math.max(0, ...scored.map(({ values }) => values.length));
    const candidates = scored.filter(({ values }) => values.length === most);
    candidates.sort(
      (a, b) =>
        (maximise ? mean(b.values) - mean(a.values) : mean(a.values) - mean(b.values)) ||
        smaller(a.setting, b.setting),
    );
    const [winner] = candidates;
    if (!winner) return [];
    const { setting } = winner;
    const kept = setting.seeds.flatMap((seed, i) => (select?.has(seed) ? [] : [i]));
    const pick = <T>(column: readonly T[]): T[] => kept.map((i) => column[i]!);
    const reported = {
      ...setting,
      values: pick(setting.values),
      seeds: pick(setting.seeds),
      keys: pick(setting.keys),
    };
    return [{ setting: reported, candidates: candidates.length }];
  });
}

function varying(settings: readonly Setting[]) {
  const differs = (values: unknown[]): boolean => new Set(values.map(text)).size > 1;
  const names = [...new Set(settings.flatMap(({ hyper }) => Object.keys(hyper)))].sort();
  return {
    varying: SETTING_AXES.filter((axis) => differs(settings.map(({ axes }) => axes[fieldOf(axis)]))),
    varyingParams: names.filter((name) => differs(settings.map(({ hyper }) => hyper[name]))),
  };
}

const IDS: readonly Axis[] = ['DATASET', 'MEMBER', 'SWEEP'];

/** The values of a group by field, names in place of ids. */
export function groupAxes(
  by: readonly Axis[],
  values: readonly unknown[],
  names: ReadonlyMap<string, string>,
): Record<string, unknown> {
  const axes: Record<string, unknown> = {};
  by.forEach((axis, i) => {
    const value = values[i];
    if (IDS.includes(axis)) axes[fieldOf(axis)] = value === null ? null : names.get(String(value));
    else if (axis === 'SCHEDULE') axes.schedule = JSON.parse(String(value));
    else if (axis === 'BUDGET') {
      const [unit, amount, epochs] = String(value).split(' ');
      axes.budget = { unit, value: Number(amount), epochs: epochs === undefined ? null : Number(epochs) };
    } else axes[fieldOf(axis)] = value;
  });
  return axes;
}

/** The goal of a metric, where the best over these axes can be chosen by it. */
export async function goalFor(
  db: Db,
  { teamId, metric, value, best, by }: Omit<AggregateRequest, 'selectSeeds' | 'byParams'>,
): Promise<Goal> {
  const known = await metricGoal(db, teamId, metric);
  const goal = known ?? 'NONE';
  // A metric that nobody has reported yet is no fault: there is just nothing to choose from.
  if (known && (best.length > 0 || value === 'BEST') && goal === 'NONE') {
    throw fault(
      'BAD_INPUT',
      `invalid best: metric "${metric.slice(0, 60)}" has no goal; say one with setMetricGoal`,
    );
  }
  const wrong = best.find((axis) => !SETTING_AXES.includes(axis));
  if (wrong)
    throw fault(
      'BAD_INPUT',
      `invalid best: ${wrong} does not belong to a setting; one of ${SETTING_AXES.join(', ')}`,
    );
  const both = best.find((axis) => by.includes(axis));
  if (both)
    throw fault('BAD_INPUT', `invalid best: ${both} is grouped by; leave it out of "by" or of "best"`);
  return goal;
}

/** The settings of each group, with their axes, in two statements. */
export async function readSettings(db: Db, query: AggregateQuery): Promise<Setting[]> {
  const rows = await aggregateSettings(db, query);
  const axes = await axesOfRuns(db, [...new Set(rows.map(({ sample }) => sample))]);
  return rows.map((row) => {
    const { hyper, ...own } = axes.get(row.sample)!;
    return { ...row, axes: own, hyper: hyper as Record<string, unknown> };
  });
}

/** Groups with their statistics. A group is one combination of the axes' values. */
export async function aggregate(
  db: Db,
  request: AggregateRequest,
): Promise<{ goal: Goal; groups: Group[]; runs: number }> {
  const goal = await goalFor(db, request);
  const rows = await readSettings(db, request);
  const names = request.by.some((axis) => IDS.includes(axis))
    ? await nameIds(db, request.teamId)
    : new Map<string, string>();

  const grouped = groupBy(rows, ({ group }) => text(group));
  const groups = [...grouped.values()].map((settings): Group => {
    const chosen = request.best.length > 0 ? choose(settings, request, goal === 'MAXIMISE') : undefined;
    const counted = chosen ? chosen.map(({ setting }) => setting) : settings;
    const valued = counted.filter(({ values }) => values.length > 0);
    const oneSetting = new Set(counted.map(({ settingHash }) => settingHash)).size <= 1;
    const units = oneSetting
      ? valued.flatMap(({ values }) => values)
      : valued.map(({ values }) => mean(values));
    const winner = chosen?.length === 1 ? chosen[0]! : undefined;
    return {
      ...statistics(units),
      ...varying(counted),
      axes: groupAxes(request.by, settings[0]!.group, names),
      params: Object.fromEntries(
        request.byParams.map((name, i) => [name, settings[0]!.group[request.by.length + i]]),
      ),
      goal,
      unit: oneSetting ? 'RUN' : 'SETTING',
      runs: valued.reduce((total, { values }) => total + values.length, 0),
      settings: counted.length,
      diverged: sum(settings, ({ diverged }) => diverged),
      failed: sum(settings, ({ failed }) => failed),
      unfinished: sum(settings, ({ unfinished }) => unfinished),
      duplicates: sum(settings, ({ duplicates }) => duplicates),
      withoutValue: sum(settings, ({ withoutValue }) => withoutValue),
      best: winner
        ? {
            axes: { ...winner.setting.axes, schedule: JSON.parse(String(winner.setting.axes.schedule)) },
            settingHash: winner.setting.settingHash,
            candidates: winner.candidates,
            seeds: winner.setting.values.length,
          }
        : null,
      keys: valued.flatMap(({ keys }) => keys),
      members: settings,
    };
  });
  const total = sum(
    rows,
    (row) =>
      row.values.length + row.diverged + row.failed + row.unfinished + row.duplicates + row.withoutValue,
  );
  return { goal, groups, runs: total };
}
export { AXES };
