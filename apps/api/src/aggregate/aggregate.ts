import {
  type Axis,
  axisValue,
  type Db,
  type Goal,
  isCost,
  type KnownMetric,
  metricOf,
  nameIds,
  RUN_AXES,
  type RunFilter,
  type RunValue,
  SETTING_AXES,
  type SettingCounts,
  type SettingQuery,
  type ValuedRun,
  valuedRuns,
} from '@smallbatch/db';
import DataLoader from 'dataloader';
import { fault } from '../errors.ts';
import { choose } from './best.ts';
import { byValue, groupBy, text } from './order.ts';
import { countsOf, fieldOf, type KnownSettings, readSettings, type Setting } from './settings.ts';
import { type Statistics, statistics } from './statistics.ts';

export interface AggregateRequest {
  readonly teamId: string;
  readonly where?: RunFilter | null;
  readonly by: readonly Axis[];
  readonly byParams: readonly string[];
  readonly best: readonly Axis[];
  readonly selectSeeds: readonly number[] | null;
  readonly metric: string;
  readonly value: RunValue;
  /** Runs without a value will be asked for, and are counted at once. */
  readonly counting?: boolean;
  /** What the request has read already. */
  readonly known?: KnownSettings;
}

export interface Group extends Statistics {
  readonly axes: Readonly<Record<string, unknown>>;
  readonly params: Readonly<Record<string, unknown>>;
  /** Of the metric. */
  readonly goal: Goal;
  readonly unit: 'RUN' | 'SETTING';
  readonly runs: number;
  readonly settings: number;
  /** The settings that the statistics are of. */
  readonly counted: readonly Setting[];
  readonly best: {
    axes: Readonly<Record<string, unknown>>;
    settingHash: string;
    candidates: number;
    seeds: number;
  } | null;
  /** All of its settings, whatever `best` chose. */
  readonly members: readonly Setting[];
  /** All of its runs that have no value of their own. */
  counts(): Promise<SettingCounts>;
  /** Keys of the runs that the statistics are of. */
  keys(): Promise<readonly string[]>;
}

/** Axes and free params in which settings differ. */
export function varying(settings: readonly Setting[]): { axes: Axis[]; params: string[] } {
  const [first, ...others] = settings;
  if (!first) return { axes: [], params: [] };
  const all = first.rows.settings;
  const axes = SETTING_AXES.filter((axis) => {
    const own = all.code(axis, first.place);
    return others.some(({ place }) => all.code(axis, place) !== own);
  });
  const hypers = [...groupBy(settings, ({ place }) => all.code('HYPER', place)).values()].map(
    ([one]) => one!.hyper,
  );
  const names = [...new Set(hypers.flatMap((hyper) => Object.keys(hyper)))].sort();
  return {
    axes,
    params: names.filter((name) => new Set(hypers.map((hyper) => text(hyper[name]))).size > 1),
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
    if (!IDS.includes(axis)) axes[fieldOf(axis)] = axisValue(axis, value);
    else axes[fieldOf(axis)] = value === null ? null : names.get(String(value));
  });
  return axes;
}

/** Most groups of one answer. */
const MOST_GROUPS = 20_000;
export const STEPS_TO_GOAL = 'steps_to_goal';

/** A metric as a question names it; a cost has the goal to be small, whatever the metric. */
export async function metricFor(
  db: Db,
  { teamId, metric, value, best, by }: Pick<AggregateRequest, 'teamId' | 'metric' | 'value' | 'best' | 'by'>,
): Promise<{ metric: KnownMetric | undefined; goal: Goal }> {
  const wrong = best.find((axis) => !SETTING_AXES.includes(axis));
  if (wrong)
    throw fault(
      'BAD_INPUT',
      `invalid best: ${wrong} does not belong to a setting; one of ${SETTING_AXES.join(', ')}`,
    );
  const both = best.find((axis) => by.includes(axis));
  if (both)
    throw fault('BAD_INPUT', `invalid best: ${both} is grouped by; leave it out of "by" or of "best"`);
  const name = value === 'STEPS_TO_GOAL' ? STEPS_TO_GOAL : metric;
  const known = await metricOf(db, teamId, name);
  if (isCost(value) || value === 'STEPS_TO_GOAL') return { metric: known, goal: 'MINIMISE' };
  // A metric that nobody has reported yet is no fault: there is just nothing to choose from.
  if (known?.goal === 'NONE' && (best.length > 0 || value === 'BEST')) {
    throw fault(
      'BAD_INPUT',
      `invalid best: metric "${metric.slice(0, 60)}" has no goal; say one with setMetricGoal`,
    );
  }
  return { metric: known, goal: known?.goal ?? 'NONE' };
}

