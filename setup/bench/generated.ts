import type { Db } from '@smallbatch/db';

/** A team of the generated database. */
export interface GeneratedTeam {
  readonly key: string;
  readonly runs: number;
  /** Metrics of each run beside its test accuracy and training loss. */
  readonly moreMetrics?: number;
}

const ETAS = 13;
const SIZES = 8;
const SEEDS = 5;

/**
 * Runs of one team, the same at every call: five seeds of each setting; settings by η̃ (2⁻¹² … 1), m (2 … 256), BN, three data
 * sets, then model, augmentation, weight decay, warm-up and momentum. Four members share them by seed. Without BN the larger η·m diverge; one run in a hundred
 * failed, one waits. Needs a superuser: triggers and foreign keys are passed by, their columns are written here.
 */
export async function generateTeam(
  { pool }: Db,
  { key, runs, moreMetrics = 0 }: GeneratedTeam,
): Promise<void> {
  const client = await pool.connect();
  const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
  const team = `(SELECT id FROM team WHERE key = ${text(key)})`;
  try {
    await client.query(
      "SET session_replication_role = replica; SET synchronous_commit = off; SET work_mem = '256MB'; SET statement_timeout = 0",
    );
    await client.query(`
      INSERT INTO team (id, key, name) VALUES (gen_random_uuid(), ${text(key)}, ${text(key)}) ON CONFLICT DO NOTHING;
      INSERT INTO account (id, name) SELECT gen_random_uuid(), ${text(key)} || '-' || i FROM generate_series(1, 4) i;
      INSERT INTO member (id, team_id, account_id, key, role)
        SELECT gen_random_uuid(), ${team}, a.id, a.name, 'MEMBER' FROM account a WHERE a.name LIKE ${text(`${key}-%`)};
      INSERT INTO dataset (id, team_id, name, hash, classes, channels, height, width, train_count, test_count)
        SELECT gen_random_uuid(), ${team}, (ARRAY['cifar10', 'cifar100', 'shapes'])[i], lpad(to_hex(i), 64, '0'), 10, 3, 32, 32, 50000, 10000 FROM generate_series(1, 3) i;
      INSERT INTO metric (team_id, name, goal) VALUES (${team}, 'test_accuracy', 'MAXIMISE'), (${team}, 'train_loss', 'MINIMISE');
      INSERT INTO metric (team_id, name) SELECT ${team}, 'gradient_norm_' || i FROM generate_series(1, ${moreMetrics}) i;
      INSERT INTO setting (team_id, hash, dataset_id, model, width, batch_size, base_learning_rate, schedule, warm_up, momentum, nesterov, weight_decay,
          batch_norm, augmentation, budget_unit, budget_value, evaluate_every, hyper, trainer_version)
        SELECT ${team}, md5('setting' || s), d.id, (ARRAY['resnet8', 'resnet20', 'resnet32', 'alexnet'])[1 + v % 4], 16, 2 << ((s / ${ETAS}) % ${SIZES})::int,
          2.0 ^ ((s % ${ETAS}) - 12), '{"kind":"constant"}', v / 40 % 2 = 1, (ARRAY[0, 0.5, 0.9, 0.98])[1 + v / 80 % 4], false,
          (ARRAY[0, 1e-4, 5e-4, 1e-3, 5e-3])[1 + v / 8 % 5], s / ${ETAS * SIZES} % 2 = 1, v / 4 % 2 = 1, 'EPOCHS', 82, 1, '{}', '1.0.0'
        FROM (SELECT s, s / ${ETAS * SIZES * 6} AS v FROM generate_series(0, (${runs} - 1) / ${SEEDS}) s) n
        JOIN dataset d ON d.team_id = ${team} AND d.name = (ARRAY['cifar10', 'cifar100', 'shapes'])[1 + s / ${ETAS * SIZES * 2} % 3];
      INSERT INTO run (id, team_id, member_id, key, dataset_id, model, width, batch_size, base_learning_rate, schedule, warm_up, momentum, nesterov, weight_decay,
          batch_norm, augmentation, budget_unit, budget_value, seed, configuration_hash, setting_hash, setting_id, trainer_version, status, diverged, diverged_step,
          ended_at, bundle_key, queue_rank, attempt, planned_steps, step, samples_seen, device_seconds, engine, created_at)
        SELECT gen_random_uuid(), t.team_id, m.id, 'run-' || i, t.dataset_id, t.model, t.width, t.batch_size, t.base_learning_rate, t.schedule, t.warm_up, t.momentum, t.nesterov,
          t.weight_decay, t.batch_norm, t.augmentation, t.budget_unit, t.budget_value, i % ${SEEDS}, md5(t.id || ' ' || i), t.hash, t.id, t.trainer_version, q.status::"RunStatus",
          q.diverged, CASE WHEN q.diverged THEN 100 END, CASE WHEN q.status <> 'WAITING' THEN now() END, 'b', i, 1, 1000, 1000, 50000 * 82.0,
          20 + 600.0 / t.batch_size + i % 7, 'onnx', now() - make_interval(secs => ${runs} - i)
        FROM generate_series(0, ${runs} - 1) i
        JOIN setting t ON t.team_id = ${team} AND t.hash = md5('setting' || i / ${SEEDS})
        JOIN (SELECT id, row_number() OVER (ORDER BY key) - 1 AS place FROM member WHERE team_id = ${team}) m ON m.place = i % ${SEEDS} % 4
        CROSS JOIN LATERAL (SELECT i % 100 = 7 AS failed, i % 100 = 11 AS waits, NOT t.batch_norm AND t.base_learning_rate * t.batch_size > 1 + i % 3 AS diverges) w
        CROSS JOIN LATERAL (SELECT CASE WHEN w.waits THEN 'WAITING' WHEN w.failed THEN 'FAILED' ELSE 'DONE' END AS status, w.diverges AND NOT w.failed AND NOT w.waits AS diverged) q;
      INSERT INTO run_metric (run_id, metric_id, team_id, count, non_finite_count, last, last_step, min, min_step, max, max_step, sum, tail, median_last_5, setting_id, seed, duplicate, counted)
        SELECT r.id, k.id, r.team_id, 82, 0, value, 82, value - 0.1, 1, value + 0.01, 80, 82 * value, ARRAY[value], value - 0.001, r.setting_id, r.seed, false, r.status = 'DONE' AND NOT r.diverged
        FROM run r JOIN metric k ON k.team_id = r.team_id
        CROSS JOIN LATERAL (SELECT CASE k.goal WHEN 'MAXIMISE' THEN 1 ELSE -1 END * (0.9 - 0.004 * abs(ln(r.base_learning_rate) / ln(2) + 6)
          - 0.006 * abs(ln(r.batch_size) / ln(2) - 3) + CASE WHEN r.batch_norm THEN 0.02 ELSE 0 END + 0.01 * (hashtext(r.key || k.name) / 2147483648.0)) AS value) v
        WHERE r.team_id = ${team} AND r.status = 'DONE' ORDER BY k.id, r.setting_id, r.seed`);
  } finally {
    client.release(true);
  }
}

