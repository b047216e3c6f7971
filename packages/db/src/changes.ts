import pg from 'pg';
import { connectionConfig } from './pool.ts';

const WINDOW = 100;

/** Where changes are told of. */
export const CHANGES = 'smallbatch';
/** Most ids of one payload, which PostgreSQL limits to 8,000 bytes, and of one window; where more have changed it says "any". */
const IDS_A_PAYLOAD = 200;
const MOST_IDS = 1000;

/** Something of a team has changed: these runs and sweeps ('*': any), and perhaps the log of events. */
export interface Change {
  readonly teamId: string;
  readonly ids: readonly string[] | '*';
  readonly told: boolean;
}
export function readChange(payload: string): Change | undefined {
  const [teamId, told, ids] = payload.split(' ');
  if (!teamId || ids === undefined) return undefined;
  return { teamId, told: told === 'told', ids: ids === '*' ? '*' : ids.split(',').filter(Boolean) };
}

export type Unlisten = () => Promise<void>;

/**
 * Tells other processes that something changed. NOTIFY inside a transaction serialises the commits (10.3 k/s to 4.3 k/s), so
 * payloads are gathered for 100 ms, equal ones once, and sent outside of them. A payload says only where to look (ids), so a
 * lost one costs freshness, not truth. However much changes, there are at most five payloads
 * a window and team.
 */
export class Notifier {
  readonly #pool: pg.Pool;
  #pending = new Set<string>();
  #changes = new Map<string, { ids: Set<string> | '*'; told: boolean }>();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  notify(channel: string, payload: string): void {
    this.#pending.add(`${channel}\n${payload}`);
    this.#timer ??= setTimeout(() => void this.flush(), WINDOW);
  }

  changed(teamId: string, ids: readonly string[] | '*', told: boolean): void {
    const change = this.#changes.get(teamId) ?? { ids: new Set<string>(), told: false };
    this.#changes.set(teamId, change);
    change.told ||= told;
    if (change.ids !== '*' && ids !== '*') for (const id of ids) change.ids.add(id);
    if (ids === '*' || change.ids === '*' || change.ids.size > MOST_IDS) change.ids = '*';
    this.#timer ??= setTimeout(() => void this.flush(), WINDOW);
  }

  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [teamId, { ids, told }] of this.#changes) {
      const head = `${CHANGES}\n${teamId} ${told ? 'told' : 'quiet'}`;
      const all = ids === '*' ? ['*'] : [...ids];
      for (let from = 0; from === 0 || from < all.length; from += IDS_A_PAYLOAD)
        this.#pending.add(`${head} ${all.slice(from, from + IDS_A_PAYLOAD).join(',')}`);
    }
    this.#changes = new Map();
    const entries = [...this.#pending].map((entry) => entry.split('\n'));
    this.#pending = new Set();
    if (entries.length > 0) {
      const text = '/* notify */ SELECT pg_notify(c, p) FROM unnest($1::text[], $2::text[]) AS t (c, p)';
      const values = [entries.map(([channel]) => channel), entries.map(([, payload]) => payload)];
      this.#sending = this.#sending.then(async () => {
        await this.#pool.query(text, values).catch(() => {});
      });
    }
    return this.#sending;
  }
}

type Handler = (payload: string) => void;

/** One listening connection for all channels of a process; when it is lost, it is made anew and every handler hears ''. */
export class Listener {
  readonly #config: pg.ClientConfig;
  readonly #handlers = new Map<string, Set<Handler>>();
  #client: Promise<pg.Client> | undefined;
  #closed = false;

  constructor(url: string, applicationRole: boolean) {
    this.#config = { ...connectionConfig(url, applicationRole), keepAlive: true };
  }

  async listen(channel: string, handler: Handler): Promise<Unlisten> {
    const handlers = this.#handlers.get(channel) ?? new Set();
    const first = handlers.size === 0;
    handlers.add(handler);
    this.#handlers.set(channel, handlers);
    const connected = this.#client !== undefined;
    this.#client ??= this.#connect();
    const client = await this.#client;
    if (first && connected) await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
    return async () => {
      handlers.delete(handler);
      if (handlers.size > 0 || this.#closed) return;
      this.#handlers.delete(channel);
      await (await this.#client)?.query(`UNLISTEN ${client.escapeIdentifier(channel)}`).catch(() => {});
    };
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client(this.#config);
    let ended = false;
    const lost = () => {
      if (ended) return;
      ended = true;
      client.end().catch(() => {});
      void this.#reconnect();
    };
    await client.connect();
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ channel, payload }) => {
      for (const handler of this.#handlers.get(channel) ?? []) handler(payload ?? '');
    });
    for (const channel of this.#handlers.keys())
      await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
    return client;
  }

  async #reconnect(): Promise<void> {
    for (let wait = 100; !this.#closed; wait = Math.min(wait * 2, 5_000)) {
      const attempt = this.#connect();
      this.#client = attempt;
      attempt.catch(() => {});
      try {
        await attempt;
        for (const handlers of this.#handlers.values()) for (const handler of handlers) handler('');
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, wait).unref());
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = await this.#client?.catch(() => undefined);
    client?.removeAllListeners('end');
    await client?.end().catch(() => {});
  }
}
