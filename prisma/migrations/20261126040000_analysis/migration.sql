-- Views for SQL tools (psql, Grafana, Metabase, DuckDB): results under names that stay, whatever becomes of the tables. docs/analysis.md
-- has the promise. They read with the rights of their owner, so a role that may read them needs no right to any table.
CREATE SCHEMA "analysis";
COMMENT ON SCHEMA "analysis" IS 'Results for SQL tools, under names that stay: columns are added, and not changed or dropped without notice (docs/analysis.md).';

CREATE VIEW "analysis"."run" AS
  SELECT
    t."key" AS "team",
    r."key" AS "key",
    m."key" AS "member",
    s."key" AS "sweep",
    r."status"::text AS "status",
    r."diverged" AS "diverged",
    r."diverged_step" AS "diverged_step",
    r."reason" AS "reason",
    r."duplicate" AS "duplicate",
    d."name" AS "dataset",
    d."hash" AS "dataset_hash",
    r."model" AS "model",
    r."width" AS "width",
    r."batch_size" AS "batch_size",
    r."batch_schedule" AS "batch_schedule",
    r."base_learning_rate" AS "base_learning_rate",
    r."base_learning_rate" * r."batch_size" AS "learning_rate",
    r."schedule"::jsonb AS "schedule",
    r."warm_up" AS "warm_up",
    r."momentum" AS "momentum",
    r."nesterov" AS "nesterov",
    r."weight_decay" AS "weight_decay",
    r."batch_norm" AS "batch_norm",
    r."batch_norm_scope"::text AS "batch_norm_scope",
    r."bn_batch" AS "bn_batch",
    r."augmentation" AS "augmentation",
    r."budget_unit"::text AS "budget_unit",
    r."budget_value" AS "budget_value",
    r."budget_epochs" AS "budget_epochs",
    r."evaluate_every" AS "evaluate_every",
    r."seed" AS "seed",
    r."hyper" AS "hyper",
    r."info" AS "info",
    r."configuration_hash" AS "configuration_hash",
    r."setting_hash" AS "setting_hash",
    r."trainer_version" AS "trainer_version",
    r."engine" AS "engine",
    r."attempt" AS "attempt",
    r."step" AS "step",
    r."planned_steps" AS "planned_steps",
    r."samples_seen" AS "samples_seen",
    r."device_seconds" AS "device_seconds",
    r."created_at" AS "created_at",
    r."started_at" AS "started_at",
    r."ended_at" AS "ended_at"
  FROM public."run" r
  JOIN public."team" t ON t."id" = r."team_id"
  JOIN public."dataset" d ON d."id" = r."dataset_id"
  JOIN public."member" m ON m."id" = r."member_id"
  LEFT JOIN public."sweep" s ON s."id" = r."sweep_id";
