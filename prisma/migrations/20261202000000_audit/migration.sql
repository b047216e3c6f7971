-- Who did what, when and from where. Names are kept as they were then; no secret stands in it.
CREATE TYPE "AuditVia" AS ENUM ('SESSION', 'TOKEN', 'LOCAL', 'OPERATOR', 'NOBODY');
CREATE TYPE "AuditOutcome" AS ENUM ('DONE', 'REFUSED');
CREATE TABLE "audit_entry" (
  "id" uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
  -- Null: of no team, such as a failed sign-in of an unknown address.
  "team_id" uuid REFERENCES "team" ("id"),
  "at" timestamptz(6) NOT NULL DEFAULT clock_timestamp(),
  "via" "AuditVia" NOT NULL,
  "account_id" uuid,
  "member_id" uuid,
  "who" text,
  "token_id" uuid,
  "token" text,
  "session_id" uuid,
  "address" text,
  "agent" text,
  "action" text NOT NULL,
  "outcome" "AuditOutcome" NOT NULL,
  "kind" text,
  "key" text,
  "thing_id" uuid,
  "count" integer,
  "detail" jsonb NOT NULL DEFAULT '{}',
  "request_id" text,
  CONSTRAINT "audit_entry_short" CHECK (length("agent") <= 120 AND length("address") <= 100 AND length("key") <= 300 AND length("request_id") <= 100 AND length("detail"::text) <= 10000)
);
CREATE INDEX "audit_entry_newest" ON "audit_entry" ("team_id", "at" DESC, "id" DESC);
CREATE INDEX "audit_entry_at" ON "audit_entry" ("at");

-- The application adds entries and reads them, and says nothing of when: what is written stays, as it was, until the owner of the
-- table drops what is old.
REVOKE ALL ON "audit_entry" FROM smallbatch_app, smallbatch_team;
GRANT SELECT ON "audit_entry" TO smallbatch_app, smallbatch_team;
GRANT INSERT ("team_id", "via", "account_id", "member_id", "who", "token_id", "token", "session_id", "address", "agent", "action",
  "outcome", "kind", "key", "thing_id", "count", "detail", "request_id") ON "audit_entry" TO smallbatch_app, smallbatch_team;
ALTER TABLE "audit_entry" ENABLE ROW LEVEL SECURITY;
CREATE POLICY every_team ON "audit_entry" TO smallbatch_app USING (true);
CREATE POLICY one_team ON "audit_entry" TO smallbatch_team USING ("team_id" = (SELECT current_setting('smallbatch.team')::uuid));
