import type { Db } from '../open.ts';

/** Ids of the workers that train runs of these sweeps now, by sweep; the first to have registered first. */
export async function workersOfSweeps(
  { pool }: Db,
  sweepIds: readonly string[],
): Promise<Map<string, string[]>> {
  const { rows } = await pool.query<{ id: string; workers: string[] }>(
    `/* workersOfSweeps */ SELECT s.id, ARRAY(
       SELECT DISTINCT r.worker_id FROM run r WHERE r.team_id = s.team_id AND r.status = 'RUNNING' AND r.worker_id IS NOT NULL
         AND EXISTS (SELECT FROM cell c WHERE c.sweep_id = s.id AND c.run_id = r.id) ORDER BY r.worker_id) AS workers
     FROM sweep s WHERE s.id = ANY ($1)`,
    [sweepIds],
  );
  return new Map(rows.map(({ id, workers }) => [id, workers]));
}
