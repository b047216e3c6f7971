import type { Sql } from './transaction.ts';

const COLUMNS =
  'team_id, run_id, metric_id, count, non_finite_count, last, last_step, min, min_step, max, max_step, sum, tail, median_last_5';

/** Adds to the summaries what `rows` says of further points: a query of (team_id, run_id, …, sum, tail), each metric of a run once. */
export const addSummaries = (rows: string): string => `
  INSERT INTO run_metric AS m (${COLUMNS})
  SELECT s.*, median_of(s.tail) FROM (${rows}) AS s
  ON CONFLICT (run_id, metric_id) DO UPDATE SET
    count = m.count + excluded.count,
    non_finite_count = m.non_finite_count + excluded.non_finite_count,
    last = CASE WHEN excluded.last_step >= m.last_step THEN excluded.last ELSE m.last END,
    last_step = greatest(m.last_step, excluded.last_step),
    min = least(m.min, excluded.min),
    min_step = CASE WHEN m.min IS NULL OR excluded.min < m.min THEN excluded.min_step ELSE m.min_step END,
    max = greatest(m.max, excluded.max),
    max_step = CASE WHEN m.max IS NULL OR excluded.max > m.max THEN excluded.max_step ELSE m.max_step END,
    sum = m.sum + excluded.sum,
    tail = last_five(m.tail || excluded.tail),
    median_last_5 = median_of(last_five(m.tail || excluded.tail))`;

/**
 * Merges points into the summaries of their metrics. `points` is a query of (team_id, run_id, metric_id, step, value, place),
 * place being the order of arrival. Non-finite values count, and are last when they are, but enter no minimum, maximum or sum.
 * (summary.ts works out the same of a batch that has just come.)
 */
export const mergeSummaries = (points: string): string =>
  addSummaries(`SELECT team_id, run_id, metric_id, count(*), count(*) FILTER (WHERE NOT finite), (array_agg(value ORDER BY step DESC, place DESC))[1], max(step),
    min(value) FILTER (WHERE finite), (array_agg(step ORDER BY value, step) FILTER (WHERE finite))[1],
    max(value) FILTER (WHERE finite), (array_agg(step ORDER BY value DESC, step) FILTER (WHERE finite))[1],
    coalesce(sum(value) FILTER (WHERE finite), 0), last_five(array_agg(value ORDER BY step, place)) AS tail
  FROM (SELECT *, value NOT IN ('NaN', 'Infinity', '-Infinity') AS finite FROM (${points}) AS p) AS q
  GROUP BY team_id, run_id, metric_id`);

const kept = (column: string): string =>
  `CASE WHEN cardinality(${column}) = 0 THEN ${column} ELSE ARRAY(SELECT v FROM unnest(steps, ${column}) WITH ORDINALITY AS u (s, v, place) WHERE s <= $2 ORDER BY place) END`;

/**
 * Drops the points of runs after `startStep`, where a new attempt begins, and works their summaries out anew. A start step of 0
 * means from scratch: nothing of before is kept, a point at step 0 included.
 */
export async function supersede(sql: Sql, runIds: readonly string[], startStep: number): Promise<void> {
  if (startStep === 0) {
    await sql.query('/* supersede points */ DELETE FROM chunk WHERE run_id = ANY ($1)', [runIds]);
    await sql.query('/* supersede summaries */ DELETE FROM run_metric WHERE run_id = ANY ($1)', [runIds]);
    return;
  }
  await sql.query('/* supersede chunks */ DELETE FROM chunk WHERE run_id = ANY ($1) AND first_step > $2', [
    runIds,
    startStep,
  ]);
  await sql.query(
    `/* supersede trim */ UPDATE chunk SET steps = ${kept('steps')}, epochs = ${kept('epochs')}, samples_seen = ${kept('samples_seen')},
       wall_times = ${kept('wall_times')}, "values" = ${kept('"values"')}, last_step = (SELECT max(s) FROM unnest(steps) AS s WHERE s <= $2)
     WHERE run_id = ANY ($1) AND last_step > $2`,
    [runIds, startStep],
  );
  await sql.query('/* supersede summaries */ DELETE FROM run_metric WHERE run_id = ANY ($1)', [runIds]);
  const points = `SELECT team_id, run_id, metric_id, u.step, u.value, row_number() OVER (ORDER BY attempt, sequence, u.place) AS place
    FROM chunk, unnest(steps, "values") WITH ORDINALITY AS u (step, value, place) WHERE run_id = ANY ($1)`;
  await sql.query(`/* supersede merge */ ${mergeSummaries(points)}`, [runIds]);
}
