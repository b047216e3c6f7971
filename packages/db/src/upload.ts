import type { Db } from './open.ts';
import { type Accepted, append, type Report } from './report.ts';
import { transaction } from './transaction.ts';

/** Days after its last part for which an upload is remembered. */
export const UPLOAD_DAYS = 30;

/** A run's points of one part of an upload that were not taken, and why. */
export type Refused = Exclude<Accepted, { kind: 'accepted' | 'gap' }>;

export interface UploadState {
  /** How many of its records are durable: where it goes on. */
  readonly records: number;
  /** What became of runs that were refused in any part so far, by the run as the client named it. */
  readonly refused: Readonly<Record<string, Refused>>;
}

/** Where an upload stands; one that nobody has begun stands at 0. */
export async function uploadState({ pool }: Db, teamId: string, id: string): Promise<UploadState> {
  const { rows } = await pool.query(
    '/* uploadState */ SELECT records, refused FROM upload WHERE team_id = $1 AND id = $2',
    [teamId, id],
  );
  return rows[0] ?? { records: 0, refused: {} };
}

export interface UploadPart {
  readonly id: string;
  /** Number of its first record in the upload. */
  readonly offset: number;
  /** Records of the part. */
  readonly records: number;
}

/** The points of one run in a part. `run` is what the client called it. */
export type PartReport = Omit<Report, 'sequence'> & { readonly run: string };

/**
 * Appends the part of an upload. `read` gives the points of its records from the `skip`-th on: those before are durable already. The
 * offset moves on in the transaction of the points, under the lock of the upload's row, so that a part sent twice, also to two
 * processes at once, takes effect once. Runs that are refused are noted with the upload, which goes on.
 */
export async function appendPart(
  db: Db,
  teamId: string,
  part: UploadPart,
  read: (skip: number) => readonly PartReport[],
): Promise<
  { expected: number } | { state: UploadState; reports: readonly PartReport[]; results: Accepted[] }
> {
  const known = db.metricIds(teamId);
  const done = await transaction(db, async (sql) => {
    await sql.query(
      '/* appendPart begin */ INSERT INTO upload (team_id, id) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      [teamId, part.id],
    );
    const { rows } = await sql.query<UploadState>(
      '/* appendPart lock */ SELECT records, refused FROM upload WHERE team_id = $1 AND id = $2 FOR NO KEY UPDATE',
      [teamId, part.id],
    );
    const before = rows[0]!;
    if (part.offset > before.records) return { expected: before.records };
    const reports = read(Math.min(part.records, before.records - part.offset));
    if (reports.length === 0) return { state: before, reports, results: [] as Accepted[], made: new Map() };
    const numbered = await sql.query<{ number: number }>(
      `/* appendPart number */ SELECT nextval('upload_part')::int AS number`,
    );
    const { results, made } = await append(
      sql,
      teamId,
      known,
      reports.map((report) => ({ ...report, sequence: 0 })),
      numbered.rows[0]!.number,
    );
    const refused = { ...before.refused };
    results.forEach((result, i) => {
      if (result.kind !== 'accepted' && result.kind !== 'gap') refused[reports[i]!.run] = result;
    });
    const state: UploadState = { records: part.offset + part.records, refused };
    await sql.query(
      '/* appendPart end */ UPDATE upload SET records = $3, refused = $4, updated_at = now() WHERE team_id = $1 AND id = $2',
      [teamId, part.id, state.records, JSON.stringify(refused)],
    );
    return { state, reports, results, made };
  });
  if ('expected' in done) return { expected: done.expected! };
  for (const [name, id] of done.made) known.set(name, id);
  db.changed(
    teamId,
    done.reports.map(({ runId }) => runId),
    false,
  );
  return done;
}

/** The ids of runs by their keys. */
export async function runIds(
  { pool }: Db,
  teamId: string,
  keys: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await pool.query(
    '/* runIds */ SELECT key, id FROM run WHERE team_id = $1 AND key = ANY ($2)',
    [teamId, keys],
  );
  return new Map(rows.map(({ key, id }) => [key, id]));
}
