import {
  type Axis,
  countRuns,
  type Db,
  type Goal,
  type RunFilter,
  type RunValue,
  SETTING_AXES,
  type SettingQuery,
} from '@smallbatch/db';
import { keysOf, metricFor, runLoader } from '../aggregate/aggregate.ts';
import { choose } from '../aggregate/best.ts';
import { byValue, groupBy, text } from '../aggregate/order.ts';
import { fieldOf, readSettings, type Setting } from '../aggregate/settings.ts';
import { mean, type Statistics, statistics } from '../aggregate/statistics.ts';

export interface CompareRequest {
  readonly teamId: string;
  readonly a: RunFilter;
  readonly b: RunFilter;
  /** Holds for both sides. */
  readonly within: RunFilter | undefined;
  readonly ignoring: readonly Axis[];
  readonly best: readonly Axis[];
  readonly selectSeeds: readonly number[] | null;
  readonly metric: string;
  readonly value: RunValue;
}

/** The settings of one side that match, as one: their axes, and the mean of their means over seeds. */
export interface Side {
  readonly axes: Readonly<Record<string, unknown>>;
  axis(axis: Axis): unknown;
  readonly hyper: Readonly<Record<string, unknown>>;
  readonly mean: number;
  readonly runs: number;
  /** More than one where settings differ in ignored axes alone. */
  readonly settings: number;
  /** Keys of the runs. */
  keys(): Promise<readonly string[]>;
}

export interface Pair {
  readonly a: Side;
  readonly b: Side;
  /** a − b. */
  readonly difference: number;
}

export interface Unmatched extends Side {
  /** The axes and params that kept it from matching: the only one that differs from a setting of the other side, else those whose value that side lacks, else all that vary. */
  readonly keptBy: readonly Axis[];
  readonly keptByParams: readonly string[];
}

export type Verdict = 'A' | 'B' | 'UNDECIDED';

export interface Difference extends Statistics {
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
  /** Whose interval of the mean difference is clear of zero, by the metric's goal; null below two pairs, or without a goal. */
  readonly verdict: Verdict | null;
}

export interface Compared extends Difference {
  readonly goal: Goal;
  readonly ignored: readonly Axis[];
  readonly pairs: readonly Pair[];
  readonly unmatchedA: readonly Unmatched[];
  readonly unmatchedB: readonly Unmatched[];
  /** Settings without any run that has a value, by side. */
  readonly withoutValueA: number;
  readonly withoutValueB: number;
  /** Runs that match both filters. */
  inBoth(): Promise<number>;
}

/** Axes of filter fields whose names are not the axes' own. */
const AXIS_OF: Readonly<Record<string, Axis>> = { epochs: 'BUDGET' };
const axisOf = (field: string): Axis =>
  AXIS_OF[field] ?? (field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase() as Axis);

/** What a filter fixes to one value: axis → value, param → value. */
export function fixedBy(filter: RunFilter | undefined): {
  axes: Map<Axis, unknown>;
  params: Map<string, unknown>;
} {
  const axes = new Map<Axis, unknown>();
  const params = new Map<string, unknown>();
  const one = (is: { eq?: unknown; in?: readonly unknown[] | null }): unknown =>
    is.eq ?? (is.in?.length === 1 ? is.in[0] : undefined);
  for (const [field, given] of Object.entries(filter ?? {})) {
    if (given === undefined || given === null) continue;
    if (field === 'and') {
      for (const part of given as RunFilter[]) {
        const inner = fixedBy(part);
        for (const [axis, value] of inner.axes) axes.set(axis, value);
        for (const [name, value] of inner.params) params.set(name, value);
      }
    } else if (field === 'params') {
      for (const param of given as NonNullable<RunFilter['params']>) {
        const value = one(param as never);
        if (value !== undefined) params.set(param.name, value);
      }
    } else if (field === 'budget') {
      const { unit, value } = given as NonNullable<RunFilter['budget']>;
      if (unit?.length === 1 && value && one(value as never) !== undefined) axes.set('BUDGET', text(given));
    } else if (SETTING_AXES.includes(axisOf(field))) {
      const is = given as { eq?: unknown; in?: readonly unknown[]; isNull?: boolean };
      const value = is.isNull ? null : one(is);
      if (value !== undefined) axes.set(axisOf(field), value);
    }
  }
  return { axes, params };
}

/** Axes that have a value only where another axis has one of its values. */
const DEPENDENT: Readonly<Partial<Record<Axis, readonly Axis[]>>> = {
  BATCH_NORM: ['BATCH_NORM_SCOPE', 'BN_BATCH'],
  MOMENTUM: ['NESTEROV'],
};

