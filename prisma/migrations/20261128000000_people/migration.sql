-- People sign in. An e-mail address is stored as it was typed, and is one address however it is written.
ALTER TABLE "account" DROP CONSTRAINT "account_email_key";
CREATE UNIQUE INDEX "account_email" ON "account" (lower("email"));
ALTER TABLE "account" ADD COLUMN "password" text, ADD COLUMN "disabled_at" timestamptz(6);

-- Who left keeps runs, and has no rights.
ALTER TABLE "member" ADD COLUMN "left_at" timestamptz(6);
CREATE INDEX "member_account_id_idx" ON "member" ("account_id");

-- A browser that is signed in. Of its secret only the SHA-256 is kept; the one before is good for a minute more, for requests
-- that were on their way when it changed.
CREATE TYPE "SignInMethod" AS ENUM ('PASSWORD', 'OIDC', 'LINK');
CREATE TABLE "session" (
  "id" uuid NOT NULL PRIMARY KEY,
  "account_id" uuid NOT NULL REFERENCES "account" ("id"),
  "team_id" uuid REFERENCES "team" ("id"),
  "hash" bytea NOT NULL,
  "previous_hash" bytea,
  "created_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "rotated_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "last_seen_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "expires_at" timestamptz(6) NOT NULL,
  "revoked_at" timestamptz(6),
  "method" "SignInMethod" NOT NULL,
  "address" text NOT NULL,
  "agent" text NOT NULL,
  CONSTRAINT "session_hash_key" UNIQUE ("hash"),
  CONSTRAINT "session_agent_length" CHECK (length("agent") <= 300)
);
CREATE INDEX "session_previous" ON "session" ("previous_hash") WHERE "previous_hash" IS NOT NULL;
CREATE INDEX "session_account_id_created_at_idx" ON "session" ("account_id", "created_at");

-- A link by which somebody joins a team, once.
CREATE TABLE "invitation" (
  "id" uuid NOT NULL PRIMARY KEY,
  "team_id" uuid NOT NULL REFERENCES "team" ("id"),
  "role" "Role" NOT NULL,
  "email" text,
  "name" text,
  "hash" bytea NOT NULL,
  "created_by" uuid REFERENCES "member" ("id"),
  "created_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "expires_at" timestamptz(6) NOT NULL,
  "used_at" timestamptz(6),
  "account_id" uuid REFERENCES "account" ("id"),
  "revoked_at" timestamptz(6),
  CONSTRAINT "invitation_hash_key" UNIQUE ("hash")
);
CREATE INDEX "invitation_team_id_created_at_idx" ON "invitation" ("team_id", "created_at");

-- A link by which somebody sets a new password, once.
CREATE TABLE "password_link" (
  "id" uuid NOT NULL PRIMARY KEY,
  "account_id" uuid NOT NULL REFERENCES "account" ("id"),
  "hash" bytea NOT NULL,
  "created_by" uuid REFERENCES "member" ("id"),
  "created_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "expires_at" timestamptz(6) NOT NULL,
  "used_at" timestamptz(6),
  CONSTRAINT "password_link_hash_key" UNIQUE ("hash")
);
CREATE INDEX "password_link_account_id_idx" ON "password_link" ("account_id");

-- Who an account is at a provider of OpenID Connect.
CREATE TABLE "external_identity" (
  "issuer" text NOT NULL,
  "subject" text NOT NULL,
  "account_id" uuid NOT NULL REFERENCES "account" ("id"),
  "created_at" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY ("issuer", "subject")
);
CREATE INDEX "external_identity_account_id_idx" ON "external_identity" ("account_id");

-- How often a password was tried lately, by a SHA-256 of the e-mail address and of the address it came from: no journal of who tried
-- what, and no long texts. Nothing here is worth a wait for the disk.
CREATE UNLOGGED TABLE "sign_in_try" (
  "key" bytea NOT NULL PRIMARY KEY,
  "tries" integer NOT NULL,
  "since" timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX "sign_in_try_since_idx" ON "sign_in_try" ("since");

-- Tells every API process that there may now be somebody who can sign in, or nobody any more.
CREATE FUNCTION "tell_people"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('smallbatch_people', '');
  RETURN NULL;
END $$;
CREATE TRIGGER "account_told" AFTER INSERT OR UPDATE OF "password", "disabled_at" ON "account" FOR EACH STATEMENT EXECUTE FUNCTION "tell_people"();
CREATE TRIGGER "external_identity_told" AFTER INSERT OR DELETE ON "external_identity" FOR EACH STATEMENT EXECUTE FUNCTION "tell_people"();

GRANT SELECT, INSERT, UPDATE, DELETE ON "session", "invitation", "password_link", "external_identity", "sign_in_try" TO smallbatch_app;
