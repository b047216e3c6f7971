import {
  cellsSince,
  claimRuns,
  countRuns,
  createSweep,
  type Db,
  eventPage,
  eventsSince,
  findToken,
  finishRuns,
  heartbeat,
  marksOf,
  metricOf,
  pointsSince,
  purgeEvents,
  readCurves,
  reportMetrics,
  runMetrics,
  runPage,
  settingRows,
  snapshotNow,
  sweepStates,
} from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import { beforeAll, describe, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';
import { addDataset, addWorker, newRun, newSweep } from './new-run.ts';

const database = await testDatabase();
const { db: everyTeam, ...owner } = await database.openOwned();
// As requests ask: behind row-level security.
const db = everyTeam.ofTeam(owner.teamId);
const dataset = await addDataset(db, owner.teamId);
const worker = await addWorker(db, owner);

/** Tables that grow without end: no main query may read one from its beginning to its end. */
const LARGE = ['run', 'cell', 'run_metric', 'chunk', 'attempt', 'event'];

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  Plans?: Plan[];
}

function nodes(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)];
}

/** Does the work, then asks PostgreSQL how it would do each of its statements again. */
async function plansOf(work: (db: Db) => Promise<unknown>, on = db): Promise<Map<string, Plan[]>> {
  const heard: [name: string, sql: string, values: readonly unknown[]][] = [];
  const stop = on.onQuery((...query) => heard.push(query));
  await work(on);
  stop();
  const plans = new Map<string, Plan[]>();
  for (const [name, sql, values] of heard) {
    if (!sql.startsWith('/*') || name === 'notify') continue;
    const { rows } = await on.pool.query(`EXPLAIN (FORMAT JSON) ${sql}`, [...values]);
    plans.set(name, nodes(rows[0]['QUERY PLAN'][0].Plan));
  }
  return plans;
}

function expectIndexes(plans: Map<string, Plan[]>, expected: Record<string, string[]>): void {
  for (const [name, indexes] of Object.entries(expected)) {
    const plan = plans.get(name);
    expect(plan, `${name} was sent`).toBeDefined();
    const used = plan!.flatMap((node) => node['Index Name'] ?? []);
    for (const index of indexes) expect(used, name).toContain(index);
  }
  for (const [name, plan] of plans) {
    const scanned = plan.filter(
      (node) => node['Node Type'] === 'Seq Scan' && LARGE.includes(node['Relation Name'] ?? ''),
    );
    expect(scanned, `${name} reads a large table whole`).toEqual([]);
  }
}

/** 100,000 runs of five teams, 20 sweeps each, in the shapes that a used database has; with a metric and points for the ended ones. */
beforeAll(async () => {
  await database.asOwner(`
    INSERT INTO team (id, key, name) SELECT gen_random_uuid(), 'team-' || i, 'Team' FROM generate_series(1, 4) i;
    INSERT INTO account (id, name) VALUES (gen_random_uuid(), 'a');
    INSERT INTO member (id, team_id, account_id, key, role) SELECT gen_random_uuid(), t.id, a.id, 'owner', 'OWNER' FROM team t, account a WHERE a.name = 'a' AND t.key <> 'local';
    INSERT INTO dataset (id, team_id, name, hash, classes, channels, height, width, train_count, test_count)
      SELECT gen_random_uuid(), id, 'more', repeat('a', 64), 10, 3, 32, 32, 100, 100 FROM team;
    INSERT INTO sweep (id, team_id, member_id, number, key, name, definition, strategy, "order", reuse, cell_count)
      SELECT gen_random_uuid(), t.id, m.id, 1000 + i, 'old-' || i, 'old', '{}', 'grid', 'shuffled', true, 1000
      FROM team t JOIN member m ON m.team_id = t.id, generate_series(1, 20) i;
    INSERT INTO metric (team_id, name, goal) SELECT id, 'test_accuracy', 'MAXIMISE' FROM team;
    INSERT INTO run (id, team_id, member_id, key, sweep_id, dataset_id, model, width, batch_size, base_learning_rate, schedule, warm_up, momentum, nesterov,
        weight_decay, batch_norm, augmentation, budget_unit, budget_value, seed, configuration_hash, setting_hash, trainer_version, status, ended_at,
        bundle_key, queue_rank, attempt, planned_steps, created_at)
      SELECT gen_random_uuid(), s.team_id, s.member_id, s.key || '/' || i, s.id, d.id, 'resnet8', 16, 2 ^ (i % 8), 2 ^ -(i / 8 % 10), '{}', false, 0, false,
        0, i % 2 = 0, false, 'EPOCHS', 1, i, md5(s.id::text || i), md5(s.id::text || i % 100), '${TRAINER_VERSION}', (CASE WHEN i % 50 = 0 THEN 'WAITING' ELSE 'DONE' END)::"RunStatus",
        CASE WHEN i % 50 <> 0 THEN now() END, 'old ' || i % 8, s.number * 2 ^ 24 + i, 1, 1000, now() - make_interval(mins => (s.number * 1000 + i)::int)
      FROM sweep s JOIN dataset d ON d.team_id = s.team_id AND d.name = 'more', generate_series(1, 1000) i;
    INSERT INTO cell (sweep_id, position, team_id, run_id, configuration_hash) SELECT sweep_id, seed, team_id, id, configuration_hash FROM run;
    INSERT INTO attempt (run_id, number, team_id, engine, device, versions, runs_side_by_side, slot) SELECT id, 1, team_id, 'onnx', 'cpu', '{}', 1, 0 FROM run;
    INSERT INTO run_metric SELECT r.id, m.id, r.team_id, 5, 0, 0.5, 5, 0.1, 1, 0.5, 5, 1.5, '{0.1,0.2,0.3,0.4,0.5}', 0.3 FROM run r JOIN metric m ON m.team_id = r.team_id WHERE r.status = 'DONE';
    INSERT INTO chunk SELECT run_id, metric_id, 1, 1, team_id, 1, 5, '{1,2,3,4,5}', '{}', '{}', '{1,2,3,4,5}', '{0.1,0.2,0.3,0.4,0.5}' FROM run_metric;
    INSERT INTO event (team_id, kind, sweep_id, run_id) SELECT team_id, 'RUN_DONE', sweep_id, id FROM run WHERE status = 'DONE'`);
  await database.asOwner('VACUUM (ANALYZE)');
}, 120_000);

