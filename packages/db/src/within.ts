import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';

/** Why statements of a request are stopped: given to `AbortController.abort`. */
export type StopReason = 'CLIENT_GONE' | 'TIMEOUT';

/** A request, as far as its statements know of it. */
export interface Work {
  /** Aborted with a StopReason, it cancels the statements that run and lets no other begin. Absent: they run to their end. */
  readonly signal?: AbortSignal;
  /** Statements sent so far, those that open and close transactions left out. */
  statements: number;
}

/**
 * Everything that `body` awaits does its SQL for this request. An asynchronous context rather than an argument, because
 * Prisma's statements have to be found as well.
 */
const current = new AsyncLocalStorage<Work>();
export const within = <T>(work: Work, body: () => T): T => current.run(work, body);

const FRAME = /^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|RESET|DEALLOCATE)\b/i;
const QUERY_CANCELED = '57014';
const TEXT: Record<StopReason, string> = {
  CLIENT_GONE: 'statement stopped: the client went away',
  TIMEOUT: 'statement stopped: the request took too long',
};

/** Shaped like an error of PostgreSQL, so that Prisma hands it on as one. */
class StatementStopped extends Error {
  readonly code = QUERY_CANCELED;
  readonly severity = 'ERROR';
  constructor(reason: StopReason) {
    super(TEXT[reason]);
    this.name = 'StatementStopped';
  }
}
const stopped = ({ reason }: AbortSignal) =>
  new StatementStopped(reason === 'TIMEOUT' ? 'TIMEOUT' : 'CLIENT_GONE');

/** Whether an error, Prisma's included, is a statement that was stopped, and why; PostgreSQL's own statement_timeout counts. */
export function stopReason(error: unknown): StopReason | undefined {
  for (let inner = error, i = 0; inner instanceof Error && i < 5; inner = inner.cause, i++) {
    if (inner.message.includes(TEXT.CLIENT_GONE)) return 'CLIENT_GONE';
    if (inner.message.includes(TEXT.TIMEOUT) || inner.message.includes('due to statement timeout'))
      return 'TIMEOUT';
  }
  return undefined;
}

/** What PostgreSQL says of a value that it cannot hold: out of range, no text of its encoding, too long, no such form. */
const UNFIT = /^(22001|22003|22007|22008|22021|22P02|22P05)$/;
/** Whether an error, Prisma's included, is about a value that was given, and not about a statement. */
export function isUnfitValue(error: unknown): boolean {
  const one = error as {
    code?: unknown;
    meta?: { driverAdapterError?: { cause?: { originalCode?: unknown } } };
  } | null;
  const codes = [one?.code, one?.meta?.driverAdapterError?.cause?.originalCode];
  return codes.some((code) => typeof code === 'string' && UNFIT.test(code));
}

/**
 * Prisma gathers the look-ups by key of one turn of the event loop, and sends them in the context of the first: another request's
 * end can stop them. Whose own request goes on asks again.
 */
export async function askedAgain<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      const other =
        error instanceof Error && Object.values(TEXT).some((text) => error.message.includes(text));
      if (!other || tries === 5 || current.getStore()?.signal?.aborted) throw error;
    }
  }
}

type Callback = (error: Error | null | undefined, result?: unknown) => void;
type Query = (...given: unknown[]) => unknown;

/** A client's `query` that belongs to the request that calls it. */
export function stoppable(client: pg.Client, query: Query): Query {
  return (...given) => {
    const work = current.getStore();
    if (!work) return query(...given);
    const [first] = given as [string | { text?: string }];
    // The end of a transaction is sent whatever has happened.
    if (FRAME.test(typeof first === 'string' ? first : (first.text ?? ''))) return query(...given);
    const { signal } = work;
    const isCursor = typeof first === 'object' && 'submit' in first;
    if (!signal?.aborted) work.statements++;
    // A cursor is read in parts by whoever holds it, and closed by them.
    if (!signal || isCursor) return query(...given);
    const last = given.at(-1);
    const callback = typeof last === 'function' ? (last as Callback) : undefined;
    if (signal.aborted) {
      if (!callback) return Promise.reject(stopped(signal));
      process.nextTick(callback, stopped(signal));
      return undefined;
    }
    let cancelling: Promise<void> | undefined;
    const cancel = (): void => {
      cancelling = sendCancel(client);
    };
    signal.addEventListener('abort', cancel, { once: true });
    // The connection is not given on before a cancellation on its way has arrived: it must not meet the next one's statement.
    const settled = (then: () => void): void => {
      signal.removeEventListener('abort', cancel);
      if (cancelling) void cancelling.then(then);
      else then();
    };
    const told = (error: Error): Error =>
      signal.aborted && (error as { code?: string }).code === QUERY_CANCELED ? stopped(signal) : error;
    if (callback) {
      const done: Callback = (error, result) => settled(() => callback(error && told(error), result));
      return query(...given.slice(0, -1), done);
    }
    return new Promise((resolve, reject) => {
      const done: Callback = (error, result) =>
        settled(() => (error ? reject(told(error)) : resolve(result)));
      query(...given, done);
    });
  };
}

/** Who waits for a connection is called back by whoever gives one back: in the waiting request's context all the same. */
export function keepContext(pool: pg.Pool): void {
  const connect = pool.connect.bind(pool) as (callback?: (...given: unknown[]) => void) => unknown;
  pool.connect = ((callback?: (...given: unknown[]) => void) =>
    connect(callback && AsyncLocalStorage.bind(callback))) as typeof pool.connect;
}

/**
 * Asks PostgreSQL to cancel what a connection does, by the protocol's own message: it needs no right, no free connection of the
 * pool, and the connection's secret key, so that it can reach no other. Resolves when PostgreSQL has sent the signal
 * (it closes then), or when it cannot be asked: the statement's time limit remains.
 */
function sendCancel(client: pg.Client): Promise<void> {
  const { host, port, ssl, processID, secretKey } = client as unknown as {
    host: string;
    port: number;
    ssl: boolean | object;
    processID: number | null;
    secretKey: number | null;
  };
  if (processID === null || secretKey === null) return Promise.resolve();
  return new Promise((resolve) => {
    const connection = new pg.Connection({ ssl } as never) as unknown as {
      stream: { destroy(): void };
      connect(...where: unknown[]): void;
      on(event: string, listener: () => void): void;
      requestSsl(): void;
      cancel(processID: number, secretKey: number): void;
    };
    const over = (): void => {
      clearTimeout(timer);
      connection.stream.destroy();
      resolve();
    };
    const timer = setTimeout(over, 5_000);
    connection.on('error', over);
    connection.on('end', over);
    connection.on('connect', () => {
      if (ssl) connection.requestSsl();
      else connection.cancel(processID, secretKey);
    });
    connection.on('sslconnect', () => connection.cancel(processID, secretKey));
    if (host?.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
    else connection.connect(port, host);
  });
}