COMMENT ON VIEW "analysis"."run" IS 'One row a run: its settings, where it stands, what it cost.';
COMMENT ON COLUMN "analysis"."run"."team" IS 'Key of the team whose it is.';
COMMENT ON COLUMN "analysis"."run"."key" IS 'Key of the run; unique in its team. The other views call it run_key.';
COMMENT ON COLUMN "analysis"."run"."member" IS 'Key of the member whose it is.';
COMMENT ON COLUMN "analysis"."run"."sweep" IS 'Key of the sweep that created it; null for a run without one. Which sweeps it answers is in analysis.cell.';
COMMENT ON COLUMN "analysis"."run"."status" IS 'WAITING, RUNNING, DONE, PRUNED, FAILED or CANCELLED.';
COMMENT ON COLUMN "analysis"."run"."diverged" IS 'Whether it diverged: a result, not a failure. Only DONE runs that did not diverge have a value for statistics.';
COMMENT ON COLUMN "analysis"."run"."diverged_step" IS 'The step at which it diverged.';
COMMENT ON COLUMN "analysis"."run"."reason" IS 'Why it failed or was cancelled.';
COMMENT ON COLUMN "analysis"."run"."duplicate" IS 'Whether it was trained again on purpose; statistics count one run of a configuration.';
COMMENT ON COLUMN "analysis"."run"."dataset" IS 'Name of the data set.';
COMMENT ON COLUMN "analysis"."run"."dataset_hash" IS 'SHA-256 of its content.';
COMMENT ON COLUMN "analysis"."run"."model" IS 'Model.';
COMMENT ON COLUMN "analysis"."run"."width" IS 'Channels of the first stage.';
COMMENT ON COLUMN "analysis"."run"."batch_size" IS 'm.';
COMMENT ON COLUMN "analysis"."run"."batch_schedule" IS 'How m changes during the run; null where it does not.';
COMMENT ON COLUMN "analysis"."run"."base_learning_rate" IS 'η̃ = η / m.';
COMMENT ON COLUMN "analysis"."run"."learning_rate" IS 'η = η̃·m, before warm-up and schedule.';
COMMENT ON COLUMN "analysis"."run"."schedule" IS 'How η falls.';
COMMENT ON COLUMN "analysis"."run"."warm_up" IS 'Whether it warms up.';
COMMENT ON COLUMN "analysis"."run"."momentum" IS 'μ.';
COMMENT ON COLUMN "analysis"."run"."nesterov" IS 'Nesterov''s look-ahead.';
COMMENT ON COLUMN "analysis"."run"."weight_decay" IS 'λ.';
COMMENT ON COLUMN "analysis"."run"."batch_norm" IS 'Batch norm (BN).';
COMMENT ON COLUMN "analysis"."run"."batch_norm_scope" IS 'CONV or ALL; null where it cannot differ.';
COMMENT ON COLUMN "analysis"."run"."bn_batch" IS 'Samples that BN statistics are over; null: the whole batch.';
COMMENT ON COLUMN "analysis"."run"."augmentation" IS 'Augmentation.';
COMMENT ON COLUMN "analysis"."run"."budget_unit" IS 'EPOCHS, STEPS or GOAL_ERROR.';
COMMENT ON COLUMN "analysis"."run"."budget_value" IS 'How many; of GOAL_ERROR the test error that ends the run.';
COMMENT ON COLUMN "analysis"."run"."budget_epochs" IS 'Most epochs of a run with a goal error.';
COMMENT ON COLUMN "analysis"."run"."evaluate_every" IS 'Epochs between evaluations.';
COMMENT ON COLUMN "analysis"."run"."seed" IS 'Of its random numbers.';
COMMENT ON COLUMN "analysis"."run"."hyper" IS 'Free parameters of the configuration, a flat object.';
COMMENT ON COLUMN "analysis"."run"."info" IS 'Free parameters beside it, a flat object.';
COMMENT ON COLUMN "analysis"."run"."configuration_hash" IS 'SHA-256 of everything that fixes the training.';
COMMENT ON COLUMN "analysis"."run"."setting_hash" IS 'The same without the seed: runs that differ in their seed alone share it.';
COMMENT ON COLUMN "analysis"."run"."trainer_version" IS 'The trainer''s semantic version.';
COMMENT ON COLUMN "analysis"."run"."engine" IS 'What executed its steps last.';
COMMENT ON COLUMN "analysis"."run"."attempt" IS 'Number of its latest attempt; 0 before the first.';
COMMENT ON COLUMN "analysis"."run"."step" IS 'Steps done.';
COMMENT ON COLUMN "analysis"."run"."planned_steps" IS 'Steps that its budget allows.';
COMMENT ON COLUMN "analysis"."run"."samples_seen" IS 'Samples trained on.';
COMMENT ON COLUMN "analysis"."run"."device_seconds" IS 'Its share of its bundle''s device-seconds: what it cost.';
COMMENT ON COLUMN "analysis"."run"."created_at" IS 'When it was created.';
COMMENT ON COLUMN "analysis"."run"."started_at" IS 'When its first attempt began.';
COMMENT ON COLUMN "analysis"."run"."ended_at" IS 'When it ended.';