/** What is left out of matching: what was asked for, what is chosen over, what a side fixes, and what exists on one side only because of it. */
function ignoredAxes({ a, b, ignoring, best }: CompareRequest): Set<Axis> {
  const [left, right] = [fixedBy(a).axes, fixedBy(b).axes];
  const ignored = new Set<Axis>([...ignoring, ...best, ...left.keys(), ...right.keys()]);
  for (const [axis, dependents] of Object.entries(DEPENDENT) as [Axis, Axis[]][]) {
    if (left.has(axis) && right.has(axis) && text(left.get(axis)) !== text(right.get(axis)))
      for (const dependent of dependents) ignored.add(dependent);
  }
  return ignored;
}

/** Mean, deviation, interval (paired t) and counts of differences a − b. */
export function differenceOf(differences: readonly number[], goal: Goal): Difference {
  const towards = goal === 'MINIMISE' ? -1 : 1;
  const count = (fits: (value: number) => boolean): number => differences.filter(fits).length;
  const all = statistics(differences);
  const low = all.ci95?.low ?? Number.NaN;
  const high = all.ci95?.high ?? Number.NaN;
  const better = (isA: boolean): Verdict => (isA === towards > 0 ? 'A' : 'B');
  const verdict = low > 0 ? better(true) : high < 0 ? better(false) : 'UNDECIDED';
  return {
    ...all,
    wins: count((value) => value * towards > 0),
    ties: count((value) => value === 0),
    losses: count((value) => value * towards < 0),
    verdict: differences.length < 2 || goal === 'NONE' ? null : verdict,
  };
}

type Part = number | string;
type Key = number | string;

interface Read {
  readonly query: SettingQuery;
  readonly all: readonly Setting[];
}

interface Keyed {
  /** What two settings share exactly when they match. */
  readonly key: Key;
  readonly first: Setting;
  /** What stands for the values of the matching axes, then of all params. */
  parts(): Part[];
  readonly side: Side;
}

const join = (parts: readonly Part[], without = -1): string =>
  parts.filter((_, i) => i !== without).join('\u0000');

/**
 * Pairs settings of two sides by their means over seeds (SURFACE, Meanings). Settings are read for each side;
 * everything else is one pass over them.
 */
