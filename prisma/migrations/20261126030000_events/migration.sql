-- The log of what happened in a team, for those who watch. A row is written by a trigger, in the transaction of what it tells, so
-- that no path of the code can forget it and nothing is told that was rolled back.
CREATE TYPE "EventKind" AS ENUM (
  'SWEEP_CREATED', 'SWEEP_PAUSED', 'SWEEP_RESUMED', 'SWEEP_CANCELLED', 'SWEEP_RETRIED', 'CELL_TAKEN',
  'RUN_CREATED', 'RUN_STARTED', 'RUN_TAKEN_OVER', 'RUN_RELEASED', 'RUN_RETRIED', 'RUN_DONE', 'RUN_PRUNED', 'RUN_FAILED', 'RUN_CANCELLED',
  'DATASET_ADDED', 'WORKER_STARTED', 'WORKER_STOPPED', 'WORKER_LOST');

-- Numbers are given before commits are made, so neither id nor time says what a reader has seen. The transaction does: what was
-- not visible in the snapshot of an earlier answer is new. No foreign keys, as on the chunks: nothing told of is ever deleted.
CREATE TABLE "event" (
  "id" bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  "team_id" uuid NOT NULL,
  "xid" xid8 NOT NULL DEFAULT pg_current_xact_id(),
  "at" timestamptz(6) NOT NULL DEFAULT clock_timestamp(),
  "kind" "EventKind" NOT NULL,
  "member_id" uuid,
  "sweep_id" uuid,
  "run_id" uuid,
  "worker_id" uuid,
  "detail" jsonb NOT NULL DEFAULT '{}',
  CONSTRAINT "event_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "event_team" ON "event" ("team_id", "xid", "id");
-- A lost worker is told of once, not once a run.
CREATE INDEX "event_worker_lost" ON "event" ("worker_id", "at") WHERE "kind" = 'WORKER_LOST';
-- Rows only come, and go from the oldest end; of no row but its transaction is ever changed (packages/db/src/events.ts says when).
ALTER TABLE "event" SET (autovacuum_vacuum_insert_scale_factor = 0.05);
REVOKE UPDATE ON "event" FROM smallbatch_app;
GRANT UPDATE ("xid") ON "event" TO smallbatch_app;

-- Who acts, and how, where the transaction has said so (packages/db/src/transaction.ts).
CREATE FUNCTION "acting_member"() RETURNS uuid LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('smallbatch.member', true), '')::uuid $$;

CREATE FUNCTION "tell_run"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event (team_id, kind, member_id, sweep_id, run_id, worker_id, detail) VALUES (
    NEW.team_id,
    CASE
      WHEN TG_OP = 'INSERT' THEN 'RUN_CREATED'
      WHEN NEW.status = 'RUNNING' THEN CASE WHEN OLD.status = 'RUNNING' THEN 'RUN_TAKEN_OVER' ELSE 'RUN_STARTED' END
      WHEN NEW.status = 'WAITING' THEN CASE WHEN OLD.status = 'RUNNING' THEN 'RUN_RELEASED' ELSE 'RUN_RETRIED' END
      ELSE 'RUN_' || NEW.status::text
    END::"EventKind",
    NEW.member_id, NEW.sweep_id, NEW.id,
    CASE WHEN TG_OP = 'INSERT' THEN NEW.worker_id ELSE coalesce(NEW.worker_id, OLD.worker_id) END,
    jsonb_strip_nulls(jsonb_build_object('attempt', NEW.attempt, 'reason', left(NEW.reason, 500), 'diverged', CASE WHEN NEW.diverged THEN true END)));
  IF TG_OP = 'UPDATE' THEN
    IF NEW.lost > OLD.lost AND (NEW.worker_id IS DISTINCT FROM OLD.worker_id OR NEW.status <> 'RUNNING') THEN
      INSERT INTO event (team_id, kind, member_id, worker_id)
      SELECT w.team_id, 'WORKER_LOST', w.member_id, w.id FROM worker AS w
      WHERE w.id = OLD.worker_id AND w.trainer_version <> 'own'
      AND NOT EXISTS (SELECT FROM event AS e WHERE e.worker_id = w.id AND e.kind = 'WORKER_LOST' AND e.at >= w.last_seen_at);
    END IF;
  END IF;
  RETURN NULL;
