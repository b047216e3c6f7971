-- What the trainer needs to know of a run: how often it is evaluated, what is measured beside, what shapes its step and how much
-- memory that takes; and of a worker: what it has.
ALTER TABLE "run"
  ADD COLUMN "evaluate_every" integer NOT NULL DEFAULT 1,
  ADD COLUMN "budget_epochs" double precision,
  ADD COLUMN "shape_key" text NOT NULL DEFAULT '',
  ADD COLUMN "memory_bytes" double precision NOT NULL DEFAULT 0,
  ADD COLUMN "measures" text NOT NULL DEFAULT '';

ALTER TABLE "worker"
  ADD COLUMN "memory_bytes" double precision NOT NULL DEFAULT 0,
  ADD COLUMN "datasets" text[] NOT NULL DEFAULT '{}',
  ADD COLUMN "gpu" jsonb;
