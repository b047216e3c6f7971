import type { Axis, Db, Goal, RunFilter, RunValue, SettingQuery } from '@smallbatch/db';
import { keysOf, metricFor, runLoader } from '../aggregate/aggregate.ts';
import { choose } from '../aggregate/best.ts';
import { readSettings, type Setting } from '../aggregate/settings.ts';
import { fault } from '../errors.ts';

export const COSTS = ['GPU_SECONDS', 'SAMPLES', 'STEPS', 'STEPS_TO_GOAL'] as const;
export type Cost = (typeof COSTS)[number];

/** A setting by what it reaches and what it takes. */
export interface CostPoint {
  readonly axes: Readonly<Record<string, unknown>>;
  readonly hyper: Readonly<Record<string, unknown>>;
  readonly settingHash: string;
  /** Mean of the metric over seeds, and of how many runs. */
  readonly mean: number;
  readonly n: number;
  /** Mean cost of its runs that have ended and did not diverge. */
  readonly cost: number;
  /** No other setting is better and cheaper. */
  readonly onFront: boolean;
  keys(): Promise<readonly string[]>;
}

export interface Pareto {
  readonly goal: Goal;
  readonly points: readonly CostPoint[];
  /** Settings that have a value but no cost, as those that did not reach their goal. */
  readonly without: number;
  bestPerGpuMinute(): Promise<CostPoint | null>;
}

export interface ParetoRequest {
  readonly teamId: string;
  readonly where: RunFilter | null;
  readonly best: readonly Axis[];
  readonly selectSeeds: readonly number[] | null;
  readonly metric: string;
  readonly value: RunValue;
  readonly cost: Cost;
}

/** Places of the points that no other beats in one of the two without losing in the other; equal points all stay. */
export function front(points: readonly { mean: number; cost: number }[], maximise: boolean): Set<number> {
  const better = (a: number, b: number): boolean => (maximise ? a > b : a < b);
  const order = points.map((_, i) => i);
  order.sort((i, j) => {
    const [a, b] = [points[i]!, points[j]!];
    return a.cost - b.cost || (maximise ? b.mean - a.mean : a.mean - b.mean);
  });
  const kept = new Set<number>();
  let last: { mean: number; cost: number } | undefined;
  for (const i of order) {
    const point = points[i]!;
    if (!last || better(point.mean, last.mean)) last = point;
    if (point.mean === last.mean && point.cost === last.cost) kept.add(i);
  }
  return kept;
}

/** Mean costs of settings, by their number. */
async function costsOf(db: Db, request: ParetoRequest, cost: Cost): Promise<Map<number, number>> {
  const { teamId, where } = request;
  const { metric } = await metricFor(db, { ...request, best: [], by: [], value: cost });
  const { settings } = await readSettings(db, { teamId, where, by: [], byParams: [], metric, value: cost });
  return new Map(settings.flatMap(({ id, n, mean }) => (n > 0 ? [[id, mean] as const] : [])));
}

/** Each setting's value against its cost, by rising cost, and which of them are on the Pareto front. */
export async function pareto(db: Db, request: ParetoRequest): Promise<Pareto> {
  const { teamId, where, best, value } = request;
  const { metric, goal } = await metricFor(db, { ...request, by: [] });
  if (goal === 'NONE' && metric)
    throw fault(
      'BAD_INPUT',
      `invalid metric: "${request.metric.slice(0, 60)}" has no goal, so nothing is better; say one with setMetricGoal`,
    );
  const selectSeeds = best.length > 0 ? request.selectSeeds : null;
  const query: SettingQuery = { teamId, where, by: [], byParams: [], metric, value, selectSeeds };
  const [{ settings }, costs] = await Promise.all([
    readSettings(db, query),
    costsOf(db, request, request.cost),
  ]);
  const maximise = goal === 'MAXIMISE';
  const chosen = best.length > 0 ? choose(settings, best, maximise).map(({ setting }) => setting) : settings;
  const valued = chosen.filter(({ n }) => n > 0);
  const both = valued.filter(({ id }) => costs.has(id));
  const runs = runLoader(db, query);
  const at = (setting: Setting) => ({ mean: setting.mean, cost: costs.get(setting.id)! });
  const kept = front(both.map(at), maximise);
  const made = new Map<Setting, CostPoint>();
  for (const [i, setting] of both.entries()) {
    made.set(setting, {
      ...at(setting),
      get axes() {
        return setting.axes;
      },
      get hyper() {
        return setting.hyper;
      },
      settingHash: setting.hash,
      n: setting.n,
      onFront: kept.has(i),
      keys: () => keysOf(runs, [setting]),
    });
  }
  const points = [...made.values()].sort(
    (a, b) => a.cost - b.cost || (maximise ? b.mean - a.mean : a.mean - b.mean),
  );
  return {
    goal,
    points,
    without: valued.length - both.length,
    async bestPerGpuMinute() {
      if (!maximise) return null;
      const seconds = request.cost === 'GPU_SECONDS' ? costs : await costsOf(db, request, 'GPU_SECONDS');
      let winner: Setting | undefined;
      let most = Number.NEGATIVE_INFINITY;
      for (const setting of both) {
        const spent = seconds.get(setting.id) ?? 0;
        if (spent > 0 && setting.mean / spent > most) [winner, most] = [setting, setting.mean / spent];
      }
      return winner ? made.get(winner)! : null;
    },
  };
}
