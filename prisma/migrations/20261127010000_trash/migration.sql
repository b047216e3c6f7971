-- Runs that were deleted together, and can be brought back together for a day.
CREATE SEQUENCE "deletion_number";
GRANT USAGE ON SEQUENCE "deletion_number" TO smallbatch_app;
CREATE TABLE "deletion" (
  "id" uuid NOT NULL PRIMARY KEY,
  "team_id" uuid NOT NULL REFERENCES "team" ("id"),
  "member_id" uuid REFERENCES "member" ("id"),
  "key" text NOT NULL,
  "runs" integer NOT NULL,
  "deleted_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "deletion_team_id_key_key" UNIQUE ("team_id", "key"),
  CONSTRAINT "deletion_runs" CHECK ("runs" >= 1)
);
CREATE INDEX "deletion_newest" ON "deletion" ("team_id", "deleted_at");

-- Their rows leave the tables that questions look into, so that none has to ask what is deleted, and are kept here as they were;
-- json and not jsonb, which would lose the sign of −0. Chunks stay where they are. Runs deleted before have no rows to come back from:
-- their points may go at once.
ALTER TABLE "deleted_run"
  ADD COLUMN "deletion_id" uuid REFERENCES "deletion" ("id"),
  ADD COLUMN "run" json NOT NULL DEFAULT 'null',
  ADD COLUMN "metrics" json NOT NULL DEFAULT '[]',
  ADD COLUMN "attempts" json NOT NULL DEFAULT '[]',
  ADD COLUMN "rungs" json NOT NULL DEFAULT '[]';
UPDATE "deleted_run" SET "deleted_at" = "deleted_at" - interval '1 day';
CREATE INDEX "deleted_run_deletion_id_idx" ON "deleted_run" ("deletion_id");

-- What is locked is not deleted: a run, and every run that answers a cell of a locked sweep.
ALTER TABLE "run" ADD COLUMN "locked" boolean NOT NULL DEFAULT false;
ALTER TABLE "sweep" ADD COLUMN "locked" boolean NOT NULL DEFAULT false;
CREATE INDEX "sweep_locked" ON "sweep" ("team_id") WHERE "locked";

-- Seeds that were added to a sweep after it was made, to each of its settings; its definition is the file that it was made of.
ALTER TABLE "sweep" ADD COLUMN "added_seeds" bigint[] NOT NULL DEFAULT '{}';

ALTER TYPE "EventKind" ADD VALUE 'SEEDS_ADDED' AFTER 'SWEEP_RETRIED';
ALTER TYPE "EventKind" ADD VALUE 'RUNS_DELETED' AFTER 'RUN_CANCELLED';
ALTER TYPE "EventKind" ADD VALUE 'RUNS_RESTORED' AFTER 'RUNS_DELETED';

-- A run that comes back was not created again.
DROP TRIGGER "own_run_told" ON "run";
CREATE TRIGGER "own_run_told" AFTER INSERT ON "run" FOR EACH ROW
  WHEN (NEW.sweep_id IS NULL AND current_setting('smallbatch.doing', true) IS DISTINCT FROM 'restore') EXECUTE FUNCTION "tell_run"();

-- What each member ran lately is a range of this index.
DROP INDEX "run_member";
CREATE INDEX "run_member" ON "run" ("team_id", "member_id", "created_at");
