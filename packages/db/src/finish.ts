import type { Db } from './open.ts';
import type { Ended } from './report.ts';
import { again } from './transaction.ts';

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

/** What became of an end, by where its run stood. */
function become(
  { attempt, sequence, outcome }: Finish,
  run: { attempt: number; status: string; sequence: number } | undefined,
): Ended {
  if (!run) return { kind: 'unknown' };
  // An own run that was released is cancelled.
  const ended = outcome === 'RELEASED' ? ['WAITING', 'CANCELLED'] : [outcome];
  if (run.attempt === attempt && ended.includes(run.status)) return { kind: 'accepted', duplicate: true };
  if (run.attempt !== attempt || run.status !== 'RUNNING')
    return { kind: 'lost', currentAttempt: run.attempt };
  if (sequence > run.sequence) return { kind: 'gap', expected: run.sequence + 1 };
  return { kind: 'accepted', duplicate: false };
}

/**
 * Ends the current attempts of runs, or gives the runs back to the queue (one of somebody's own script, which no worker can
 * train, is cancelled instead). DONE and PRUNED are final. Ending a run again with the
 * same attempt is acknowledged and changes nothing. One statement, and so one wait for the disk: it locks the runs, ends those of
 * which `become` says the same, and tells where each stood, and which are in a sweep that stops runs early. A run comes once.
 */
export async function finishRuns(db: Db, teamId: string, finishes: readonly Finish[]): Promise<Ended[]> {
  const { rows } = await again(() =>
    db.pool.query({
      name: 'finishRuns',
      text: `/* finishRuns */ WITH locked AS MATERIALIZED (
         SELECT id, attempt, status::text, sequence FROM run WHERE team_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE
       ), f AS (
         SELECT f.*, NOT EXISTS (SELECT FROM cell WHERE cell.run_id = f.id) AS own
         FROM unnest($2::uuid[], $3::int[], $4::text[], $5::int8[], $6::text[], $7::int8[], $8::int8[], $9::float8[], $10::jsonb[], $11::int[])
           AS f (id, attempt, outcome, diverged_step, reason, step, samples_seen, device_seconds, info, sequence)
         JOIN locked AS l ON l.id = f.id AND l.attempt = f.attempt AND l.status = 'RUNNING' AND f.sequence <= l.sequence
       ), ended AS (
         UPDATE attempt SET ended_at = now(), "end" = f.outcome::"AttemptEnd", reason = f.reason FROM f
         WHERE attempt.run_id = f.id AND attempt.number = f.attempt
       ), moved AS (
         UPDATE run SET
           status = CASE WHEN f.outcome <> 'RELEASED' THEN f.outcome WHEN f.own THEN 'CANCELLED' ELSE 'WAITING' END::"RunStatus",
           diverged = f.diverged_step IS NOT NULL AND f.outcome = 'DONE', diverged_step = f.diverged_step, reason = f.reason,
           step = f.step, samples_seen = f.samples_seen, device_seconds = CASE WHEN f.device_seconds > 0 THEN f.device_seconds ELSE run.device_seconds END, info = run.info || f.info,
           lease_expires_at = NULL, worker_id = CASE f.outcome WHEN 'RELEASED' THEN NULL ELSE run.worker_id END,
           ended_at = CASE WHEN f.outcome <> 'RELEASED' OR f.own THEN now() END,
           held = f.own OR (f.outcome = 'RELEASED' AND NOT EXISTS (
             SELECT FROM cell c JOIN sweep s ON s.id = c.sweep_id WHERE c.run_id = run.id AND s.intent = 'OPEN'))
         FROM f WHERE run.id = f.id
       )
       SELECT id, attempt, status, sequence, EXISTS (
         SELECT FROM cell c JOIN sweep s ON s.id = c.sweep_id WHERE c.run_id = locked.id AND s.stopping IS NOT NULL) AS judged FROM locked`,
      values: [
        teamId,
        finishes.map(({ runId }) => runId),
        finishes.map(({ attempt }) => attempt),
        finishes.map(({ outcome }) => outcome),
        finishes.map(({ divergedStep }) => divergedStep ?? null),
        finishes.map(({ reason }) => reason ?? null),
        finishes.map(({ step }) => step),
        finishes.map(({ samplesSeen }) => samplesSeen),
        finishes.map(({ deviceSeconds }) => deviceSeconds),
        finishes.map(({ info }) => JSON.stringify(info ?? {})),
        finishes.map(({ sequence }) => sequence),
      ],
    }),
  );
  const runs = new Map(rows.map((row) => [row.id, row]));
  db.changed(
    teamId,
    finishes.map(({ runId }) => runId),
    true,
  );
  return finishes.map((finish) => {
    const run = runs.get(finish.runId);
    const ended = become(finish, run);
    return ended.kind === 'accepted' && run?.judged ? { ...ended, judged: true } : ended;
  });
}
