CREATE TYPE "Role" AS ENUM ('OWNER', 'MAINTAINER', 'MEMBER', 'VIEWER');
CREATE TYPE "Scope" AS ENUM ('READ', 'WRITE', 'WORK', 'ADMIN');
CREATE TYPE "SweepIntent" AS ENUM ('OPEN', 'PAUSED', 'CANCELLED');
CREATE TYPE "RunStatus" AS ENUM ('WAITING', 'RUNNING', 'DONE', 'PRUNED', 'FAILED', 'CANCELLED');
CREATE TYPE "BatchNormScope" AS ENUM ('CONV', 'ALL');
CREATE TYPE "BudgetUnit" AS ENUM ('EPOCHS', 'STEPS', 'GOAL_ERROR');
CREATE TYPE "AttemptEnd" AS ENUM ('DONE', 'PRUNED', 'FAILED', 'RELEASED', 'LOST', 'CANCELLED');
CREATE TYPE "Goal" AS ENUM ('MAXIMISE', 'MINIMISE', 'NONE');

CREATE TABLE "team" (
  "id" uuid NOT NULL,
  "key" text NOT NULL,
  "name" text NOT NULL,
  "created_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "team_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "team_key_key" UNIQUE ("key")
);

CREATE TABLE "account" (
  "id" uuid NOT NULL,
  "name" text NOT NULL,
  "email" text,
  "created_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "account_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "account_email_key" UNIQUE ("email")
);

CREATE TABLE "member" (
  "id" uuid NOT NULL,
  "team_id" uuid NOT NULL,
  "account_id" uuid NOT NULL,
  "key" text NOT NULL,
  "role" "Role" NOT NULL,
  "created_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "member_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "member_team_id_account_id_key" UNIQUE ("team_id", "account_id"),
  CONSTRAINT "member_team_id_key_key" UNIQUE ("team_id", "key")
);

CREATE TABLE "token" (
  "id" uuid NOT NULL,
  "team_id" uuid NOT NULL,
  "member_id" uuid NOT NULL,
  "name" text NOT NULL,
  "prefix" text NOT NULL,
  "hash" bytea NOT NULL,
  "scopes" "Scope"[] NOT NULL,
  "created_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "expires_at" timestamptz(6),
  "last_used_at" timestamptz(6),
  "revoked_at" timestamptz(6),
  CONSTRAINT "token_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "token_hash_key" UNIQUE ("hash")
);

CREATE TABLE "dataset" (
  "id" uuid NOT NULL,
  "team_id" uuid NOT NULL,
  "name" text NOT NULL,
  "hash" text NOT NULL,
  "classes" integer NOT NULL,
  "channels" integer NOT NULL,
  "height" integer NOT NULL,
  "width" integer NOT NULL,
  "train_count" integer NOT NULL,
  "test_count" integer NOT NULL,
  "description" text,
  "created_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "dataset_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "dataset_team_id_name_key" UNIQUE ("team_id", "name"),
  CONSTRAINT "dataset_team_id_hash_key" UNIQUE ("team_id", "hash")
);

CREATE TABLE "sweep" (
  "id" uuid NOT NULL,
  "team_id" uuid NOT NULL,
  "member_id" uuid NOT NULL,
  "number" integer NOT NULL,
  "key" text NOT NULL,
  "name" text NOT NULL,
  "definition" jsonb NOT NULL,
  "strategy" text NOT NULL,
  "order" text NOT NULL,
  "reuse" boolean NOT NULL,
  "intent" "SweepIntent" NOT NULL DEFAULT 'OPEN',
  "cell_count" integer NOT NULL,
  "created_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "sweep_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "sweep_team_id_number_key" UNIQUE ("team_id", "number"),
  CONSTRAINT "sweep_team_id_key_key" UNIQUE ("team_id", "key")
);

CREATE TABLE "cell" (
  "sweep_id" uuid NOT NULL,
  "position" integer NOT NULL,
  "team_id" uuid NOT NULL,
  "run_id" uuid NOT NULL,
  "configuration_hash" text NOT NULL,
  CONSTRAINT "cell_pkey" PRIMARY KEY ("sweep_id", "position"),
  CONSTRAINT "cell_sweep_id_configuration_hash_key" UNIQUE ("sweep_id", "configuration_hash")
);

