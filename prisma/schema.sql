-- The database as PostgreSQL sees it after all migrations. Written from its catalogs by "npm run generate" and compared by a
-- test; to read, not to run (the migrations do that).

CREATE TYPE "AttemptEnd" AS ENUM ('DONE', 'PRUNED', 'FAILED', 'RELEASED', 'LOST', 'CANCELLED');
CREATE TYPE "AuditOutcome" AS ENUM ('DONE', 'REFUSED');
CREATE TYPE "AuditVia" AS ENUM ('SESSION', 'TOKEN', 'LOCAL', 'OPERATOR', 'NOBODY');
CREATE TYPE "BatchNormScope" AS ENUM ('CONV', 'ALL');
CREATE TYPE "BudgetUnit" AS ENUM ('EPOCHS', 'STEPS', 'GOAL_ERROR');
CREATE TYPE "DeliveryStatus" AS ENUM ('WAITING', 'DELIVERED', 'GIVEN_UP');
CREATE TYPE "EventKind" AS ENUM ('SWEEP_CREATED', 'SWEEP_PAUSED', 'SWEEP_RESUMED', 'SWEEP_CANCELLED', 'SWEEP_RETRIED', 'SEEDS_ADDED', 'CELL_TAKEN', 'RUN_CREATED', 'RUN_STARTED', 'RUN_TAKEN_OVER', 'RUN_RELEASED', 'RUN_RETRIED', 'RUN_DONE', 'RUN_PRUNED', 'RUN_FAILED', 'RUN_CANCELLED', 'RUNS_DELETED', 'RUNS_RESTORED', 'DATASET_ADDED', 'WORKER_STARTED', 'WORKER_STOPPED', 'WORKER_LOST', 'MENTIONED');
CREATE TYPE "Goal" AS ENUM ('MAXIMISE', 'MINIMISE', 'NONE');
CREATE TYPE "Role" AS ENUM ('OWNER', 'MAINTAINER', 'MEMBER', 'VIEWER');
CREATE TYPE "RunStatus" AS ENUM ('WAITING', 'RUNNING', 'DONE', 'PRUNED', 'FAILED', 'CANCELLED');
CREATE TYPE "Scope" AS ENUM ('READ', 'WRITE', 'WORK', 'ADMIN');
CREATE TYPE "SignInMethod" AS ENUM ('PASSWORD', 'OIDC', 'LINK');
CREATE TYPE "SweepIntent" AS ENUM ('OPEN', 'PAUSED', 'CANCELLED');
CREATE TYPE "ViewPage" AS ENUM ('EXPLORE', 'PIVOT', 'RUNS', 'SWEEP', 'RUN', 'COMPARE', 'TEAM');
CREATE TYPE "WebhookKind" AS ENUM ('SWEEP_ENDED', 'SWEEP_FAILED', 'SWEEP_STUCK', 'WORKER_LOST', 'MENTIONED');

CREATE OR REPLACE FUNCTION acting_member()
 RETURNS uuid
 LANGUAGE sql
 STABLE
AS $function$ SELECT nullif(current_setting('smallbatch.member', true), '')::uuid $function$
;

CREATE OR REPLACE FUNCTION count_summaries()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  UPDATE run_metric SET counted = (NEW.status = 'DONE' AND NOT NEW.diverged) WHERE run_id = NEW.id;
  RETURN NULL;
END $function$
;

CREATE OR REPLACE FUNCTION find_setting()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  SELECT id INTO NEW.setting_id FROM setting WHERE team_id = NEW.team_id AND hash = NEW.setting_hash;
  IF NOT FOUND THEN
    INSERT INTO setting (team_id, hash, dataset_id, model, width, batch_size, batch_schedule, base_learning_rate, schedule, warm_up, momentum,
        nesterov, weight_decay, batch_norm, batch_norm_scope, bn_batch, augmentation, budget_unit, budget_value, budget_epochs,
        evaluate_every, hyper, trainer_version)
      VALUES (NEW.team_id, NEW.setting_hash, NEW.dataset_id, NEW.model, NEW.width, NEW.batch_size, NEW.batch_schedule, NEW.base_learning_rate,
        NEW.schedule, NEW.warm_up, NEW.momentum, NEW.nesterov, NEW.weight_decay, NEW.batch_norm, NEW.batch_norm_scope, NEW.bn_batch,
        NEW.augmentation, NEW.budget_unit, NEW.budget_value, NEW.budget_epochs, NEW.evaluate_every, NEW.hyper, NEW.trainer_version)
      ON CONFLICT (team_id, hash) DO NOTHING RETURNING id INTO NEW.setting_id;
    IF NEW.setting_id IS NULL THEN
      SELECT id INTO NEW.setting_id FROM setting WHERE team_id = NEW.team_id AND hash = NEW.setting_hash;
    END IF;
  END IF;
  RETURN NEW;
END $function$
;

CREATE OR REPLACE FUNCTION is_flat(value jsonb)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ SELECT jsonb_typeof("value") = 'object' AND NOT jsonb_path_exists("value", 'strict $.* ? (@.type() != "number" && @.type() != "string" && @.type() != "boolean")') $function$
;

CREATE OR REPLACE FUNCTION keep_previous_secret()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  NEW.previous_secret := OLD.secret;
  NEW.rotated_at := now();
  RETURN NEW;
END $function$
;

CREATE OR REPLACE FUNCTION last_five("values" double precision[])
 RETURNS double precision[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ SELECT "values"[greatest(1, cardinality("values") - 4):] $function$
;

CREATE OR REPLACE FUNCTION leave_setting()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  DELETE FROM setting WHERE id = OLD.setting_id
    AND NOT EXISTS (SELECT FROM run WHERE team_id = OLD.team_id AND setting_id = OLD.setting_id);
  RETURN NULL;
END $function$
;

CREATE OR REPLACE FUNCTION median_of("values" double precision[])
 RETURNS double precision
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ SELECT CASE WHEN bool_or(v IN ('NaN', 'Infinity', '-Infinity')) THEN 'NaN' ELSE percentile_cont(0.5) WITHIN GROUP (ORDER BY v) END
   FROM unnest("values") AS v $function$
;

CREATE OR REPLACE FUNCTION summary_of_run()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  SELECT r.setting_id, r.seed, r.duplicate, r.status = 'DONE' AND NOT r.diverged
    INTO NEW.setting_id, NEW.seed, NEW.duplicate, NEW.counted FROM run r WHERE r.id = NEW.run_id;
  RETURN NEW;
END $function$
;

CREATE OR REPLACE FUNCTION tell_cell()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  INSERT INTO event (team_id, kind, member_id, sweep_id, run_id, detail)
  VALUES (NEW.team_id, 'CELL_TAKEN', acting_member(), NEW.sweep_id, NEW.run_id, jsonb_build_object('position', NEW.position));
  RETURN NULL;
END $function$
;

CREATE OR REPLACE FUNCTION tell_dataset()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  INSERT INTO event (team_id, kind, member_id, detail)
  VALUES (NEW.team_id, 'DATASET_ADDED', acting_member(), jsonb_build_object('dataset', NEW.name));
  RETURN NULL;
END $function$
;

CREATE OR REPLACE FUNCTION tell_people()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  PERFORM pg_notify('smallbatch_people', '');
  RETURN NULL;
END $function$
;

CREATE OR REPLACE FUNCTION tell_run()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
END $function$
;

CREATE OR REPLACE FUNCTION tell_sweep()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
END $function$
;

CREATE OR REPLACE FUNCTION tell_worker()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  INSERT INTO event (team_id, kind, member_id, worker_id)
  VALUES (NEW.team_id, CASE TG_OP WHEN 'INSERT' THEN 'WORKER_STARTED' ELSE 'WORKER_STOPPED' END::"EventKind", NEW.member_id, NEW.id);
  RETURN NULL;
END $function$
;

CREATE TABLE account (
  id uuid NOT NULL,
  name text NOT NULL,
  email text,
  created_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  password text,
  disabled_at timestamp(6) with time zone,
  CONSTRAINT account_pkey PRIMARY KEY (id),
  CONSTRAINT account_name_length CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);
CREATE UNIQUE INDEX account_email ON account USING btree (lower(email));
CREATE TRIGGER account_told AFTER INSERT OR UPDATE OF password, disabled_at ON account FOR EACH STATEMENT EXECUTE FUNCTION tell_people();
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON account TO smallbatch_app USING (true);
CREATE POLICY one_team ON account TO smallbatch_team USING ((id IN ( SELECT member.account_id FROM member WHERE (member.team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)))));
GRANT DELETE, INSERT, SELECT, UPDATE ON account TO smallbatch_app;
GRANT SELECT, UPDATE ON account TO smallbatch_team;

