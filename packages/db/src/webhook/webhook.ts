import { randomBytes } from 'node:crypto';
import type { WebhookKind } from '../generated/prisma/enums.ts';
import { lockTeam } from '../meant.ts';
import type { Db } from '../open.ts';
import type { Identity } from '../team.ts';
import { transaction } from '../transaction.ts';
import { uuidv7 } from '../uuid.ts';
import { type Telling, writeDelivery } from './tell.ts';

/** Most webhooks of a team. */
export const MOST_WEBHOOKS = 20;

/** As the specification of Standard Webhooks writes it: 32 random bytes. */
const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** Adds one; `secret` is shown this once. Undefined: the team has as many as it may have. */
export function addWebhook(
  db: Db,
  {
    teamId,
    memberId,
    url,
    kinds,
  }: Identity & { readonly url: string; readonly kinds: readonly WebhookKind[] },
): Promise<{ id: string; secret: string } | undefined> {
  return transaction(db, async (sql) => {
    await lockTeam(sql, teamId);
    const [id, secret] = [uuidv7(), newSecret()];
    const { rowCount } = await sql.query(
      `/* addWebhook */ INSERT INTO webhook (id, team_id, url, kinds, secret, created_by)
       SELECT $1, $2, $3, $4::"WebhookKind"[], $5, $6 WHERE (SELECT count(*) FROM webhook WHERE team_id = $2) < ${MOST_WEBHOOKS}`,
      [id, teamId, url, kinds, secret, memberId],
    );
    if (rowCount === 0) return undefined;
    await sql.query(
      `/* addWebhook reader */ INSERT INTO webhook_reader (team_id, seen) VALUES ($1, pg_current_snapshot()::text) ON CONFLICT DO NOTHING`,
      [teamId],
    );
    return { id, secret };
  });
}

/** Of a webhook; what is not given stays. */
export interface WebhookChange {
  readonly url?: string | undefined;
  readonly kinds?: readonly WebhookKind[] | undefined;
  readonly active?: boolean | undefined;
}

/** → whether there is one. What happens while it is not active is not told later. */
export async function changeWebhook(
  { pool }: Db,
  teamId: string,
  id: string,
  { url, kinds, active }: WebhookChange,
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `/* changeWebhook */ UPDATE webhook SET url = coalesce($3, url), kinds = coalesce($4::"WebhookKind"[], kinds), active = coalesce($5, active),
       since = CASE WHEN $5 AND NOT active THEN now() ELSE since END WHERE team_id = $1 AND id = $2`,
    [teamId, id, url ?? null, kinds ?? null, active ?? null],
  );
  return rowCount === 1;
}

/** A new secret, shown this once; the one before signs too for a day. Undefined: there is no such webhook. */
export async function rotateWebhook({ pool }: Db, teamId: string, id: string): Promise<string | undefined> {
  const secret = newSecret();
  const { rowCount } = await pool.query(
    '/* rotateWebhook */ UPDATE webhook SET secret = $3 WHERE team_id = $1 AND id = $2',
    [teamId, id, secret],
  );
  return rowCount === 1 ? secret : undefined;
}

/** Removes it with its deliveries, also those that wait. → whether there was one. */
export function removeWebhook(db: Db, teamId: string, id: string): Promise<boolean> {
  return transaction(db, async (sql) => {
    await lockTeam(sql, teamId);
    const { rowCount } = await sql.query(
      '/* removeWebhook */ DELETE FROM webhook WHERE team_id = $1 AND id = $2',
      [teamId, id],
    );
    await sql.query(
      '/* removeWebhook reader */ DELETE FROM webhook_reader WHERE team_id = $1 AND NOT EXISTS (SELECT FROM webhook WHERE team_id = $1)',
      [teamId],
    );
    return rowCount === 1;
  });
}

/** Writes a delivery that tells of nothing but itself. → its id; undefined: there is no such webhook. */
export async function testWebhook(
  { pool }: Db,
  teamId: string,
  id: string,
  bodyOf: (telling: Telling) => string,
): Promise<string | undefined> {
  const { rows } = await pool.query(
    `/* testWebhook */ SELECT t.key, t.name FROM webhook w JOIN team t ON t.id = w.team_id WHERE w.team_id = $1 AND w.id = $2`,
    [teamId, id],
  );
  if (!rows[0]) return undefined;
  const happening = { key: `test ${uuidv7()}`, kinds: [], at: new Date(), told: {} };
  return writeDelivery(pool, { id, teamId, team: rows[0], kind: null }, happening, bodyOf);
}
