import type { TestApi } from './server.ts';

export interface Result {
  readonly status?: 'DONE' | 'FAILED' | 'RUNNING' | 'WAITING' | 'CANCELLED';
  readonly diverged?: boolean;
  /** Its test accuracy. */
  readonly value?: number | null;
}

/** Puts a run where a worker would have left it. */
export async function record(
  { asOwner, teamId }: Pick<TestApi, 'asOwner' | 'teamId'>,
  key: string,
  { status = 'DONE', diverged = false, value = null }: Result,
): Promise<void> {
  await asOwner(
    `UPDATE run SET status = $2::"RunStatus", diverged = $3, diverged_step = CASE WHEN $3 THEN 7 END, lease_expires_at = CASE WHEN $2 = 'RUNNING' THEN now() END, ended_at = CASE WHEN $2 IN ('DONE', 'FAILED', 'CANCELLED') THEN now() END WHERE key = $1`,
    [key, status, diverged],
  );
  await asOwner(
    `INSERT INTO metric (team_id, name, goal) VALUES ($1, 'test_accuracy', 'MAXIMISE') ON CONFLICT DO NOTHING`,
    [teamId],
  );
  if (value === null) return;
  await asOwner(
    `INSERT INTO run_metric (run_id, metric_id, team_id, count, non_finite_count, last, last_step, min, max, sum, tail, median_last_5)
     SELECT r.id, m.id, r.team_id, 1, 0, $2, 1, $2, $2, $2, ARRAY[$2::float8], $2 FROM run r, metric m WHERE r.key = $1`,
    [key, value],
  );
}

/** A fixed stream of numbers in [0, 1). */
export function stream(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