CREATE TABLE "run" (
  "id" uuid NOT NULL,
  "team_id" uuid NOT NULL,
  "member_id" uuid NOT NULL,
  "key" text NOT NULL,
  "sweep_id" uuid,
  "dataset_id" uuid NOT NULL,
  "model" text NOT NULL,
  "width" integer NOT NULL,
  "batch_size" integer NOT NULL,
  "batch_schedule" jsonb,
  "base_learning_rate" double precision NOT NULL,
  "schedule" text NOT NULL,
  "warm_up" boolean NOT NULL,
  "momentum" double precision NOT NULL,
  "nesterov" boolean NOT NULL,
  "weight_decay" double precision NOT NULL,
  "batch_norm" boolean NOT NULL,
  "batch_norm_scope" "BatchNormScope",
  "bn_batch" integer,
  "augmentation" boolean NOT NULL,
  "budget_unit" "BudgetUnit" NOT NULL,
  "budget_value" double precision NOT NULL,
  "seed" bigint NOT NULL,
  "hyper" jsonb NOT NULL DEFAULT '{}',
  "info" jsonb NOT NULL DEFAULT '{}',
  "configuration_hash" text NOT NULL,
  "setting_hash" text NOT NULL,
  "trainer_version" text NOT NULL,
  "duplicate" boolean NOT NULL DEFAULT false,
  "status" "RunStatus" NOT NULL DEFAULT 'WAITING',
  "diverged" boolean NOT NULL DEFAULT false,
  "diverged_step" bigint,
  "reason" text,
  "bundle_key" text NOT NULL,
  "queue_rank" bigint NOT NULL,
  "held" boolean NOT NULL DEFAULT false,
  "attempt" integer NOT NULL DEFAULT 0,
  "sequence" integer NOT NULL DEFAULT 0,
  "lost" integer NOT NULL DEFAULT 0,
  "worker_id" uuid,
  "lease_expires_at" timestamptz(6),
  "engine" text,
  "step" bigint NOT NULL DEFAULT 0,
  "planned_steps" bigint NOT NULL,
  "samples_seen" bigint NOT NULL DEFAULT 0,
  "device_seconds" double precision NOT NULL DEFAULT 0,
  "idempotency_key" text,
  "created_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "started_at" timestamptz(6),
  "ended_at" timestamptz(6),
  CONSTRAINT "run_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "run_team_id_key_key" UNIQUE ("team_id", "key"),
  CONSTRAINT "run_team_id_idempotency_key_key" UNIQUE ("team_id", "idempotency_key")
);

CREATE TABLE "attempt" (
  "run_id" uuid NOT NULL,
  "number" integer NOT NULL,
  "team_id" uuid NOT NULL,
  "worker_id" uuid,
  "engine" text NOT NULL,
  "device" text NOT NULL,
  "versions" jsonb NOT NULL,
  "runs_side_by_side" integer NOT NULL,
  "slot" integer NOT NULL,
  "start_step" bigint NOT NULL DEFAULT 0,
  "started_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "ended_at" timestamptz(6),
  "end" "AttemptEnd",
  "reason" text,
  CONSTRAINT "attempt_pkey" PRIMARY KEY ("run_id", "number")
);

CREATE TABLE "metric" (
  "id" serial NOT NULL,
  "team_id" uuid NOT NULL,
  "name" text NOT NULL,
  "goal" "Goal" NOT NULL DEFAULT 'NONE',
  CONSTRAINT "metric_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "metric_team_id_name_key" UNIQUE ("team_id", "name")
);

CREATE TABLE "run_metric" (
  "run_id" uuid NOT NULL,
  "metric_id" integer NOT NULL,
  "team_id" uuid NOT NULL,
  "count" bigint NOT NULL,
  "non_finite_count" bigint NOT NULL,
  "last" double precision NOT NULL,
  "last_step" bigint NOT NULL,
  "min" double precision,
  "min_step" bigint,
  "max" double precision,
  "max_step" bigint,
  "sum" double precision NOT NULL,
  "tail" double precision[] NOT NULL,
  "median_last_5" double precision NOT NULL,
  CONSTRAINT "run_metric_pkey" PRIMARY KEY ("run_id", "metric_id")
);