CREATE TABLE analysis_reader (
  login text NOT NULL,
  team_id uuid NOT NULL,
  CONSTRAINT analysis_reader_pkey PRIMARY KEY (login, team_id),
  CONSTRAINT analysis_reader_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id)
);

CREATE TABLE attempt (
  run_id uuid NOT NULL,
  number integer NOT NULL,
  team_id uuid NOT NULL,
  worker_id uuid,
  engine text NOT NULL,
  device text NOT NULL,
  versions jsonb NOT NULL,
  runs_side_by_side integer NOT NULL,
  slot integer NOT NULL,
  start_step bigint NOT NULL DEFAULT 0,
  started_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  ended_at timestamp(6) with time zone,
  "end" "AttemptEnd",
  reason text,
  CONSTRAINT attempt_pkey PRIMARY KEY (run_id, number),
  CONSTRAINT attempt_run_id_fkey FOREIGN KEY (run_id) REFERENCES run(id),
  CONSTRAINT attempt_worker_id_fkey FOREIGN KEY (worker_id) REFERENCES worker(id),
  CONSTRAINT attempt_slot CHECK (((number >= 1) AND (slot >= 0) AND (slot < runs_side_by_side) AND (start_step >= 0)))
);
CREATE INDEX attempt_worker ON attempt USING btree (worker_id);
ALTER TABLE attempt ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON attempt TO smallbatch_app USING (true);
CREATE POLICY one_team ON attempt TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON attempt TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON attempt TO smallbatch_team;

CREATE TABLE audit_entry (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  team_id uuid,
  at timestamp(6) with time zone NOT NULL DEFAULT clock_timestamp(),
  via "AuditVia" NOT NULL,
  account_id uuid,
  member_id uuid,
  who text,
  token_id uuid,
  token text,
  session_id uuid,
  address text,
  agent text,
  action text NOT NULL,
  outcome "AuditOutcome" NOT NULL,
  kind text,
  key text,
  thing_id uuid,
  count integer,
  detail jsonb NOT NULL DEFAULT '{}'::jsonb,
  request_id text,
  CONSTRAINT audit_entry_pkey PRIMARY KEY (id),
  CONSTRAINT audit_entry_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id),
  CONSTRAINT audit_entry_short CHECK (((length(agent) <= 120) AND (length(address) <= 100) AND (length(key) <= 300) AND (length(request_id) <= 100) AND (length((detail)::text) <= 10000)))
);
CREATE INDEX audit_entry_at ON audit_entry USING btree (at);
CREATE INDEX audit_entry_newest ON audit_entry USING btree (team_id, at DESC, id DESC);
ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON audit_entry TO smallbatch_app USING (true);
CREATE POLICY one_team ON audit_entry TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT SELECT ON audit_entry TO smallbatch_app;
GRANT SELECT ON audit_entry TO smallbatch_team;
GRANT INSERT (team_id) ON audit_entry TO smallbatch_app;
GRANT INSERT (team_id) ON audit_entry TO smallbatch_team;
GRANT INSERT (via) ON audit_entry TO smallbatch_app;
GRANT INSERT (via) ON audit_entry TO smallbatch_team;
GRANT INSERT (account_id) ON audit_entry TO smallbatch_app;
GRANT INSERT (account_id) ON audit_entry TO smallbatch_team;
GRANT INSERT (member_id) ON audit_entry TO smallbatch_app;
GRANT INSERT (member_id) ON audit_entry TO smallbatch_team;
GRANT INSERT (who) ON audit_entry TO smallbatch_app;
GRANT INSERT (who) ON audit_entry TO smallbatch_team;
GRANT INSERT (token_id) ON audit_entry TO smallbatch_app;
GRANT INSERT (token_id) ON audit_entry TO smallbatch_team;
GRANT INSERT (token) ON audit_entry TO smallbatch_app;
GRANT INSERT (token) ON audit_entry TO smallbatch_team;
GRANT INSERT (session_id) ON audit_entry TO smallbatch_app;
GRANT INSERT (session_id) ON audit_entry TO smallbatch_team;
GRANT INSERT (address) ON audit_entry TO smallbatch_app;
GRANT INSERT (address) ON audit_entry TO smallbatch_team;
GRANT INSERT (agent) ON audit_entry TO smallbatch_app;
GRANT INSERT (agent) ON audit_entry TO smallbatch_team;
GRANT INSERT (action) ON audit_entry TO smallbatch_app;
GRANT INSERT (action) ON audit_entry TO smallbatch_team;
GRANT INSERT (outcome) ON audit_entry TO smallbatch_app;
GRANT INSERT (outcome) ON audit_entry TO smallbatch_team;
GRANT INSERT (kind) ON audit_entry TO smallbatch_app;
GRANT INSERT (kind) ON audit_entry TO smallbatch_team;
GRANT INSERT (key) ON audit_entry TO smallbatch_app;
GRANT INSERT (key) ON audit_entry TO smallbatch_team;
GRANT INSERT (thing_id) ON audit_entry TO smallbatch_app;
GRANT INSERT (thing_id) ON audit_entry TO smallbatch_team;
GRANT INSERT (count) ON audit_entry TO smallbatch_app;
GRANT INSERT (count) ON audit_entry TO smallbatch_team;
GRANT INSERT (detail) ON audit_entry TO smallbatch_app;
GRANT INSERT (detail) ON audit_entry TO smallbatch_team;
GRANT INSERT (request_id) ON audit_entry TO smallbatch_app;
GRANT INSERT (request_id) ON audit_entry TO smallbatch_team;

CREATE TABLE cell (
  sweep_id uuid NOT NULL,
  "position" integer NOT NULL,
  team_id uuid NOT NULL,
  run_id uuid NOT NULL,
  configuration_hash text NOT NULL,
  CONSTRAINT cell_pkey PRIMARY KEY (sweep_id, "position"),
  CONSTRAINT cell_sweep_id_configuration_hash_key UNIQUE (sweep_id, configuration_hash),
  CONSTRAINT cell_run_id_fkey FOREIGN KEY (run_id) REFERENCES run(id),
  CONSTRAINT cell_sweep_id_fkey FOREIGN KEY (sweep_id) REFERENCES sweep(id),
  CONSTRAINT cell_position CHECK (("position" >= 1))
);
CREATE INDEX cell_run_id_idx ON cell USING btree (run_id);
CREATE TRIGGER cell_told AFTER UPDATE OF run_id ON cell FOR EACH ROW WHEN ((old.run_id <> new.run_id)) EXECUTE FUNCTION tell_cell();
ALTER TABLE cell ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON cell TO smallbatch_app USING (true);
CREATE POLICY one_team ON cell TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON cell TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON cell TO smallbatch_team;

