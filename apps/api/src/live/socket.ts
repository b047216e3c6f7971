import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { within } from '@smallbatch/db';
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  Kind,
  specifiedRules,
  validate,
  visit,
} from 'graphql';
import { CloseCode } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import type { WebSocket, WebSocketServer } from 'ws';
import { type Admitted, admit, type Operation, VALIDATION, workOf } from '../admit.ts';
import { can, type Viewer } from '../can.ts';
import { type Context, makeContext } from '../context.ts';
import { fault } from '../errors.ts';
import { asking } from '../log.ts';
import type { Action } from '../rights.ts';
import { RULES } from '../rules.ts';
import type { Asker } from '../session/viewer.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { gate } from './gate.ts';

/** Close codes of our own, beside those of the protocol (4400 to 4500 and 1001). */
export const CLOSE = {
  /** It read too slowly; what it missed is had by connecting again with the last cursor. */
  SLOW_READER: 4490,
  /** Nothing was asked for a long time. */
  IDLE: 4491,
} as const;

export interface SocketLimits {
  /** Operations that are open at once on one connection. */
  readonly subscriptions: number;
  /** Bytes that wait to be sent to one connection. */
  readonly waitingBytes: number;
  /** How long bytes may wait to be sent. */
  readonly waitingMs: number;
  /** A reader that was cut off has so long to read that it was. */
  readonly farewellMs: number;
  /** A connection on which nothing is asked for so long is closed. */
  readonly idleMs: number;
  /** So often it is looked for idle connections, and whether the tokens of the others are still good. */
  readonly checkMs: number;
  /** A ping so often; one that is not answered until the next ends the connection. */
  readonly pingMs: number;
}
export const SOCKET_LIMITS: SocketLimits = {
  subscriptions: 100,
  waitingBytes: 16_000_000,
  waitingMs: 10_000,
  farewellMs: 5000,
  idleMs: 600_000,
  checkMs: 60_000,
  pingMs: 12_000,
};
/** Most documents that are kept parsed and checked. */
const MOST_DOCUMENTS = 200;

interface Options {
  readonly schema: GraphQLSchema;
  readonly limits: SocketLimits;
  /** How long a query may take; a subscription may stay. */
  readonly readSeconds: number;
  /** Who asks, as the request says that made the connection. */
  askerOf(request: IncomingMessage): Asker;
  viewerOf(asker: Asker): Promise<Viewer | undefined>;
  contextOf(viewer: Viewer | undefined, requestId: string, request: IncomingMessage): Context;
  formatError(error: unknown): GraphQLFormattedError;
  /** Hears of each operation that begins. */
  began(operation: Operation): void;
  readonly telemetry: Telemetry | undefined;
}

/** Of a connection: when something was asked last, how much is open, who asks, and for what. */
interface State {
  since: number;
  readonly open: () => number;
  readonly asker: Asker | undefined;
  /** Who asks, in the team that the connection is for. */
  readonly memberId: string | undefined;
  /** Ids of the account, the member, and the token or session that asks. */
  readonly ids: readonly (string | undefined)[];
  /** What its subscriptions ask for. */
  readonly actions: Set<Action>;
}

/**
 * Serves operations over WebSockets with the graphql-transport-ws protocol. They are admitted as those by HTTP are. A query is
 * stopped in the database when its socket closes; what subscriptions read is read for many at once, and goes on.
 */
export interface SocketServer {
  /** Who has an id may have less rights now: of whom a subscription is open that asks for more is sent away. '': everybody. */
  check(id: string): void;
  dispose(): unknown;
}

