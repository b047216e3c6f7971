import type pg from 'pg';

import type { Goal } from './generated/prisma/enums.ts';
import { type MetricIds, metricIds } from './metric.ts';
import type { Db } from './open.ts';
import { addSummaries } from './points.ts';
import { type Field, type Numbers, rowsOf } from './rows.ts';
import { merge, type Summary, summarise } from './summary.ts';
import { transaction } from './transaction.ts';

/**
 * Columns of one metric, all of one length; epochs, samplesSeen and wallTimes may be absent, or NaN at places. Values as they
 * are, NaN and ±∞ included. One metric comes once in a report.
 */
export interface Series {
  readonly metric: string;
  readonly goal?: Goal | null;
  readonly steps: Numbers;
  readonly epochs?: Numbers | null;
  readonly samplesSeen?: Numbers | null;
  readonly wallTimes?: Numbers | null;
  readonly values: Numbers;
}

export interface Report {
  readonly runId: string;
  readonly attempt: number;
  readonly sequence: number;
  readonly series: readonly Series[];
}

/** What a run may have. */
export const POINT_LIMITS = { metricsOfARun: 10_000, pointsOfAMetric: 10_000_000 } as const;
export type PointLimit = keyof typeof POINT_LIMITS;
/** From this part of a limit on, an answer says how near it is. */
const NEAR = 0.8;

/** What became of a write of one run. */
export type Accepted =
  | { readonly kind: 'accepted'; readonly duplicate: boolean; readonly warnings?: readonly string[] }
  | { readonly kind: 'lost'; readonly currentAttempt: number }
  | { readonly kind: 'gap'; readonly expected: number }
  | { readonly kind: 'limit'; readonly limit: PointLimit; readonly value: number; readonly metric?: string }
  | { readonly kind: 'unknown' };

/** What became of the end of an attempt; `judged` where a sweep that stops runs early wants the run. */
export type Ended =
  | Exclude<Accepted, { kind: 'limit' | 'accepted' }>
  | { readonly kind: 'accepted'; readonly duplicate: boolean; readonly judged?: true };

/** Where a locked run stands; a batch of the same call moves it on for the next. */
interface Fence {
  readonly id: string;
  readonly attempt: number;
  status: string;
  sequence: number;
  /** The row type of chunks, as PostgreSQL numbers it. */
  readonly chunkType: number;
}

/** Locks runs in one order (so that writers never wait in a circle) and returns where each stands. */
async function lockRuns(
  sql: pg.PoolClient,
  teamId: string,
  ids: readonly string[],
): Promise<Map<string, Fence>> {
  const { rows } = await sql.query({
    name: 'lockRuns',
    text: `/* lockRuns */ SELECT id, attempt, status, sequence, 'chunk'::regtype::oid::int8 AS "chunkType" FROM run WHERE team_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE`,
    values: [teamId, ids],
  });
  return new Map(rows.map((row: Fence) => [row.id, row]));
}

/** The greatest number of a column; 0 of none. */
function furthest(column: Numbers | null | undefined): number {
  let most = 0;
  for (let i = 0; column && i < column.length; i++) if (column[i]! > most) most = column[i]!;
  return most;
}

/** Points that a batch of one run adds, by metric; and how many metrics the run will have. */
interface Usage {
  names: number;
  readonly counts: Map<string, number>;
}

/** What locked runs have of these metrics, and how many metrics each has: one statement. */
async function usageOf(
  sql: pg.PoolClient,
  reports: readonly Report[],
  ids: MetricIds,
): Promise<Map<string, Usage>> {
  const usage = new Map<string, Usage>();
  const pairs = new Map<string, { runId: string; id: number; metric: string }>();
  for (const { runId, series } of reports) {
    usage.set(runId, { names: 0, counts: new Map() });
    for (const { metric } of series) {
      const id = ids.get(metric);
      if (id !== undefined) pairs.set(`${runId} ${id}`, { runId, id, metric });
    }
  }
  const asked = [...pairs.values()];
  const { rows } = await sql.query({
    name: 'reportMetrics limits',
    text: `/* reportMetrics limits */ SELECT run_id, NULL::int AS metric_id, count(*) AS n FROM run_metric WHERE run_id = ANY ($1) GROUP BY run_id
     UNION ALL
     SELECT g.run_id, g.metric_id, m.count FROM unnest($2::uuid[], $3::int[]) AS g (run_id, metric_id)
     CROSS JOIN LATERAL (SELECT count FROM run_metric AS m WHERE m.run_id = g.run_id AND m.metric_id = g.metric_id OFFSET 0) AS m`,
    values: [[...usage.keys()], asked.map(({ runId }) => runId), asked.map(({ id }) => id)],
  });
  for (const { run_id, metric_id, n } of rows) {
    const of = usage.get(run_id)!;
    if (metric_id === null) of.names = n;
    else of.counts.set(pairs.get(`${run_id} ${metric_id}`)!.metric, n);
  }
  return usage;
}

const number = (value: number): string => value.toLocaleString('en-US');