/**
 * Curves of a generated team: 82 points of test accuracy for each run, or each of its first `runs` runs, and a million points of `long`
 * for its first.
 */
export async function generateCurves(
  { pool }: Db,
  key: string,
  runs = Number.MAX_SAFE_INTEGER,
): Promise<void> {
  const client = await pool.connect();
  const of = 'FROM run r JOIN team t ON t.id = r.team_id JOIN metric k ON k.team_id = t.id';
  const columns =
    'run_id, metric_id, attempt, sequence, team_id, first_step, last_step, steps, epochs, samples_seen, wall_times, "values"';
  try {
    await client.query('SET session_replication_role = replica; SET statement_timeout = 0');
    await client.query('INSERT INTO metric (team_id, name) SELECT id, $2 FROM team WHERE key = $1', [
      key,
      'long',
    ]);
    await client.query(
      `INSERT INTO chunk (${columns}) SELECT r.id, k.id, 1, 1, t.id, 391, 82 * 391, p.steps, p.epochs, p.samples, p.walls, p.points
       ${of} CROSS JOIN LATERAL (SELECT array_agg(i * 391::int8) AS steps, array_agg(i::real) AS epochs, array_agg(i * 50000::int8) AS samples,
         array_agg(i * 3.5::real) AS walls, array_agg(0.9 - 0.5 / i + hashtext(r.key || i) / 2147483648.0 / 50) AS points FROM generate_series(1, 82) i) p
       WHERE t.key = $1 AND k.name = 'test_accuracy' AND substr(r.key, 5)::int8 < $2`,
      [key, runs],
    );
    await client.query(
      `INSERT INTO chunk (${columns}) SELECT r.id, k.id, 1, c + 1, t.id, c * 1000 + 1, c * 1000 + 1000, p.steps, '{}', '{}', p.walls, p.points
       ${of} CROSS JOIN generate_series(0, 999) c
       CROSS JOIN LATERAL (SELECT array_agg(c * 1000 + i::int8) AS steps, array_agg((c * 1000 + i)::real / 100) AS walls,
         array_agg(sin(c + i / 1000.0) + hashtext(c || ' ' || i) / 2147483648.0) AS points FROM generate_series(1, 1000) i) p
       WHERE t.key = $1 AND k.name = 'long' AND r.key = 'run-0'`,
      [key],
    );
    await client.query(
      `INSERT INTO run_metric (run_id, metric_id, team_id, count, non_finite_count, last, last_step, min, min_step, max, max_step, sum, tail, median_last_5, setting_id, seed, duplicate, counted)
       SELECT r.id, k.id, t.id, 1000000, 0, 0, 1000000, -2, 1, 2, 1, 0, '{0}', 0, r.setting_id, r.seed, false, true ${of} WHERE t.key = $1 AND k.name = 'long' AND r.key = 'run-0'`,
      [key],
    );
  } finally {
    client.release(true);
  }
}