export function serveSockets(sockets: WebSocketServer, options: Options): SocketServer {
  const { schema, limits, readSeconds, askerOf, viewerOf, contextOf, formatError, began, telemetry } =
    options;
  const documents = new Documents(schema);
  const running = new WeakMap<object, ReturnType<typeof workOf> & { readonly operation: Operation }>();
  const states = new WeakMap<WebSocket, State>();
  sockets.on('connection', (client) => {
    states.set(client, {
      since: Date.now(),
      open: () => 0,
      asker: undefined,
      memberId: undefined,
      ids: [],
      actions: new Set(),
    });
    bound(client, limits);
  });
  const check = async (client: WebSocket): Promise<void> => {
    const state = states.get(client);
    if (!state) return;
    const open = state.open();
    if (open === 0 && Date.now() - state.since > limits.idleMs)
      client.close(CLOSE.IDLE, 'idle: nothing was asked');
    else if (open > 0 && !(await stillMay(state)))
      client.close(CloseCode.Forbidden, 'the token or session is not valid any more, or may do less');
  };
  const stillMay = async ({ asker, memberId, actions }: State): Promise<boolean> => {
    const viewer = asker && (await viewerOf(asker));
    // Who was taken out of this team may well be in another, for which the session acts now.
    return viewer?.memberId === memberId && [...actions].every((action) => can(viewer, action));
  };
  const checkAll = (id: string): void => {
    // While the database cannot be asked, nobody is sent away.
    for (const client of sockets.clients)
      if (id === '' || states.get(client)?.ids.includes(id)) check(client).catch(() => {});
  };
  const checking = setInterval(checkAll, limits.checkMs, '');
  checking.unref();
  const used = (client: WebSocket): void => {
    const state = states.get(client);
    if (state) state.since = Date.now();
  };
  const server = useServer<
    { authorization?: string; team?: string },
    { socket: WebSocket; request: IncomingMessage }
  >(
    {
      onConnect: async (context) => {
        const { connectionParams, extra } = context;
        // A page cannot send headers with a WebSocket: the same is said in the connection's parameters.
        const request = askerOf(extra.request);
        const asker = {
          ...request,
          authorization: connectionParams?.authorization ?? request.authorization,
          team: connectionParams?.team ?? request.team,
        };
        const viewer = await viewerOf(asker);
        if (!viewer) return false;
        const open = () => Object.keys(context.subscriptions).length;
        // The secret of a session changes while its connection stays.
        const { sessionId, tokenId, memberId, accountId } = viewer;
        states.set(extra.socket, {
          since: Date.now(),
          open,
          asker: sessionId === undefined ? asker : { ...asker, sessionId },
          memberId,
          ids: [sessionId, tokenId, memberId, accountId],
          actions: new Set(),
        });
      },
      onSubscribe: async ({ subscriptions, extra }, _id, payload) => {
        used(extra.socket);
        if (Object.keys(subscriptions).length > limits.subscriptions)
          return [
            fault(
              'TOO_MANY_SUBSCRIPTIONS',
              `too many subscriptions: at most ${limits.subscriptions} a connection; end one, or open another connection`,
            ),
          ];
        let admitted: Admitted;
        try {
          admitted = admit(schema, payload);
        } catch (error) {
          return [
            error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error as Error }),
          ];
        }
        const { kind, operation, operationName, variables } = admitted;
        const document = documents.checked(payload.query, admitted.document);
        if ('errors' in document) return document.errors;
        if (!kind || !operation) return [unknownOperation()];
        began(operation);
        const state = states.get(extra.socket);
        const asker = state?.asker;
        if (kind === 'subscription') for (const action of asksFor(document)) state?.actions.add(action);
        const viewer = asker && (await viewerOf(asker));
        if (viewer && viewer.memberId !== state.memberId)
          return [fault('UNAUTHENTICATED', 'the session acts for another team now: connect again')];
        const args: ExecutionArgs = {
          schema,
          document,
          operationName: operationName ?? null,
          variableValues: variables,
          contextValue: contextOf(viewer, randomUUID(), extra.request),
        };
        if (kind !== 'subscription') {
          const own = { ...workOf(kind, readSeconds), operation };
          running.set(args, own);
          extra.socket.once('close', () => own.stop('CLIENT_GONE'));
        }
        return args;
      },
      execute: async (args: ExecutionArgs) => {
        const own = running.get(args);
        if (!own) return execute(args);
        try {
          const { requestId } = args.contextValue as Context;
          const body = () => within(own.work, () => execute(args));
          return await asking.run({ requestId }, () =>
            telemetry ? telemetry.during(own.operation, body) : body(),
          );
        } finally {
          own.end();
        }
      },
      subscribe,
      onError: (_context, _id, _payload, errors) => errors.map(formatError),
      onNext: (_context, _id, _payload, _args, result) => {
        if (result.errors)
          return {
            ...result,
            errors: result.errors.map(formatError),
          } as never;
      },
      onComplete: ({ extra }) => used(extra.socket),
    },
    sockets,
    limits.pingMs,
  );
  return {
    check: checkAll,
    dispose() {
      clearInterval(checking);
      return server.dispose();
    },
  };
}

/** What the subscriptions of a document ask for. */
const asksFor = (document: DocumentNode): Action[] =>
  document.definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION && definition.operation === 'subscription'
      ? definition.selectionSet.selections.flatMap((one) =>
          one.kind === Kind.FIELD ? (RULES[`Subscription.${one.name.value}`] ?? []) : ('read' as const),
        )
      : [],
  );