CREATE TABLE chunk (
  run_id uuid NOT NULL,
  metric_id integer NOT NULL,
  attempt integer NOT NULL,
  sequence integer NOT NULL,
  team_id uuid NOT NULL,
  first_step bigint NOT NULL,
  last_step bigint NOT NULL,
  steps bigint[] NOT NULL,
  epochs real[] NOT NULL,
  samples_seen bigint[] NOT NULL,
  wall_times real[] NOT NULL,
  "values" double precision[] NOT NULL,
  samples_per_step bigint,
  CONSTRAINT chunk_pkey PRIMARY KEY (run_id, metric_id, attempt, sequence),
  CONSTRAINT chunk_columns CHECK (((sequence <> 0) AND (first_step >= 0) AND (last_step >= first_step) AND (cardinality(steps) >= 1) AND (cardinality(steps) = cardinality("values")) AND ((cardinality(wall_times) = 0) OR (cardinality(wall_times) = cardinality(steps))) AND ((cardinality(epochs) = 0) OR (cardinality(epochs) = cardinality(steps))) AND ((cardinality(samples_seen) = 0) OR (cardinality(samples_seen) = cardinality(steps))) AND ((samples_per_step IS NULL) OR (cardinality(samples_seen) = 0)))) NOT VALID
);
ALTER TABLE chunk ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON chunk TO smallbatch_app USING (true);
CREATE POLICY one_team ON chunk TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON chunk TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON chunk TO smallbatch_team;

CREATE TABLE dataset (
  id uuid NOT NULL,
  team_id uuid NOT NULL,
  name text NOT NULL,
  hash text NOT NULL,
  classes integer NOT NULL,
  channels integer NOT NULL,
  height integer NOT NULL,
  width integer NOT NULL,
  train_count integer NOT NULL,
  test_count integer NOT NULL,
  description text,
  created_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT dataset_pkey PRIMARY KEY (id),
  CONSTRAINT dataset_team_id_hash_key UNIQUE (team_id, hash),
  CONSTRAINT dataset_team_id_name_key UNIQUE (team_id, name),
  CONSTRAINT dataset_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id),
  CONSTRAINT dataset_hash CHECK ((hash ~ '^[0-9a-f]{64}$'::text)),
  CONSTRAINT dataset_name_length CHECK (((length(name) >= 1) AND (length(name) <= 200))),
  CONSTRAINT dataset_shape CHECK (((classes >= 1) AND (channels >= 1) AND (height >= 1) AND (width >= 1) AND (train_count >= 1) AND (test_count >= 0)))
);
CREATE TRIGGER dataset_told AFTER INSERT ON dataset FOR EACH ROW EXECUTE FUNCTION tell_dataset();
ALTER TABLE dataset ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON dataset TO smallbatch_app USING (true);
CREATE POLICY one_team ON dataset TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON dataset TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON dataset TO smallbatch_team;

CREATE TABLE deleted_run (
  run_id uuid NOT NULL,
  team_id uuid NOT NULL,
  key text NOT NULL,
  deleted_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  deletion_id uuid,
  run json NOT NULL DEFAULT 'null'::json,
  metrics json NOT NULL DEFAULT '[]'::json,
  attempts json NOT NULL DEFAULT '[]'::json,
  rungs json NOT NULL DEFAULT '[]'::json,
  CONSTRAINT deleted_run_pkey PRIMARY KEY (run_id),
  CONSTRAINT deleted_run_deletion_id_fkey FOREIGN KEY (deletion_id) REFERENCES deletion(id),
  CONSTRAINT deleted_run_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id)
);
CREATE INDEX deleted_run_deleted_at_idx ON deleted_run USING btree (deleted_at);
CREATE INDEX deleted_run_deletion_id_idx ON deleted_run USING btree (deletion_id);
ALTER TABLE deleted_run ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON deleted_run TO smallbatch_app USING (true);
CREATE POLICY one_team ON deleted_run TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON deleted_run TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON deleted_run TO smallbatch_team;

CREATE TABLE deletion (
  id uuid NOT NULL,
  team_id uuid NOT NULL,
  member_id uuid,
  key text NOT NULL,
  runs integer NOT NULL,
  deleted_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT deletion_pkey PRIMARY KEY (id),
  CONSTRAINT deletion_team_id_key_key UNIQUE (team_id, key),
  CONSTRAINT deletion_member_id_fkey FOREIGN KEY (member_id) REFERENCES member(id),
  CONSTRAINT deletion_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id),
  CONSTRAINT deletion_runs CHECK ((runs >= 1))
);
CREATE INDEX deletion_newest ON deletion USING btree (team_id, deleted_at);
ALTER TABLE deletion ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON deletion TO smallbatch_app USING (true);
CREATE POLICY one_team ON deletion TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON deletion TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON deletion TO smallbatch_team;

CREATE TABLE event (
  id bigint NOT NULL,
  team_id uuid NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at timestamp(6) with time zone NOT NULL DEFAULT clock_timestamp(),
  kind "EventKind" NOT NULL,
  member_id uuid,
  sweep_id uuid,
  run_id uuid,
  worker_id uuid,
  detail jsonb NOT NULL DEFAULT '{}'::jsonb,
  mentioned_id uuid,
  CONSTRAINT event_pkey PRIMARY KEY (id)
) WITH (autovacuum_vacuum_insert_scale_factor=0.05);
CREATE INDEX event_mentioned ON event USING btree (mentioned_id, xid, id) WHERE (mentioned_id IS NOT NULL);
CREATE INDEX event_team ON event USING btree (team_id, xid, id);
CREATE INDEX event_worker_lost ON event USING btree (worker_id, at) WHERE (kind = 'WORKER_LOST'::"EventKind");
ALTER TABLE event ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON event TO smallbatch_app USING (true);
CREATE POLICY one_team ON event TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT ON event TO smallbatch_app;
GRANT DELETE, INSERT, SELECT ON event TO smallbatch_team;
GRANT UPDATE (xid) ON event TO smallbatch_app;

CREATE TABLE external_identity (
  issuer text NOT NULL,
  subject text NOT NULL,
  account_id uuid NOT NULL,
  created_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT external_identity_pkey PRIMARY KEY (issuer, subject),
  CONSTRAINT external_identity_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id)
);
CREATE INDEX external_identity_account_id_idx ON external_identity USING btree (account_id);
CREATE TRIGGER external_identity_told AFTER INSERT OR DELETE ON external_identity FOR EACH STATEMENT EXECUTE FUNCTION tell_people();
ALTER TABLE external_identity ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON external_identity TO smallbatch_app USING (true);
CREATE POLICY one_team ON external_identity TO smallbatch_team USING ((account_id IN ( SELECT member.account_id FROM member WHERE (member.team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)))));
GRANT DELETE, INSERT, SELECT, UPDATE ON external_identity TO smallbatch_app;
GRANT SELECT ON external_identity TO smallbatch_team;

