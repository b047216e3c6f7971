import {
  adoptEvents,
  CHANGES,
  type Change,
  type Db,
  marksOf,
  purgeEvents,
  readChange,
  runsOfSweep,
} from '@smallbatch/db';
import type { Logger } from 'pino';
import { gate } from './gate.ts';

/** At most five messages a second a subscription. */
export const MIN_GAP_MS = 200;
/** How often the database is looked at whether or not a notice came: one can be lost with the process that would have sent it. */
const POLL_MS = 5000;
const POLLS_OF_ALL = 12;
/** How long what was read for one subscription serves others that ask the same, unless something changes before. */
const FRESH_MS = 1000;
const PURGE_MS = 3_600_000;
/** Failures to read in a row before a subscription ends with an error. */
const TRIES = 5;

/** What is watched: a run, a sweep, or the events of a team (its id is the team's then). */
export interface Watched {
  readonly kind: 'run' | 'sweep' | 'team';
  readonly id: string;
  readonly teamId: string;
}

interface Topic extends Watched {
  readonly wakers: Set<() => void>;
  /** Of a sweep: its runs. While they are not read, any change of the team matters. */
  runs: ReadonlySet<string> | undefined;
  /** How often its runs were asked for. */
  asked: number;
  /** What was read since the last change, for all who watch. */
  readonly reads: Map<string, { readonly at: number; readonly value: Promise<unknown> }>;
  lastFired: number;
  timer: NodeJS.Timeout | undefined;
  /** Of a run: where it stood when it was read last. */
  mark: string | undefined;
}

/**
 * Tells subscriptions that something changed. Each API process hears of changes in all of them through PostgreSQL, and wakes
 * only who watches what changed: topics are found by the ids of a notice, never by asking every subscription.
 */
export class Live {
  readonly #db: Db;
  readonly #logger: Logger;
  readonly #topics = new Map<string, Topic>();
  readonly #byTeam = new Map<string, Set<Topic>>();
  /** Run → watched sweeps that it answers a cell of. */
  readonly #sweepsOf = new Map<string, Set<Topic>>();
  /** Sweeps whose runs are not read yet. */
  readonly #unread = new Set<Topic>();
  #unlisten: (() => Promise<void>) | undefined;
  #timers: NodeJS.Timeout[] = [];
  #adopting: Promise<void> | undefined;
  #polling = false;
  #polls = 0;
  #teamMarks = new Map<string, string>();

  constructor(db: Db, logger: Logger) {
    this.#db = db;
    this.#logger = logger;
  }

