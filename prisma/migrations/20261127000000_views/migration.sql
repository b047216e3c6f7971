-- A view of the dashboard that somebody has given a name: its page and the search string of its address, which is the whole view.
CREATE TYPE "ViewPage" AS ENUM ('EXPLORE', 'PIVOT', 'RUNS', 'SWEEP', 'RUN', 'COMPARE', 'TEAM');
CREATE SEQUENCE "saved_view_number";
GRANT USAGE ON SEQUENCE "saved_view_number" TO smallbatch_app;
CREATE TABLE "saved_view" (
  "id" uuid NOT NULL PRIMARY KEY,
  "team_id" uuid NOT NULL REFERENCES "team" ("id"),
  "member_id" uuid NOT NULL REFERENCES "member" ("id"),
  "key" text NOT NULL,
  "name" text NOT NULL,
  "page" "ViewPage" NOT NULL,
  "query" text NOT NULL,
  "shared" boolean NOT NULL DEFAULT false,
  "created_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updated_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "saved_view_team_id_key_key" UNIQUE ("team_id", "key"),
  CONSTRAINT "saved_view_member_id_name_key" UNIQUE ("member_id", "name"),
  CONSTRAINT "saved_view_name_length" CHECK (length("name") BETWEEN 1 AND 200),
  CONSTRAINT "saved_view_query_length" CHECK (length("query") <= 20000)
);
-- Those of the team in the order in which they are listed; own ones are found by the name's index.
CREATE INDEX "saved_view_shared" ON "saved_view" ("team_id", "created_at", "id") WHERE "shared";