CREATE TABLE invitation (
  id uuid NOT NULL,
  team_id uuid NOT NULL,
  role "Role" NOT NULL,
  email text,
  name text,
  hash bytea NOT NULL,
  created_by uuid,
  created_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  expires_at timestamp(6) with time zone NOT NULL,
  used_at timestamp(6) with time zone,
  account_id uuid,
  revoked_at timestamp(6) with time zone,
  CONSTRAINT invitation_pkey PRIMARY KEY (id),
  CONSTRAINT invitation_hash_key UNIQUE (hash),
  CONSTRAINT invitation_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id),
  CONSTRAINT invitation_created_by_fkey FOREIGN KEY (created_by) REFERENCES member(id),
  CONSTRAINT invitation_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id)
);
CREATE INDEX invitation_team_id_created_at_idx ON invitation USING btree (team_id, created_at);
ALTER TABLE invitation ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON invitation TO smallbatch_app USING (true);
CREATE POLICY one_team ON invitation TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON invitation TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON invitation TO smallbatch_team;

CREATE TABLE member (
  id uuid NOT NULL,
  team_id uuid NOT NULL,
  account_id uuid NOT NULL,
  key text NOT NULL,
  role "Role" NOT NULL,
  created_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  left_at timestamp(6) with time zone,
  CONSTRAINT member_pkey PRIMARY KEY (id),
  CONSTRAINT member_team_id_account_id_key UNIQUE (team_id, account_id),
  CONSTRAINT member_team_id_key_key UNIQUE (team_id, key),
  CONSTRAINT member_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id),
  CONSTRAINT member_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id),
  CONSTRAINT member_key_length CHECK (((length(key) >= 1) AND (length(key) <= 200)))
);
CREATE INDEX member_account_id_idx ON member USING btree (account_id);
ALTER TABLE member ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON member TO smallbatch_app USING (true);
CREATE POLICY one_team ON member TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON member TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON member TO smallbatch_team;

CREATE TABLE metric (
  id integer NOT NULL DEFAULT nextval('metric_id_seq'::regclass),
  team_id uuid NOT NULL,
  name text NOT NULL,
  goal "Goal" NOT NULL DEFAULT 'NONE'::"Goal",
  CONSTRAINT metric_pkey PRIMARY KEY (id),
  CONSTRAINT metric_team_id_name_key UNIQUE (team_id, name),
  CONSTRAINT metric_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id),
  CONSTRAINT metric_name_length CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);
ALTER TABLE metric ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON metric TO smallbatch_app USING (true);
CREATE POLICY one_team ON metric TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON metric TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON metric TO smallbatch_team;

CREATE TABLE password_link (
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  hash bytea NOT NULL,
  created_by uuid,
  created_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  expires_at timestamp(6) with time zone NOT NULL,
  used_at timestamp(6) with time zone,
  CONSTRAINT password_link_pkey PRIMARY KEY (id),
  CONSTRAINT password_link_hash_key UNIQUE (hash),
  CONSTRAINT password_link_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id),
  CONSTRAINT password_link_created_by_fkey FOREIGN KEY (created_by) REFERENCES member(id)
);
CREATE INDEX password_link_account_id_idx ON password_link USING btree (account_id);
ALTER TABLE password_link ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON password_link TO smallbatch_app USING (true);
CREATE POLICY one_team ON password_link TO smallbatch_team USING ((account_id IN ( SELECT member.account_id FROM member WHERE (member.team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)))));
GRANT DELETE, INSERT, SELECT, UPDATE ON password_link TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON password_link TO smallbatch_team;