  async start(): Promise<void> {
    // It looks through the whole log, which nobody has to wait for.
    this.#adopting = adoptEvents(this.#db).then(
      (events) => void (events > 0 && this.#logger.info({ events }, 'events of another server were adopted')),
      (err) => this.#logger.warn({ err }, 'could not look for events of another server'),
    );
    this.#unlisten = await this.#db.listen(CHANGES, (payload) => {
      const change = readChange(payload);
      if (change) this.#heard(change);
      // The connection was lost and made anew: nobody knows what was missed.
      else
        for (const topic of this.#topics.values()) {
          if (topic.kind === 'sweep') void this.#readRuns(topic);
          this.#touch(topic);
        }
    });
    const purge = () =>
      purgeEvents(this.#db).catch((err) => this.#logger.warn({ err }, 'old events stay for now'));
    this.#timers = [setInterval(() => void this.#poll(), POLL_MS), setInterval(purge, PURGE_MS)];
    for (const timer of this.#timers) timer.unref();
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const topic of this.#topics.values()) clearTimeout(topic.timer);
    await this.#unlisten?.();
    await this.#adopting;
  }

  /** Subscriptions that are open, for tests of leaks. */
  get watchers(): number {
    return [...this.#topics.values()].reduce((sum, { wakers }) => sum + wakers.size, 0);
  }

  #heard({ teamId, ids, told }: Change): void {
    const ofTeam = this.#byTeam.get(teamId);
    if (!ofTeam) return;
    const found = new Set<Topic | undefined>();
    if (ids === '*') for (const topic of ofTeam) found.add(topic);
    else {
      if (told) found.add(this.#topics.get(teamId));
      for (const id of ids) {
        found.add(this.#topics.get(id));
        for (const sweep of this.#sweepsOf.get(id) ?? []) found.add(sweep);
      }
      for (const sweep of this.#unread) if (sweep.teamId === teamId) found.add(sweep);
    }
    for (const topic of found) {
      if (!topic) continue;
      // A retry may give a cell another run.
      if (topic.kind === 'sweep' && (ids === '*' || ids.includes(topic.id))) void this.#readRuns(topic);
      this.#touch(topic);
    }
  }

  /** Wakes all who watch at one time, not more often than they may speak, so that they can share what is read. */
  #touch(topic: Topic): void {
    topic.reads.clear();
    topic.timer ??= setTimeout(
      () => {
        topic.timer = undefined;
        topic.lastFired = Date.now();
        topic.reads.clear();
        for (const wake of [...topic.wakers]) wake();
      },
      Math.max(0, topic.lastFired + MIN_GAP_MS - Date.now()),
    );
  }

  async #readRuns(topic: Topic): Promise<void> {
    const asked = ++topic.asked;
    const runs = await runsOfSweep(this.#db, topic.id).catch(() => undefined);
    // A later asking knows better.
    if (this.#topics.get(topic.id) !== topic || topic.asked !== asked) return;
    this.#forgetRuns(topic);
    if (!runs) return void this.#unread.add(topic);
    this.#unread.delete(topic);
    topic.runs = new Set(runs);
    for (const run of topic.runs) {
      const sweeps = this.#sweepsOf.get(run) ?? new Set();
      sweeps.add(topic);
      this.#sweepsOf.set(run, sweeps);
    }
  }

  #forgetRuns(topic: Topic): void {
    for (const run of topic.runs ?? []) {
      const sweeps = this.#sweepsOf.get(run);
      sweeps?.delete(topic);
      if (sweeps?.size === 0) this.#sweepsOf.delete(run);
    }
    topic.runs = undefined;
  }

  /** Looks at the newest event of each watched team and where each watched run stands: by index, in one statement. */
  async #poll(): Promise<void> {
    if (this.#polling || this.#topics.size === 0) return;
    this.#polling = true;
    try {
      for (const topic of this.#unread) void this.#readRuns(topic);
      const teams = [...this.#byTeam.keys()];
      const runs = [...this.#topics.values()].filter(({ kind }) => kind === 'run').map(({ id }) => id);
      const marks = await marksOf(this.#db, teams, runs);
      for (const id of runs) {
        const topic = this.#topics.get(id);
        if (topic && topic.mark !== marks.get(id)) this.#touch(topic);
      }
      const before = this.#teamMarks;
      this.#teamMarks = new Map(teams.map((id) => [id, marks.get(id) ?? '']));
      // An older transaction that commits late is not the newest: so all are looked at once a minute.
      const all = ++this.#polls % POLLS_OF_ALL === 0;
      for (const [id, mark] of this.#teamMarks) {
        if (before.get(id) === mark && !all) continue;
        for (const topic of this.#byTeam.get(id) ?? []) if (topic.kind !== 'run') this.#touch(topic);
      }
    } catch (err) {
      this.#logger.warn({ err }, 'could not look for changes');
    } finally {
      this.#polling = false;
    }
  }

  #watch(watched: Watched, wake: () => void): { topic: Topic; leave: () => void } {
    let topic = this.#topics.get(watched.id);
    if (!topic) {
      topic = {
        ...watched,
        wakers: new Set(),
        runs: undefined,
        asked: 0,
        reads: new Map(),
        lastFired: 0,
        timer: undefined,
        mark: undefined,
      };
      this.#topics.set(watched.id, topic);
      const ofTeam = this.#byTeam.get(watched.teamId) ?? new Set();
      ofTeam.add(topic);
      this.#byTeam.set(watched.teamId, ofTeam);
      if (watched.kind === 'sweep') {
        this.#unread.add(topic);
        void this.#readRuns(topic);
      }
    }
    const mine = topic;
    mine.wakers.add(wake);
    const leave = (): void => {
      mine.wakers.delete(wake);
      if (mine.wakers.size > 0 || this.#topics.get(mine.id) !== mine) return;
      clearTimeout(mine.timer);
      this.#topics.delete(mine.id);
      this.#forgetRuns(mine);
      this.#unread.delete(mine);
      const ofTeam = this.#byTeam.get(mine.teamId);
      ofTeam?.delete(mine);
      if (ofTeam?.size === 0) this.#byTeam.delete(mine.teamId);
    };
    return { topic: mine, leave };
  }

  /** Reads once for all who ask the same of a topic between two changes. */
  #read<T>(topic: Topic, key: string, read: () => Promise<T>): Promise<T> {
    const known = topic.reads.get(key);
    if (known && Date.now() - known.at < FRESH_MS) return known.value as Promise<T>;
    const value = read();
    topic.reads.set(key, { at: Date.now(), value });
    value.catch(() => topic.reads.delete(key));
    return value;
  }

  /**
   * Messages about what is watched: `read` is asked at the start and after each change, with what was seen; it gives a message (or none),
   * what is seen with it, and whether there is more already. Never more than five a second. The first read is made before this
   * returns, so that what it throws is the answer to the subscription.
   */
  async messages<Seen, Message>(
    watched: Watched,
    start: Seen,
    keyOf: (seen: Seen) => string,
    read: (seen: Seen) => Promise<Step<Seen, Message>>,
  ): Promise<AsyncIterableIterator<Message>> {
    let dirty = false;
    let wakeUp = (): void => {};
    const { topic, leave } = this.#watch(watched, () => {
      dirty = true;
      wakeUp();
    });
    let ended = false;
    const pause = (until: () => boolean, ms?: number): Promise<void> =>
      new Promise((resolve) => {
        const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
        wakeUp = () => {
          if (!until()) return;
          clearTimeout(timer);
          resolve();
        };
        wakeUp();
      });
    const step = async (seen: Seen) => {
      const result = await this.#read(topic, keyOf(seen), () => read(seen));
      if (result.mark !== undefined) topic.mark = result.mark;
      return result;
    };
    let now: Step<Seen, Message>;
    try {
      now = await step(start);
    } catch (error) {
      leave();
      throw error;
    }
    const logger = this.#logger;
    const inner = (async function* (): AsyncGenerator<Message> {
      try {
        for (;;) {
          if (now.message !== undefined) {
            yield now.message;
            await pause(() => ended, MIN_GAP_MS);
          }
          if (ended || now.last) return;
          if (!now.more) await pause(() => ended || dirty);
          if (ended) return;
          dirty = false;
          for (let tries = 1; ; tries++) {
            try {
              now = await gate.pass(() => step(now.seen));
              break;
            } catch (err) {
              if (tries === TRIES || 'extensions' in (err as object)) throw err;
              logger.warn({ err }, 'a subscription could not read; it tries again');
              await pause(() => ended, 1000);
              if (ended) return;
            }
          }
        }
      } finally {
        leave();
      }
    })();
    const messages: AsyncIterableIterator<Message> = {
      next: () => inner.next(),
      // A generator that waits hears nothing: it is woken first.
      return: () => {
        ended = true;
        wakeUp();
        leave();
        return inner.return(undefined);
      },
      throw: (error) => inner.throw(error),
      [Symbol.asyncIterator]: () => messages,
    };
    return messages;
  }
}

/** What one reading gives. */
export interface Step<Seen, Message> {
  readonly message?: Message | undefined;
  readonly seen: Seen;
  /** There is more already: no change is waited for. */
  readonly more?: boolean;
  /** Nothing comes after it. */
  readonly last?: boolean;
  /** Of a run: where it stands, as `marksOf` says it. */
  readonly mark?: string;
}
