import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiError, type Client, isPassing } from '../client.ts';
import { batches, type Point } from './batches.ts';
import { type Finish, FinishRun, ReportMetrics } from './documents.ts';
import { type Entry, type Kind, Queue, removeIfEmpty, takeOver } from './spool.ts';

/** Most bytes of one message. */
const MESSAGE_BYTES = 900_000;
/** What a message has around its batches, at most. */
const ENVELOPE = 2_000;
const MESSAGE_ENTRIES = 1_000;
/** Points of one attempt that are put into a batch at once, though the flush is not due. */
const MANY_POINTS = 2_000;
const LONGEST_PAUSE_MS = 5_000;

/** What became of a run that the reporter could not deliver. */
export interface Discarded {
  readonly run: string;
  readonly attempt: number;
  readonly batches: number;
  /** LeaseLost, NotFound, InvalidInput, SequenceGap, or the code of a fault. */
  readonly code: string;
  readonly reason: string;
  /** Where its spool file is kept, if what was refused is not simply superseded. */
  readonly kept: string | undefined;
}

export interface ReporterOptions {
  readonly client: Client;
  /** Folder of the spool: what is not acknowledged lies there, and is delivered in order at the next start. */
  readonly spool?: string | undefined;
  /** Most milliseconds until what was logged is on disk and on its way. */
  readonly flushMs?: number;
  readonly onDiscard?: (discarded: Discarded) => void;
  /** The API cannot be reached, or the disk refuses; told once until it goes well again. */
  readonly onProblem?: (problem: Error) => void;
}

/** What is known of one attempt. */
interface Attempt {
  readonly run: string;
  readonly attempt: number;
  readonly queue: Queue;
  /** Points that are not in a batch yet, and since when. */
  points: Point[];
  since: number;
  /** Of the last batch. */
  sequence: number;
  /** It was refused: nothing more is taken. */
  lost: boolean;
}

interface Part {
  readonly of: Attempt;
  readonly entry: Entry;
}

/** Faults of the one who asks: the same message is welcome with another token. */
const ACCESS = new Set(['UNAUTHENTICATED', 'FORBIDDEN']);

/** Reporters with a spool: what they were given is there when the process ends by itself. */
const spooling = new Set<Reporter>();
const spoolAll = (): void => {
  for (const reporter of spooling) reporter.leave();
};

/**
 * Sends points at least once, and each takes effect exactly once: batches carry a sequence number of their attempt. `log` never
 * waits for the network, and what it was given is in the spool after `flushMs` at the latest, also where the caller never
 * yields. What cannot be sent stays in order in a file of its attempt until the API is back. docs/protocol.md says the rest.
 */
export class Reporter {
  readonly #client: Client;
  readonly #spool: string | undefined;
  readonly #onDiscard: (discarded: Discarded) => void;
  readonly #onProblem: (problem: Error) => void;
  readonly #flushMs: number;
  readonly #attempts = new Map<string, Attempt>();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #failures = 0;
  #closed = false;
  /** The last error, while the API cannot be reached or does not let this token in. */
  problem: Error | undefined;