CREATE TABLE "chunk" (
  "run_id" uuid NOT NULL,
  "metric_id" integer NOT NULL,
  "attempt" integer NOT NULL,
  "sequence" integer NOT NULL,
  "team_id" uuid NOT NULL,
  "first_step" bigint NOT NULL,
  "last_step" bigint NOT NULL,
  "steps" bigint[] NOT NULL,
  "epochs" real[] NOT NULL,
  "samples_seen" bigint[] NOT NULL,
  "wall_times" real[] NOT NULL,
  "values" double precision[] NOT NULL,
  CONSTRAINT "chunk_pkey" PRIMARY KEY ("run_id", "metric_id", "attempt", "sequence")
);

CREATE TABLE "worker" (
  "id" uuid NOT NULL,
  "team_id" uuid NOT NULL,
  "member_id" uuid NOT NULL,
  "name" text NOT NULL,
  "host" text NOT NULL,
  "pid" integer NOT NULL,
  "engine" text NOT NULL,
  "device" text NOT NULL,
  "versions" jsonb NOT NULL,
  "trainer_version" text NOT NULL,
  "samples_per_second" double precision NOT NULL DEFAULT 0,
  "started_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "last_seen_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "stopped_at" timestamptz(6),
  CONSTRAINT "worker_pkey" PRIMARY KEY ("id")
);

ALTER TABLE "member" ADD CONSTRAINT "member_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team" ("id");
ALTER TABLE "member" ADD CONSTRAINT "member_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account" ("id");
ALTER TABLE "token" ADD CONSTRAINT "token_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team" ("id");
ALTER TABLE "token" ADD CONSTRAINT "token_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "member" ("id");
CREATE INDEX "token_team_id_created_at_idx" ON "token" ("team_id", "created_at");
ALTER TABLE "dataset" ADD CONSTRAINT "dataset_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team" ("id");
ALTER TABLE "sweep" ADD CONSTRAINT "sweep_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team" ("id");
ALTER TABLE "sweep" ADD CONSTRAINT "sweep_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "member" ("id");
ALTER TABLE "cell" ADD CONSTRAINT "cell_sweep_id_fkey" FOREIGN KEY ("sweep_id") REFERENCES "sweep" ("id");
ALTER TABLE "cell" ADD CONSTRAINT "cell_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run" ("id");
CREATE INDEX "cell_run_id_idx" ON "cell" ("run_id");
ALTER TABLE "run" ADD CONSTRAINT "run_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team" ("id");
ALTER TABLE "run" ADD CONSTRAINT "run_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "member" ("id");
ALTER TABLE "run" ADD CONSTRAINT "run_sweep_id_fkey" FOREIGN KEY ("sweep_id") REFERENCES "sweep" ("id");
ALTER TABLE "run" ADD CONSTRAINT "run_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset" ("id");
ALTER TABLE "run" ADD CONSTRAINT "run_worker_id_fkey" FOREIGN KEY ("worker_id") REFERENCES "worker" ("id");
ALTER TABLE "attempt" ADD CONSTRAINT "attempt_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run" ("id");
ALTER TABLE "attempt" ADD CONSTRAINT "attempt_worker_id_fkey" FOREIGN KEY ("worker_id") REFERENCES "worker" ("id");
ALTER TABLE "metric" ADD CONSTRAINT "metric_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team" ("id");
ALTER TABLE "run_metric" ADD CONSTRAINT "run_metric_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run" ("id");
ALTER TABLE "run_metric" ADD CONSTRAINT "run_metric_metric_id_fkey" FOREIGN KEY ("metric_id") REFERENCES "metric" ("id");
ALTER TABLE "worker" ADD CONSTRAINT "worker_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team" ("id");
ALTER TABLE "worker" ADD CONSTRAINT "worker_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "member" ("id");
CREATE INDEX "worker_team_id_last_seen_at_idx" ON "worker" ("team_id", "last_seen_at");
-- What the model file cannot say.

-- What may answer a cell: one run per team and configuration, unless it was trained again on purpose.
-- FAILED and CANCELLED runs do not answer, so a retry can make another.
CREATE UNIQUE INDEX "run_answer" ON "run" ("team_id", "configuration_hash")
  WHERE NOT "duplicate" AND "status" IN ('WAITING', 'RUNNING', 'DONE', 'PRUNED');

