import pg from 'pg';
import { connectionConfig } from './pool.ts';

export const CHANNEL = 'smallbatch';
const WINDOW = 200;
/** A payload is at most 8,000 bytes; an id is 36 and its quotes and comma. */
const IDS = 150;

/** What changed, by id. Both empty: something may have been missed (the connection was lost), so look again at everything. */
export interface Change {
  runs: string[];
  sweeps: string[];
}

export type Unlisten = () => Promise<void>;

/**
 * Tells other processes that runs and sweeps changed. NOTIFY inside a transaction serialises the commits (10.3 k/s to 4.3 k/s),
 * so ids are gathered for 200 ms and sent outside of them. A message says only where to look, so a lost one costs freshness.
 */
export class Announcer {
  readonly #pool: pg.Pool;
  #runs = new Set<string>();
  #sweeps = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  announce(change: { runs?: Iterable<string>; sweeps?: Iterable<string> }): void {
    for (const id of change.runs ?? []) this.#runs.add(id);
    for (const id of change.sweeps ?? []) this.#sweeps.add(id);
    if (this.#runs.size + this.#sweeps.size === 0) return;
    this.#timer ??= setTimeout(() => void this.flush(), WINDOW);
  }

  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const ids = [
      ...[...this.#runs].map((id) => ({ runs: id })),
      ...[...this.#sweeps].map((id) => ({ sweeps: id })),
    ] as { runs?: string; sweeps?: string }[];
    this.#runs = new Set();
    this.#sweeps = new Set();
    const payloads: string[] = [];
    for (let at = 0; at < ids.length; at += IDS) {
      const part = ids.slice(at, at + IDS);
      const change: Change = {
        runs: part.flatMap(({ runs }) => runs ?? []),
        sweeps: part.flatMap(({ sweeps }) => sweeps ?? []),
      };
      payloads.push(JSON.stringify(change));
    }
    if (payloads.length > 0) {
      this.#sending = this.#sending
        .then(() =>
          this.#pool.query(
            '/* announce */ SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload',
            [CHANNEL, payloads],
          ),
        )
        .then(
          () => undefined,
          () => undefined,
        );
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