CREATE VIEW "analysis"."summary" AS
  SELECT
    t."key" AS "team",
    r."key" AS "run_key",
    k."name" AS "metric",
    k."goal"::text AS "goal",
    s."count" AS "count",
    s."non_finite_count" AS "non_finite_count",
    s."last" AS "last",
    s."last_step" AS "last_step",
    CASE k."goal" WHEN 'MAXIMISE' THEN s."max" WHEN 'MINIMISE' THEN s."min" END AS "best",
    CASE k."goal" WHEN 'MAXIMISE' THEN s."max_step" WHEN 'MINIMISE' THEN s."min_step" END AS "best_step",
    s."min" AS "min",
    s."min_step" AS "min_step",
    s."max" AS "max",
    s."max_step" AS "max_step",
    s."sum" / nullif(s."count" - s."non_finite_count", 0) AS "mean",
    s."median_last_5" AS "median_last_5",
    cardinality(s."tail") AS "median_of"
  FROM public."run_metric" s
  JOIN public."run" r ON r."id" = s."run_id"
  JOIN public."team" t ON t."id" = r."team_id"
  JOIN public."metric" k ON k."id" = s."metric_id";
COMMENT ON VIEW "analysis"."summary" IS 'One row for each metric of each run, kept when points are written. NaN and the infinities are values of last and median_last_5, and enter nothing else.';
COMMENT ON COLUMN "analysis"."summary"."team" IS 'Key of the team.';
COMMENT ON COLUMN "analysis"."summary"."run_key" IS 'Key of the run.';
COMMENT ON COLUMN "analysis"."summary"."metric" IS 'Name of the metric.';
COMMENT ON COLUMN "analysis"."summary"."goal" IS 'MAXIMISE, MINIMISE or NONE.';
COMMENT ON COLUMN "analysis"."summary"."count" IS 'Points.';
COMMENT ON COLUMN "analysis"."summary"."non_finite_count" IS 'Points that are NaN or infinite.';
COMMENT ON COLUMN "analysis"."summary"."last" IS 'At the last step.';
COMMENT ON COLUMN "analysis"."summary"."last_step" IS 'The last step.';
COMMENT ON COLUMN "analysis"."summary"."best" IS 'Best by the metric''s goal; null without one.';
COMMENT ON COLUMN "analysis"."summary"."best_step" IS 'The step of the best.';
COMMENT ON COLUMN "analysis"."summary"."min" IS 'Least finite value.';
COMMENT ON COLUMN "analysis"."summary"."min_step" IS 'Its step.';
COMMENT ON COLUMN "analysis"."summary"."max" IS 'Greatest finite value.';
COMMENT ON COLUMN "analysis"."summary"."max_step" IS 'Its step.';
COMMENT ON COLUMN "analysis"."summary"."mean" IS 'Mean of the finite values.';
COMMENT ON COLUMN "analysis"."summary"."median_last_5" IS 'Median of the last five evaluations; NaN where one of them is not finite.';
COMMENT ON COLUMN "analysis"."summary"."median_of" IS 'How many evaluations that median is of: 5, or fewer.';

CREATE VIEW "analysis"."point" AS
  SELECT
    t."key" AS "team",
    r."key" AS "run_key",
    k."name" AS "metric",
    p."step" AS "step",
    p."epoch" AS "epoch",
    coalesce(p."samples_seen", p."step" * c."samples_per_step") AS "samples_seen",
    p."wall_time" AS "wall_time",
    p."value" AS "value"
  FROM public."chunk" c
  JOIN public."run" r ON r."id" = c."run_id"
  JOIN public."team" t ON t."id" = r."team_id"
  JOIN public."metric" k ON k."id" = c."metric_id"
  CROSS JOIN LATERAL unnest(c."steps", c."epochs", c."samples_seen", c."wall_times", c."values") AS p ("step", "epoch", "samples_seen", "wall_time", "value");
COMMENT ON VIEW "analysis"."point" IS 'One row a point. Ask for few runs at a time: WHERE run_key = … AND metric = … reads their chunks alone. Rows come in no order: ORDER BY step.';
COMMENT ON COLUMN "analysis"."point"."team" IS 'Key of the team.';
COMMENT ON COLUMN "analysis"."point"."run_key" IS 'Key of the run.';
COMMENT ON COLUMN "analysis"."point"."metric" IS 'Name of the metric.';
COMMENT ON COLUMN "analysis"."point"."step" IS 'Steps done.';
COMMENT ON COLUMN "analysis"."point"."epoch" IS 'Epochs done; null where not reported.';
COMMENT ON COLUMN "analysis"."point"."samples_seen" IS 'Samples trained on; null where not reported.';
COMMENT ON COLUMN "analysis"."point"."wall_time" IS 'Seconds since the run''s first attempt began.';
COMMENT ON COLUMN "analysis"."point"."value" IS 'The value, which may be NaN or infinite.';

