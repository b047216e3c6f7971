import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';

const database = await testDatabase();
await database.openOwned();
const login = `analyst_${process.pid}`;
let analyst: pg.Client;

beforeAll(async () => {
  await database.asOwner(`
    INSERT INTO team (id, key, name) VALUES (gen_random_uuid(), 'other', 'Other');
    INSERT INTO account (id, name) VALUES (gen_random_uuid(), 'o');
    INSERT INTO member (id, team_id, account_id, key, role) SELECT gen_random_uuid(), t.id, a.id, 'o', 'OWNER' FROM team t, account a WHERE t.key = 'other' AND a.name = 'o';
    INSERT INTO dataset (id, team_id, name, hash, classes, channels, height, width, train_count, test_count)
      SELECT gen_random_uuid(), id, 'shapes', repeat('a', 64), 10, 3, 32, 32, 100, 100 FROM team;
    INSERT INTO sweep (id, team_id, member_id, number, key, name, definition, strategy, "order", reuse, cell_count)
      SELECT gen_random_uuid(), t.id, m.id, i, 'grid-' || i, 'grid', '{}', 'grid', 'shuffled', true, 1000 FROM team t JOIN member m ON m.team_id = t.id, generate_series(1, 20) i;
    INSERT INTO metric (team_id, name, goal) SELECT id, m, 'MAXIMISE' FROM team, unnest('{test_accuracy,train_accuracy}'::text[]) AS m;
    INSERT INTO run (id, team_id, member_id, key, sweep_id, dataset_id, model, width, batch_size, base_learning_rate, schedule, warm_up, momentum, nesterov,
        weight_decay, batch_norm, augmentation, budget_unit, budget_value, seed, configuration_hash, setting_hash, trainer_version, status, ended_at,
        bundle_key, queue_rank, attempt, planned_steps)
      SELECT gen_random_uuid(), s.team_id, s.member_id, s.key || '/' || i, s.id, d.id, 'resnet8', 16, 2 ^ (i % 8), 2 ^ -8, '{"kind":"constant"}', false, 0, false,
        0, i % 2 = 0, false, 'EPOCHS', 1, i, md5(s.id::text || i), md5(s.id::text || i % 100), '1.0.0', 'DONE', now(), 'b', s.number * 2 ^ 24 + i, 1, 1000
      FROM sweep s JOIN dataset d ON d.team_id = s.team_id, generate_series(1, 1000) i;
    INSERT INTO cell (sweep_id, position, team_id, run_id, configuration_hash) SELECT sweep_id, seed, team_id, id, configuration_hash FROM run;
    INSERT INTO run_metric SELECT r.id, m.id, r.team_id, 3, 1, 'NaN', 3, 0.25, 1, 0.5, 2, 0.75, '{0.25,0.5,NaN}', 'NaN' FROM run r JOIN metric m ON m.team_id = r.team_id;
    INSERT INTO chunk SELECT run_id, metric_id, 1, 1, team_id, 1, 3, '{1,2,3}', '{}', '{10,20,30}', '{1,2,3}', '{0.25,0.5,NaN}' FROM run_metric`);
  await database.asOwner('VACUUM (ANALYZE)');
  // As docs/analysis.md says.
  await database.asOwner(`CREATE ROLE ${login} LOGIN PASSWORD 'secret' IN ROLE smallbatch_read`);
  await mayRead('local');
  const url = new URL(database.url);
  url.username = login;
  url.password = 'secret';
  analyst = new pg.Client({ connectionString: url.href });
  await analyst.connect();
}, 120_000);
afterAll(async () => {
  await analyst.end();
  await database.asOwner(`DROP ROLE ${login}`);
});

/** As docs/analysis.md says. */
const mayRead = (team: string) =>
  database.asOwner(`INSERT INTO analysis_reader SELECT $1, id FROM team WHERE key = $2`, [login, team]);
const rows = async (sql: string) => (await analyst.query(sql)).rows;