CREATE TABLE run (
  id uuid NOT NULL,
  team_id uuid NOT NULL,
  member_id uuid NOT NULL,
  key text NOT NULL,
  sweep_id uuid,
  dataset_id uuid NOT NULL,
  model text NOT NULL,
  width integer NOT NULL,
  batch_size integer NOT NULL,
  batch_schedule jsonb,
  base_learning_rate double precision NOT NULL,
  schedule text NOT NULL,
  warm_up boolean NOT NULL,
  momentum double precision NOT NULL,
  nesterov boolean NOT NULL,
  weight_decay double precision NOT NULL,
  batch_norm boolean NOT NULL,
  batch_norm_scope "BatchNormScope",
  bn_batch integer,
  augmentation boolean NOT NULL,
  budget_unit "BudgetUnit" NOT NULL,
  budget_value double precision NOT NULL,
  seed bigint NOT NULL,
  hyper jsonb NOT NULL DEFAULT '{}'::jsonb,
  info jsonb NOT NULL DEFAULT '{}'::jsonb,
  configuration_hash text NOT NULL,
  setting_hash text NOT NULL,
  trainer_version text NOT NULL,
  duplicate boolean NOT NULL DEFAULT false,
  status "RunStatus" NOT NULL DEFAULT 'WAITING'::"RunStatus",
  diverged boolean NOT NULL DEFAULT false,
  diverged_step bigint,
  reason text,
  bundle_key text NOT NULL,
  queue_rank bigint NOT NULL,
  held boolean NOT NULL DEFAULT false,
  attempt integer NOT NULL DEFAULT 0,
  sequence integer NOT NULL DEFAULT 0,
  lost integer NOT NULL DEFAULT 0,
  worker_id uuid,
  lease_expires_at timestamp(6) with time zone,
  engine text,
  step bigint NOT NULL DEFAULT 0,
  planned_steps bigint NOT NULL,
  samples_seen bigint NOT NULL DEFAULT 0,
  device_seconds double precision NOT NULL DEFAULT 0,
  idempotency_key text,
  created_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  started_at timestamp(6) with time zone,
  ended_at timestamp(6) with time zone,
  evaluate_every integer NOT NULL DEFAULT 1,
  budget_epochs double precision,
  shape_key text NOT NULL DEFAULT ''::text,
  memory_bytes double precision NOT NULL DEFAULT 0,
  measures text NOT NULL DEFAULT ''::text,
  setting_id integer NOT NULL,
  tags text[] NOT NULL DEFAULT '{}'::text[],
  note text,
  locked boolean NOT NULL DEFAULT false,
  CONSTRAINT run_pkey PRIMARY KEY (id),
  CONSTRAINT run_team_id_idempotency_key_key UNIQUE (team_id, idempotency_key),
  CONSTRAINT run_team_id_key_key UNIQUE (team_id, key),
  CONSTRAINT run_dataset_id_fkey FOREIGN KEY (dataset_id) REFERENCES dataset(id),
  CONSTRAINT run_member_id_fkey FOREIGN KEY (member_id) REFERENCES member(id),
  CONSTRAINT run_sweep_id_fkey FOREIGN KEY (sweep_id) REFERENCES sweep(id),
  CONSTRAINT run_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id),
  CONSTRAINT run_worker_id_fkey FOREIGN KEY (worker_id) REFERENCES worker(id),
  CONSTRAINT run_base_learning_rate CHECK (((base_learning_rate > (0)::double precision) AND (base_learning_rate < 'Infinity'::double precision))),
  CONSTRAINT run_batch_norm_scope CHECK (((batch_norm_scope IS NULL) OR batch_norm)),
  CONSTRAINT run_batch_size CHECK ((batch_size >= 1)),
  CONSTRAINT run_bn_batch CHECK (((bn_batch IS NULL) OR (batch_norm AND (bn_batch >= 1) AND ((batch_size % bn_batch) = 0)))),
  CONSTRAINT run_budget CHECK (((budget_value > (0)::double precision) AND (budget_value < 'Infinity'::double precision))),
  CONSTRAINT run_device_seconds CHECK (((device_seconds >= (0)::double precision) AND (device_seconds < 'Infinity'::double precision))),
  CONSTRAINT run_divergence CHECK (((NOT diverged) OR ((status = 'DONE'::"RunStatus") AND (diverged_step IS NOT NULL)))),
  CONSTRAINT run_final CHECK (((status = ANY (ARRAY['WAITING'::"RunStatus", 'RUNNING'::"RunStatus"])) = (ended_at IS NULL))),
  CONSTRAINT run_hyper_flat CHECK (is_flat(hyper)),
  CONSTRAINT run_info_flat CHECK (is_flat(info)),
  CONSTRAINT run_key_length CHECK (((length(key) >= 1) AND (length(key) <= 200))),
  CONSTRAINT run_leased CHECK (((status = 'RUNNING'::"RunStatus") = (lease_expires_at IS NOT NULL))),
  CONSTRAINT run_momentum CHECK (((momentum >= (0)::double precision) AND (momentum < 'Infinity'::double precision))),
  CONSTRAINT run_note_length CHECK (((length(note) >= 1) AND (length(note) <= 10000))),
  CONSTRAINT run_progress CHECK (((step >= 0) AND (planned_steps >= 0) AND (samples_seen >= 0))),
  CONSTRAINT run_tags CHECK (((cardinality(tags) <= 50) AND (array_position(tags, NULL::text) IS NULL))),
  CONSTRAINT run_weight_decay CHECK (((weight_decay >= (0)::double precision) AND (weight_decay < 'Infinity'::double precision))),
  CONSTRAINT run_width CHECK ((width >= 1))
) WITH (autovacuum_vacuum_scale_factor=0.05, fillfactor=80);
CREATE UNIQUE INDEX run_answer ON run USING btree (team_id, configuration_hash) WHERE ((NOT duplicate) AND (status = ANY (ARRAY['WAITING'::"RunStatus", 'RUNNING'::"RunStatus", 'DONE'::"RunStatus", 'PRUNED'::"RunStatus"])));
CREATE INDEX run_axes ON run USING btree (team_id, dataset_id, batch_norm, batch_size) INCLUDE (model, base_learning_rate, seed, status, diverged, duplicate, setting_hash, configuration_hash, key, id);
CREATE INDEX run_diverged ON run USING btree (team_id, setting_id, seed) INCLUDE (duplicate) WHERE diverged;
CREATE INDEX run_lease ON run USING btree (team_id, queue_rank, id) WHERE (status = 'RUNNING'::"RunStatus");
CREATE INDEX run_mates ON run USING btree (team_id, bundle_key, dataset_id, queue_rank, id) WHERE ((status = 'WAITING'::"RunStatus") AND (NOT held));
CREATE INDEX run_member ON run USING btree (team_id, member_id, created_at);
CREATE INDEX run_newest ON run USING btree (team_id, created_at, id);
CREATE INDEX run_queue ON run USING btree (team_id, queue_rank, id) WHERE ((status = 'WAITING'::"RunStatus") AND (NOT held));
CREATE INDEX run_setting ON run USING btree (team_id, setting_id, seed) INCLUDE (status, diverged, duplicate, id);
CREATE INDEX run_status_newest ON run USING btree (team_id, status, created_at, id);
CREATE INDEX run_sweep ON run USING btree (sweep_id);
CREATE INDEX run_tags_used ON run USING gin (tags) WHERE (tags <> '{}'::text[]);
CREATE INDEX run_worker ON run USING btree (worker_id) WHERE (status = 'RUNNING'::"RunStatus");
CREATE TRIGGER own_run_told AFTER INSERT ON run FOR EACH ROW WHEN (((new.sweep_id IS NULL) AND (current_setting('smallbatch.doing'::text, true) IS DISTINCT FROM 'restore'::text))) EXECUTE FUNCTION tell_run();
CREATE TRIGGER run_counts AFTER UPDATE ON run FOR EACH ROW WHEN ((((old.status = 'DONE'::"RunStatus") AND (NOT old.diverged)) IS DISTINCT FROM ((new.status = 'DONE'::"RunStatus") AND (NOT new.diverged)))) EXECUTE FUNCTION count_summaries();
CREATE TRIGGER run_finds_setting BEFORE INSERT ON run FOR EACH ROW EXECUTE FUNCTION find_setting();
CREATE TRIGGER run_leaves_setting AFTER DELETE ON run FOR EACH ROW EXECUTE FUNCTION leave_setting();
CREATE TRIGGER run_told AFTER UPDATE ON run FOR EACH ROW WHEN (((old.status IS DISTINCT FROM new.status) OR (old.attempt IS DISTINCT FROM new.attempt))) EXECUTE FUNCTION tell_run();
ALTER TABLE run ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON run TO smallbatch_app USING (true);
CREATE POLICY one_team ON run TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON run TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON run TO smallbatch_team;

CREATE TABLE run_metric (
  run_id uuid NOT NULL,
  metric_id integer NOT NULL,
  team_id uuid NOT NULL,
  count bigint NOT NULL,
  non_finite_count bigint NOT NULL,
  last double precision NOT NULL,
  last_step bigint NOT NULL,
  min double precision,
  min_step bigint,
  max double precision,
  max_step bigint,
  sum double precision NOT NULL,
  tail double precision[] NOT NULL,
  median_last_5 double precision NOT NULL,
  setting_id integer NOT NULL,
  seed bigint NOT NULL,
  duplicate boolean NOT NULL,
  counted boolean NOT NULL,
  CONSTRAINT run_metric_pkey PRIMARY KEY (run_id, metric_id),
  CONSTRAINT run_metric_metric_id_fkey FOREIGN KEY (metric_id) REFERENCES metric(id),
  CONSTRAINT run_metric_run_id_fkey FOREIGN KEY (run_id) REFERENCES run(id),
  CONSTRAINT run_metric_counts CHECK (((count >= 1) AND ((non_finite_count >= 0) AND (non_finite_count <= count)) AND ((cardinality(tail) >= 1) AND (cardinality(tail) <= 5))))
) WITH (autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_vacuum_scale_factor=0.05, fillfactor=80);
CREATE INDEX run_metric_again ON run_metric USING btree (metric_id, setting_id, seed) WHERE (counted AND duplicate);
CREATE INDEX run_metric_counted ON run_metric USING btree (metric_id, setting_id, seed, duplicate, run_id) INCLUDE (median_last_5, last, min, max, sum, count, non_finite_count, team_id) WHERE counted;
CREATE INDEX run_metric_uncounted ON run_metric USING btree (metric_id, run_id) INCLUDE (team_id) WHERE (NOT counted);
CREATE TRIGGER run_metric_of_run BEFORE INSERT ON run_metric FOR EACH ROW EXECUTE FUNCTION summary_of_run();
ALTER TABLE run_metric ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON run_metric TO smallbatch_app USING (true);
CREATE POLICY one_team ON run_metric TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON run_metric TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON run_metric TO smallbatch_team;

