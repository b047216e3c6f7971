import { TRASH_HOURS } from './delete.ts';
import type { Db } from './open.ts';
import { transaction } from './transaction.ts';
import { UPLOAD_DAYS } from './upload.ts';

/** Of all processes on one database, one removes at a time: the holder of this lock. */
const LOCK = 5_237_001;
/** Bytes on disk, and chunks, that one transaction removes at most (one chunk always). */
const BATCH_BYTES = 1_000_000;
const BATCH_CHUNKS = 500;
/** It rests four times as long as it works, so that others have the disk. */
const REST = 4;
const EVERY_MS = 60_000;

/**
 * Removes one batch of the points of a run that was deleted more than a day ago. → whether there may be more; undefined when another process is at it. Nothing of a
 * point is read: chunks are chosen by the size that they have on disk.
 */
async function purgeBatch(db: Db): Promise<boolean | undefined> {
  return transaction(db, async (sql) => {
    const locked = await sql.query('/* purge lock */ SELECT pg_try_advisory_xact_lock($1) AS mine', [LOCK]);
    if (!locked.rows[0].mine) return undefined;
    const next = await sql.query(
      `/* purge next */ SELECT run_id, deletion_id FROM deleted_run WHERE deleted_at < now() - make_interval(hours => $1)
       ORDER BY deleted_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
      [TRASH_HOURS],
    );
    if (next.rows.length === 0) return false;
    const { run_id: runId, deletion_id: deletionId } = next.rows[0];
    const { rowCount } = await sql.query(
      `/* purge chunks */ WITH sized AS (
         SELECT at, row_number() OVER w AS place, sum(pg_column_size(c.steps) + pg_column_size(c.samples_seen) + pg_column_size(c.epochs)
           + pg_column_size(c.wall_times) + pg_column_size(c."values")) OVER w AS bytes
         FROM (SELECT *, ctid AS at FROM chunk WHERE run_id = $1 ORDER BY metric_id, attempt, sequence LIMIT $2) AS c
         WINDOW w AS (ORDER BY metric_id, attempt, sequence)
       )
       DELETE FROM chunk WHERE ctid = ANY (ARRAY(SELECT at FROM sized WHERE place = 1 OR bytes <= $3))`,
      [runId, BATCH_CHUNKS, BATCH_BYTES],
    );
    if (rowCount === 0) {
      await sql.query('/* purge done */ DELETE FROM deleted_run WHERE run_id = $1', [runId]);
      await sql.query(
        '/* purge deletion */ DELETE FROM deletion WHERE id = $1 AND NOT EXISTS (SELECT FROM deleted_run WHERE deletion_id = $1)',
        [deletionId],
      );
    }
    return true;
  });
}

/** Uploads that nobody has gone on with for long are forgotten. */
async function forgetUploads({ pool }: Db): Promise<void> {
  await pool.query(
    '/* purge uploads */ DELETE FROM upload WHERE updated_at < now() - make_interval(days => $1)',
    [UPLOAD_DAYS],
  );
}

export interface Purger {
  stop(): Promise<void>;
}

/**
 * Removes in the background what deleted runs have left behind when their day is over; it looks once a minute. Short transactions with
 * rests between them; it may end at any point and go on anywhere. A fault (a database that is away) goes to `onFault`, and it tries
 * again a minute later.
 */
export function startPurging(db: Db, onFault: (error: unknown) => void): Purger {
  let stopped = false;
  let wake: () => void = () => {};
  const pause = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      timer.unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const work = async (): Promise<void> => {
    while (!stopped) {
      try {
        await forgetUploads(db);
        for (;;) {
          const begun = performance.now();
          if (!(await purgeBatch(db)) || stopped) break;
          await pause(REST * (performance.now() - begun));
          if (stopped) break;
        }
      } catch (error) {
        if (!stopped) onFault(error);
      }
      if (!stopped) await pause(EVERY_MS);
    }
  };
  const working = work();
  return {
    async stop() {
      stopped = true;
      wake();
      await working;
    },
  };
}
