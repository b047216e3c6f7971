import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, createClient, Unreachable } from './client.ts';
import { graphql, type VariablesOf } from './documents.ts';

export const ReportMetrics = graphql(`
  mutation ReportMetrics($input: ReportMetricsInput!) {
    reportMetrics(input: $input) {
      results {
        __typename
        ... on ReportAccepted { sequence }
        ... on LeaseLost { message currentAttempt }
        ... on SequenceGap { message expected }
        ... on InvalidInput { message }
        ... on NotFound { message }
      }
    }
  }
`);
export const FinishRun = graphql(`
  mutation FinishRun($input: FinishRunInput!) {
    finishRun(input: $input) {
      results {
        __typename
        ... on LeaseLost { message }
        ... on SequenceGap { message expected }
        ... on InvalidInput { message }
        ... on NotFound { message }
      }
    }
  }
`);
const CreateRun = graphql(`
  mutation CreateRun($input: CreateRunInput!) {
    createRun(input: $input) {
      __typename
      ... on CreateRunSuccess { heartbeatSeconds worker { id } claim { attempt run { id key } } }
      ... on RunExists { message run { key } }
      ... on InvalidInput { message problems { path message allowed } }
    }
  }
`);
const Beat = graphql(`
  mutation Beat($input: HeartbeatInput!) { heartbeat(input: $input) { __typename } }
`);

type ReportInput = VariablesOf<typeof ReportMetrics>['input']['reports'][number];
type Series = ReportInput['series'][number];
export type Finish = VariablesOf<typeof FinishRun>['input']['runs'][number];

/** One point of some metrics of a run. */
export interface Point {
  readonly step: number;
  readonly epoch?: number;
  readonly samplesSeen?: number;
  /** Seconds since the attempt began. */
  readonly wallTime: number;
  readonly values: Readonly<Record<string, number>>;
}

const KINDS = (value: number): 'NAN' | 'POSITIVE_INFINITY' | 'NEGATIVE_INFINITY' =>
  Number.isNaN(value) ? 'NAN' : value > 0 ? 'POSITIVE_INFINITY' : 'NEGATIVE_INFINITY';

/** Points of one batch as columns, a series for each metric. */
function columns(points: readonly Point[]): Series[] {
  const byMetric = new Map<string, Point[]>();
  for (const point of points) {
    for (const metric of Object.keys(point.values))
      byMetric.set(metric, [...(byMetric.get(metric) ?? []), point]);
  }
  return [...byMetric].map(([metric, mine]) => {
    const values = mine.map((point) => point.values[metric]!);
    return {
      metric,
      steps: mine.map(({ step }) => step),
      wallTimes: mine.map(({ wallTime }) => wallTime),
      values: values.map((value) => (Number.isFinite(value) ? value : null)),
      nonFinite: values.flatMap((value, index) =>
        Number.isFinite(value) ? [] : [{ index, kind: KINDS(value) }],
      ),
      ...(mine.every(({ epoch }) => epoch !== undefined) ? { epochs: mine.map(({ epoch }) => epoch!) } : {}),
      ...(mine.every(({ samplesSeen }) => samplesSeen !== undefined)
        ? { samplesSeen: mine.map(({ samplesSeen }) => samplesSeen!) }
        : {}),
    };
  });
}

type Entry = { readonly report: ReportInput } | { readonly finish: Finish };

/** What became of a run that the reporter could not deliver. */
export interface Discarded {
  readonly run: string;
  readonly attempt: number;
  readonly batches: number;
  readonly reason: string;
}

export interface ReporterOptions {
  readonly client: Client;
  /** Folder of the spool: what is not acknowledged lies there, and is delivered in order at the next start. */
  readonly spool?: string | undefined;
  readonly flushMs?: number;
  readonly onDiscard?: (discarded: Discarded) => void;
}

/**
 * Sends points at least once, and each takes effect exactly once: batches carry a sequence number of their attempt. `log` never
 * waits for the network. What cannot be sent stays in order in a file of its attempt until the API is back.
 */
export class Reporter {
  readonly #client: Client;
  readonly #spool: string | undefined;
  readonly #onDiscard: (discarded: Discarded) => void;
  readonly #flushMs: number;
  /** Points that are not in a batch yet, by run and attempt. */
  readonly #open = new Map<string, Point[]>();
  readonly #sequences = new Map<string, number>();
  /** Batches and ends in the order of each attempt. */
  readonly #queues = new Map<string, Entry[]>();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  /** The last error of the network, while the API cannot be reached. */
  problem: Error | undefined;

