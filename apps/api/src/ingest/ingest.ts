import {
  type Accepted,
  appendPart,
  type Db,
  type Refused,
  reportMetrics,
  runIds,
  uploadState,
} from '@smallbatch/db';
import { limitReached } from '../worker/limit.ts';
import { type Batch, invalid, type ReadRecords } from './batch.ts';
import { Refusal } from './body.ts';

/** A run that nobody has: what is not found is looked for by this id, and is unknown. */
const NOBODY = '00000000-0000-0000-0000-000000000000';
const ID = /^Run:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const idIn = (run: string): string | undefined => ID.exec(Buffer.from(run, 'base64').toString('latin1'))?.[1];

/** The ids of runs as clients call them: by key, or by the id that GraphQL gives. One statement. */
async function resolve(db: Db, teamId: string, batches: readonly Batch[]): Promise<(run: string) => string> {
  const named = [...new Set(batches.map(({ run }) => run))];
  const keys = named.filter((run) => !idIn(run));
  const ids = keys.length > 0 ? await runIds(db, teamId, keys) : new Map<string, string>();
  const idOf = (run: string): string => idIn(run) ?? ids.get(run) ?? NOBODY;
  const names = new Map<string, string>();
  for (const run of named) {
    const id = idOf(run);
    const other = id === NOBODY ? undefined : names.get(id);
    if (other)
      throw invalid('body', `"${run}" and "${other}" are one run`, 'one name for a run in a request');
    names.set(id, run);
  }
  return idOf;
}

/** What became of the points of one run, in words that a client may rely on. */
function told(result: Accepted | Refused, attempt?: number) {
  switch (result.kind) {
    case 'accepted':
      return { outcome: result.duplicate ? 'DUPLICATE' : 'ACCEPTED', warnings: result.warnings ?? [] };
    case 'lost':
      return {
        outcome: 'LOST',
        message:
          attempt === result.currentAttempt
            ? `attempt ${attempt} has ended`
            : `the run's attempt is ${result.currentAttempt}`,
        currentAttempt: result.currentAttempt,
      };
    case 'gap':
      return {
        outcome: 'GAP',
        message: `missing batch ${result.expected}: send it first`,
        expected: result.expected,
      };
    case 'limit':
      return { outcome: 'LIMIT', ...limitReached(result) };
    default:
      return { outcome: 'UNKNOWN', message: 'there is no such run in this team' };
  }
}

const pointsOf = ({ series }: Pick<Batch, 'series'>): number =>
  series.reduce((sum, { steps }) => sum + steps.length, 0);

/** Takes the batches of one request, each by its sequence number, in one transaction. */
export async function takeBatches(db: Db, teamId: string, read: ReadRecords, body: Uint8Array<ArrayBuffer>) {
  const { batches } = read(body, 0, false);
  const idOf = await resolve(db, teamId, batches);
  const results = batches.length
    ? await reportMetrics(
        db,
        teamId,
        batches.map((batch) => ({ ...batch, sequence: batch.sequence!, runId: idOf(batch.run) })),
      )
    : [];
  return answer(batches, results);
}

function answer(batches: readonly Batch[], results: readonly Accepted[]) {
  let [points, durable] = [0, 0];
  const runs = batches.map((batch, i) => {
    const { run, attempt, sequence } = batch;
    const result = results[i]!;
    if (result.kind === 'accepted' && !result.duplicate) {
      durable++;
      points += pointsOf(batch);
    }
    return { run, attempt, ...(sequence === null ? {} : { sequence }), ...told(result, attempt) };
  });
  return { points, runs, batches: durable };
}

/** Takes a part of an upload: what of it is not durable yet, in one transaction with the upload's new offset. */
export async function takePart(
  db: Db,
  teamId: string,
  upload: { readonly id: string; readonly offset: number },
  read: ReadRecords,
  body: Uint8Array<ArrayBuffer>,
) {
  const whole = read(body, 0, true);
  const idOf = await resolve(db, teamId, whole.batches);
  let taken: readonly Batch[] = [];
  const done = await appendPart(db, teamId, { ...upload, records: whole.records }, (skip) => {
    taken = skip === 0 ? whole.batches : read(body, skip, true).batches;
    return taken.map(({ run, attempt, series }) => ({ run, runId: idOf(run), attempt, series }));
  });
  if ('expected' in done)
    throw new Refusal(
      409,
      'OFFSET_AHEAD',
      `upload "${upload.id}" is at ${done.expected}, this part begins at ${upload.offset}: go on at ${done.expected}`,
      { expected: done.expected },
    );
  return { ...answer(taken, done.results), ...stateAnswer(upload.id, done.state) };
}

/** Where an upload stands. */
export async function standing(db: Db, teamId: string, id: string) {
  return stateAnswer(id, await uploadState(db, teamId, id));
}

function stateAnswer(id: string, { records, refused }: Awaited<ReturnType<typeof uploadState>>) {
  const list = Object.entries(refused).map(([run, why]) => ({ run, ...told(why) }));
  return { upload: { id, offset: records, refused: list } };
}