-- The queue: heads in order, and their mates. A lease has no index of its time: a heartbeat and a report then change no indexed
-- column, and the new version of the row stays in its page. The running ones of a team are few enough to look through.
CREATE INDEX "run_queue" ON "run" ("team_id", "queue_rank", "id") WHERE "status" = 'WAITING' AND NOT "held";
CREATE INDEX "run_mates" ON "run" ("team_id", "bundle_key", "dataset_id", "queue_rank", "id") WHERE "status" = 'WAITING' AND NOT "held";
CREATE INDEX "run_lease" ON "run" ("team_id", "queue_rank", "id") WHERE "status" = 'RUNNING';
CREATE INDEX "run_worker" ON "run" ("worker_id") WHERE "status" = 'RUNNING';

-- Lists: newest first, by status, by sweep.
CREATE INDEX "run_newest" ON "run" ("team_id", "created_at", "id");
CREATE INDEX "run_status_newest" ON "run" ("team_id", "status", "created_at", "id");
CREATE INDEX "run_sweep" ON "run" ("sweep_id");
CREATE INDEX "sweep_newest" ON "sweep" ("team_id", "created_at", "id");
CREATE INDEX "attempt_worker" ON "attempt" ("worker_id");

-- Groups and filters over the axes; what decides whether a run counts comes along, so that a group-by need not read the rows.
CREATE INDEX "run_axes" ON "run" ("team_id", "dataset_id", "batch_norm", "batch_size")
  INCLUDE ("model", "base_learning_rate", "seed", "status", "diverged", "duplicate", "setting_hash", "configuration_hash", "key", "id");
CREATE INDEX "run_setting" ON "run" ("team_id", "setting_hash");

-- Values of one metric over many runs, without the rows. (A metric belongs to one team.)
CREATE INDEX "run_metric_value" ON "run_metric" ("metric_id", "run_id")
  INCLUDE ("median_last_5", "last", "min", "max", "sum", "count", "non_finite_count");