/** The runs of settings that have a value; what is asked of many groups at once is read by one statement. */
export function runLoader(db: Db, query: SettingQuery): DataLoader<Setting, ValuedRun[]> {
  return new DataLoader(async (settings) => {
    const runs = await valuedRuns(db, query, [...new Set(settings.map(({ id }) => id))]);
    const found = groupBy(runs, ({ id, group }) => `${id} ${text(group)}`);
    return settings.map(({ id, rows, row }) => found.get(`${id} ${text(rows.groups?.[row] ?? [])}`) ?? []);
  });
}
export const keysOf = async (
  runs: DataLoader<Setting, ValuedRun[]>,
  settings: readonly Setting[],
): Promise<string[]> =>
  (await Promise.all(settings.map((setting) => runs.load(setting)))).flat().map(({ key }) => key);

/**
 * Groups with their statistics. A group is one combination of the axes' values. The number of statements does not depend on how
 * many groups or runs there are: the metric, the settings, and what is asked of their runs.
 */
export async function aggregate(
  db: Db,
  request: AggregateRequest,
): Promise<{ goal: Goal; groups: Group[]; runs: () => Promise<number> }> {
  const { metric, goal } = await metricFor(db, request);
  const { teamId, by, byParams } = request;
  const selectSeeds = request.best.length > 0 ? request.selectSeeds : null;
  const query: SettingQuery = { ...request, metric, selectSeeds };
  const { rows, settings } = await readSettings(db, query, request.known);
  const ofRuns = by.filter((axis) => RUN_AXES.includes(axis));
  const names = ofRuns.some((axis) => IDS.includes(axis))
    ? await nameIds(db, teamId)
    : new Map<string, string>();
  const ofSettings = by.filter((axis) => !RUN_AXES.includes(axis));
  const keyOver = rows.settings.keyOver(ofSettings);
  const keyOf = rows.groups
    ? (one: Setting) => `${keyOver(one.place)} ${text(rows.groups![one.row])}`
    : (one: Setting) => keyOver(one.place);

  const grouped = groupBy(settings, keyOf);
  if (grouped.size > MOST_GROUPS)
    throw fault(
      'BAD_INPUT',
      `invalid by: ${grouped.size} groups; at most ${MOST_GROUPS}: filter, or group by fewer axes`,
    );
  const made = [...grouped.values()].map((members) => {
    const chosen = request.best.length > 0 ? choose(members, request.best, goal === 'MAXIMISE') : undefined;
    const counted = chosen ? chosen.map(({ setting }) => setting) : members;
    return { members, chosen, counted };
  });
  const single = made.flatMap(({ counted }) => (counted.length === 1 ? counted : []));
  const runs = runLoader(db, query);
  const valuesOf = new Map(
    await Promise.all(
      single.map(async (setting) => [setting, (await runs.load(setting)).map(({ value }) => value)] as const),
    ),
  );

  const groups = made.map(({ members, chosen, counted }): Group => {
    const [first] = members;
    const valued = counted.filter(({ n }) => n > 0);
    const one = counted.length <= 1;
    const units = one ? valued.flatMap((setting) => valuesOf.get(setting)!) : valued.map(({ mean }) => mean);
    const winner = chosen?.length === 1 ? chosen[0]! : undefined;
    const own = rows.groups?.[first!.row] ?? [];
    return {
      ...statistics(units),
      axes: {
        ...Object.fromEntries(ofSettings.map((axis) => [fieldOf(axis), first!.axis(axis)])),
        ...groupAxes(ofRuns, own, names),
      },
      params: Object.fromEntries(byParams.map((name, i) => [name, own[ofRuns.length + i]])),
      goal,
      unit: one ? 'RUN' : 'SETTING',
      runs: valued.reduce((total, { n }) => total + n, 0),
      settings: counted.length,
      counted,
      best: winner
        ? {
            axes: winner.setting.axes,
            settingHash: winner.setting.hash,
            candidates: winner.candidates,
            seeds: winner.setting.n,
          }
        : null,
      members,
      counts: () => countsOf(members),
      keys: () => keysOf(runs, valued),
    };
  });
  const order = byGroups(by, byParams);
  groups.sort(order);
  const total = async (): Promise<number> => {
    const counts = await countsOf(settings);
    const selected = rows.selected ? sum(rows.selected.n) : 0;
    return sum(rows.n) + selected + Object.values(counts).reduce((all, count) => all + count, 0);
  };
  return { goal, groups, runs: total };
}

const sum = (numbers: Int32Array): number => numbers.reduce((total, number) => total + number, 0);

/** In the order of the axes, then of the params. */
function byGroups(by: readonly Axis[], byParams: readonly string[]): (a: Group, b: Group) => number {
  const fields = by.map(fieldOf);
  return (a, b) => {
    for (const field of fields) {
      const order = byValue(a.axes[field], b.axes[field]);
      if (order !== 0) return order;
    }
    for (const name of byParams) {
      const order = byValue(a.params[name], b.params[name]);
      if (order !== 0) return order;
    }
    return 0;
  };
}