  constructor({ client, spool, flushMs = 500, onDiscard = () => {}, onProblem = () => {} }: ReporterOptions) {
    this.#client = client;
    this.#spool = spool;
    this.#flushMs = flushMs;
    this.#onDiscard = onDiscard;
    this.#onProblem = onProblem;
    if (spool === undefined) return;
    for (const queue of takeOver(spool)) {
      const [run = '', attempt] = queue.key.split(' ');
      const { sequence } = queue;
      const known = { run, attempt: Number(attempt), queue, points: [], since: 0, sequence, lost: false };
      this.#attempts.set(queue.key, known);
    }
    if (this.#attempts.size > 0) this.#schedule();
    if (spooling.size === 0) process.on('exit', spoolAll);
    spooling.add(this);
  }

  #of(run: string, attempt: number): Attempt {
    const key = `${run} ${attempt}`;
    let found = this.#attempts.get(key);
    if (!found) {
      found = { run, attempt, queue: this.#queue(key), points: [], since: 0, sequence: 0, lost: false };
      this.#attempts.set(key, found);
    }
    return found;
  }

  #queue(key: string): Queue {
    try {
      return new Queue(key, this.#spool);
    } catch (error) {
      this.#tellSpool(error as Error);
      return new Queue(key);
    }
  }

  /** Notes a point; returns at once. Of an attempt that was refused nothing is taken: `onDiscard` has said so. */
  log(run: string, attempt: number, point: Point): void {
    if (this.#closed) throw new Error('the reporter is closed: nothing more can be logged');
    const one = this.#of(run, attempt);
    if (one.lost) return;
    const now = performance.now();
    if (one.points.length === 0) one.since = now;
    one.points.push(point);
    // A script that never yields has no timers.
    if (one.points.length >= MANY_POINTS || now - one.since >= this.#flushMs) this.#seal(one);
    this.#schedule();
  }

  /** Ends an attempt; it is sent after all its points. */
  finish(end: Omit<Finish, 'sequence'>): void {
    const one = this.#of(end.run, end.attempt);
    if (one.lost) return;
    this.#seal(one);
    this.#push(one, 'finish', [JSON.stringify({ finish: { ...end, sequence: one.sequence } })]);
    this.#schedule();
  }

  #seal(one: Attempt): void {
    if (one.points.length === 0) return;
    const { run, attempt, points } = one;
    one.points = [];
    const texts: string[] = [];
    for (const series of batches(points)) {
      one.sequence++;
      const head = JSON.stringify({ run, attempt, sequence: one.sequence }).slice(0, -1);
      texts.push(`{"report":${head},"series":${series}}}`);
    }
    this.#push(one, 'report', texts);
  }

  /** Puts all that was logged into batches, and into the spool. */
  seal(): void {
    for (const one of this.#attempts.values()) this.#seal(one);
  }

  #push(one: Attempt, kind: Kind, texts: readonly string[]): void {
    try {
      one.queue.push(kind, texts);
    } catch (error) {
      this.#tellSpool(error as Error);
    }
  }

  #tellSpool({ message }: Error): void {
    this.#tell(
      new Error(`the spool ${this.#spool} cannot be written: ${message}; what is logged is kept in memory.`),
    );
  }

