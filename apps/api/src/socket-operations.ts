import { within } from '@smallbatch/db';
import {
  type ExecutionArgs,
  execute,
  GraphQLError,
  type GraphQLSchema,
  specifiedRules,
  subscribe,
  validate,
} from 'graphql';
import type { Context as SocketContext } from 'graphql-ws';
import type { Extra } from 'graphql-ws/use/ws';
import { admit, workOf } from './admit.ts';

/** Errors of validation that are told; a document has more only when somebody wants many. */
export const VALIDATION = { maxErrors: 5 };

type Running = ReturnType<typeof workOf>;
const coded = (error: GraphQLError, code: string): GraphQLError => {
  error.extensions.code ??= code;
  return error;
};

/**
 * Operations by WebSocket are admitted and validated as those by HTTP are, and stopped in the database when they are given up or
 * their socket closes.
 */
export function socketOperations(schema: GraphQLSchema, readSeconds: number) {
  const operations = new WeakMap<ExecutionArgs, Running & { over(): void }>();
  const bySocket = new WeakMap<object, Set<Running>>();

  function start(socket: Extra['socket'], args: ExecutionArgs, running: Running): void {
    let all = bySocket.get(socket);
    if (!all) {
      const mine = new Set<Running>();
      socket.once('close', () => {
        for (const { stop } of mine) stop('CLIENT_GONE');
      });
      bySocket.set(socket, mine);
      all = mine;
    }
    all.add(running);
    const over = (): void => {
      running.end();
      all.delete(running);
    };
    operations.set(args, { ...running, over });
  }

  return {
    onSubscribe(
      { extra }: SocketContext<never, Extra>,
      _id: string,
      payload: unknown,
    ): ExecutionArgs | GraphQLError[] {
      try {
        const { document, kind, operationName, variables } = admit(schema, payload);
        const errors = validate(schema, document, specifiedRules, VALIDATION);
        if (errors.length > 0) return errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED'));
        if (!kind)
          return [
            coded(
              new GraphQLError('unknown operation: name one of the document'),
              'OPERATION_RESOLUTION_FAILURE',
            ),
          ];
        const args: ExecutionArgs = {
          schema,
          document,
          variableValues: variables,
          operationName: operationName ?? null,
        };
        start(extra.socket, args, workOf(kind, readSeconds));
        return args;
      } catch (error) {
        return [
          error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error as Error }),
        ];
      }
    },
    async execute(args: ExecutionArgs) {
      const { work, over } = operations.get(args)!;
      try {
        return await within(work, () => execute(args));
      } finally {
        over();
      }
    },
    async subscribe(args: ExecutionArgs) {
      const { work, stop, over } = operations.get(args)!;
      const source = await within(work, () => subscribe(args));
      if (!(Symbol.asyncIterator in source)) {
        over();
        return source;
      }
      const watched: typeof source = {
        async next() {
          const result = await within(work, () => source.next());
          if (result.done) over();
          return result;
        },
        return(value: never) {
          stop('CLIENT_GONE');
          over();
          return source.return(value);
        },
        throw: (error: unknown) => source.throw(error),
        [Symbol.asyncIterator]: () => watched,
        [Symbol.asyncDispose]: async () => void (await watched.return(undefined as never)),
      } as never;
      return watched;
    },
  };
}