END $$;
-- A report or a heartbeat, which changes neither, costs the comparison alone.
CREATE TRIGGER "run_told" AFTER UPDATE ON "run" FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.attempt IS DISTINCT FROM NEW.attempt) EXECUTE FUNCTION "tell_run"();
-- The runs of a sweep are told of by its creation.
CREATE TRIGGER "own_run_told" AFTER INSERT ON "run" FOR EACH ROW WHEN (NEW.sweep_id IS NULL) EXECUTE FUNCTION "tell_run"();

CREATE FUNCTION "tell_sweep"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  told text := CASE
    WHEN TG_OP = 'INSERT' THEN 'SWEEP_CREATED'
    WHEN current_setting('smallbatch.doing', true) = 'retry' THEN 'SWEEP_RETRIED'
    WHEN NEW.intent = OLD.intent THEN NULL
    WHEN NEW.intent <> 'OPEN' THEN 'SWEEP_' || NEW.intent::text
    -- Only a retry opens a cancelled sweep.
    WHEN OLD.intent = 'CANCELLED' THEN 'SWEEP_RETRIED'
    ELSE 'SWEEP_RESUMED'
  END;
BEGIN
  IF told IS NOT NULL THEN
    INSERT INTO event (team_id, kind, member_id, sweep_id, detail) VALUES (NEW.team_id, told::"EventKind",
      CASE WHEN TG_OP = 'INSERT' THEN NEW.member_id ELSE acting_member() END, NEW.id,
      CASE WHEN TG_OP = 'INSERT' THEN jsonb_build_object('cells', NEW.cell_count) ELSE '{}' END);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "sweep_told" AFTER INSERT OR UPDATE OF "intent" ON "sweep" FOR EACH ROW EXECUTE FUNCTION "tell_sweep"();

-- A retried sweep may take a run that is there: then no run changes, but the cell does.
CREATE FUNCTION "tell_cell"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event (team_id, kind, member_id, sweep_id, run_id, detail)
  VALUES (NEW.team_id, 'CELL_TAKEN', acting_member(), NEW.sweep_id, NEW.run_id, jsonb_build_object('position', NEW.position));
  RETURN NULL;
END $$;
CREATE TRIGGER "cell_told" AFTER UPDATE OF "run_id" ON "cell" FOR EACH ROW WHEN (OLD.run_id <> NEW.run_id) EXECUTE FUNCTION "tell_cell"();

CREATE FUNCTION "tell_dataset"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event (team_id, kind, member_id, detail)
  VALUES (NEW.team_id, 'DATASET_ADDED', acting_member(), jsonb_build_object('dataset', NEW.name));
  RETURN NULL;
END $$;
CREATE TRIGGER "dataset_told" AFTER INSERT ON "dataset" FOR EACH ROW EXECUTE FUNCTION "tell_dataset"();

CREATE FUNCTION "tell_worker"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event (team_id, kind, member_id, worker_id)
  VALUES (NEW.team_id, CASE TG_OP WHEN 'INSERT' THEN 'WORKER_STARTED' ELSE 'WORKER_STOPPED' END::"EventKind", NEW.member_id, NEW.id);
  RETURN NULL;
END $$;
-- What stands for somebody's own script is no worker that anybody waits for.
CREATE TRIGGER "worker_started_told" AFTER INSERT ON "worker" FOR EACH ROW WHEN (NEW.trainer_version <> 'own') EXECUTE FUNCTION "tell_worker"();
CREATE TRIGGER "worker_stopped_told" AFTER UPDATE OF "stopped_at" ON "worker" FOR EACH ROW
  WHEN (OLD.stopped_at IS NULL AND NEW.stopped_at IS NOT NULL AND NEW.trainer_version <> 'own') EXECUTE FUNCTION "tell_worker"();
