import type { Db } from './open.ts';
import { type Ended, lockRuns } from './report.ts';
import { transaction } from './transaction.ts';

export interface Finish {
  readonly runId: string;
  readonly attempt: number;
  /** The last sequence number that was reported. */
  readonly sequence: number;
  readonly outcome: 'DONE' | 'PRUNED' | 'FAILED' | 'RELEASED';
  readonly divergedStep?: number | null;
  readonly reason?: string | null;
  readonly step: number;
  readonly samplesSeen: number;
  readonly deviceSeconds: number;
  readonly info?: Readonly<Record<string, unknown>> | null;
}

/**
 * Ends the current attempts of runs, or gives the runs back to the queue (one of somebody's own script, which no worker can
 * train, is cancelled instead). DONE and PRUNED are final. Ending a run again with the
 * same attempt is acknowledged and changes nothing.
 */
export async function finishRuns(db: Db, teamId: string, finishes: readonly Finish[]): Promise<Ended[]> {
  const answers = await transaction(db, async (sql) => {
    const fences = await lockRuns(
      sql,
      teamId,
      finishes.map(({ runId }) => runId),
    );
    const results = finishes.map(({ runId, attempt, sequence, outcome }): Ended => {
      const fence = fences.get(runId);
      if (!fence) return { kind: 'unknown' };
      const status = outcome === 'RELEASED' ? 'WAITING' : outcome;
      // An own run that was released is cancelled.
      const released = outcome === 'RELEASED' && fence.status === 'CANCELLED';
      if (fence.attempt === attempt && (fence.status === status || released))
        return { kind: 'accepted', duplicate: true };
      if (fence.attempt !== attempt || fence.status !== 'RUNNING')
        return { kind: 'lost', currentAttempt: fence.attempt };
      if (sequence > fence.sequence) return { kind: 'gap', expected: fence.sequence + 1 };
      fence.status = status;
      return { kind: 'accepted', duplicate: false };
    });
    const fresh = finishes.filter((_, i) => {
      const result = results[i]!;
      return result.kind === 'accepted' && !result.duplicate;
    });
    if (fresh.length > 0) {
      await sql.query(
        `/* finishRuns */ WITH f AS (
           SELECT *, NOT EXISTS (SELECT FROM cell WHERE cell.run_id = f.id) AS own
           FROM unnest($2::uuid[], $3::int[], $4::text[], $5::int8[], $6::text[], $7::int8[], $8::int8[], $9::float8[], $10::jsonb[])
             AS f (id, attempt, outcome, diverged_step, reason, step, samples_seen, device_seconds, info)
         ), ended AS (
           UPDATE attempt SET ended_at = now(), "end" = f.outcome::"AttemptEnd", reason = f.reason FROM f
           WHERE attempt.run_id = f.id AND attempt.number = f.attempt
         )
         UPDATE run SET
           status = CASE WHEN f.outcome <> 'RELEASED' THEN f.outcome WHEN f.own THEN 'CANCELLED' ELSE 'WAITING' END::"RunStatus",
           diverged = f.diverged_step IS NOT NULL AND f.outcome = 'DONE', diverged_step = f.diverged_step, reason = f.reason,
           step = f.step, samples_seen = f.samples_seen, device_seconds = CASE WHEN f.device_seconds > 0 THEN f.device_seconds ELSE run.device_seconds END, info = run.info || f.info,
           lease_expires_at = NULL, worker_id = CASE f.outcome WHEN 'RELEASED' THEN NULL ELSE run.worker_id END,
           ended_at = CASE WHEN f.outcome <> 'RELEASED' OR f.own THEN now() END,
           held = f.own OR (f.outcome = 'RELEASED' AND NOT EXISTS (
             SELECT FROM cell c JOIN sweep s ON s.id = c.sweep_id WHERE c.run_id = run.id AND s.intent = 'OPEN'))
         FROM f WHERE run.id = f.id AND run.team_id = $1`,
        [
          teamId,
          fresh.map(({ runId }) => runId),
          fresh.map(({ attempt }) => attempt),
          fresh.map(({ outcome }) => outcome),
          fresh.map(({ divergedStep }) => divergedStep ?? null),
          fresh.map(({ reason }) => reason ?? null),
          fresh.map(({ step }) => step),
          fresh.map(({ samplesSeen }) => samplesSeen),
          fresh.map(({ deviceSeconds }) => deviceSeconds),
          fresh.map(({ info }) => JSON.stringify(info ?? {})),
        ],
      );
    }
    return results;
  });
  for (const { runId } of finishes) db.notify('smallbatch', `run ${runId}`);
  return answers;
}
