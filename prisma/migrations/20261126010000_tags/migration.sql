-- Words that people put on runs and sweeps to find them again, in the order of their letters, each once; and a note.
ALTER TABLE "run" ADD COLUMN "tags" text[] NOT NULL DEFAULT '{}', ADD COLUMN "note" text,
  ADD CONSTRAINT "run_tags" CHECK (cardinality("tags") <= 50 AND array_position("tags", NULL) IS NULL),
  ADD CONSTRAINT "run_note_length" CHECK (length("note") BETWEEN 1 AND 10000);
ALTER TABLE "sweep" ADD COLUMN "tags" text[] NOT NULL DEFAULT '{}', ADD COLUMN "note" text,
  ADD CONSTRAINT "sweep_tags" CHECK (cardinality("tags") <= 50 AND array_position("tags", NULL) IS NULL),
  ADD CONSTRAINT "sweep_note_length" CHECK (length("note") BETWEEN 1 AND 10000);

-- Only of runs that have tags: the others, nearly all, cost it nothing.
CREATE INDEX "run_tags_used" ON "run" USING gin ("tags") WHERE "tags" <> '{}';

-- The values that do not count in statistics (of runs that train, diverged or failed), for filters and orders by a metric. It has
-- no value in it, so that a report, which changes values alone, does not write to it.
CREATE INDEX "run_metric_uncounted" ON "run_metric" ("metric_id", "run_id") WHERE NOT "counted";
