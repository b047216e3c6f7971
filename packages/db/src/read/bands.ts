import type { Db } from '../open.ts';
import { AXIS_SQL, type Axis, finiteSql } from './axes.ts';
import { compileFilter, type RunFilter, Values } from './filter.ts';

/** Statistics of one group of runs, step by step, as columns of one length. */
export interface BandRow {
  /** Values of the group's axes, in order. */
  readonly group: readonly unknown[];
  /** Runs that have a point at any step. */
  readonly runs: number;
  readonly steps: number[];
  readonly epochs: (number | null)[];
  /** Runs that have a finite value at the step. */
  readonly n: number[];
  readonly mean: number[];
  readonly sd: (number | null)[];
  readonly min: number[];
  readonly max: number[];
  /** For each quantile asked for, by step. */
  readonly quantiles: number[][];
}

export interface BandQuery {
  readonly teamId: string;
  readonly where: RunFilter | null;
  readonly metric: string;
  readonly by: readonly Axis[];
  /** From 0 to 1. */
  readonly quantiles: readonly number[];
  /** Also runs that still train. */
  readonly unfinished: boolean;
}

/** The runs that count, one of each configuration: those that are done, did not diverge, and (if asked) those that train. */
function countedRuns(query: BandQuery, values: Values): { text: string; list: string } {
  const where = compileFilter(query.where, query.teamId, values);
  const groups = query.by.map((axis, i) => `${AXIS_SQL[axis]} AS g${i}, `).join('');
  const list = query.by.map((_, i) => `g${i}, `).join('');
  const states = query.unfinished ? `r.status IN ('DONE', 'RUNNING')` : `r.status = 'DONE'`;
  const text = `SELECT DISTINCT ON (${list} r.setting_id, r.seed) ${groups} r.id FROM run r
    WHERE ${where} AND ${states} AND NOT r.diverged
    ORDER BY ${list} r.setting_id, r.seed, r.status = 'RUNNING', r.duplicate, r.id`;
  return { text, list };
}

/** Points that a band would be of. */
export async function countBandPoints({ pool }: Db, query: BandQuery): Promise<number> {
  const values = new Values();
  const { text } = countedRuns(query, values);
  const metric = values.add(query.metric);
  const { rows } = await pool.query({
    text: `/* countBandPoints */ SELECT coalesce(sum(s.count), 0) AS n FROM (${text}) AS c
      JOIN run_metric s ON s.run_id = c.id JOIN metric k ON k.id = s.metric_id AND k.name = ${metric}`,
    values: values.list,
  });
  return Number(rows[0].n);
}

/**
 * Runs that were logged on different steps are joined: at each step there are as many values as runs have a point there. Of two
 * points of a run at one step the later one counts.
 */
export async function curveBands({ pool }: Db, query: BandQuery): Promise<BandRow[]> {
  const values = new Values();
  const { text, list } = countedRuns(query, values);
  const metric = values.add(query.metric);
  const quantiles = values.add(query.quantiles);
  const names = query.by.map((_, i) => `g${i}`).join(', ');
  const { rows } = await pool.query({
    text: `/* curveBands */ WITH counted AS (${text}), points AS (
        SELECT DISTINCT ON (c.id, u.step) ${list} c.id, u.step, u.epoch, u.value
        FROM counted c JOIN chunk h ON h.run_id = c.id JOIN metric k ON k.id = h.metric_id AND k.name = ${metric},
          unnest(h.steps, h.epochs, h."values") WITH ORDINALITY AS u (step, epoch, value, place)
        ORDER BY c.id, u.step, h.attempt DESC, h.sequence DESC, u.place DESC
      ), finite AS (
        SELECT * FROM points WHERE ${finiteSql('value')}
      ), steps AS (
        SELECT ${list} step, max(epoch)::float8 AS epoch, count(*)::int AS n, avg(value) AS mean, stddev_samp(value) AS sd, min(value) AS min, max(value) AS max,
          percentile_cont(${quantiles}::float8[]) WITHIN GROUP (ORDER BY value) AS quantiles
        FROM finite GROUP BY ${list} step
      ), runs AS (
        SELECT ${list} count(DISTINCT id)::int AS runs FROM finite ${names ? `GROUP BY ${names}` : ''}
      )
      SELECT ${names ? `json_build_array(${names})` : `'[]'::json`} AS "group", s.*, (SELECT runs FROM runs q ${
        names ? `WHERE ${query.by.map((_, i) => `q.g${i} IS NOT DISTINCT FROM s.g${i}`).join(' AND ')}` : ''
      }) AS runs
      FROM (SELECT ${list} array_agg(step ORDER BY step) AS steps, array_agg(epoch ORDER BY step) AS epochs, array_agg(n ORDER BY step) AS n,
        array_agg(mean ORDER BY step) AS mean, array_agg(sd ORDER BY step) AS sd, array_agg(min ORDER BY step) AS min, array_agg(max ORDER BY step) AS max,
        array_agg(quantiles ORDER BY step) AS quantiles FROM steps ${names ? `GROUP BY ${names} ORDER BY ${names}` : 'HAVING count(*) > 0'}) AS s`,
    values: values.list,
  });
  return rows.map(({ quantiles: byStep, ...row }) => ({
    ...row,
    quantiles: query.quantiles.map((_, q) => byStep.map((step: number[]) => step[q]!)),
  }));
}
