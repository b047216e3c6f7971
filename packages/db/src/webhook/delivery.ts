import type { Db } from '../open.ts';

/** How long deliveries are kept, and can be sent again. */
export const DELIVERY_DAYS = 30;
/** Hours in which the secret before a new one signs too. */
const OVERLAP_HOURS = 24;
const LONGEST_ERROR = 500;

/** One try, taken by this process alone until its time is over. */
export interface DeliveryTry {
  readonly id: string;
  readonly url: string;
  readonly body: string;
  /** The first is the newest. */
  readonly secrets: readonly string[];
  /** Which try it is, from 1. */
  readonly tries: number;
}

/**
 * Takes what is due, of each webhook that nothing is sent to just now the oldest, at most `most`. While it is tried, for `seconds`, no process takes it
 * again; after that any does, so a process that dies loses nothing. A webhook that is slow keeps nobody else waiting.
 */
export async function claimDeliveries({ pool }: Db, most: number, seconds: number): Promise<DeliveryTry[]> {
  const { rows } = await pool.query(
    `/* deliver claim */ WITH free AS MATERIALIZED (
       SELECT w.id FROM webhook w WHERE w.active AND EXISTS (SELECT FROM webhook_delivery d WHERE d.webhook_id = w.id AND d.status = 'WAITING' AND d.next_try_at <= now())
         AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.webhook_id = w.id AND d.status = 'WAITING' AND d.next_try_at > now() AND d.tried_at IS NOT NULL AND d.error IS NULL AND d.http_status IS NULL)
       LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
     ), due AS MATERIALIZED (
       SELECT o.id FROM free CROSS JOIN LATERAL (SELECT d.id FROM webhook_delivery d WHERE d.webhook_id = free.id AND d.status = 'WAITING' AND d.next_try_at <= now()
         ORDER BY d.next_try_at, d.id LIMIT 1 FOR UPDATE SKIP LOCKED) AS o
     )
     UPDATE webhook_delivery x SET tries = x.tries + 1, tried_at = now(), http_status = NULL, error = NULL, next_try_at = now() + make_interval(secs => $2)
     FROM due, webhook w WHERE x.id = due.id AND w.id = x.webhook_id
     RETURNING x.id, w.url, x.body, x.tries,
       array_remove(ARRAY[w.secret, CASE WHEN w.rotated_at > now() - make_interval(hours => ${OVERLAP_HOURS}) THEN w.previous_secret END], NULL) AS secrets`,
    [most, seconds],
  );
  return rows;
}

/** How a try went. */
export interface DeliveryTried {
  readonly httpStatus: number | null;
  /** Why it is not delivered; null: it is. */
  readonly error: string | null;
  /** Seconds until the next try; null: there is none. */
  readonly again: number | null;
}

/** Writes down how a try went, unless another process has taken it since. */
export async function deliveryTried(
  { pool }: Db,
  { id, tries }: Pick<DeliveryTry, 'id' | 'tries'>,
  { httpStatus, error, again }: DeliveryTried,
): Promise<void> {
  await pool.query(
    `/* deliver tried */ UPDATE webhook_delivery SET http_status = $3, error = $4,
       status = CASE WHEN $4::text IS NULL THEN 'DELIVERED' WHEN $5::float8 IS NULL THEN 'GIVEN_UP' ELSE 'WAITING' END::"DeliveryStatus",
       next_try_at = CASE WHEN $4::text IS NOT NULL THEN now() + make_interval(secs => $5) END
     WHERE id = $1 AND tries = $2 AND status = 'WAITING'`,
    [id, tries, httpStatus, error?.slice(0, LONGEST_ERROR) ?? null, again],
  );
}

/** Sends it again from the first try on, with the same id and body. → whether there is one. One that waits is tried at once. */
export async function redeliver({ pool }: Db, teamId: string, id: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    `/* redeliver */ UPDATE webhook_delivery SET status = 'WAITING', tries = 0, next_try_at = now(), tried_at = NULL, http_status = NULL, error = NULL WHERE team_id = $1 AND id = $2`,
    [teamId, id],
  );
  return rowCount === 1;
}

/** Drops those that are older. */
export async function purgeDeliveries({ pool }: Db, days = DELIVERY_DAYS): Promise<number> {
  const { rowCount } = await pool.query(
    `/* deliver purge */ DELETE FROM webhook_delivery WHERE created_at < now() - make_interval(days => $1)`,
    [days],
  );
  return rowCount ?? 0;
}