describe('a login in the group smallbatch_read', () => {
  test('reads runs with names in place of ids, their summaries, points, sweeps and cells', async () => {
    expect(await rows(`SELECT * FROM analysis.run WHERE team = 'local' AND key = 'grid-7/12'`)).toMatchObject(
      [
        {
          member: expect.any(String),
          sweep: 'grid-7',
          dataset: 'shapes',
          batch_size: 16,
          learning_rate: 16 / 256,
          schedule: { kind: 'constant' },
          batch_norm: true,
          status: 'DONE',
        },
      ],
    );
    expect(
      await rows(
        `SELECT * FROM analysis.summary WHERE team = 'local' AND run_key = 'grid-7/12' AND metric = 'test_accuracy'`,
      ),
    ).toMatchObject([
      {
        count: '3',
        non_finite_count: '1',
        last: Number.NaN,
        best: 0.5,
        best_step: '2',
        min: 0.25,
        mean: 0.375,
        median_last_5: Number.NaN,
        median_of: 3,
      },
    ]);
    expect(
      await rows(
        `SELECT step, epoch, samples_seen, value FROM analysis.point WHERE team = 'local' AND run_key = 'grid-7/12' AND metric = 'test_accuracy' ORDER BY step`,
      ),
    ).toEqual([
      { step: '1', epoch: null, samples_seen: '10', value: 0.25 },
      { step: '2', epoch: null, samples_seen: '20', value: 0.5 },
      { step: '3', epoch: null, samples_seen: '30', value: Number.NaN },
    ]);
    expect(
      await rows(
        `SELECT name, intent, run_order, cell_count FROM analysis.sweep WHERE team = 'local' AND key = 'grid-7'`,
      ),
    ).toEqual([{ name: 'grid', intent: 'OPEN', run_order: 'shuffled', cell_count: 1000 }]);
    expect(
      await rows(
        `SELECT run_status, reused, count(*)::int AS n FROM analysis.cell WHERE team = 'local' AND sweep_key = 'grid-7' GROUP BY 1, 2`,
      ),
    ).toEqual([{ run_status: 'DONE', reused: false, n: 1000 }]);
    expect(
      await rows('SELECT team, count(*)::int AS n FROM analysis.run GROUP BY team ORDER BY team'),
    ).toEqual([{ team: 'local', n: 20_000 }]);
  });

  test('reads the teams that it was given, and no row of another, whatever it asks', async () => {
    const views = ['run', 'summary', 'point', 'sweep', 'cell'];
    const teams = async (view: string) =>
      (await rows(`SELECT DISTINCT team FROM analysis.${view} ORDER BY team`)).map(({ team }) => team);
    for (const view of views) expect(await teams(view)).toEqual(['local']);
    // A function of the reader's own that tells what it is shown is not shown a row of another team.
    await analyst.query(`CREATE FUNCTION pg_temp.tell(text) RETURNS bool LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN
      RAISE NOTICE 'told %', $1; RETURN true; END $$`);
    const told = new Set<string>();
    analyst.on('notice', ({ message }) => told.add(message ?? ''));
    await rows('SELECT count(*) FROM analysis.sweep WHERE pg_temp.tell(team)');
    expect([...told]).toEqual(['told local']);
    await mayRead('other');
    for (const view of views) expect(await teams(view)).toEqual(['local', 'other']);
    await database.asOwner(
      `DELETE FROM analysis_reader WHERE team_id = (SELECT id FROM team WHERE key = 'other')`,
    );
    // The owner of the database reads all.
    expect(await database.asOwner('SELECT DISTINCT team FROM analysis.sweep ORDER BY team')).toEqual([
      { team: 'local' },
      { team: 'other' },
    ]);
  });

  test('reads no table and writes nothing', async () => {
    const tables = await database.asOwner<{ name: string }>(
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    );
    expect(tables.length).toBeGreaterThan(10);
    for (const { name } of tables)
      await expect(rows(`SELECT FROM public."${name}"`), name).rejects.toThrow(/permission denied/);
    for (const sql of [
      'DELETE FROM analysis.point',
      `UPDATE analysis.sweep SET name = 'x'`,
      'CREATE TABLE public.mine ()',
      'CREATE VIEW analysis.mine AS SELECT 1',
      'SET ROLE smallbatch_app',
    ])
      await expect(rows(sql), sql).rejects.toThrow(/permission denied|cannot (delete|update)/);
  });

  test('sees what each view and each column is', async () => {
    const bare = await rows(`
      SELECT c.relname, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
      WHERE n.nspname = 'analysis' AND (obj_description(c.oid) IS NULL OR col_description(c.oid, a.attnum) IS NULL)`);
    expect(bare).toEqual([]);
    const views = await rows(`SELECT viewname FROM pg_views WHERE schemaname = 'analysis' ORDER BY 1`);
    expect(views.map(({ viewname }) => viewname)).toEqual(['cell', 'point', 'run', 'summary', 'sweep']);
  });
});

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  Plans?: Plan[];
}
const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];

test.each([
  `SELECT * FROM analysis.point WHERE run_key = 'grid-7/12'`,
  `SELECT * FROM analysis.point WHERE team = 'local' AND run_key = 'grid-7/12' AND metric = 'test_accuracy' ORDER BY step`,
  `SELECT * FROM analysis.point WHERE run_key IN ('grid-7/12', 'grid-8/12', 'grid-9/12')`,
  `SELECT * FROM analysis.summary WHERE run_key = 'grid-7/12'`,
  `SELECT * FROM analysis.run WHERE key = 'grid-7/12'`,
  `SELECT * FROM analysis.cell WHERE team = 'local' AND sweep_key = 'grid-7'`,
])('%s reads by indexes alone', async (sql) => {
  // Asked as their owner: who may read a view alone is not shown its plan's tables.
  const [found] = await database.asOwner<{ 'QUERY PLAN': { Plan: Plan }[] }>(`EXPLAIN (FORMAT JSON) ${sql}`);
  const whole = nodes(found!['QUERY PLAN'][0]!.Plan).filter(
    (node) =>
      node['Node Type'] === 'Seq Scan' &&
      ['run', 'run_metric', 'chunk', 'cell'].includes(node['Relation Name'] ?? ''),
  );
  expect(whole).toEqual([]);
});
