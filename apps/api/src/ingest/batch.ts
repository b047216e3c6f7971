import type { Series } from '@smallbatch/db';
import { oncePerMetric, seriesProblems } from '../metric/series.ts';
import { INGEST_POINTS, Refusal, tooLarge } from './body.ts';

/** Points of one run in a request. */
export interface Batch {
  /** Key or id, as the client wrote it. */
  readonly run: string;
  readonly attempt: number;
  /** Its number among the batches of the attempt; null in an upload. */
  readonly sequence: number | null;
  readonly series: readonly Series[];
}

/** What a record says of itself. */
export interface Origin {
  readonly run: string;
  readonly attempt: number;
  readonly sequence: number | null;
}

export interface Records {
  /** How many there are, those that were skipped included. */
  readonly records: number;
  readonly batches: readonly Batch[];
}

/** Reads the records of a body from the `skip`-th on; the sequence number is asked for unless it is an upload. */
export type ReadRecords = (body: Uint8Array<ArrayBuffer>, skip: number, upload: boolean) => Records;

export const invalid = (where: string, message: string, allowed: string): Refusal =>
  new Refusal(
    400,
    'BAD_INPUT',
    `${where}: ${message}; allowed: ${allowed}. Nothing of this request was written`,
  );

const MAX_INT = 2 ** 31 - 1;
const counting = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_INT;

/** Checks what a record says of itself. */
export function originOf(
  { run, attempt = 1, sequence }: { run?: unknown; attempt?: unknown; sequence?: unknown },
  where: string,
  upload: boolean,
): Origin {
  if (typeof run !== 'string' || run === '' || run.length > 250 || run.includes('\0'))
    throw invalid(where, `invalid run ${shown(run)}`, 'the key of a run, or its id');
  if (!counting(attempt)) throw invalid(where, `invalid attempt ${shown(attempt)}`, 'a whole number from 1');
  if (upload) {
    if (sequence !== undefined)
      throw invalid(
        where,
        `invalid sequence ${shown(sequence)}`,
        'none in an upload: its offset stands for it',
      );
    return { run, attempt, sequence: null };
  }
  if (!counting(sequence))
    throw invalid(
      where,
      `invalid sequence ${shown(sequence)}`,
      "a whole number from 1, the batch's number in its attempt; or none, and ?upload=ID&offset=N",
    );
  return { run, attempt, sequence };
}

export const shown = (value: unknown): string => (JSON.stringify(value) ?? 'that is missing').slice(0, 60);

/** Gathers the records of a request into batches, in the order in which they came. */
export class Gathered {
  readonly #batches = new Map<string, Origin & { readonly series: Series[] }>();
  #points = 0;

  /** Counts points that are about to be taken into memory. */
  count(points: number): void {
    this.#points += points;
    if (this.#points > INGEST_POINTS) throw tooLarge(`${INGEST_POINTS} points`);
  }

  batch(origin: Origin): Series[] {
    const key = `${origin.run}\n${origin.attempt}\n${origin.sequence}`;
    let batch = this.#batches.get(key);
    if (!batch) {
      batch = { ...origin, series: [] };
      this.#batches.set(key, batch);
    }
    return batch.series;
  }

  get batches(): Batch[] {
    return [...this.#batches.values()].map((batch) => {
      const problem = batch.series.flatMap((series) => seriesProblems(series, [series.metric]))[0];
      if (problem)
        throw invalid(
          `run "${batch.run}", metric ${shown(problem.path[0])}, ${problem.path.slice(1).join('.')}`,
          `${problem.message}: ${shown(problem.value)}`,
          problem.allowed,
        );
      return { ...batch, series: oncePerMetric(batch.series) };
    });
  }
}