  constructor({ client, spool, flushMs = 500, onDiscard = () => {} }: ReporterOptions) {
    this.#client = client;
    this.#spool = spool;
    this.#flushMs = flushMs;
    this.#onDiscard = onDiscard;
    if (spool) this.#recover(spool);
  }

  #file(key: string): string {
    return join(this.#spool!, `${encodeURIComponent(key)}.ndjson`);
  }

  /** Reads what an earlier process left undelivered. A last line that was cut off by a kill was never promised to anyone. */
  #recover(spool: string): void {
    mkdirSync(spool, { recursive: true });
    for (const name of readdirSync(spool)) {
      if (!name.endsWith('.ndjson')) continue;
      const key = decodeURIComponent(name.slice(0, -'.ndjson'.length));
      const entries = readFileSync(join(spool, name), 'utf8')
        .split('\n')
        .flatMap((line): Entry[] => {
          try {
            return line ? [JSON.parse(line)] : [];
          } catch {
            return [];
          }
        });
      if (entries.length > 0) this.#queues.set(key, entries);
    }
    if (this.#queues.size > 0) this.#schedule();
  }

  #push(key: string, entry: Entry): void {
    if (this.#spool) appendFileSync(this.#file(key), `${JSON.stringify(entry)}\n`);
    this.#queues.set(key, [...(this.#queues.get(key) ?? []), entry]);
  }

  log(run: string, attempt: number, point: Point): void {
    const key = `${run} ${attempt}`;
    const points = this.#open.get(key);
    if (points) points.push(point);
    else this.#open.set(key, [point]);
    this.#schedule();
  }

  #seal(key: string): void {
    const points = this.#open.get(key);
    if (!points?.length) return;
    this.#open.delete(key);
    const [run = '', attempt] = key.split(' ');
    const sequence = (this.#sequences.get(key) ?? 0) + 1;
    this.#sequences.set(key, sequence);
    this.#push(key, { report: { run, attempt: Number(attempt), sequence, series: columns(points) } });
  }

  /** Ends an attempt; it is sent after all its points. */
  finish(end: Omit<Finish, 'sequence'>): void {
    const key = `${end.run} ${end.attempt}`;
    this.#seal(key);
    this.#push(key, { finish: { ...end, sequence: this.#sequences.get(key) ?? 0 } });
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, this.#flushMs);
  }

  /** Sends what there is. Resolves when all is delivered or the API cannot be reached; never rejects for the network. */
  async flush(): Promise<void> {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
    await this.#sending;
  }