/** Counts a batch's points in, unless a limit forbids it: then nothing is changed. */
function count(usage: Usage, series: readonly Series[]): Extract<Accepted, { kind: 'limit' | 'accepted' }> {
  const added = series.filter(({ metric }) => !usage.counts.has(metric)).length;
  const names = usage.names + added;
  if (added > 0 && names > POINT_LIMITS.metricsOfARun)
    return { kind: 'limit', limit: 'metricsOfARun', value: names };
  const most = POINT_LIMITS.pointsOfAMetric;
  for (const { metric, steps } of series) {
    const value = (usage.counts.get(metric) ?? 0) + steps.length;
    if (value > most) return { kind: 'limit', limit: 'pointsOfAMetric', value, metric };
  }
  usage.names = names;
  const warnings: string[] = [];
  if (names >= NEAR * POINT_LIMITS.metricsOfARun)
    warnings.push(`the run has ${number(names)} of at most ${number(POINT_LIMITS.metricsOfARun)} metrics`);
  for (const { metric, steps } of series) {
    const value = (usage.counts.get(metric) ?? 0) + steps.length;
    usage.counts.set(metric, value);
    if (value >= NEAR * most)
      warnings.push(`metric "${metric}" has ${number(value)} of at most ${number(most)} points`);
  }
  return { kind: 'accepted', duplicate: false, ...(warnings.length > 0 ? { warnings } : {}) };
}

/**
 * Appends batches of points inside a transaction; → what became of each. `part`, a number that nothing else has, stands in place
 * of the run's own sequence numbers, which are then neither asked for nor moved. The number of statements does not depend on how
 * many runs, metrics or points there are.
 */
export async function append(
  sql: pg.PoolClient,
  teamId: string,
  known: MetricIds,
  reports: readonly Report[],
  part?: number,
): Promise<{ results: Accepted[]; made: MetricIds }> {
  const fences = await lockRuns(sql, teamId, [...new Set(reports.map(({ runId }) => runId))]);
  const current = reports.filter(({ runId, attempt }) => fences.get(runId)?.attempt === attempt);
  const ids = await metricIds(
    sql,
    teamId,
    known,
    current.flatMap(({ series }) => series),
  );
  const usage = await usageOf(sql, current, ids.found);
  const results = reports.map(({ runId, attempt, sequence, series }): Accepted => {
    const fence = fences.get(runId);
    if (!fence) return { kind: 'unknown' };
    if (part === undefined && fence.attempt === attempt && sequence <= fence.sequence)
      return { kind: 'accepted', duplicate: true };
    if (fence.attempt !== attempt || fence.status !== 'RUNNING')
      return { kind: 'lost', currentAttempt: fence.attempt };
    if (part === undefined && sequence !== fence.sequence + 1)
      return { kind: 'gap', expected: fence.sequence + 1 };
    const counted = count(usage.get(runId)!, series);
    if (counted.kind === 'accepted' && part === undefined) fence.sequence = sequence;
    return counted;
  });
  const fresh = reports.filter((_, i) => {
    const result = results[i]!;
    return result.kind === 'accepted' && !result.duplicate;
  });
  if (fresh.length === 0) return { results, made: new Map() };
  const made = await ids.create(new Set(fresh.flatMap(({ series }) => series.map(({ metric }) => metric))));
  const idOf = (metric: string): number => ids.found.get(metric) ?? made.get(metric)!;
  const { chunkType } = fences.values().next().value!;
  await writeChunks(sql, chunkType, teamId, fresh, idOf, part);
  await writeSummaries(sql, teamId, fresh, idOf, part);
  return { results, made };
}

async function writeChunks(
  sql: pg.PoolClient,
  chunkType: number,
  teamId: string,
  fresh: readonly Report[],
  idOf: (metric: string) => number,
  part: number | undefined,
): Promise<void> {
  const rows = fresh.flatMap(({ runId, attempt, sequence, series }) =>
    series.map((one): Field[] => {
      const { metric, steps, epochs, samplesSeen, wallTimes, values } = inStepOrder(one);
      const perStep = samplesSeen ? samplesPerStep(steps, samplesSeen) : null;
      // In the order of the table.
      return [
        { uuid: runId },
        { int4: idOf(metric) },
        { int4: attempt },
        { int4: part ?? sequence },
        { uuid: teamId },
        { int8: first(steps) },
        { int8: furthest(steps) },
        { wholes: steps },
        { reals: epochs ?? [] },
        { wholes: perStep === null ? (samplesSeen ?? []) : [] },
        { reals: wallTimes ?? [] },
        { doubles: values },
        { int8: perStep },
      ];
    }),
  );
  if (rows.length === 0) return;
  await sql.query({
    name: 'reportMetrics chunks',
    text: '/* reportMetrics chunks */ INSERT INTO chunk SELECT * FROM unnest($1::chunk[])',
    values: [rowsOf(chunkType, rows)],
  });
}

