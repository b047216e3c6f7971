-- Addresses outside that are told what happens, and what is told to them.
CREATE TYPE "WebhookKind" AS ENUM ('SWEEP_ENDED', 'SWEEP_FAILED', 'SWEEP_STUCK', 'WORKER_LOST', 'MENTIONED');
CREATE TABLE "webhook" (
  "id" uuid NOT NULL PRIMARY KEY,
  "team_id" uuid NOT NULL REFERENCES "team" ("id"),
  "url" text NOT NULL,
  "kinds" "WebhookKind"[] NOT NULL,
  "active" boolean NOT NULL DEFAULT true,
  "secret" text NOT NULL,
  "previous_secret" text,
  "rotated_at" timestamptz(6),
  "created_by" uuid REFERENCES "member" ("id"),
  "created_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  -- What happened before is not told.
  "since" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX "webhook_team" ON "webhook" ("team_id", "created_at");

-- Signing needs the secret itself. What acts for a team writes it and cannot read it: the one before is kept by the database.
REVOKE SELECT ON "webhook" FROM smallbatch_team;
GRANT SELECT ("id", "team_id", "url", "kinds", "active", "rotated_at", "created_by", "created_at", "since") ON "webhook" TO smallbatch_team;
CREATE FUNCTION "keep_previous_secret"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.previous_secret := OLD.secret;
  NEW.rotated_at := now();
  RETURN NEW;
END $$;
CREATE TRIGGER "webhook_rotated" BEFORE UPDATE OF "secret" ON "webhook" FOR EACH ROW EXECUTE FUNCTION "keep_previous_secret"();

CREATE TYPE "DeliveryStatus" AS ENUM ('WAITING', 'DELIVERED', 'GIVEN_UP');
CREATE TABLE "webhook_delivery" (
  "id" uuid NOT NULL PRIMARY KEY,
  "team_id" uuid NOT NULL REFERENCES "team" ("id"),
  "webhook_id" uuid NOT NULL REFERENCES "webhook" ("id") ON DELETE CASCADE,
  -- What happened, by a name of its own: told once to each webhook, whoever finds it, and however often.
  "happening" text NOT NULL,
  -- Null: a test.
  "kind" "WebhookKind",
  "body" text NOT NULL,
  "status" "DeliveryStatus" NOT NULL DEFAULT 'WAITING',
  "tries" integer NOT NULL DEFAULT 0,
  -- Of what waits: when it is tried next; while it is tried, when another process may think that the one that does has died.
  "next_try_at" timestamptz(6) DEFAULT CURRENT_TIMESTAMP,
  "tried_at" timestamptz(6),
  "http_status" integer,
  "error" text,
  "created_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "webhook_delivery_once" UNIQUE ("webhook_id", "happening"),
  CONSTRAINT "webhook_delivery_waits" CHECK (("status" = 'WAITING') = ("next_try_at" IS NOT NULL))
);
CREATE INDEX "webhook_delivery_due" ON "webhook_delivery" ("webhook_id", "next_try_at") WHERE "status" = 'WAITING';
CREATE INDEX "webhook_delivery_newest" ON "webhook_delivery" ("webhook_id", "created_at");
CREATE INDEX "webhook_delivery_old" ON "webhook_delivery" ("created_at");

-- How far the log of events of a team with webhooks is read, as a snapshot, and when somebody looked last for what no event tells of.
CREATE TABLE "webhook_reader" (
  "team_id" uuid NOT NULL PRIMARY KEY REFERENCES "team" ("id"),
  "seen" text NOT NULL,
  "looked_at" timestamptz(6) NOT NULL DEFAULT '-infinity'
);

DO $$
DECLARE
  own text;
BEGIN
  FOREACH own IN ARRAY '{webhook,webhook_delivery,webhook_reader}'::text[] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', own);
    EXECUTE format('CREATE POLICY every_team ON %I TO smallbatch_app USING (true)', own);
    EXECUTE format('CREATE POLICY one_team ON %I TO smallbatch_team USING (team_id = (SELECT current_setting(''smallbatch.team'')::uuid))', own);
  END LOOP;
END $$;

-- Somebody was named in the note of a run or a sweep.
ALTER TYPE "EventKind" ADD VALUE 'MENTIONED';
ALTER TABLE "event" ADD COLUMN "mentioned_id" uuid;
CREATE INDEX "event_mentioned" ON "event" ("mentioned_id", "xid", "id") WHERE "mentioned_id" IS NOT NULL;
