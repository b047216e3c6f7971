-- How runs of a sweep are stopped early, and what each had reached where that is decided. A decision stands: it is read again
-- when the answer to a heartbeat was lost.
ALTER TABLE "sweep" ADD COLUMN "stopping" jsonb;

CREATE TABLE "rung" (
  "sweep_id" uuid NOT NULL REFERENCES "sweep" ("id"),
  "epoch" double precision NOT NULL,
  "run_id" uuid NOT NULL REFERENCES "run" ("id"),
  "team_id" uuid NOT NULL,
  "value" double precision NOT NULL,
  "goes_on" boolean NOT NULL,
  PRIMARY KEY ("sweep_id", "epoch", "run_id")
);
