import type { Axis, Goal } from '@smallbatch/db';
import { fault } from '../errors.ts';
import type { Group } from './aggregate.ts';
import { byAxes, groupBy } from './order.ts';
import { countsOf, fieldOf } from './settings.ts';
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
export async function usableRange(
  { members }: Pick<Group, 'members'>,
  axis: Axis,
  goal: Goal,
): Promise<UsableRange> {
  const field = fieldOf(axis);
  const groups = groupBy(members, (setting) => setting.code(axis));
  const points: RangePoint[] = [];
  for (const settings of groups.values()) {
    const valued = settings.filter(({ n }) => n > 0);
    const { diverged, failed, unfinished } = await countsOf(settings);
    points.push({
      diverged,
      failed,
      unfinished,
      axes: { [field]: settings[0]!.axis(axis) },
      mean: valued.length > 0 ? mean(valued.map((setting) => setting.mean)) : null,
      runs: valued.reduce((total, { n }) => total + n, 0),
      reliable: valued.length > 0 && diverged + failed + unfinished === 0,
    });
  }
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