/** Valid documents by their text: a thousand pages that watch alike send the same one. */
class Documents {
  readonly #schema: GraphQLSchema;
  readonly #known = new Map<string, DocumentNode>();

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  /** The document of a text, valid, the same for the same text. */
  checked(text: string, document: DocumentNode): DocumentNode | { errors: readonly GraphQLError[] } {
    const known = this.#known.get(text);
    if (known) return known;
    const errors = validate(this.#schema, document, specifiedRules, VALIDATION);
    if (errors.length > 0) {
      for (const error of errors) error.extensions.code ??= 'GRAPHQL_VALIDATION_FAILED';
      return { errors };
    }
    if (this.#known.size >= MOST_DOCUMENTS) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(text, document);
    return document;
  }
}

const unknownOperation = (): GraphQLError =>
  new GraphQLError('unknown operation: name one of the document', {
    extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
  });

/** Answers to one message, by what was asked of it. */
const answers = new WeakMap<object, Map<string, Promise<ExecutionResult>>>();
/** Fields whose answers depend on the member that asks. */
const OF_MEMBER = new Set(['mayChange']);
const ofMember = new WeakMap<DocumentNode, boolean>();
function asksOfMember(document: DocumentNode): boolean {
  const known = ofMember.get(document);
  if (known !== undefined) return known;
  let asks = false;
  visit(document, {
    Field: ({ name }) => {
      asks ||= OF_MEMBER.has(name.value);
    },
  });
  ofMember.set(document, asks);
  return asks;
}
/** Documents are told apart by a number. */
const numbers = new WeakMap<DocumentNode, number>();
let documentsSeen = 0;

/**
 * As graphql's own, but for two things. Each message is answered with a context of its own: what a request remembers would be
 * old at the next message. And one message that goes to many is answered once for all of one team who asked the same.
 */
async function subscribe(
  args: ExecutionArgs,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const source = await gate.pass(() => createSourceEventStream(args));
  if (!(Symbol.asyncIterator in source)) return source;
  const messages = source[Symbol.asyncIterator]();
  const asked = askedBy(args);
  const answer = (message: object): Promise<ExecutionResult> => {
    const mine = answers.get(message) ?? new Map<string, Promise<ExecutionResult>>();
    answers.set(message, mine);
    let result = mine.get(asked);
    if (!result) {
      const contextValue = makeContext(args.contextValue as Context);
      result = gate.pass(() => execute({ ...args, rootValue: message, contextValue }));
      mine.set(asked, result);
    }
    return result;
  };
  const replies: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      const { value, done } = await messages.next();
      return done ? { value: undefined, done } : { value: await answer(value as object), done: false };
    },
    async return() {
      await messages.return?.();
      return { value: undefined, done: true };
    },
    async throw(error) {
      await messages.throw?.(error);
      throw error;
    },
    [Symbol.asyncIterator]: () => replies,
  };
  return replies;
}

function askedBy({ document, operationName, variableValues, contextValue }: ExecutionArgs): string {
  const { viewer } = contextValue as Context;
  const number = numbers.get(document) ?? documentsSeen++;
  numbers.set(document, number);
  const { teamId, memberId, role, tokenId, scopes } = viewer!;
  // What is the same for all who may the same, unless the document asks what one may oneself.
  const whose = asksOfMember(document) ? [memberId, tokenId] : [];
  return JSON.stringify([number, operationName, variableValues, teamId, role, scopes, whose]);
}

/**
 * Cuts off a reader that is too slow, so that nothing is buffered without bound. A subscription makes its next message when its last
 * one has left, so what waits is one message of each; when even that does not move, the connection is closed with a code, and
 * the reader has all that it missed by connecting again with its cursor.
 */
function bound(client: WebSocket, { waitingBytes, waitingMs, farewellMs }: SocketLimits): void {
  const send = client.send.bind(client) as (data: unknown, done: (error?: Error) => void) => void;
  let stuck: NodeJS.Timeout | undefined;
  let cut = false;
  const cutOff = (): void => {
    if (cut) return;
    cut = true;
    clearTimeout(stuck);
    const seconds = waitingMs / 1000;
    client.close(
      CLOSE.SLOW_READER,
      `slow reader: more than ${waitingBytes} bytes, or ${seconds} s, were waiting to be read`,
    );
    setTimeout(() => client.terminate(), farewellMs).unref();
  };
  /** Bytes that left this process so far. */
  let given = 0;
  const gone = (): number => given - client.bufferedAmount;
  /** Bytes that moved begin the time anew. */
  const watch = (): void => {
    const before = gone();
    stuck = setTimeout(() => {
      stuck = undefined;
      if (client.bufferedAmount === 0) return;
      if (gone() > before) watch();
      else cutOff();
    }, waitingMs);
  };
  client.send = ((data: string, done: (error?: Error) => void = () => {}) => {
    if (client.bufferedAmount > waitingBytes) cutOff();
    // Who was cut off is sent nothing more, and that is no error.
    if (cut) return done();
    given += Buffer.byteLength(data);
    send(data, (error) => done(cut ? undefined : error));
    if (client.bufferedAmount > 0 && !stuck) watch();
  }) as typeof client.send;
  client.on('close', () => clearTimeout(stuck));
}