  #tell(problem: Error): void {
    if (!this.problem) this.#onProblem(problem);
    this.problem = problem;
  }

  #schedule(): void {
    if (this.#timer || this.#closed) return;
    const ms = this.#flushMs * 2 ** this.#failures;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.flush();
      },
      Math.max(this.#flushMs, Math.min(LONGEST_PAUSE_MS, ms)),
    );
    // What lies in the spool does not keep a script from ending while the API is away.
    if (this.#failures > 0 && this.#spool !== undefined) this.#timer.unref();
  }

  /** Sends what there is. Resolves when all is delivered or the API cannot be reached; never rejects for the network. */
  async flush(): Promise<void> {
    if (this.#closed) return;
    this.seal();
    this.#sending ??= this.#send()
      .catch((error: Error) => {
        this.#tell(error);
        return false;
      })
      .then((delivered) => {
        this.#sending = undefined;
        if (delivered) return;
        this.#failures++;
        this.#schedule();
      });
    await this.#sending;
  }

  /** → false where the rest has to wait. */
  async #send(): Promise<boolean> {
    for (;;) {
      let sent = false;
      for (const kind of ['report', 'finish'] as const) {
        const parts = this.#next(kind);
        if (parts.length === 0) continue;
        if (!(await this.#deliver(kind, parts))) {
          for (const { queue } of this.#attempts.values()) if (queue.length > 0) queue.touch();
          return false;
        }
        sent = true;
        this.#failures = 0;
        this.problem = undefined;
      }
      if (!sent) return true;
    }
  }

  /** The next message of a kind: of each attempt what comes first, round after round, as much as a message holds. */
  #next(kind: Kind): Part[] {
    const parts: Part[] = [];
    let bytes = ENVELOPE;
    let open = [...this.#attempts.values()];
    for (let place = 0; open.length > 0; place++) {
      open = open.filter(({ queue }) => queue.at(place)?.kind === kind);
      for (const of of open) {
        const entry = of.queue.at(place)!;
        bytes += entry.bytes;
        if (parts.length > 0 && (bytes > MESSAGE_BYTES || parts.length === MESSAGE_ENTRIES)) return parts;
        parts.push({ of, entry });
      }
    }
    return parts;
  }

  /** Sends one message. → false where it has to be tried again later. A message that is refused is sent in halves, until it is clear what is at fault. */
  async #deliver(kind: Kind, all: readonly Part[]): Promise<boolean> {
    const parts = all.filter(({ of }) => !of.lost);
    if (parts.length === 0) return true;
    try {
      const results = await this.#ask(kind, parts);
      for (const [i, { of }] of parts.entries()) this.#settle(of, kind, results[i]!);
      return true;
    } catch (error) {
      const { code = 'UNKNOWN', message } = error as ApiError;
      if (isPassing(error) || ACCESS.has(code)) {
        this.#tell(error as Error);
        return false;
      }
      if (parts.length === 1) {
        this.#discard(parts[0]!.of, code, message);
        return true;
      }
      const half = parts.length >> 1;
      return (
        (await this.#deliver(kind, parts.slice(0, half))) && (await this.#deliver(kind, parts.slice(half)))
      );
    }
  }

  async #ask(
    kind: Kind,
    parts: readonly Part[],
  ): Promise<readonly { __typename: string; message?: string }[]> {
    const inputs = parts.map(({ of, entry }) => JSON.parse(of.queue.textOf(entry))[kind]);
    if (kind === 'report') {
      const input = { reports: inputs };
      return (await this.#client.mutate(ReportMetrics, { input }, { idempotent: true })).reportMetrics
        .results;
    }
    const input = { runs: inputs };
    return (await this.#client.mutate(FinishRun, { input }, { idempotent: true })).finishRun.results;
  }

  #settle(
    one: Attempt,
    kind: Kind,
    { __typename: code, message = code }: { __typename: string; message?: string },
  ): void {
    if (one.lost) return;
    if (code !== 'ReportAccepted' && code !== 'RunFinished') {
      this.#discard(one, code, message);
      return;
    }
    one.queue.shift();
    if (kind === 'finish' && one.queue.length === 0 && one.points.length === 0) {
      one.queue.remove();
      this.#attempts.delete(one.queue.key);
    }
  }

  #discard(one: Attempt, code: string, reason: string): void {
    const { run, attempt, queue } = one;
    const batches = queue.length;
    one.lost = true;
    one.points = [];
    const kept = queue.remove(code !== 'LeaseLost');
    this.#onDiscard({ run, attempt, batches, code, reason, kept });
  }

  /** Whether everything was delivered. */
  get empty(): boolean {
    for (const { queue, points } of this.#attempts.values())
      if (queue.length > 0 || points.length > 0) return false;
    return true;
  }

  /** Delivers what is left, for at most `seconds`; what then remains stays in the spool. */
  async close(seconds = 10): Promise<void> {
    const end = Date.now() + seconds * 1000;
    const left = (): number => Math.max(0, end - Date.now());
    const done = new AbortController();
    while (!this.empty && left() > 0) {
      await Promise.race([this.flush(), sleep(left(), undefined, { signal: done.signal }).catch(() => {})]);
      if (!this.empty && left() > 0) await sleep(Math.min(200, left()));
    }
    done.abort();
    this.#closed = true;
    clearTimeout(this.#timer);
    if (this.#spool === undefined) return;
    spooling.delete(this);
    if (spooling.size === 0) process.off('exit', spoolAll);
    if (this.#sending) void this.#sending.finally(() => this.leave());
    else this.leave();
  }

  /** Leaves what was not delivered to the next process. */
  leave(): void {
    this.seal();
    for (const { queue } of this.#attempts.values()) queue.close();
    if (this.#spool !== undefined) removeIfEmpty(this.#spool);
  }
}
