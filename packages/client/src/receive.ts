import type { Client as Socket, SubscribePayload } from 'graphql-ws';
import { ApiError, Unreachable } from './errors.ts';

/** Close code of a connection whose token is not valid, or not any more. */
export const FORBIDDEN = 4403;

type Fault = { readonly message: string; readonly extensions?: { readonly code?: unknown } };
const apiError = ({ message, extensions }: Fault): ApiError =>
  new ApiError(message, String(extensions?.code ?? 'UNKNOWN'));

/**
 * The messages of one subscription, through lost connections. `received` hears of each when it comes, which may be long before
 * it is taken: who goes on from a cursor must not ask again for what already waits here.
 */
export function receive<R>(
  socket: Socket,
  payload: SubscribePayload,
  received: (data: R) => void = () => {},
): AsyncIterableIterator<R> {
  const waiting: R[] = [];
  let end: { error?: unknown } | undefined;
  let wake = (): void => {};
  const stop = socket.subscribe<R>(payload, {
    next({ data, errors }) {
      const [fault] = errors ?? [];
      if (fault) {
        end ??= { error: apiError(fault) };
        stop();
      } else if (data && !end) {
        received(data);
        waiting.push(data);
      }
      wake();
    },
    error(error) {
      const { code, reason } = (error ?? {}) as { code?: number; reason?: string };
      const said = Array.isArray(error)
        ? apiError(error[0] as Fault)
        : error instanceof Error
          ? error
          : code === FORBIDDEN
            ? new ApiError(
                `missing or invalid token: ${reason || 'the API closed the connection'}`,
                'UNAUTHENTICATED',
              )
            : new Unreachable(`the API closed the connection: ${code ?? ''} ${reason ?? ''}`.trim());
      end ??= { error: said };
      wake();
    },
    complete() {
      end ??= {};
      wake();
    },
  });
  const inner = (async function* () {
    try {
      for (;;) {
        const data = waiting.shift();
        if (data !== undefined) yield data;
        else if (end?.error) throw end.error;
        else if (end) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      stop();
    }
  })();
  const messages: AsyncIterableIterator<R> = {
    next: () => inner.next(),
    // One that waits for a message is woken first.
    return: () => {
      end ??= {};
      waiting.length = 0;
      stop();
      wake();
      return inner.return(undefined);
    },
    throw: (error) => inner.throw(error),
    [Symbol.asyncIterator]: () => messages,
  };
  return messages;
}