  async #send(): Promise<void> {
    for (const key of [...this.#open.keys()]) this.#seal(key);
    while (this.#queues.size > 0) {
      // The next entry of every attempt; ends wait until their reports are acknowledged.
      const heads = [...this.#queues].slice(0, 64).map(([key, entries]) => ({ key, entry: entries[0]! }));
      const reports = heads.flatMap(({ key, entry }) => ('report' in entry ? [{ key, ...entry }] : []));
      const finishes = heads.flatMap(({ key, entry }) => ('finish' in entry ? [{ key, ...entry }] : []));
      try {
        if (reports.length > 0) {
          const input = { reports: reports.map(({ report }) => report) };
          const { reportMetrics } = await this.#client.mutate(ReportMetrics, { input }, { idempotent: true });
          for (const [i, result] of reportMetrics.results.entries()) this.#settle(reports[i]!.key, result);
        }
        if (finishes.length > 0) {
          const input = { runs: finishes.map(({ finish }) => finish) };
          const { finishRun } = await this.#client.mutate(FinishRun, { input }, { idempotent: true });
          for (const [i, result] of finishRun.results.entries()) this.#settle(finishes[i]!.key, result);
        }
        this.problem = undefined;
      } catch (error) {
        this.problem = error as Error;
        if (!(error instanceof Unreachable) && (error as { code?: string }).code !== 'INTERNAL') {
          for (const { key } of heads) this.#discard(key, (error as Error).message);
        } else {
          this.#schedule();
          return;
        }
      }
      for (const key of [...this.#open.keys()]) this.#seal(key);
    }
  }

  #settle(key: string, result: { __typename: string; message?: string }): void {
    if (result.__typename !== 'ReportAccepted' && result.__typename !== 'RunFinished') {
      this.#discard(key, result.message ?? result.__typename);
      return;
    }
    const rest = this.#queues.get(key)!.slice(1);
    if (rest.length > 0) {
      this.#queues.set(key, rest);
      return;
    }
    this.#queues.delete(key);
    if (this.#spool && existsSync(this.#file(key))) rmSync(this.#file(key));
  }

  #discard(key: string, reason: string): void {
    const batches = this.#queues.get(key)?.length ?? 0;
    this.#queues.delete(key);
    this.#open.delete(key);
    if (this.#spool) rmSync(this.#file(key), { force: true });
    const [run = '', attempt] = key.split(' ');
    this.#onDiscard({ run, attempt: Number(attempt), batches, reason });
  }

  /** Whether everything was delivered. */
  get empty(): boolean {
    return this.#queues.size === 0 && this.#open.size === 0;
  }

  /** Delivers what is left, for at most `seconds`; what then remains stays in the spool. */
  async close(seconds = 10): Promise<void> {
    const end = Date.now() + seconds * 1000;
    do {
      await this.flush();
      if (!this.empty) await new Promise((resolve) => setTimeout(resolve, 200));
    } while (!this.empty && Date.now() < end);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

export interface OwnRunOptions {
  readonly url: string;
  readonly token?: string;
  readonly name: string;
  readonly dataset: string;
  /** As in a sweep file. */
  readonly axes: Readonly<Record<string, unknown>>;
  readonly hyper?: Readonly<Record<string, string | number | boolean>>;
  readonly info?: Readonly<Record<string, string | number | boolean>>;
  readonly seed?: number;
  readonly duplicate?: boolean;
  readonly spool?: string;
}

export interface OwnRun {
  readonly key: string;
  /** Notes metrics at a step; returns at once. */
  log(point: { step: number; epoch?: number; samplesSeen?: number } & Record<string, number>): void;
  /** Ends the run when all its points are delivered. */
  finish(options?: { failed?: string }): Promise<void>;
}

/** A run of one's own training script, from its creation to its end. */
export async function createRun(options: OwnRunOptions): Promise<OwnRun> {
  const { url, token, spool, seed = 0, ...given } = options;
  const client = createClient({ url, ...(token ? { token } : {}) });
  const input = { ...given, seed, idempotencyKey: randomUUID() };
  const { createRun: made } = await client.mutate(CreateRun, { input }, { idempotent: true });
  if (made.__typename === 'RunExists') throw new Error(`${made.message} (${made.run.key})`);
  if (made.__typename === 'InvalidInput')
    throw new Error(
      made.problems
        .map(({ path, message, allowed }) => `${path.slice(1).join('.')}: ${message}; ${allowed}`)
        .join('\n'),
    );
  const { claim, worker, heartbeatSeconds } = made;
  const { id: run, key } = claim.run;
  const reporter = new Reporter({
    client,
    spool,
    onDiscard: ({ batches, reason }) => console.error(`${key}: ${batches} batches discarded: ${reason}`),
  });
  const start = performance.now();
  let last = { step: 0, samplesSeen: 0 };
  const beat = setInterval(() => {
    const runs = [{ run, attempt: claim.attempt, ...last }];
    client.mutate(Beat, { input: { worker: worker.id, runs } }, { idempotent: true }).catch(() => {});
  }, heartbeatSeconds * 1000);
  beat.unref();
  return {
    key,
    log({ step, epoch, samplesSeen, ...values }) {
      last = { step, samplesSeen: samplesSeen ?? last.samplesSeen };
      const point = {
        step,
        wallTime: (performance.now() - start) / 1000,
        values: values as Record<string, number>,
      };
      reporter.log(run, claim.attempt, {
        ...point,
        ...(epoch === undefined ? {} : { epoch }),
        ...(samplesSeen === undefined ? {} : { samplesSeen }),
      });
    },
    async finish({ failed } = {}) {
      clearInterval(beat);
      const deviceSeconds = (performance.now() - start) / 1000;
      reporter.finish({
        run,
        attempt: claim.attempt,
        outcome: failed ? 'FAILED' : 'DONE',
        reason: failed ?? null,
        ...last,
        deviceSeconds,
      });
      await reporter.close();
      if (!reporter.empty) throw new Error(`${key}: not delivered: ${reporter.problem?.message}`);
      client.close();
    },
  };
}
