import type { Axis, Goal } from '@smallbatch/db';
import { fault } from '../errors.ts';
import { byAxes, fieldOf, type Group, groupBy, type Setting, text } from './aggregate.ts';
import { mean } from './statistics.ts';

/** The settings of a group that share one value of an axis. */
export interface RangePoint {
  readonly axes: Readonly<Record<string, unknown>>;
  /** Mean of the settings' means over seeds; null where no run has a value. */
  readonly mean: number | null;
  readonly runs: number;
  readonly diverged: number;
  readonly failed: number;
  readonly unfinished: number;
  /** Whether there are runs, all of them ended, and none diverged or failed. */
  readonly reliable: boolean;
}

export interface UsableRange {
  readonly goal: Goal;
  readonly points: readonly RangePoint[];
}

/** Where an axis is usable inside a group (Masters & Luschi 2018, figure 16), by its values in rising order. */
export function usableRange({ members }: Pick<Group, 'members'>, axis: Axis, goal: Goal): UsableRange {
  const field = fieldOf(axis);
  const groups = groupBy(members, ({ axes }) => text(axes[field]));
  const points = [...groups.values()].map((settings): RangePoint => {
    const sum = (of: (setting: Setting) => number): number =>
      settings.reduce((total, setting) => total + of(setting), 0);
    const valued = settings.filter(({ values }) => values.length > 0);
    const counts = {
      diverged: sum(({ diverged }) => diverged),
      failed: sum(({ failed }) => failed),
      unfinished: sum(({ unfinished }) => unfinished),
    };
    return {
      ...counts,
      axes: { [field]: settings[0]!.axes[field] },
      mean: valued.length > 0 ? mean(valued.map(({ values }) => mean(values))) : null,
      runs: sum(({ values }) => values.length),
      reliable: valued.length > 0 && counts.diverged + counts.failed + counts.unfinished === 0,
    };
  });
  points.sort(byAxes([axis]));
  return { goal, points };
}

/** The points whose mean is at most so far from the best one. */
export function nearBest({ goal, points }: UsableRange, distance: number): RangePoint[] {
  if (goal === 'NONE')
    throw fault('BAD_INPUT', 'invalid nearBest: the metric has no goal; say one with setMetricGoal');
  if (!(distance >= 0)) throw fault('BAD_INPUT', `invalid distance: ${distance}; a number from 0`);
  const means = points.flatMap((point) => point.mean ?? []);
  const best = goal === 'MAXIMISE' ? Math.max(...means) : Math.min(...means);
  return points.filter((point) => point.mean !== null && Math.abs(point.mean - best) <= distance);
}