-- Free parameters are flat objects of numbers, texts and booleans. (Strict: a lax path would look into lists.)
CREATE FUNCTION "is_flat"("value" jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT jsonb_typeof("value") = 'object' AND NOT jsonb_path_exists("value", 'strict $.* ? (@.type() != "number" && @.type() != "string" && @.type() != "boolean")') $$;
-- Of a run's last evaluations; NaN where one of them is not finite.
CREATE FUNCTION "median_of"("values" double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN bool_or(v IN ('NaN', 'Infinity', '-Infinity')) THEN 'NaN' ELSE percentile_cont(0.5) WITHIN GROUP (ORDER BY v) END
   FROM unnest("values") AS v $$;
CREATE FUNCTION "last_five"("values" double precision[]) RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT "values"[greatest(1, cardinality("values") - 4):] $$;

-- What must hold whoever writes.
ALTER TABLE "team" ADD CONSTRAINT "team_key" CHECK ("key" ~ '^[a-z0-9][a-z0-9-]{0,62}$');
ALTER TABLE "team" ADD CONSTRAINT "team_name_length" CHECK (length("name") BETWEEN 1 AND 200);
ALTER TABLE "account" ADD CONSTRAINT "account_name_length" CHECK (length("name") BETWEEN 1 AND 200);
ALTER TABLE "member" ADD CONSTRAINT "member_key_length" CHECK (length("key") BETWEEN 1 AND 200);
ALTER TABLE "token"
  ADD CONSTRAINT "token_name_length" CHECK (length("name") BETWEEN 1 AND 200),
  ADD CONSTRAINT "token_hash" CHECK (octet_length("hash") = 32);
ALTER TABLE "dataset"
  ADD CONSTRAINT "dataset_name_length" CHECK (length("name") BETWEEN 1 AND 200),
  ADD CONSTRAINT "dataset_hash" CHECK ("hash" ~ '^[0-9a-f]{64}$'),
  ADD CONSTRAINT "dataset_shape" CHECK ("classes" >= 1 AND "channels" >= 1 AND "height" >= 1 AND "width" >= 1 AND "train_count" >= 1 AND "test_count" >= 0);
ALTER TABLE "sweep"
  ADD CONSTRAINT "sweep_name_length" CHECK (length("name") BETWEEN 1 AND 100),
  ADD CONSTRAINT "sweep_cell_count" CHECK ("cell_count" >= 1);
ALTER TABLE "cell" ADD CONSTRAINT "cell_position" CHECK ("position" >= 1);
ALTER TABLE "run"
  ADD CONSTRAINT "run_hyper_flat" CHECK ("is_flat"("hyper")),
  ADD CONSTRAINT "run_info_flat" CHECK ("is_flat"("info")),
  ADD CONSTRAINT "run_width" CHECK ("width" >= 1),
  ADD CONSTRAINT "run_batch_size" CHECK ("batch_size" >= 1),
  ADD CONSTRAINT "run_base_learning_rate" CHECK ("base_learning_rate" > 0 AND "base_learning_rate" < 'Infinity'),
  ADD CONSTRAINT "run_momentum" CHECK ("momentum" >= 0 AND "momentum" < 'Infinity'),
  ADD CONSTRAINT "run_weight_decay" CHECK ("weight_decay" >= 0 AND "weight_decay" < 'Infinity'),
  ADD CONSTRAINT "run_budget" CHECK ("budget_value" > 0 AND "budget_value" < 'Infinity'),
  ADD CONSTRAINT "run_bn_batch" CHECK ("bn_batch" IS NULL OR ("batch_norm" AND "bn_batch" >= 1 AND "batch_size" % "bn_batch" = 0)),
  ADD CONSTRAINT "run_batch_norm_scope" CHECK ("batch_norm_scope" IS NULL OR "batch_norm"),
  ADD CONSTRAINT "run_key_length" CHECK (length("key") BETWEEN 1 AND 200),
  ADD CONSTRAINT "run_progress" CHECK ("step" >= 0 AND "planned_steps" >= 0 AND "samples_seen" >= 0),
  ADD CONSTRAINT "run_device_seconds" CHECK ("device_seconds" >= 0 AND "device_seconds" < 'Infinity'),
  ADD CONSTRAINT "run_leased" CHECK (("status" = 'RUNNING') = ("lease_expires_at" IS NOT NULL)),
  ADD CONSTRAINT "run_final" CHECK (("status" IN ('WAITING', 'RUNNING')) = ("ended_at" IS NULL)),
  ADD CONSTRAINT "run_divergence" CHECK (NOT "diverged" OR ("status" = 'DONE' AND "diverged_step" IS NOT NULL));
ALTER TABLE "attempt" ADD CONSTRAINT "attempt_slot" CHECK ("number" >= 1 AND "slot" >= 0 AND "slot" < "runs_side_by_side" AND "start_step" >= 0);
ALTER TABLE "metric" ADD CONSTRAINT "metric_name_length" CHECK (length("name") BETWEEN 1 AND 200);
ALTER TABLE "run_metric" ADD CONSTRAINT "run_metric_counts" CHECK ("count" >= 1 AND "non_finite_count" BETWEEN 0 AND "count" AND cardinality("tail") BETWEEN 1 AND 5);
-- No foreign keys here, on the hottest path: a chunk is written by one who holds its run's row, and neither runs nor metrics are ever deleted.
ALTER TABLE "chunk" ADD CONSTRAINT "chunk_columns" CHECK ("sequence" >= 1 AND "first_step" >= 0 AND "last_step" >= "first_step"
  AND cardinality("steps") >= 1 AND cardinality("steps") = cardinality("values") AND cardinality("steps") = cardinality("wall_times")
  AND cardinality("epochs") IN (0, cardinality("steps")) AND cardinality("samples_seen") IN (0, cardinality("steps")));
ALTER TABLE "worker" ADD CONSTRAINT "worker_name_length" CHECK (length("name") BETWEEN 1 AND 200);

-- A run's row is rewritten at each report and heartbeat, a summary at each report: room for that within the page, and a vacuum
-- often enough that reading an index alone stays possible.
ALTER TABLE "run" SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE "run_metric" SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

-- The application acts as this role, never the tables' owner: it cannot alter or drop, and row-level security can bind it.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'smallbatch_app') THEN
    CREATE ROLE smallbatch_app NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was migrated at the same moment
END $$;
GRANT USAGE ON SCHEMA public TO smallbatch_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO smallbatch_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO smallbatch_app;
REVOKE ALL ON "_prisma_migrations" FROM smallbatch_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO smallbatch_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO smallbatch_app;
