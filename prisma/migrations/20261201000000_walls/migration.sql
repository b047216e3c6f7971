-- The second wall: what acts for one team does so as smallbatch_team, and PostgreSQL itself shows it the rows of that team alone,
-- whatever a statement forgets. The setting smallbatch.team names the team; without it every statement fails. smallbatch_app goes on having the rows
-- of all teams, for what is nobody's request: signing in, removing what is old.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'smallbatch_team') THEN
    CREATE ROLE smallbatch_team NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was migrated at the same moment
END $$;
-- Who may act as the one may act as the other.
DO $$ BEGIN
  GRANT smallbatch_team TO smallbatch_app;
EXCEPTION WHEN insufficient_privilege THEN NULL; -- whoever made the role has to; the end of the migration says so where it is missing
END $$;
GRANT USAGE ON SCHEMA public TO smallbatch_team;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO smallbatch_team;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO smallbatch_team;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO smallbatch_team;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO smallbatch_team;
-- Of no team, or nobody's to change.
REVOKE ALL ON "_prisma_migrations", "sign_in_try" FROM smallbatch_team;
REVOKE INSERT, UPDATE, DELETE ON "external_identity" FROM smallbatch_team;
REVOKE UPDATE ON "event" FROM smallbatch_team;
REVOKE INSERT, UPDATE, DELETE ON "team" FROM smallbatch_team;
GRANT UPDATE ("name") ON "team" TO smallbatch_team; -- locking its row asks for it
REVOKE INSERT, DELETE ON "account" FROM smallbatch_team;

-- The team is read once a statement (a subquery), not once a row.
DO $$
DECLARE
  own text;
BEGIN
  FOREACH own IN ARRAY '{attempt,cell,chunk,dataset,deleted_run,deletion,event,invitation,member,metric,run,run_metric,rung,saved_view,setting,sweep,token,upload,worker}'::text[] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', own);
    EXECUTE format('CREATE POLICY every_team ON %I TO smallbatch_app USING (true)', own);
    EXECUTE format('CREATE POLICY one_team ON %I TO smallbatch_team USING (team_id = (SELECT current_setting(''smallbatch.team'')::uuid))', own);
  END LOOP;
  -- A person, in any number of teams: seen by each of them.
  FOREACH own IN ARRAY '{session,password_link,external_identity}'::text[] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', own);
    EXECUTE format('CREATE POLICY every_team ON %I TO smallbatch_app USING (true)', own);
    EXECUTE format('CREATE POLICY one_team ON %I TO smallbatch_team USING (account_id IN (SELECT account_id FROM member WHERE team_id = (SELECT current_setting(''smallbatch.team'')::uuid)))', own);
  END LOOP;
END $$;
ALTER TABLE "account" ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON "account" TO smallbatch_app USING (true);
CREATE POLICY one_team ON "account" TO smallbatch_team
  USING ("id" IN (SELECT "account_id" FROM "member" WHERE "team_id" = (SELECT current_setting('smallbatch.team')::uuid)));
ALTER TABLE "team" ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON "team" TO smallbatch_app USING (true);
CREATE POLICY one_team ON "team" TO smallbatch_team USING ("id" = (SELECT current_setting('smallbatch.team')::uuid));

-- Behind row-level security a condition is answered by an index, and estimated by statistics, only where its operator is known to tell
-- nothing of what it compares, in an error or otherwise. Comparing enums and arrays does not, but PostgreSQL does not say so. Only a superuser
-- may; docs/operating.md has these lines for an administrator, where the one who migrates is none.
DO $$ BEGIN
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    ALTER FUNCTION pg_catalog.enum_eq(anyenum, anyenum) LEAKPROOF;
    ALTER FUNCTION pg_catalog.enum_ne(anyenum, anyenum) LEAKPROOF;
    ALTER FUNCTION pg_catalog.arraycontains(anyarray, anyarray) LEAKPROOF;
    ALTER FUNCTION pg_catalog.arrayoverlap(anyarray, anyarray) LEAKPROOF;
  END IF;
END $$;

-- An index alone answers only what has all that is asked, and now the team is.
DROP INDEX "run_metric_counted";
CREATE INDEX "run_metric_counted" ON "run_metric" ("metric_id", "setting_id", "seed", "duplicate", "run_id")
  INCLUDE ("median_last_5", "last", "min", "max", "sum", "count", "non_finite_count", "team_id") WHERE "counted";
DROP INDEX "run_metric_uncounted";
CREATE INDEX "run_metric_uncounted" ON "run_metric" ("metric_id", "run_id") INCLUDE ("team_id") WHERE NOT "counted";

-- Whose results a login of SQL tools reads: the team's that a row here names, for the login or a group that it is in. The owner of the database
-- reads all.
CREATE TABLE "analysis_reader" (
  "login" TEXT NOT NULL,
  "team_id" UUID NOT NULL,
  CONSTRAINT "analysis_reader_pkey" PRIMARY KEY ("login", "team_id"),
  CONSTRAINT "analysis_reader_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team" ("id")
);
REVOKE ALL ON "analysis_reader" FROM smallbatch_app, smallbatch_team;
-- Who could read the one team that there was goes on reading it.
INSERT INTO "analysis_reader" ("login", "team_id")
  SELECT r.rolname, t."id" FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member JOIN pg_roles g ON g.oid = m.roleid CROSS JOIN "team" t
  WHERE g.rolname = 'smallbatch_read' AND (SELECT count(*) FROM "team") = 1
  ON CONFLICT DO NOTHING;
CREATE VIEW "readable_team" AS
  SELECT t."id", t."key" FROM "team" t
  WHERE pg_has_role((SELECT relowner FROM pg_class WHERE oid = '"team"'::regclass), 'USAGE')
    OR t."id" IN (SELECT a."team_id" FROM "analysis_reader" a JOIN pg_roles r ON r.rolname = a."login" WHERE pg_has_role(r.oid, 'USAGE'));
REVOKE ALL ON "readable_team" FROM smallbatch_app, smallbatch_team;

-- The views as they were, over these teams alone; a barrier, so that no function of a reader's own sees a row before the wall does.
CREATE OR REPLACE VIEW "analysis"."run" WITH (security_barrier) AS
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
  JOIN public."readable_team" t ON t."id" = r."team_id"
  JOIN public."dataset" d ON d."id" = r."dataset_id"
  JOIN public."member" m ON m."id" = r."member_id"
  LEFT JOIN public."sweep" s ON s."id" = r."sweep_id";

CREATE OR REPLACE VIEW "analysis"."summary" WITH (security_barrier) AS
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
  JOIN public."readable_team" t ON t."id" = r."team_id"
  JOIN public."metric" k ON k."id" = s."metric_id";

CREATE OR REPLACE VIEW "analysis"."point" WITH (security_barrier) AS
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
  JOIN public."readable_team" t ON t."id" = r."team_id"
  JOIN public."metric" k ON k."id" = c."metric_id"
  CROSS JOIN LATERAL unnest(c."steps", c."epochs", c."samples_seen", c."wall_times", c."values") AS p ("step", "epoch", "samples_seen", "wall_time", "value");

CREATE OR REPLACE VIEW "analysis"."sweep" WITH (security_barrier) AS
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
  JOIN public."readable_team" t ON t."id" = s."team_id"
  JOIN public."member" m ON m."id" = s."member_id";

CREATE OR REPLACE VIEW "analysis"."cell" WITH (security_barrier) AS
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
  JOIN public."readable_team" t ON t."id" = s."team_id"
  JOIN public."run" r ON r."id" = c."run_id";
