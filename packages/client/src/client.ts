import type { TadaDocumentNode } from 'gql.tada';
import { print } from 'graphql';
import { createClient as createSocket } from 'graphql-ws';
import { ApiError, isPassing, Unreachable } from './errors.ts';
import { FORBIDDEN, receive } from './receive.ts';

export { ApiError, isPassing, Unreachable };

export interface ClientOptions {
  /** Of the API, without /graphql. */
  readonly url: string;
  readonly token?: string | undefined;
  /** Times that an idempotent request is tried again when the API cannot be reached. */
  readonly retries?: number;
  readonly fetch?: typeof fetch;
  /** For Node, which has no WebSocket of its own before version 22. */
  readonly webSocket?: unknown;
}

export interface Client {
  /** Asks; tried again when the API cannot be reached. */
  query<R, V>(document: TadaDocumentNode<R, V>, variables?: V): Promise<R>;
  /** Changes something. Tried again only when `idempotent`: the API answers a repeated one as the first. */
  mutate<R, V>(
    document: TadaDocumentNode<R, V>,
    variables?: V,
    options?: { idempotent?: boolean },
  ): Promise<R>;
  /**
   * Watches: connects again by itself, with the variables as they are then; ends with the subscription, or with `return()`.
   * `received` hears of each message when it comes. (live.ts keeps a cursor so.)
   */
  subscribe<R, V>(
    document: TadaDocumentNode<R, V>,
    variables?: V,
    received?: (data: R) => void,
  ): AsyncIterableIterator<R>;
  close(): void;
}

interface Answer<R> {
  data?: R | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

/** What a script has when it says nothing: SMALLBATCH_URL and SMALLBATCH_TOKEN. */
export function fromEnvironment(): ClientOptions {
  const { SMALLBATCH_URL, SMALLBATCH_TOKEN } = globalThis.process?.env ?? {};
  return { url: SMALLBATCH_URL || 'http://localhost:4000', token: SMALLBATCH_TOKEN || undefined };
}

/** Most seconds that a server may make a client wait before it tries again. */
const LONGEST_WAIT = 60;

/** Doubling from 100 ms to 5 s, and never the same for all clients; at least what the server asks for. */
const pause = (attempt: number, seconds = 0): Promise<void> =>
  new Promise((resolve) =>
    setTimeout(
      resolve,
      Math.max(Math.min(5000, 100 * 2 ** attempt) * (0.5 + Math.random() / 2), seconds * 1000),
    ),
  );

/** The header Retry-After, in seconds or as a date. */
function retryAfter({ headers }: Response): number | undefined {
  const said = headers.get('retry-after')?.trim();
  if (!said) return undefined;
  const seconds = /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(LONGEST_WAIT, Math.max(0, seconds)) : undefined;
}

export function createClient(options: ClientOptions = fromEnvironment()): Client {
  const { url, token, retries = 4 } = options;
  const request = options.fetch ?? fetch;
  const endpoint = `${url.replace(/\/+$/, '')}/graphql`;
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;

  async function once<R>(body: string): Promise<R> {
    let response: Response;
    let text: string;
    try {
      response = await request(endpoint, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.timeout(60_000),
      });
      text = await response.text();
    } catch (error) {
      const { cause } = error as { cause?: { code?: string; message?: string } };
      throw new Unreachable(
        `cannot reach the API at ${url}: ${cause?.code ?? cause?.message ?? (error as Error).message}. Is it running? (npm start; SMALLBATCH_URL)`,
      );
    }
    const { status } = response;
    const busy = status === 429 || status >= 500;
    const wait = busy ? retryAfter(response) : undefined;
    let answer: Answer<R>;
    try {
      answer = JSON.parse(text);
    } catch {
      if (busy) throw new Unreachable(`the API at ${url} answers ${status}`, wait);
      throw new ApiError(`${url} answers ${status} and no JSON: is it a Smallbatch API?`, 'BAD_ANSWER');
    }
    const [fault] = answer.errors ?? [];
    if (fault) {
      const code = fault.extensions?.code ?? 'UNKNOWN';
      throw new ApiError(fault.message, code, busy || code === 'INTERNAL', wait);
    }
    if (!answer.data) throw new ApiError(`the API answered ${status} without data`, 'BAD_ANSWER', busy, wait);
    return answer.data;
  }

  async function send<R, V>(
    document: TadaDocumentNode<R, V>,
    variables: V | undefined,
    tries: number,
  ): Promise<R> {
    const body = JSON.stringify({ query: print(document), variables });
    for (let attempt = 0; ; attempt++) {
      try {
        return await once<R>(body);
      } catch (error) {
        if (!isPassing(error) || attempt >= tries) throw error;
        await pause(attempt, (error as Unreachable).retryAfter);
      }
    }
  }

  let socket: ReturnType<typeof createSocket> | undefined;
  return {
    query: (document, variables) => send(document, variables, retries),
    mutate: (document, variables, { idempotent = false } = {}) =>
      send(document, variables, idempotent ? retries : 0),
    subscribe<R, V>(document: TadaDocumentNode<R, V>, variables?: V, received?: (data: R) => void) {
      socket ??= createSocket({
        url: endpoint.replace(/^http/, 'ws'),
        connectionParams: token ? { authorization: `Bearer ${token}` } : {},
        retryAttempts: Number.POSITIVE_INFINITY,
        // A token that is refused stays so.
        shouldRetry: (event) => (event as { code?: number }).code !== FORBIDDEN,
        ...(options.webSocket ? { webSocketImpl: options.webSocket } : {}),
      });
      const payload = {
        query: print(document),
        variables: (variables ?? {}) as Record<string, unknown>,
      };
      return receive<R>(socket, payload, received);
    },
    close() {
      void socket?.dispose();
    },
  };
}

/** All things of a list, page after page. */
export async function* pages<T>(
  load: (
    after: string | null,
  ) => Promise<{ nodes: readonly T[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } }>,
): AsyncGenerator<T> {
  let after: string | null = null;
  for (;;) {
    const page = await load(after);
    yield* page.nodes;
    if (!page.pageInfo.hasNextPage) return;
    after = page.pageInfo.endCursor;
  }
}