CREATE TABLE rung (
  sweep_id uuid NOT NULL,
  epoch double precision NOT NULL,
  run_id uuid NOT NULL,
  team_id uuid NOT NULL,
  value double precision NOT NULL,
  goes_on boolean NOT NULL,
  CONSTRAINT rung_pkey PRIMARY KEY (sweep_id, epoch, run_id),
  CONSTRAINT rung_run_id_fkey FOREIGN KEY (run_id) REFERENCES run(id),
  CONSTRAINT rung_sweep_id_fkey FOREIGN KEY (sweep_id) REFERENCES sweep(id)
);
ALTER TABLE rung ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON rung TO smallbatch_app USING (true);
CREATE POLICY one_team ON rung TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON rung TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON rung TO smallbatch_team;

CREATE TABLE saved_view (
  id uuid NOT NULL,
  team_id uuid NOT NULL,
  member_id uuid NOT NULL,
  key text NOT NULL,
  name text NOT NULL,
  page "ViewPage" NOT NULL,
  query text NOT NULL,
  shared boolean NOT NULL DEFAULT false,
  created_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT saved_view_pkey PRIMARY KEY (id),
  CONSTRAINT saved_view_member_id_name_key UNIQUE (member_id, name),
  CONSTRAINT saved_view_team_id_key_key UNIQUE (team_id, key),
  CONSTRAINT saved_view_member_id_fkey FOREIGN KEY (member_id) REFERENCES member(id),
  CONSTRAINT saved_view_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id),
  CONSTRAINT saved_view_name_length CHECK (((length(name) >= 1) AND (length(name) <= 200))),
  CONSTRAINT saved_view_query_length CHECK ((length(query) <= 20000))
);
CREATE INDEX saved_view_shared ON saved_view USING btree (team_id, created_at, id) WHERE shared;
ALTER TABLE saved_view ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON saved_view TO smallbatch_app USING (true);
CREATE POLICY one_team ON saved_view TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON saved_view TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON saved_view TO smallbatch_team;

CREATE TABLE session (
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  team_id uuid,
  hash bytea NOT NULL,
  previous_hash bytea,
  created_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  rotated_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  last_seen_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  expires_at timestamp(6) with time zone NOT NULL,
  revoked_at timestamp(6) with time zone,
  method "SignInMethod" NOT NULL,
  address text NOT NULL,
  agent text NOT NULL,
  CONSTRAINT session_pkey PRIMARY KEY (id),
  CONSTRAINT session_hash_key UNIQUE (hash),
  CONSTRAINT session_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id),
  CONSTRAINT session_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id),
  CONSTRAINT session_agent_length CHECK ((length(agent) <= 300))
);
CREATE INDEX session_account_id_created_at_idx ON session USING btree (account_id, created_at);
CREATE INDEX session_previous ON session USING btree (previous_hash) WHERE (previous_hash IS NOT NULL);
ALTER TABLE session ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON session TO smallbatch_app USING (true);
CREATE POLICY one_team ON session TO smallbatch_team USING ((account_id IN ( SELECT member.account_id FROM member WHERE (member.team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)))));
GRANT DELETE, INSERT, SELECT, UPDATE ON session TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON session TO smallbatch_team;

CREATE TABLE setting (
  id integer NOT NULL,
  team_id uuid NOT NULL,
  hash text NOT NULL,
  dataset_id uuid NOT NULL,
  model text NOT NULL,
  width integer NOT NULL,
  batch_size integer NOT NULL,
  batch_schedule jsonb,
  base_learning_rate double precision NOT NULL,
  schedule text NOT NULL,
  warm_up boolean NOT NULL,
  momentum double precision NOT NULL,
  nesterov boolean NOT NULL,
  weight_decay double precision NOT NULL,
  batch_norm boolean NOT NULL,
  batch_norm_scope "BatchNormScope",
  bn_batch integer,
  augmentation boolean NOT NULL,
  budget_unit "BudgetUnit" NOT NULL,
  budget_value double precision NOT NULL,
  budget_epochs double precision,
  evaluate_every integer NOT NULL,
  hyper jsonb NOT NULL,
  trainer_version text NOT NULL,
  CONSTRAINT setting_pkey PRIMARY KEY (id),
  CONSTRAINT setting_team_id_hash_key UNIQUE (team_id, hash),
  CONSTRAINT setting_dataset_id_fkey FOREIGN KEY (dataset_id) REFERENCES dataset(id),
  CONSTRAINT setting_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id)
);
CREATE INDEX setting_team ON setting USING btree (team_id, id);
ALTER TABLE setting ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON setting TO smallbatch_app USING (true);
CREATE POLICY one_team ON setting TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON setting TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON setting TO smallbatch_team;

CREATE TABLE sign_in_try (
  key bytea NOT NULL,
  tries integer NOT NULL,
  since timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT sign_in_try_pkey PRIMARY KEY (key)
);
CREATE INDEX sign_in_try_since_idx ON sign_in_try USING btree (since);
GRANT DELETE, INSERT, SELECT, UPDATE ON sign_in_try TO smallbatch_app;

CREATE TABLE sweep (
  id uuid NOT NULL,
  team_id uuid NOT NULL,
  member_id uuid NOT NULL,
  number integer NOT NULL,
  key text NOT NULL,
  name text NOT NULL,
  definition jsonb NOT NULL,
  strategy text NOT NULL,
  "order" text NOT NULL,
  reuse boolean NOT NULL,
  intent "SweepIntent" NOT NULL DEFAULT 'OPEN'::"SweepIntent",
  cell_count integer NOT NULL,
  created_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  stopping jsonb,
  tags text[] NOT NULL DEFAULT '{}'::text[],
  note text,
  locked boolean NOT NULL DEFAULT false,
  added_seeds bigint[] NOT NULL DEFAULT '{}'::bigint[],
  CONSTRAINT sweep_pkey PRIMARY KEY (id),
  CONSTRAINT sweep_team_id_key_key UNIQUE (team_id, key),
  CONSTRAINT sweep_team_id_number_key UNIQUE (team_id, number),
  CONSTRAINT sweep_member_id_fkey FOREIGN KEY (member_id) REFERENCES member(id),
  CONSTRAINT sweep_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id),
  CONSTRAINT sweep_cell_count CHECK ((cell_count >= 1)),
  CONSTRAINT sweep_name_length CHECK (((length(name) >= 1) AND (length(name) <= 100))),
  CONSTRAINT sweep_note_length CHECK (((length(note) >= 1) AND (length(note) <= 10000))),
  CONSTRAINT sweep_tags CHECK (((cardinality(tags) <= 50) AND (array_position(tags, NULL::text) IS NULL)))
);
CREATE INDEX sweep_locked ON sweep USING btree (team_id) WHERE locked;
CREATE INDEX sweep_newest ON sweep USING btree (team_id, created_at, id);
CREATE TRIGGER sweep_told AFTER INSERT OR UPDATE OF intent ON sweep FOR EACH ROW EXECUTE FUNCTION tell_sweep();
ALTER TABLE sweep ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON sweep TO smallbatch_app USING (true);
CREATE POLICY one_team ON sweep TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON sweep TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON sweep TO smallbatch_team;

CREATE TABLE team (
  id uuid NOT NULL,
  key text NOT NULL,
  name text NOT NULL,
  created_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT team_pkey PRIMARY KEY (id),
  CONSTRAINT team_key_key UNIQUE (key),
  CONSTRAINT team_key CHECK ((key ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text)),
  CONSTRAINT team_name_length CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);
