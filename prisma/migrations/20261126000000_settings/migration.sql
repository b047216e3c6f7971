-- Statistics are made of settings: each is written down once, under a small number, and a run's summary carries the number and
-- the seed, so that a metric's values are read in the order of settings and seeds from one index, without the runs.
CREATE TABLE "setting" (
  "id" integer NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "team_id" uuid NOT NULL REFERENCES "team" ("id"),
  "hash" text NOT NULL,
  "dataset_id" uuid NOT NULL REFERENCES "dataset" ("id"),
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
  "budget_epochs" double precision,
  "evaluate_every" integer NOT NULL,
  "hyper" jsonb NOT NULL,
  "trainer_version" text NOT NULL,
  CONSTRAINT "setting_team_id_hash_key" UNIQUE ("team_id", "hash")
);

-- No foreign key: its check would look for runs by this column alone, which no index begins with; two triggers hold it true.
ALTER TABLE "run" ADD COLUMN "setting_id" integer;
ALTER TABLE "run_metric"
  ADD COLUMN "setting_id" integer,
  ADD COLUMN "seed" bigint,
  ADD COLUMN "duplicate" boolean,
  ADD COLUMN "counted" boolean;

INSERT INTO "setting" ("team_id", "hash", "dataset_id", "model", "width", "batch_size", "batch_schedule", "base_learning_rate", "schedule", "warm_up",
    "momentum", "nesterov", "weight_decay", "batch_norm", "batch_norm_scope", "bn_batch", "augmentation", "budget_unit", "budget_value",
    "budget_epochs", "evaluate_every", "hyper", "trainer_version")
  SELECT DISTINCT ON ("team_id", "setting_hash") "team_id", "setting_hash", "dataset_id", "model", "width", "batch_size", "batch_schedule",
    "base_learning_rate", "schedule", "warm_up", "momentum", "nesterov", "weight_decay", "batch_norm", "batch_norm_scope", "bn_batch",
    "augmentation", "budget_unit", "budget_value", "budget_epochs", "evaluate_every", "hyper", "trainer_version"
  FROM "run" ORDER BY "team_id", "setting_hash", "id";
UPDATE "run" SET "setting_id" = t."id" FROM "setting" t WHERE t."team_id" = "run"."team_id" AND t."hash" = "run"."setting_hash";
UPDATE "run_metric" SET "setting_id" = r."setting_id", "seed" = r."seed", "duplicate" = r."duplicate", "counted" = r."status" = 'DONE' AND NOT r."diverged"
  FROM "run" r WHERE r."id" = "run_metric"."run_id";
ALTER TABLE "run" ALTER COLUMN "setting_id" SET NOT NULL;
ALTER TABLE "run_metric"
  ALTER COLUMN "setting_id" SET NOT NULL,
  ALTER COLUMN "seed" SET NOT NULL,
  ALTER COLUMN "duplicate" SET NOT NULL,
  ALTER COLUMN "counted" SET NOT NULL;

-- A run finds its setting, or is the first of it, whoever writes it.
CREATE FUNCTION "find_setting"() RETURNS trigger LANGUAGE plpgsql AS $$
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
END $$;
CREATE TRIGGER "run_finds_setting" BEFORE INSERT ON "run" FOR EACH ROW EXECUTE FUNCTION "find_setting"();

-- A setting is there as long as a run is of it. (Whoever writes or deletes runs holds a lock of the team, so none comes meanwhile.)
CREATE FUNCTION "leave_setting"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM setting WHERE id = OLD.setting_id
    AND NOT EXISTS (SELECT FROM run WHERE team_id = OLD.team_id AND setting_id = OLD.setting_id);
  RETURN NULL;
END $$;
CREATE TRIGGER "run_leaves_setting" AFTER DELETE ON "run" FOR EACH ROW EXECUTE FUNCTION "leave_setting"();

-- A summary carries what statistics ask of its run, whoever writes it: its setting and seed, and whether its value counts.
CREATE FUNCTION "summary_of_run"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT r.setting_id, r.seed, r.duplicate, r.status = 'DONE' AND NOT r.diverged
    INTO NEW.setting_id, NEW.seed, NEW.duplicate, NEW.counted FROM run r WHERE r.id = NEW.run_id;
  RETURN NEW;
END $$;
CREATE TRIGGER "run_metric_of_run" BEFORE INSERT ON "run_metric" FOR EACH ROW EXECUTE FUNCTION "summary_of_run"();

CREATE FUNCTION "count_summaries"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE run_metric SET counted = (NEW.status = 'DONE' AND NOT NEW.diverged) WHERE run_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER "run_counts" AFTER UPDATE ON "run" FOR EACH ROW
  WHEN ((OLD.status = 'DONE' AND NOT OLD.diverged) IS DISTINCT FROM (NEW.status = 'DONE' AND NOT NEW.diverged))
  EXECUTE FUNCTION "count_summaries"();

-- The values of a metric that count. It has no rows of runs that train, whose summaries change at each report.
DROP INDEX "run_metric_value";
CREATE INDEX "run_metric_counted" ON "run_metric" ("metric_id", "setting_id", "seed", "duplicate", "run_id")
  INCLUDE ("median_last_5", "last", "min", "max", "sum", "count", "non_finite_count") WHERE "counted";
CREATE INDEX "run_metric_again" ON "run_metric" ("metric_id", "setting_id", "seed") WHERE "counted" AND "duplicate";
DROP INDEX "run_setting";
CREATE INDEX "run_setting" ON "run" ("team_id", "setting_id", "seed") INCLUDE ("status", "diverged", "duplicate", "id");
CREATE INDEX "run_diverged" ON "run" ("team_id", "setting_id", "seed") INCLUDE ("duplicate") WHERE "diverged";
CREATE INDEX "run_member" ON "run" ("team_id", "member_id");
