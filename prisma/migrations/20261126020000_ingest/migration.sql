-- A bulk upload by its client's own name for it: how many of its records are durable, written in the transaction of their points.
CREATE TABLE "upload" (
  "team_id" uuid NOT NULL REFERENCES "team" ("id"),
  "id" text NOT NULL,
  "records" bigint NOT NULL DEFAULT 0,
  "refused" jsonb NOT NULL DEFAULT '{}',
  "created_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updated_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "upload_id_length" CHECK (length("id") BETWEEN 1 AND 100),
  CONSTRAINT "upload_records" CHECK ("records" >= 0),
  PRIMARY KEY ("team_id", "id")
);
CREATE INDEX "upload_updated_at_idx" ON "upload" ("updated_at");

-- Numbers of the parts of uploads, in place of a run's own sequence numbers: below zero, so that they never meet, and rising, so that
-- points of one step keep the order in which they came.
CREATE SEQUENCE "upload_part" AS integer MINVALUE -2147483648 MAXVALUE -1 START -2147483648;

-- Runs that were deleted and whose points are still to be removed.
CREATE TABLE "deleted_run" (
  "run_id" uuid NOT NULL,
  "team_id" uuid NOT NULL REFERENCES "team" ("id"),
  "key" text NOT NULL,
  "deleted_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY ("run_id")
);
CREATE INDEX "deleted_run_deleted_at_idx" ON "deleted_run" ("deleted_at");

-- Runs without a sweep are numbered by a sequence: counting them took longer with each, and a deleted one would give its number twice.
CREATE SEQUENCE "own_run_number";
SELECT setval('own_run_number', 1 + (SELECT count(*) FROM "run" WHERE "sweep_id" IS NULL), false);
GRANT USAGE ON SEQUENCE "upload_part", "own_run_number" TO smallbatch_app;

-- A member's scripts of one name are one worker.
CREATE INDEX "worker_own" ON "worker" ("member_id", "name", "engine") WHERE "trainer_version" = 'own';

-- Where samples seen are a multiple of the steps, as with every constant batch size, that is all there is to store: 4 of 25 bytes a point.
ALTER TABLE "chunk" ADD COLUMN "samples_per_step" bigint;

-- Wall times may be absent. (Not validated: the new check allows all that the old one did.)
ALTER TABLE "chunk" DROP CONSTRAINT "chunk_columns";
ALTER TABLE "chunk" ADD CONSTRAINT "chunk_columns" CHECK ("sequence" <> 0 AND "first_step" >= 0 AND "last_step" >= "first_step"
  AND cardinality("steps") >= 1 AND cardinality("steps") = cardinality("values") AND cardinality("wall_times") IN (0, cardinality("steps"))
  AND cardinality("epochs") IN (0, cardinality("steps")) AND cardinality("samples_seen") IN (0, cardinality("steps"))
  AND ("samples_per_step" IS NULL OR cardinality("samples_seen") = 0)) NOT VALID;