describe('on 100,000 runs', () => {
  test('a worker claims, reports, beats and finishes by the indexes for that', async () => {
    const cells = Array.from({ length: 200 }, (_, seed) => newRun(dataset.id, { bundleKey: 'new', seed }));
    expectIndexes(await plansOf((db) => createSweep(db, newSweep(owner, cells))), {
      writeCells: ['run_answer'],
    });
    await database.asOwner('ANALYZE');
    let claims: Awaited<ReturnType<typeof claimRuns>> = [];
    const order = {
      ...owner,
      workerId: worker,
      datasets: [dataset.hash],
      trainerVersion: TRAINER_VERSION,
      max: 8,
      leaseSeconds: 60,
    };
    const claimed = await plansOf(async (db) => {
      claims = await claimRuns(db, order);
    });
    expect(claims.length).toBe(8);
    expectIndexes(claimed, {
      claimRuns: ['run_queue', 'run_mates', 'run_lease'],
      'claimRuns fail': ['run_lease'],
    });

    const reports = claims.map(({ runId, attempt }) => ({
      runId,
      attempt,
      sequence: 1,
      series: [{ metric: 'test_accuracy', steps: [1], values: [0.5] }],
    }));
    expectIndexes(await plansOf((db) => reportMetrics(db, owner.teamId, reports)), {
      lockRuns: ['run_pkey'],
      'reportMetrics limits': ['run_metric_pkey'],
      reportMetrics: ['run_pkey'],
    });

    const runs = claims.map(({ runId, attempt }) => ({ runId, attempt, step: 1, samplesSeen: 2 }));
    const beat = { ...owner, workerId: worker, samplesPerSecond: 1, stopping: false, leaseSeconds: 60, runs };
    expectIndexes(await plansOf((db) => heartbeat(db, beat)), { heartbeat: ['run_pkey', 'cell_run_id_idx'] });

    const finishes = runs.map((run) => ({ ...run, sequence: 1, outcome: 'DONE' as const, deviceSeconds: 1 }));
    expectIndexes(await plansOf((db) => finishRuns(db, owner.teamId, finishes)), {
      finishRuns: ['run_pkey', 'attempt_pkey', 'cell_run_id_idx'],
    });
  });

  test('the newest runs, and the page after them, are read from the end of their index', async () => {
    const page = {
      teamId: owner.teamId,
      order: [{ field: 'CREATED_AT', direction: 'DESC' }] as const,
      count: 20,
      backwards: false,
    };
    const first = await runPage(db, page);
    for (const from of [undefined, first[19]!.cursor]) {
      const plans = await plansOf((db) => runPage(db, { ...page, from }));
      expectIndexes(plans, { runPage: ['run_newest'] });
      expect(plans.get('runPage')!.map((node) => node['Node Type'])).not.toContain('Sort');
    }
    const second = await runPage(db, { ...page, from: first[19]!.cursor });
    const all = await runPage(db, { ...page, count: 40 });
    expect([...first.slice(0, 20), ...second.slice(0, 20)].map(({ id }) => id)).toEqual(
      all.slice(0, 40).map(({ id }) => id),
    );
  });

  test('an order or a filter by a metric reads its values, and a tag its runs, by index', async () => {
    const page = { teamId: owner.teamId, count: 20, backwards: false };
    const metric = { name: 'test_accuracy', value: 'LAST' as const };
    const byMetric = { ...page, order: [{ metric, direction: 'DESC' as const }] };
    expectIndexes(await plansOf((db) => runPage(db, byMetric)), {
      runPage: ['run_metric_counted', 'run_metric_uncounted', 'run_newest'],
    });
    const sweeps = await database.asOwner<{ id: string }>('SELECT id FROM sweep LIMIT 50');
    const ofSweeps = { ...byMetric, sweepIds: sweeps.map(({ id }) => id) };
    expectIndexes(await plansOf((db) => runPage(db, ofSweeps)), {
      'runPage of sweeps': ['cell_pkey', 'run_metric_pkey'],
    });
    const better = { metrics: [{ ...metric, is: { gt: 0.9 } }] };
    expectIndexes(await plansOf((db) => countRuns(db, owner.teamId, better)), {
      countRuns: ['run_metric_counted', 'run_metric_uncounted'],
    });
    expectIndexes(await plansOf((db) => countRuns(db, owner.teamId, { tags: { has: 'paper' } })), {
      countRuns: ['run_tags_used'],
    });
  });

  test('the runs of 50 sweeps are read through their cells', async () => {
    const sweeps = await database.asOwner<{ id: string }>('SELECT id FROM sweep LIMIT 50');
    const sweepIds = sweeps.map(({ id }) => id);
    const query = {
      teamId: owner.teamId,
      order: [{ field: 'QUEUE', direction: 'ASC' }] as const,
      count: 20,
      backwards: false,
      sweepIds,
    };
    expectIndexes(await plansOf((db) => runPage(db, query)), { 'runPage of sweeps': ['cell_pkey'] });
    expectIndexes(await plansOf((db) => sweepStates(db, sweepIds.slice(0, 3))), {
      sweepStates: ['cell_pkey'],
    });
  });

  test('summaries and curves of runs are read by run', async () => {
    const runs = await database.asOwner<{ id: string }>(`SELECT id FROM run WHERE status = 'DONE' LIMIT 20`);
    const ids = runs.map(({ id }) => id);
    expectIndexes(await plansOf((db) => runMetrics(db, owner.teamId, ids, ['test_accuracy'])), {
      runMetrics: ['run_metric_pkey'],
    });
    expectIndexes(await plansOf((db) => readCurves(db, ids, ['test_accuracy'])), {
      readCurves: ['chunk_pkey'],
    });
  });

  test("a team's accuracy by batch size and batch norm reads values and settings by index", async () => {
    const metric = await metricOf(db, owner.teamId, 'test_accuracy');
    const query = {
      teamId: owner.teamId,
      by: ['BATCH_NORM', 'BATCH_SIZE'] as const,
      byParams: [],
      metric,
      value: 'MEDIAN_LAST_5' as const,
    };
    expectIndexes(await plansOf((db) => settingRows(db, query)), {
      'settingRows values': ['run_metric_counted'],
      'settingRows diverged': ['run_diverged'],
    });
  });

  test('what is new to a watcher is read by index: events, cells, points, and whether there is any', async () => {
    const seen = await snapshotNow(db);
    const [sweep] = await database.asOwner<{ id: string; run: string }>(
      `SELECT s.id, (SELECT run_id FROM cell WHERE sweep_id = s.id LIMIT 1) AS run FROM sweep s WHERE s.team_id = $1 AND s.key LIKE 'old%' LIMIT 1`,
      [owner.teamId],
    );
    await database.asOwner(`INSERT INTO event (team_id, kind, run_id) VALUES ($1, 'RUN_DONE', $2)`, [
      owner.teamId,
      sweep!.run,
    ]);
    const { id: sweepId, run: runId } = sweep!;
    const since = { ...owner, kinds: null, seen, midway: null, most: 500 };
    expectIndexes(await plansOf((db) => eventsSince(db, since)), { eventsSince: ['event_team'] });
    expectIndexes(await plansOf((db) => cellsSince(db, { ...owner, sweepId, seen })), {
      cellsSince: ['event_team', 'cell_run_id_idx', 'run_pkey'],
    });
    expectIndexes(await plansOf((db) => cellsSince(db, { ...owner, sweepId, seen: null })), {
      allCells: ['cell_pkey', 'run_pkey'],
    });
    const points = { runId, names: null, seen: { of: 1, attempt: 1, sequence: 1 } };
    expectIndexes(await plansOf((db) => pointsSince(db, points)), {
      pointsSince: ['run_pkey', 'run_metric_pkey', 'chunk_pkey'],
    });
    const page = { ...owner, kinds: null, count: 20, backwards: false, from: null };
    expectIndexes(await plansOf((db) => eventPage(db, page)), { eventPage: ['event_team'] });
    expectIndexes(await plansOf((db) => marksOf(db, [owner.teamId], [runId])), {
      marksOf: ['event_team', 'run_pkey'],
    });
    expectIndexes(await plansOf((db) => purgeEvents(db), everyTeam), { purgeEvents: ['event_pkey'] });
  });

  test('a token is found by its hash', async () => {
    const plans = await plansOf((db) => findToken(db, 'sb_unknown'));
    expect(plans.size).toBe(1);
    expect([...plans.values()][0]!.map((node) => node['Relation Name'])).toContain('token');
  });
});