CREATE VIEW "analysis"."sweep" AS
  SELECT
    t."key" AS "team",
    s."key" AS "key",
    s."name" AS "name",
    m."key" AS "member",
    s."intent"::text AS "intent",
    s."strategy" AS "strategy",
    s."order" AS "run_order",
    s."reuse" AS "reuse",
    s."cell_count" AS "cell_count",
    s."created_at" AS "created_at"
  FROM public."sweep" s
  JOIN public."team" t ON t."id" = s."team_id"
  JOIN public."member" m ON m."id" = s."member_id";
COMMENT ON VIEW "analysis"."sweep" IS 'One row a sweep. Where it stands follows from its cells: count analysis.cell by run_status.';
COMMENT ON COLUMN "analysis"."sweep"."team" IS 'Key of the team.';
COMMENT ON COLUMN "analysis"."sweep"."key" IS 'Key of the sweep; unique in its team. The other views call it sweep_key.';
COMMENT ON COLUMN "analysis"."sweep"."name" IS 'Its name.';
COMMENT ON COLUMN "analysis"."sweep"."member" IS 'Key of the member whose it is.';
COMMENT ON COLUMN "analysis"."sweep"."intent" IS 'OPEN, PAUSED or CANCELLED: what its maker wants of it.';
COMMENT ON COLUMN "analysis"."sweep"."strategy" IS 'How its cells were chosen.';
COMMENT ON COLUMN "analysis"."sweep"."run_order" IS 'shuffled or listed.';
COMMENT ON COLUMN "analysis"."sweep"."reuse" IS 'Whether it takes runs that are there already.';
COMMENT ON COLUMN "analysis"."sweep"."cell_count" IS 'Cells that it has.';
COMMENT ON COLUMN "analysis"."sweep"."created_at" IS 'When it was created.';

CREATE VIEW "analysis"."cell" AS
  SELECT
    t."key" AS "team",
    s."key" AS "sweep_key",
    c."position" AS "position",
    r."key" AS "run_key",
    r."status"::text AS "run_status",
    r."sweep_id" IS DISTINCT FROM c."sweep_id" AS "reused",
    c."configuration_hash" AS "configuration_hash"
  FROM public."cell" c
  JOIN public."sweep" s ON s."id" = c."sweep_id"
  JOIN public."team" t ON t."id" = s."team_id"
  JOIN public."run" r ON r."id" = c."run_id";
COMMENT ON VIEW "analysis"."cell" IS 'One row for each cell of each sweep, and the run that answers it. One run may answer cells of several sweeps.';
COMMENT ON COLUMN "analysis"."cell"."team" IS 'Key of the team.';
COMMENT ON COLUMN "analysis"."cell"."sweep_key" IS 'Key of the sweep.';
COMMENT ON COLUMN "analysis"."cell"."position" IS 'Its place in the sweep, from 1.';
COMMENT ON COLUMN "analysis"."cell"."run_key" IS 'Key of the run that answers it.';
COMMENT ON COLUMN "analysis"."cell"."run_status" IS 'Where that run stands.';
COMMENT ON COLUMN "analysis"."cell"."reused" IS 'Whether the run was not created by this sweep.';
COMMENT ON COLUMN "analysis"."cell"."configuration_hash" IS 'Of the configuration that it asks for.';

-- Who may read them: a group, whose members an administrator chooses. It sees the rows of all teams.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'smallbatch_read') THEN
    CREATE ROLE smallbatch_read NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was migrated at the same moment
END $$;
GRANT USAGE ON SCHEMA "analysis" TO smallbatch_read;
GRANT SELECT ON ALL TABLES IN SCHEMA "analysis" TO smallbatch_read;
ALTER DEFAULT PRIVILEGES IN SCHEMA "analysis" GRANT SELECT ON TABLES TO smallbatch_read;
