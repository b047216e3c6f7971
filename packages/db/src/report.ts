import type pg from 'pg';
import type { Goal } from './generated/prisma/enums.ts';
import type { Db } from './open.ts';
import { mergeSummaries } from './points.ts';
import { transaction } from './transaction.ts';

/** Columns of one metric, all of one length; epochs and samplesSeen may be absent. Values as they are, NaN and ±∞ included. */
export interface Series {
  readonly metric: string;
  readonly goal?: Goal | null;
  readonly steps: readonly number[];
  readonly epochs?: readonly number[] | null;
  readonly samplesSeen?: readonly number[] | null;
  readonly wallTimes?: readonly number[] | null;
  readonly values: readonly number[];
}

export interface Report {
  readonly runId: string;
  readonly attempt: number;
  readonly sequence: number;
  readonly series: readonly Series[];
}

/** What became of a write of one run. */
export type Accepted =
  | { readonly kind: 'accepted'; readonly duplicate: boolean }
  | { readonly kind: 'lost'; readonly currentAttempt: number }
  | { readonly kind: 'gap'; readonly expected: number }
  | { readonly kind: 'unknown' };

/** Where a locked run stands; a batch of the same call moves it on for the next. */
interface Fence {
  readonly id: string;
  readonly attempt: number;
  status: string;
  sequence: number;
}

/** Locks runs in one order (so that writers never wait in a circle) and returns where each stands. */
export async function lockRuns(
  sql: pg.PoolClient,
  teamId: string,
  ids: readonly string[],
): Promise<Map<string, Fence>> {
  const { rows } = await sql.query(
    '/* lockRuns */ SELECT id, attempt, status, sequence FROM run WHERE team_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE',
    [teamId, ids],
  );
  return new Map(rows.map((row: Fence) => [row.id, row]));
}

const literal = (values: readonly number[] | null | undefined): string => `{${(values ?? []).join(',')}}`;

/** The largest of columns that rise: the last of each. */
const furthest = (columns: readonly (readonly number[])[]): number =>
  Math.max(0, ...columns.map((column) => column.at(-1) ?? 0));

const goalOf = ({ metric, goal }: Series): Goal => {
  if (goal) return goal;
  if (metric.endsWith('accuracy')) return 'MAXIMISE';
  return /(loss|error|^steps_to_goal)$/.test(metric) ? 'MINIMISE' : 'NONE';
};

async function metricIds(
  sql: pg.PoolClient,
  teamId: string,
  series: readonly Series[],
): Promise<Map<string, number>> {
  const goals = new Map(series.map((one) => [one.metric, goalOf(one)]));
  const names = [...goals.keys()];
  const find = () =>
    sql.query('/* metricIds */ SELECT id, name FROM metric WHERE team_id = $1 AND name = ANY ($2)', [
      teamId,
      names,
    ]);
  let { rows } = await find();
  if (rows.length < names.length) {
    await sql.query(
      `/* metricIds create */ INSERT INTO metric (team_id, name, goal) SELECT $1, * FROM unnest($2::text[], $3::"Goal"[])
       ORDER BY 2 ON CONFLICT (team_id, name) DO NOTHING`,
      [teamId, names, [...goals.values()]],
    );
    ({ rows } = await find());
  }
  return new Map(rows.map(({ id, name }: { id: number; name: string }) => [name, id]));
}

/**
 * Appends batches of points, several of one run in their order. A batch is taken when it is the next of the run's current attempt; one
 * that was taken before is acknowledged again and changes nothing; acknowledged means durable. The number of statements does
 * not depend on how many runs or metrics there are.
 */
export async function reportMetrics(db: Db, teamId: string, reports: readonly Report[]): Promise<Accepted[]> {
  const answers = await transaction(db, async (sql) => {
    const fences = await lockRuns(
      sql,
      teamId,
      reports.map(({ runId }) => runId),
    );
    const results = reports.map(({ runId, attempt, sequence }): Accepted => {
      const fence = fences.get(runId);
      if (!fence) return { kind: 'unknown' };
      if (fence.attempt === attempt && sequence <= fence.sequence)
        return { kind: 'accepted', duplicate: true };
      if (fence.attempt !== attempt || fence.status !== 'RUNNING')
        return { kind: 'lost', currentAttempt: fence.attempt };
      if (sequence !== fence.sequence + 1) return { kind: 'gap', expected: fence.sequence + 1 };
      fence.sequence = sequence;
      return { kind: 'accepted', duplicate: false };
    });
    const fresh = reports.filter((_, i) => {
      const result = results[i]!;
      return result.kind === 'accepted' && !result.duplicate;
    });
    if (fresh.length === 0) return results;
    await sql.query(
      `/* reportMetrics */ UPDATE run SET sequence = n.sequence, step = greatest(run.step, n.step), samples_seen = greatest(run.samples_seen, n.samples)
       FROM (SELECT id, max(sequence) AS sequence, max(step) AS step, max(samples) AS samples
         FROM unnest($1::uuid[], $2::int[], $3::int8[], $4::int8[]) AS u (id, sequence, step, samples) GROUP BY id) AS n
       WHERE run.id = n.id`,
      [
        fresh.map(({ runId }) => runId),
        fresh.map(({ sequence }) => sequence),
        fresh.map(({ series }) => furthest(series.map(({ steps }) => steps))),
        fresh.map(({ series }) => furthest(series.map(({ samplesSeen }) => samplesSeen ?? []))),
      ],
    );
    const series = fresh.flatMap((report) => report.series.map((one) => ({ ...one, report })));
    if (series.length === 0) return results;
    const ids = await metricIds(sql, teamId, series);
    const columns = [
      series.map(({ report }) => report.runId),
      series.map(({ metric }) => ids.get(metric)),
      series.map(({ report }) => report.attempt),
      series.map(({ report }) => report.sequence),
      series.map(({ steps }) => literal(steps)),
      series.map(({ epochs }) => literal(epochs)),
      series.map(({ samplesSeen }) => literal(samplesSeen)),
      series.map(({ wallTimes, steps }) => literal(wallTimes ?? steps.map(() => 0))),
      series.map(({ values }) => literal(values)),
    ];
    const given = `unnest($2::uuid[], $3::int[], $4::int[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
      AS g (run_id, metric_id, attempt, sequence, steps, epochs, samples_seen, wall_times, "values")`;
    await sql.query(
      `/* reportMetrics chunks and summaries */ WITH g AS MATERIALIZED (
         SELECT run_id, metric_id, attempt, sequence, steps::int8[], epochs::real[], samples_seen::int8[], wall_times::real[], "values"::float8[] FROM ${given}
       ), written AS (
         INSERT INTO chunk (team_id, run_id, metric_id, attempt, sequence, first_step, last_step, steps, epochs, samples_seen, wall_times, "values")
         SELECT $1, run_id, metric_id, attempt, sequence, (SELECT min(s) FROM unnest(steps) AS s), (SELECT max(s) FROM unnest(steps) AS s),
           steps, epochs, samples_seen, wall_times, "values" FROM g
       )
       ${mergeSummaries('SELECT $1::uuid AS team_id, run_id, metric_id, u.step, u.value, u.place FROM g, unnest(g.steps, g."values") WITH ORDINALITY AS u (step, value, place)')}`,
      [teamId, ...columns],
    );
    return results;
  });
  db.changed(
    teamId,
    reports.map(({ runId }) => runId),
    false,
  );
  return answers;
}