ALTER TABLE team ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON team TO smallbatch_app USING (true);
CREATE POLICY one_team ON team TO smallbatch_team USING ((id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON team TO smallbatch_app;
GRANT SELECT ON team TO smallbatch_team;
GRANT UPDATE (name) ON team TO smallbatch_team;

CREATE TABLE token (
  id uuid NOT NULL,
  team_id uuid NOT NULL,
  member_id uuid NOT NULL,
  name text NOT NULL,
  prefix text NOT NULL,
  hash bytea NOT NULL,
  scopes "Scope"[] NOT NULL,
  created_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  expires_at timestamp(6) with time zone,
  last_used_at timestamp(6) with time zone,
  revoked_at timestamp(6) with time zone,
  CONSTRAINT token_pkey PRIMARY KEY (id),
  CONSTRAINT token_hash_key UNIQUE (hash),
  CONSTRAINT token_member_id_fkey FOREIGN KEY (member_id) REFERENCES member(id),
  CONSTRAINT token_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id),
  CONSTRAINT token_hash CHECK ((octet_length(hash) = 32)),
  CONSTRAINT token_name_length CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);
CREATE INDEX token_team_id_created_at_idx ON token USING btree (team_id, created_at);
ALTER TABLE token ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON token TO smallbatch_app USING (true);
CREATE POLICY one_team ON token TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON token TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON token TO smallbatch_team;

CREATE TABLE upload (
  team_id uuid NOT NULL,
  id text NOT NULL,
  records bigint NOT NULL DEFAULT 0,
  refused jsonb NOT NULL DEFAULT '{}'::jsonb,
  created_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT upload_pkey PRIMARY KEY (team_id, id),
  CONSTRAINT upload_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id),
  CONSTRAINT upload_id_length CHECK (((length(id) >= 1) AND (length(id) <= 100))),
  CONSTRAINT upload_records CHECK ((records >= 0))
);
CREATE INDEX upload_updated_at_idx ON upload USING btree (updated_at);
ALTER TABLE upload ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON upload TO smallbatch_app USING (true);
CREATE POLICY one_team ON upload TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON upload TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON upload TO smallbatch_team;

CREATE TABLE webhook (
  id uuid NOT NULL,
  team_id uuid NOT NULL,
  url text NOT NULL,
  kinds "WebhookKind"[] NOT NULL,
  active boolean NOT NULL DEFAULT true,
  secret text NOT NULL,
  previous_secret text,
  rotated_at timestamp(6) with time zone,
  created_by uuid,
  created_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  since timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT webhook_pkey PRIMARY KEY (id),
  CONSTRAINT webhook_created_by_fkey FOREIGN KEY (created_by) REFERENCES member(id),
  CONSTRAINT webhook_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id)
);
CREATE INDEX webhook_team ON webhook USING btree (team_id, created_at);
CREATE TRIGGER webhook_rotated BEFORE UPDATE OF secret ON webhook FOR EACH ROW EXECUTE FUNCTION keep_previous_secret();
ALTER TABLE webhook ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON webhook TO smallbatch_app USING (true);
CREATE POLICY one_team ON webhook TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON webhook TO smallbatch_app;
GRANT DELETE, INSERT, UPDATE ON webhook TO smallbatch_team;
GRANT SELECT (id) ON webhook TO smallbatch_team;
GRANT SELECT (team_id) ON webhook TO smallbatch_team;
GRANT SELECT (url) ON webhook TO smallbatch_team;
GRANT SELECT (kinds) ON webhook TO smallbatch_team;
GRANT SELECT (active) ON webhook TO smallbatch_team;
GRANT SELECT (rotated_at) ON webhook TO smallbatch_team;
GRANT SELECT (created_by) ON webhook TO smallbatch_team;
GRANT SELECT (created_at) ON webhook TO smallbatch_team;
GRANT SELECT (since) ON webhook TO smallbatch_team;

CREATE TABLE webhook_delivery (
  id uuid NOT NULL,
  team_id uuid NOT NULL,
  webhook_id uuid NOT NULL,
  happening text NOT NULL,
  kind "WebhookKind",
  body text NOT NULL,
  status "DeliveryStatus" NOT NULL DEFAULT 'WAITING'::"DeliveryStatus",
  tries integer NOT NULL DEFAULT 0,
  next_try_at timestamp(6) with time zone DEFAULT CURRENT_TIMESTAMP,
  tried_at timestamp(6) with time zone,
  http_status integer,
  error text,
  created_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT webhook_delivery_pkey PRIMARY KEY (id),
  CONSTRAINT webhook_delivery_once UNIQUE (webhook_id, happening),
  CONSTRAINT webhook_delivery_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id),
  CONSTRAINT webhook_delivery_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhook(id) ON DELETE CASCADE,
  CONSTRAINT webhook_delivery_waits CHECK (((status = 'WAITING'::"DeliveryStatus") = (next_try_at IS NOT NULL)))
);
CREATE INDEX webhook_delivery_due ON webhook_delivery USING btree (webhook_id, next_try_at) WHERE (status = 'WAITING'::"DeliveryStatus");
CREATE INDEX webhook_delivery_newest ON webhook_delivery USING btree (webhook_id, created_at);
CREATE INDEX webhook_delivery_old ON webhook_delivery USING btree (created_at);
ALTER TABLE webhook_delivery ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON webhook_delivery TO smallbatch_app USING (true);
CREATE POLICY one_team ON webhook_delivery TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON webhook_delivery TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON webhook_delivery TO smallbatch_team;

CREATE TABLE webhook_reader (
  team_id uuid NOT NULL,
  seen text NOT NULL,
  looked_at timestamp(6) with time zone NOT NULL DEFAULT '-infinity'::timestamp with time zone,
  CONSTRAINT webhook_reader_pkey PRIMARY KEY (team_id),
  CONSTRAINT webhook_reader_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id)
);
ALTER TABLE webhook_reader ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON webhook_reader TO smallbatch_app USING (true);
CREATE POLICY one_team ON webhook_reader TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON webhook_reader TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON webhook_reader TO smallbatch_team;

CREATE TABLE worker (
  id uuid NOT NULL,
  team_id uuid NOT NULL,
  member_id uuid NOT NULL,
  name text NOT NULL,
  host text NOT NULL,
  pid integer NOT NULL,
  engine text NOT NULL,
  device text NOT NULL,
  versions jsonb NOT NULL,
  trainer_version text NOT NULL,
  samples_per_second double precision NOT NULL DEFAULT 0,
  started_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  last_seen_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  stopped_at timestamp(6) with time zone,
  memory_bytes double precision NOT NULL DEFAULT 0,
  datasets text[] NOT NULL DEFAULT '{}'::text[],
  gpu jsonb,
  CONSTRAINT worker_pkey PRIMARY KEY (id),
  CONSTRAINT worker_member_id_fkey FOREIGN KEY (member_id) REFERENCES member(id),
  CONSTRAINT worker_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id),
  CONSTRAINT worker_name_length CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);
CREATE INDEX worker_own ON worker USING btree (member_id, name, engine) WHERE (trainer_version = 'own'::text);
CREATE INDEX worker_team_id_last_seen_at_idx ON worker USING btree (team_id, last_seen_at);
CREATE TRIGGER worker_started_told AFTER INSERT ON worker FOR EACH ROW WHEN ((new.trainer_version <> 'own'::text)) EXECUTE FUNCTION tell_worker();
CREATE TRIGGER worker_stopped_told AFTER UPDATE OF stopped_at ON worker FOR EACH ROW WHEN (((old.stopped_at IS NULL) AND (new.stopped_at IS NOT NULL) AND (new.trainer_version <> 'own'::text))) EXECUTE FUNCTION tell_worker();
ALTER TABLE worker ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON worker TO smallbatch_app USING (true);
CREATE POLICY one_team ON worker TO smallbatch_team USING ((team_id = ( SELECT (current_setting('smallbatch.team'::text))::uuid AS current_setting)));
GRANT DELETE, INSERT, SELECT, UPDATE ON worker TO smallbatch_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON worker TO smallbatch_team;

