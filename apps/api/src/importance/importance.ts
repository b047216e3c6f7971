import { type Axis, type Db, type RunFilter, type RunValue, SETTING_AXES } from '@smallbatch/db';
import { shuffledOrder } from '@smallbatch/search';
import { metricFor, varying } from '../aggregate/aggregate.ts';
import { byValue, text } from '../aggregate/order.ts';
import { readSettings, type Setting } from '../aggregate/settings.ts';
import { importance, type Table } from './forest.ts';

/** How much of a metric's variance over settings goes with an axis or a free param. */
export interface Weight {
  readonly axis: Axis | null;
  readonly param: string | null;
  readonly share: number;
  readonly sd: number;
  readonly values: number;
}

export interface ImportanceAnswer {
  /** Settings that it is of, and that there are. */
  readonly n: number;
  readonly of: number;
  readonly r2: number | null;
  /** Why there is no answer. */
  readonly reason: string | null;
  readonly weights: readonly Weight[];
}

export const TREES = 64;
/** Fewer settings tell nothing; more are drawn from, which is said. */
const FEWEST = 10;
const MOST = 5000;

/** Values of one axis or param as places in their order. */
function places(values: readonly unknown[]): Int32Array {
  const order = [...new Map(values.map((value) => [text(value), value])).values()].sort(byValue);
  const place = new Map(order.map((value, i) => [text(value), i]));
  return Int32Array.from(values, (value) => place.get(text(value))!);
}

/** What the values of settings depend on, over all settings that match and have a value. */
export async function importanceOf(
  db: Db,
  request: {
    readonly teamId: string;
    readonly where?: RunFilter | null;
    readonly metric: string;
    readonly value: RunValue;
    readonly seed: number;
  },
): Promise<ImportanceAnswer> {
  const { teamId, where, value, seed } = request;
  const { metric } = await metricFor(db, { ...request, best: [], by: [] });
  const { settings } = await readSettings(db, { teamId, where, by: [], byParams: [], metric, value });
  const valued = settings.filter(({ n }) => n > 0);
  const nothing = (reason: string): ImportanceAnswer => ({
    n: valued.length,
    of: valued.length,
    r2: null,
    reason,
    weights: [],
  });
  if (valued.length < FEWEST) return nothing(`${valued.length} settings have a value; it takes ${FEWEST}`);
  const kept: Setting[] =
    valued.length > MOST
      ? [...shuffledOrder(valued.length, seed).subarray(0, MOST)].map((i) => valued[i]!)
      : valued;
  const target = Float64Array.from(kept, ({ mean }) => mean);
  if (target.every((one) => one === target[0])) return nothing('all settings have the same value');
  const differing = varying(kept);
  const axes = differing.axes.filter((axis) => SETTING_AXES.includes(axis));
  const features = [
    ...axes.map((axis) => ({
      axis: axis as Axis | null,
      param: null as string | null,
      column: places(kept.map((setting) => setting.axis(axis))),
    })),
    ...differing.params.map((param) => ({
      axis: null,
      param,
      column: places(kept.map(({ hyper }) => hyper[param])),
    })),
  ];
  if (features.length === 0) return nothing('no axis differs among the settings');
  const table: Table = { features: features.map(({ column }) => column), target };
  const { shares, r2 } = await importance(table, TREES, seed);
  const weights = features.map(
    ({ axis, param, column }, i): Weight => ({
      axis,
      param,
      share: shares[i]!.mean,
      sd: shares[i]!.sd,
      values: new Set(column).size,
    }),
  );
  weights.sort((a, b) => b.share - a.share);
  return { n: kept.length, of: valued.length, r2, reason: null, weights };
}
