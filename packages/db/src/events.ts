import type { Db } from './open.ts';

/** How long the log of events is kept. */
export const EVENT_DAYS = 30;
const BATCH = 1000;

/** Drops what is older, in small batches from the oldest end, so that nobody waits for it. → how many. */
export async function purgeEvents({ pool }: Db, days = EVENT_DAYS): Promise<number> {
  for (let dropped = 0; ; ) {
    // Processes that purge at the same time share the rows; none waits.
    const { rowCount } = await pool.query(
      `/* purgeEvents */ DELETE FROM event WHERE id IN (
         SELECT id FROM (SELECT id, at FROM event ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED) AS oldest
         WHERE at < now() - make_interval(days => $1))`,
      [days, BATCH],
    );
    dropped += rowCount ?? 0;
    if (rowCount !== BATCH) return dropped;
  }
}

/**
 * Rows that came from another server (a restored dump) carry numbers of its transactions. Those that this server has not given
 * yet would be new to every reader: they are set to the oldest one instead.
 */
export async function adoptEvents({ pool }: Db): Promise<number> {
  const { rowCount } = await pool.query(
    `/* adoptEvents */ UPDATE event SET xid = '3' WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())`,
  );
  return rowCount ?? 0;
}
