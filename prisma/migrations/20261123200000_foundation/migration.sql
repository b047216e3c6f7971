-- The foundation: first what schema.prisma says, then what Prisma cannot say.

-- CreateEnum
CREATE TYPE "Role" AS ENUM ('OWNER', 'MAINTAINER', 'MEMBER', 'VIEWER');

-- CreateEnum
CREATE TYPE "Scope" AS ENUM ('READ', 'WRITE', 'WORK', 'ADMIN');

-- CreateEnum
CREATE TYPE "SweepIntent" AS ENUM ('OPEN', 'PAUSED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "RunStatus" AS ENUM ('WAITING', 'RUNNING', 'DONE', 'PRUNED', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "BatchNormScope" AS ENUM ('CONV', 'ALL');

-- CreateEnum
CREATE TYPE "BudgetUnit" AS ENUM ('EPOCHS', 'STEPS', 'GOAL_ERROR');

-- CreateEnum
CREATE TYPE "AttemptEnd" AS ENUM ('DONE', 'PRUNED', 'FAILED', 'RELEASED', 'LOST', 'CANCELLED');

-- CreateEnum
CREATE TYPE "Goal" AS ENUM ('MAXIMISE', 'MINIMISE', 'NONE');

-- CreateTable
CREATE TABLE "team" (
    "id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "team_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "member" (
    "id" UUID NOT NULL,
    "team_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "role" "Role" NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "member_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "token" (
    "id" UUID NOT NULL,
    "team_id" UUID NOT NULL,
    "member_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,
    "scopes" "Scope"[],
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(6),
    "last_used_at" TIMESTAMPTZ(6),
    "revoked_at" TIMESTAMPTZ(6),

    CONSTRAINT "token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "dataset" (
    "id" UUID NOT NULL,
    "team_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "classes" INTEGER NOT NULL,
    "channels" INTEGER NOT NULL,
    "height" INTEGER NOT NULL,
    "width" INTEGER NOT NULL,
    "train_count" INTEGER NOT NULL,
    "test_count" INTEGER NOT NULL,
    "description" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "dataset_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sweep" (
    "id" UUID NOT NULL,
    "team_id" UUID NOT NULL,
    "member_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "definition" JSONB NOT NULL,
    "strategy" TEXT NOT NULL,
    "order" TEXT NOT NULL,
    "reuse" BOOLEAN NOT NULL,
    "intent" "SweepIntent" NOT NULL DEFAULT 'OPEN',
    "cell_count" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "sweep_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "cell" (
    "sweep_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "team_id" UUID NOT NULL,
    "run_id" UUID NOT NULL,
    "configuration_hash" TEXT NOT NULL,

    CONSTRAINT "cell_pkey" PRIMARY KEY ("sweep_id","position")
);

-- CreateTable
CREATE TABLE "run" (
    "id" UUID NOT NULL,
    "team_id" UUID NOT NULL,
    "member_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "sweep_id" UUID,
    "dataset_id" UUID NOT NULL,
    "model" TEXT NOT NULL,
    "width" INTEGER NOT NULL,
    "batch_size" INTEGER NOT NULL,
    "batch_schedule" JSONB,
    "base_learning_rate" DOUBLE PRECISION NOT NULL,
    "schedule" TEXT NOT NULL,
    "warm_up" BOOLEAN NOT NULL,
    "momentum" DOUBLE PRECISION NOT NULL,
    "nesterov" BOOLEAN NOT NULL,
    "weight_decay" DOUBLE PRECISION NOT NULL,
    "batch_norm" BOOLEAN NOT NULL,
    "batch_norm_scope" "BatchNormScope",
    "bn_batch" INTEGER,
    "augmentation" BOOLEAN NOT NULL,
    "budget_unit" "BudgetUnit" NOT NULL,
    "budget_value" DOUBLE PRECISION NOT NULL,
    "seed" BIGINT NOT NULL,
    "hyper" JSONB NOT NULL DEFAULT '{}',
    "info" JSONB NOT NULL DEFAULT '{}',
    "configuration_hash" TEXT NOT NULL,
    "setting_hash" TEXT NOT NULL,
    "trainer_version" TEXT NOT NULL,
    "duplicate" BOOLEAN NOT NULL DEFAULT false,
    "status" "RunStatus" NOT NULL DEFAULT 'WAITING',
    "diverged" BOOLEAN NOT NULL DEFAULT false,
    "diverged_step" BIGINT,
    "reason" TEXT,
    "bundle_key" TEXT NOT NULL,
    "queue_rank" BIGINT NOT NULL,
    "held" BOOLEAN NOT NULL DEFAULT false,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "sequence" INTEGER NOT NULL DEFAULT 0,
    "worker_id" UUID,
    "lease_expires_at" TIMESTAMPTZ(6),
    "engine" TEXT,
    "step" BIGINT NOT NULL DEFAULT 0,
    "planned_steps" BIGINT NOT NULL,
    "samples_seen" BIGINT NOT NULL DEFAULT 0,
    "device_seconds" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "idempotency_key" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(6),
    "ended_at" TIMESTAMPTZ(6),

    CONSTRAINT "run_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attempt" (
    "run_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "team_id" UUID NOT NULL,
    "worker_id" UUID,
    "engine" TEXT NOT NULL,
    "device" TEXT NOT NULL,
    "versions" JSONB NOT NULL,
    "runs_side_by_side" INTEGER NOT NULL,
    "slot" INTEGER NOT NULL,
    "start_step" BIGINT NOT NULL DEFAULT 0,
    "started_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(6),
    "end" "AttemptEnd",
    "reason" TEXT,

    CONSTRAINT "attempt_pkey" PRIMARY KEY ("run_id","number")
);

-- CreateTable
CREATE TABLE "metric" (
    "id" SERIAL NOT NULL,
    "team_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "goal" "Goal" NOT NULL DEFAULT 'NONE',

    CONSTRAINT "metric_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "run_metric" (
    "run_id" UUID NOT NULL,
    "metric_id" INTEGER NOT NULL,
    "team_id" UUID NOT NULL,
    "count" BIGINT NOT NULL,
    "non_finite_count" BIGINT NOT NULL,
    "last" DOUBLE PRECISION NOT NULL,
    "last_step" BIGINT NOT NULL,
    "min" DOUBLE PRECISION,
    "min_step" BIGINT,
    "max" DOUBLE PRECISION,
    "max_step" BIGINT,
    "sum" DOUBLE PRECISION NOT NULL,
    "tail" DOUBLE PRECISION[],
    "median_last_5" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "run_metric_pkey" PRIMARY KEY ("run_id","metric_id")
);

-- CreateTable
CREATE TABLE "chunk" (
    "run_id" UUID NOT NULL,
    "metric_id" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL,
    "sequence" INTEGER NOT NULL,
    "team_id" UUID NOT NULL,
    "first_step" BIGINT NOT NULL,
    "last_step" BIGINT NOT NULL,
    "steps" BIGINT[],
    "epochs" REAL[],
    "samples_seen" BIGINT[],
    "wall_times" REAL[],
    "values" DOUBLE PRECISION[],

    CONSTRAINT "chunk_pkey" PRIMARY KEY ("run_id","metric_id","attempt","sequence")
);

-- CreateTable
CREATE TABLE "worker" (
    "id" UUID NOT NULL,
    "team_id" UUID NOT NULL,
    "member_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "pid" INTEGER NOT NULL,
    "engine" TEXT NOT NULL,
    "device" TEXT NOT NULL,
    "versions" JSONB NOT NULL,
    "trainer_version" TEXT NOT NULL,
    "samples_per_second" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "started_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "stopped_at" TIMESTAMPTZ(6),

    CONSTRAINT "worker_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "team_key_key" ON "team"("key");

-- CreateIndex
CREATE UNIQUE INDEX "account_email_key" ON "account"("email");

-- CreateIndex
CREATE UNIQUE INDEX "member_team_id_account_id_key" ON "member"("team_id", "account_id");

-- CreateIndex
CREATE UNIQUE INDEX "member_team_id_key_key" ON "member"("team_id", "key");

-- CreateIndex
CREATE UNIQUE INDEX "token_hash_key" ON "token"("hash");

-- CreateIndex
CREATE INDEX "token_team_id_created_at_idx" ON "token"("team_id", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "dataset_team_id_name_key" ON "dataset"("team_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "dataset_team_id_hash_key" ON "dataset"("team_id", "hash");

-- CreateIndex
CREATE UNIQUE INDEX "sweep_team_id_number_key" ON "sweep"("team_id", "number");

-- CreateIndex
CREATE UNIQUE INDEX "sweep_team_id_key_key" ON "sweep"("team_id", "key");

-- CreateIndex
CREATE INDEX "cell_run_id_idx" ON "cell"("run_id");

-- CreateIndex
CREATE UNIQUE INDEX "cell_sweep_id_configuration_hash_key" ON "cell"("sweep_id", "configuration_hash");

-- CreateIndex
CREATE UNIQUE INDEX "run_team_id_key_key" ON "run"("team_id", "key");

-- CreateIndex
CREATE UNIQUE INDEX "run_team_id_idempotency_key_key" ON "run"("team_id", "idempotency_key");

-- CreateIndex
CREATE UNIQUE INDEX "metric_team_id_name_key" ON "metric"("team_id", "name");

-- CreateIndex
CREATE INDEX "worker_team_id_last_seen_at_idx" ON "worker"("team_id", "last_seen_at");

-- AddForeignKey
ALTER TABLE "member" ADD CONSTRAINT "member_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "member" ADD CONSTRAINT "member_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "token" ADD CONSTRAINT "token_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "token" ADD CONSTRAINT "token_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "member"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "dataset" ADD CONSTRAINT "dataset_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sweep" ADD CONSTRAINT "sweep_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sweep" ADD CONSTRAINT "sweep_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "member"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "cell" ADD CONSTRAINT "cell_sweep_id_fkey" FOREIGN KEY ("sweep_id") REFERENCES "sweep"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "cell" ADD CONSTRAINT "cell_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "member"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_sweep_id_fkey" FOREIGN KEY ("sweep_id") REFERENCES "sweep"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_worker_id_fkey" FOREIGN KEY ("worker_id") REFERENCES "worker"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attempt" ADD CONSTRAINT "attempt_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attempt" ADD CONSTRAINT "attempt_worker_id_fkey" FOREIGN KEY ("worker_id") REFERENCES "worker"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "metric" ADD CONSTRAINT "metric_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_metric" ADD CONSTRAINT "run_metric_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_metric" ADD CONSTRAINT "run_metric_metric_id_fkey" FOREIGN KEY ("metric_id") REFERENCES "metric"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "worker" ADD CONSTRAINT "worker_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "worker" ADD CONSTRAINT "worker_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "member"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What may answer a cell: one run per team and configuration, unless it was trained again on purpose.
-- FAILED and CANCELLED runs do not answer, so a retry can make another.
CREATE UNIQUE INDEX run_answering ON run (team_id, configuration_hash)
  WHERE NOT duplicate AND status IN ('WAITING', 'RUNNING', 'DONE', 'PRUNED');

-- The queue. A claim takes the head of the first and its mates from the second; a lease has no index of its own time, so that
-- a heartbeat changes no indexed column and stays within its page.
CREATE INDEX run_queue ON run (team_id, queue_rank, id) WHERE status = 'WAITING' AND NOT held;
CREATE INDEX run_bundle ON run (team_id, bundle_key, queue_rank, id) WHERE status = 'WAITING' AND NOT held;
CREATE INDEX run_lease ON run (team_id, queue_rank, id) WHERE status = 'RUNNING';
CREATE INDEX run_worker ON run (worker_id) WHERE status = 'RUNNING';

-- Lists: newest first, by status, by person, by sweep.
CREATE INDEX run_newest ON run (team_id, created_at, id);
CREATE INDEX run_status_newest ON run (team_id, status, created_at, id);
CREATE INDEX run_member ON run (member_id, created_at, id);
CREATE INDEX run_sweep ON run (sweep_id);
CREATE INDEX sweep_newest ON sweep (team_id, created_at, id);
CREATE INDEX attempt_worker ON attempt (worker_id);

-- Group-bys over the axes read this index alone: what decides whether a run counts is in it. An entry is about 220 bytes against 800 of a row.
CREATE INDEX run_axes ON run (team_id, dataset_id, batch_norm, batch_size)
  INCLUDE (model, base_learning_rate, seed, status, diverged, duplicate, setting_hash, configuration_hash, id);
CREATE INDEX run_setting ON run (team_id, setting_hash);
CREATE INDEX run_configuration ON run (team_id, configuration_hash);
CREATE INDEX run_hyper ON run USING gin (hyper jsonb_path_ops);
CREATE INDEX run_info ON run USING gin (info jsonb_path_ops);

-- Values of one metric over many runs, without the rows. (A metric belongs to one team.)
CREATE INDEX run_metric_value ON run_metric (metric_id, run_id)
  INCLUDE (median_last_5, last, min, max, sum, count, non_finite_count);

-- What must hold whoever writes.
ALTER TABLE team ADD CHECK (key ~ '^[a-z0-9][a-z0-9-]{0,62}$'), ADD CHECK (char_length(name) BETWEEN 1 AND 200);
ALTER TABLE account ADD CHECK (char_length(name) BETWEEN 1 AND 200), ADD CHECK (char_length(email) BETWEEN 3 AND 320);
ALTER TABLE member ADD CHECK (char_length(key) BETWEEN 1 AND 200);
ALTER TABLE token ADD CHECK (char_length(name) BETWEEN 1 AND 200), ADD CHECK (octet_length(hash) = 32);
ALTER TABLE dataset
  ADD CHECK (char_length(name) BETWEEN 1 AND 200),
  ADD CHECK (hash ~ '^[0-9a-f]{64}$'),
  ADD CHECK (classes >= 1 AND channels >= 1 AND height >= 1 AND width >= 1 AND train_count >= 1 AND test_count >= 0);
ALTER TABLE sweep ADD CHECK (char_length(name) BETWEEN 1 AND 200), ADD CHECK (number >= 1), ADD CHECK (cell_count >= 0);
ALTER TABLE cell ADD CHECK (position >= 1);
ALTER TABLE run
  ADD CHECK (char_length(key) BETWEEN 1 AND 300),
  ADD CHECK (char_length(model) BETWEEN 1 AND 200),
  ADD CHECK (width >= 1),
  ADD CHECK (batch_size >= 1),
  ADD CHECK (bn_batch >= 1),
  ADD CHECK (base_learning_rate > 0 AND base_learning_rate < 'Infinity'),
  ADD CHECK (momentum >= 0 AND momentum < 'Infinity'),
  ADD CHECK (weight_decay >= 0 AND weight_decay < 'Infinity'),
  ADD CHECK (budget_value > 0 AND budget_value < 'Infinity'),
  ADD CHECK (batch_norm OR (batch_norm_scope IS NULL AND bn_batch IS NULL)),
  ADD CHECK (step >= 0 AND planned_steps >= 0 AND samples_seen >= 0),
  ADD CHECK (device_seconds >= 0 AND device_seconds < 'Infinity'),
  ADD CHECK (attempt >= 0 AND sequence >= 0),
  ADD CHECK (status <> 'RUNNING' OR (attempt >= 1 AND lease_expires_at IS NOT NULL)),
  ADD CHECK (NOT diverged OR (status = 'DONE' AND diverged_step IS NOT NULL)),
  ADD CONSTRAINT run_hyper_flat CHECK (jsonb_typeof(hyper) = 'object'
    AND NOT jsonb_path_exists(hyper, 'strict $.* ? (@.type() == "object" || @.type() == "array" || @.type() == "null")')),
  ADD CONSTRAINT run_info_flat CHECK (jsonb_typeof(info) = 'object'
    AND NOT jsonb_path_exists(info, 'strict $.* ? (@.type() == "object" || @.type() == "array" || @.type() == "null")'));
ALTER TABLE attempt ADD CHECK (number >= 1), ADD CHECK (runs_side_by_side >= 1 AND slot >= 0 AND slot < runs_side_by_side), ADD CHECK (start_step >= 0);
ALTER TABLE metric ADD CHECK (char_length(name) BETWEEN 1 AND 200);
ALTER TABLE run_metric ADD CHECK (count >= 0 AND non_finite_count BETWEEN 0 AND count), ADD CHECK (cardinality(tail) <= 5);
ALTER TABLE chunk
  ADD CHECK (sequence >= 1 AND first_step >= 0 AND last_step >= first_step),
  ADD CHECK (cardinality(steps) >= 1 AND cardinality(values) = cardinality(steps) AND cardinality(wall_times) = cardinality(steps)),
  ADD CHECK (cardinality(epochs) = cardinality(steps)),
  ADD CHECK (cardinality(samples_seen) = cardinality(steps));
ALTER TABLE worker ADD CHECK (char_length(name) BETWEEN 1 AND 200), ADD CHECK (char_length(host) BETWEEN 1 AND 300);

-- A run's row is rewritten at each report and heartbeat, a summary at each report: room for that within the page, and a
-- vacuum often enough that index-only scans stay index-only.
ALTER TABLE run SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE run_metric SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

-- The application acts as this role, which owns nothing: it cannot alter or drop, and row-level security will bind it.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'smallbatch_app') THEN
    BEGIN
      CREATE ROLE smallbatch_app NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL; -- another database of this server was migrated at the same moment
    END;
  END IF;
  IF NOT pg_has_role(current_user, 'smallbatch_app', 'MEMBER') THEN
    EXECUTE format('GRANT smallbatch_app TO %I', current_user);
  END IF;
END
$$;
GRANT USAGE ON SCHEMA public TO smallbatch_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO smallbatch_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO smallbatch_app;
DO $$
BEGIN
  IF to_regclass('public._prisma_migrations') IS NOT NULL THEN
    REVOKE INSERT, UPDATE, DELETE ON public._prisma_migrations FROM smallbatch_app;
  END IF;
END
$$;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO smallbatch_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO smallbatch_app;