export async function compare(db: Db, request: CompareRequest): Promise<Compared> {
  const { teamId, value, best, within } = request;
  const { metric, goal } = await metricFor(db, { teamId, metric: request.metric, value, best, by: [] });
  const selectSeeds = best.length > 0 ? request.selectSeeds : null;
  const read = async (filter: RunFilter): Promise<Read> => {
    const where = { and: [filter, ...(within ? [within] : [])] };
    const query = { teamId, where, by: [], byParams: [], metric, value, selectSeeds };
    return { query, all: (await readSettings(db, query)).settings };
  };
  const [readA, readB] = await Promise.all([read(request.a), read(request.b)]);
  const [allA, allB] = [readA.all, readB.all];
  const ignored = ignoredAxes(request);
  if (allA[0] && allB[0] && allA[0].rows.settings !== allB[0].rows.settings)
    throw new Error('two sides of one team have two lists of settings');
  // Both sides keep their settings in one list of the team, so that a value is a number; what all share tells none apart.
  const everyone = [...allA, ...allB];
  const differing = SETTING_AXES.filter((axis) => {
    const [first] = everyone;
    return everyone.some((one) => one.code(axis) !== first!.code(axis));
  });
  const axes = differing.filter((axis) => !ignored.has(axis));
  const fixedParams = new Set([...fixedBy(request.a).params.keys(), ...fixedBy(request.b).params.keys()]);
  const hypers = new Set(everyone.map(({ hyper }) => hyper));
  const params = [...new Set([...hypers].flatMap((hyper) => Object.keys(hyper)))]
    .filter((name) => !fixedParams.has(name))
    .sort();

  const inOrder = (x: Keyed, y: Keyed): number => {
    for (const axis of differing) {
      const order =
        x.first.code(axis) === y.first.code(axis) ? 0 : byValue(x.first.axis(axis), y.first.axis(axis));
      if (order !== 0) return order;
    }
    return 0;
  };
  const paramsOf = (setting: Setting): string[] => params.map((name) => text(setting.hyper[name]));
  const keyOver = everyone[0]?.rows.settings.keyOver(axes);
  const keyOf = (setting: Setting): Key => {
    const key = keyOver!(setting.place);
    return params.length > 0 ? [key, ...paramsOf(setting)].join(' ') : key;
  };
  const keyed = ({ query, all }: Read): { keyed: Keyed[]; withoutValue: number } => {
    const chosen =
      best.length > 0 ? choose(all, best, goal === 'MAXIMISE').map(({ setting }) => setting) : all;
    const valued = chosen.filter(({ n }) => n > 0);
    const runs = runLoader(db, query);
    const groups = groupBy(valued, keyOf);
    const sides = [...groups].map(([key, settings]): Keyed => {
      const [first] = settings;
      const side = {
        get axes() {
          return first!.axes;
        },
        hyper: first!.hyper,
        axis: (axis: Axis) => first!.axis(axis),
        mean: mean(settings.map((setting) => setting.mean)),
        runs: settings.reduce((total, { n }) => total + n, 0),
        settings: settings.length,
        keys: () => keysOf(runs, settings),
      };
      const parts = () => [...axes.map((axis) => first!.code(axis)), ...paramsOf(first!)];
      return { key, first: first!, parts, side };
    });
    sides.sort(inOrder);
    // What matching knows of, but none of whose settings has a value (or could be the best).
    const known = new Set(all.map(keyOf));
    return { keyed: sides, withoutValue: known.size - groups.size };
  };
  const [a, b] = [keyed(readA), keyed(readB)];
  const ofB = new Map(b.keyed.map(({ key, side }) => [key, side]));
  const ofA = new Set(a.keyed.map(({ key }) => key));
  const pairs = a.keyed.flatMap(({ key, side }): Pair[] => {
    const other = ofB.get(key);
    return other ? [{ a: side, b: other, difference: side.mean - other.mean }] : [];
  });
  const names = { axes, params };
  return {
    ...differenceOf(
      pairs.map(({ difference }) => difference),
      goal,
    ),
    goal,
    ignored: SETTING_AXES.filter((axis) => ignored.has(axis)),
    pairs,
    unmatchedA: unmatched(a.keyed, b.keyed, (key) => ofB.has(key), names),
    unmatchedB: unmatched(b.keyed, a.keyed, (key) => ofA.has(key), names),
    withoutValueA: a.withoutValue,
    withoutValueB: b.withoutValue,
    inBoth: () => countRuns(db, teamId, { and: [readA.query.where!, readB.query.where!] }),
  };
}

/** Settings of one side that match none of the other. Why not is worked out when it is asked, which is for a page of them. */
function unmatched(
  own: readonly Keyed[],
  others: readonly Keyed[],
  matches: (key: Key) => boolean,
  { axes, params }: { axes: readonly Axis[]; params: readonly string[] },
): Unmatched[] {
  const tables = once(() => {
    const [mine, theirs] = [own, others].map((all) => all.map(({ parts }) => parts())) as [
      Part[][],
      Part[][],
    ];
    const places = [...axes, ...params].map((_, i) => i);
    return {
      values: places.map((i) => new Set(theirs.map((parts) => parts[i]!))),
      // A place counts only where settings differ in it at all.
      varying: places.filter((i) => new Set([...mine, ...theirs].map((parts) => parts[i]!)).size > 1),
      without: places.map((i) => once(() => new Set(theirs.map((parts) => join(parts, i))))),
    };
  });
  return own.flatMap(({ key, parts: partsOf, side }): Unmatched[] => {
    if (matches(key)) return [];
    const kept = once(() => {
      const { values, varying, without } = tables();
      const parts = partsOf();
      const single = varying.find((i) => without[i]!().has(join(parts, i)));
      if (single !== undefined) return [single];
      const lacking = varying.filter((i) => !values[i]!.has(parts[i]!));
      return lacking.length > 0 ? lacking : varying;
    });
    const why = {
      get keptBy() {
        return kept().flatMap((i) => axes[i] ?? []);
      },
      get keptByParams() {
        return kept().flatMap((i) => params[i - axes.length] ?? []);
      },
    };
    return [Object.setPrototypeOf(why, side)];
  });
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The differences by the values of some axes, which both sides of a pair share; an ignored axis has those of side a. */
export function breakdown(
  pairs: readonly Pair[],
  by: readonly Axis[],
  goal: Goal,
): { axes: Record<string, unknown>; difference: Difference }[] {
  const groups = groupBy(pairs, ({ a }) => text(by.map((axis) => a.axis(axis))));
  return [...groups.values()].map((group) => ({
    axes: Object.fromEntries(by.map((axis) => [fieldOf(axis), group[0]!.a.axis(axis)])),
    difference: differenceOf(
      group.map(({ difference }) => difference),
      goal,
    ),
  }));
}
