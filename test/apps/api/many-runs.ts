import type { TestApi } from './server.ts';

/** Ended runs by SQL, `count` of them, an hour old and a millisecond apart, with summaries of these metrics. */
export async function manyRuns(
  { asOwner, teamId, memberId }: Pick<TestApi, 'asOwner' | 'teamId' | 'memberId'>,
  datasetId: string,
  { count, prefix, metrics = ['test_accuracy'] }: { count: number; prefix: string; metrics?: string[] },
): Promise<void> {
  await asOwner(
    `INSERT INTO metric (team_id, name, goal) SELECT $1, name, 'MAXIMISE' FROM unnest($2::text[]) AS name ON CONFLICT DO NOTHING`,
    [teamId, metrics],
  );
  await asOwner(
    `INSERT INTO run (id, team_id, member_id, key, dataset_id, model, width, batch_size, base_learning_rate, schedule, warm_up, momentum, nesterov,
       weight_decay, batch_norm, augmentation, budget_unit, budget_value, seed, configuration_hash, setting_hash, trainer_version, status, ended_at,
       bundle_key, queue_rank, attempt, planned_steps, created_at)
     SELECT gen_random_uuid(), $1, $2, $4 || '-' || i, $3, 'resnet8', 16, 2 ^ (i % 8), 2 ^ -(i / 8 % 10), '{"kind":"constant"}', false, 0, false,
       0, i % 2 = 0, false, 'EPOCHS', 1, i, $4 || i, $4 || i % 100, '1.0.0', 'DONE', now(), 'b', i, 1, 1000, now() - interval '1 hour' + make_interval(secs => i / 1000.0)
     FROM generate_series(1, $5::int) AS i`,
    [teamId, memberId, datasetId, prefix, count],
  );
  await asOwner(
    `INSERT INTO run_metric (run_id, metric_id, team_id, count, non_finite_count, last, last_step, min, min_step, max, max_step, sum, tail, median_last_5)
     SELECT r.id, m.id, r.team_id, 2, 0, r.seed / 1e6, 20, 0.25, 10, 0.5, 20, 0.75, '{0.25,0.5}', 0.375
     FROM run r JOIN metric m ON m.team_id = r.team_id AND m.name = ANY ($2) WHERE r.key LIKE $1 || '-%'`,
    [prefix, metrics],
  );
}