GRANT USAGE ON SEQUENCE deletion_number TO smallbatch_app;
GRANT USAGE ON SEQUENCE deletion_number TO smallbatch_team;
GRANT USAGE ON SEQUENCE event_id_seq TO smallbatch_app;
GRANT USAGE ON SEQUENCE event_id_seq TO smallbatch_team;
GRANT USAGE ON SEQUENCE metric_id_seq TO smallbatch_app;
GRANT USAGE ON SEQUENCE metric_id_seq TO smallbatch_team;
GRANT USAGE ON SEQUENCE own_run_number TO smallbatch_app;
GRANT USAGE ON SEQUENCE own_run_number TO smallbatch_team;
GRANT USAGE ON SEQUENCE saved_view_number TO smallbatch_app;
GRANT USAGE ON SEQUENCE saved_view_number TO smallbatch_team;
GRANT USAGE ON SEQUENCE setting_id_seq TO smallbatch_app;
GRANT USAGE ON SEQUENCE setting_id_seq TO smallbatch_team;
GRANT USAGE ON SEQUENCE upload_part TO smallbatch_app;
GRANT USAGE ON SEQUENCE upload_part TO smallbatch_team;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT DELETE, INSERT, SELECT, UPDATE ON TABLES TO smallbatch_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT DELETE, INSERT, SELECT, UPDATE ON TABLES TO smallbatch_team;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO smallbatch_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO smallbatch_team;

-- One row for each cell of each sweep, and the run that answers it. One run may answer cells of several sweeps.
VIEW analysis.cell (
  team text -- Key of the team.
  sweep_key text -- Key of the sweep.
  "position" integer -- Its place in the sweep, from 1.
  run_key text -- Key of the run that answers it.
  run_status text -- Where that run stands.
  reused boolean -- Whether the run was not created by this sweep.
  configuration_hash text -- Of the configuration that it asks for.
);
GRANT SELECT ON analysis.cell TO smallbatch_read;

-- One row a point. Ask for few runs at a time: WHERE run_key = … AND metric = … reads their chunks alone. Rows come in no order: ORDER BY step.
VIEW analysis.point (
  team text -- Key of the team.
  run_key text -- Key of the run.
  metric text -- Name of the metric.
  step bigint -- Steps done.
  epoch real -- Epochs done; null where not reported.
  samples_seen bigint -- Samples trained on; null where not reported.
  wall_time real -- Seconds since the run's first attempt began.
  value double precision -- The value, which may be NaN or infinite.
);
GRANT SELECT ON analysis.point TO smallbatch_read;

-- One row a run: its settings, where it stands, what it cost.
VIEW analysis.run (
  team text -- Key of the team whose it is.
  key text -- Key of the run; unique in its team. The other views call it run_key.
  member text -- Key of the member whose it is.
  sweep text -- Key of the sweep that created it; null for a run without one. Which sweeps it answers is in analysis.cell.
  status text -- WAITING, RUNNING, DONE, PRUNED, FAILED or CANCELLED.
  diverged boolean -- Whether it diverged: a result, not a failure. Only DONE runs that did not diverge have a value for statistics.
  diverged_step bigint -- The step at which it diverged.
  reason text -- Why it failed or was cancelled.
  duplicate boolean -- Whether it was trained again on purpose; statistics count one run of a configuration.
  dataset text -- Name of the data set.
  dataset_hash text -- SHA-256 of its content.
  model text -- Model.
  width integer -- Channels of the first stage.
  batch_size integer -- m.
  batch_schedule jsonb -- How m changes during the run; null where it does not.
  base_learning_rate double precision -- η̃ = η / m.
  learning_rate double precision -- η = η̃·m, before warm-up and schedule.
  schedule jsonb -- How η falls.
  warm_up boolean -- Whether it warms up.
  momentum double precision -- μ.
  nesterov boolean -- Nesterov's look-ahead.
  weight_decay double precision -- λ.
  batch_norm boolean -- Batch norm (BN).
  batch_norm_scope text -- CONV or ALL; null where it cannot differ.
  bn_batch integer -- Samples that BN statistics are over; null: the whole batch.
  augmentation boolean -- Augmentation.
  budget_unit text -- EPOCHS, STEPS or GOAL_ERROR.
  budget_value double precision -- How many; of GOAL_ERROR the test error that ends the run.
  budget_epochs double precision -- Most epochs of a run with a goal error.
  evaluate_every integer -- Epochs between evaluations.
  seed bigint -- Of its random numbers.
  hyper jsonb -- Free parameters of the configuration, a flat object.
  info jsonb -- Free parameters beside it, a flat object.
  configuration_hash text -- SHA-256 of everything that fixes the training.
  setting_hash text -- The same without the seed: runs that differ in their seed alone share it.
  trainer_version text -- The trainer's semantic version.
  engine text -- What executed its steps last.
  attempt integer -- Number of its latest attempt; 0 before the first.
  step bigint -- Steps done.
  planned_steps bigint -- Steps that its budget allows.
  samples_seen bigint -- Samples trained on.
  device_seconds double precision -- Its share of its bundle's device-seconds: what it cost.
  created_at timestamp(6) with time zone -- When it was created.
  started_at timestamp(6) with time zone -- When its first attempt began.
  ended_at timestamp(6) with time zone -- When it ended.
);
GRANT SELECT ON analysis.run TO smallbatch_read;

-- One row for each metric of each run, kept when points are written. NaN and the infinities are values of last and median_last_5, and enter nothing else.
VIEW analysis.summary (
  team text -- Key of the team.
  run_key text -- Key of the run.
  metric text -- Name of the metric.
  goal text -- MAXIMISE, MINIMISE or NONE.
  count bigint -- Points.
  non_finite_count bigint -- Points that are NaN or infinite.
  last double precision -- At the last step.
  last_step bigint -- The last step.
  best double precision -- Best by the metric's goal; null without one.
  best_step bigint -- The step of the best.
  min double precision -- Least finite value.
  min_step bigint -- Its step.
  max double precision -- Greatest finite value.
  max_step bigint -- Its step.
  mean double precision -- Mean of the finite values.
  median_last_5 double precision -- Median of the last five evaluations; NaN where one of them is not finite.
  median_of integer -- How many evaluations that median is of: 5, or fewer.
);
GRANT SELECT ON analysis.summary TO smallbatch_read;

-- One row a sweep. Where it stands follows from its cells: count analysis.cell by run_status.
VIEW analysis.sweep (
  team text -- Key of the team.
  key text -- Key of the sweep; unique in its team. The other views call it sweep_key.
  name text -- Its name.
  member text -- Key of the member whose it is.
  intent text -- OPEN, PAUSED or CANCELLED: what its maker wants of it.
  strategy text -- How its cells were chosen.
  run_order text -- shuffled or listed.
  reuse boolean -- Whether it takes runs that are there already.
  cell_count integer -- Cells that it has.
  created_at timestamp(6) with time zone -- When it was created.
);
GRANT SELECT ON analysis.sweep TO smallbatch_read;