/** Points by step, those of one step in the order in which they came: a chunk is always in order, so that it can be read in part. */
function inStepOrder(series: Series): Series {
  const { steps } = series;
  let rising = true;
  for (let i = 1; i < steps.length && rising; i++) rising = steps[i]! >= steps[i - 1]!;
  if (rising) return series;
  const order = Array.from(steps, (_, i) => i).sort((a, b) => steps[a]! - steps[b]! || a - b);
  const pick = <T>(column: ArrayLike<T>): T[] => order.map((i) => column[i]!);
  const { epochs, samplesSeen, wallTimes, values } = series;
  return {
    ...series,
    steps: pick(steps),
    epochs: epochs?.length ? pick(epochs) : epochs,
    samplesSeen: samplesSeen?.length ? pick(samplesSeen) : samplesSeen,
    wallTimes: wallTimes?.length ? pick(wallTimes) : wallTimes,
    values: pick(values),
  };
}

/** What all samples seen are divided by their steps, where that is one whole number; else null. */
function samplesPerStep(steps: Numbers, samplesSeen: Numbers): number | null {
  let each: number | null = null;
  for (let i = 0; i < steps.length; i++) {
    const [step, samples] = [steps[i]!, samplesSeen[i]!];
    if (each === null && step > 0) each = samples / step;
    if (each === null ? samples !== 0 : !Number.isSafeInteger(each) || samples !== step * each) return null;
  }
  return each;
}

function first(steps: Numbers): number {
  let least = steps[0]!;
  for (let i = 1; i < steps.length; i++) if (steps[i]! < least) least = steps[i]!;
  return least;
}

/** The summaries, and how far each run is now. */
async function writeSummaries(
  sql: pg.PoolClient,
  teamId: string,
  fresh: readonly Report[],
  idOf: (metric: string) => number,
  part: number | undefined,
): Promise<void> {
  const summaries = new Map<string, { runId: string; metricId: number; summary: Summary }>();
  for (const { runId, series } of fresh) {
    for (const { metric, steps, values } of series) {
      const metricId = idOf(metric);
      const key = `${runId} ${metricId}`;
      const before = summaries.get(key)?.summary;
      const own = summarise(steps, values);
      summaries.set(key, { runId, metricId, summary: before ? merge(before, own) : own });
    }
  }
  const rows = [...summaries.values()];
  const column = <T>(of: (summary: Summary) => T): T[] => rows.map(({ summary }) => of(summary));
  await sql.query({
    name: 'reportMetrics',
    text: `/* reportMetrics */ WITH moved AS (
       UPDATE run SET sequence = greatest(run.sequence, n.sequence), step = greatest(run.step, n.step), samples_seen = greatest(run.samples_seen, n.samples)
       FROM (SELECT id, max(sequence) AS sequence, max(step) AS step, max(samples) AS samples
         FROM unnest($14::uuid[], $15::int[], $16::int8[], $17::int8[]) AS u (id, sequence, step, samples) GROUP BY id) AS n
       WHERE run.id = n.id
     )
     ${addSummaries(`SELECT $1::uuid AS team_id, u.run_id, u.metric_id, u.count, u.non_finite, u.last, u.last_step, u.min, u.min_step, u.max, u.max_step, u.sum, u.tail::float8[] AS tail
       FROM unnest($2::uuid[], $3::int[], $4::int8[], $5::int8[], $6::float8[], $7::int8[], $8::float8[], $9::int8[], $10::float8[], $11::int8[], $12::float8[], $13::text[])
         AS u (run_id, metric_id, count, non_finite, last, last_step, min, min_step, max, max_step, sum, tail)`)}`,
    values: [
      teamId,
      rows.map(({ runId }) => runId),
      rows.map(({ metricId }) => metricId),
      column(({ count }) => count),
      column(({ nonFinite }) => nonFinite),
      column(({ last }) => last),
      column(({ lastStep }) => lastStep),
      column(({ min }) => min),
      column(({ minStep }) => minStep),
      column(({ max }) => max),
      column(({ maxStep }) => maxStep),
      column(({ sum }) => sum),
      column(({ tail }) => `{${tail.join(',')}}`),
      fresh.map(({ runId }) => runId),
      fresh.map(({ sequence }) => (part === undefined ? sequence : 0)),
      fresh.map(({ series }) => Math.max(0, ...series.map(({ steps }) => furthest(steps)))),
      fresh.map(({ series }) => Math.max(0, ...series.map(({ samplesSeen }) => furthest(samplesSeen)))),
    ],
  });
}

/**
 * Appends batches of points, several of one run in their order. A batch is taken when it is the next of the run's current attempt; one
 * that was taken before is acknowledged again and changes nothing; one that would exceed a limit is refused whole; acknowledged means
 * durable.
 */
export async function reportMetrics(db: Db, teamId: string, reports: readonly Report[]): Promise<Accepted[]> {
  const known = db.metricIds(teamId);
  const { results, made } = await transaction(db, (sql) => append(sql, teamId, known, reports));
  for (const [name, id] of made) known.set(name, id);
  db.changed(
    teamId,
    reports.map(({ runId }) => runId),
    false,
  );
  return results;
}
