import { setMaxListeners } from 'node:events';
import { type StopReason, type Work, within } from '@smallbatch/db';
import type { Request, RequestHandler, Response } from 'express';
import { type DocumentNode, type GraphQLSchema, getOperationAST, type OperationTypeNode } from 'graphql';
import { fault, shown } from './errors.ts';
import { checkVariables, LIMITS, type Measure, measure, readDocument, type Variables } from './limits.ts';

/** What a document says that it does, and the name that it has there. */
export interface Operation {
  readonly kind: OperationTypeNode;
  readonly name: string | undefined;
}

/** A request that may be executed, once its document is found valid. */
export interface Admitted extends Measure {
  readonly operation: Operation | undefined;
  readonly document: DocumentNode;
  /** Undefined where the document has no such operation: that is for the executing library to say. */
  readonly kind: OperationTypeNode | undefined;
  readonly operationName: string | undefined;
  readonly variables: Variables;
}

/** Errors of validation that are told; a document has more only when somebody wants many. */
export const VALIDATION = { maxErrors: 5 };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const absent = (value: unknown): value is undefined | null => value === undefined || value === null;

/** Looks at a request, by HTTP or WebSocket, before anything is done for it; throws a fault when it is over a limit. */
export function admit(schema: GraphQLSchema, body: unknown): Admitted {
  if (Array.isArray(body))
    throw fault(
      'BAD_INPUT',
      'invalid body: a list; send one operation a request (it may have several root fields)',
    );
  if (!isRecord(body) || typeof body.query !== 'string' || body.query === '')
    throw fault(
      'BAD_INPUT',
      'invalid body: send JSON, { "query": "…", "variables": {…} }, as application/json',
    );
  const { query, variables, operationName } = body;
  if (!absent(variables) && !isRecord(variables))
    throw fault('BAD_INPUT', 'invalid variables: send an object');
  if (!absent(operationName) && typeof operationName !== 'string')
    throw fault('BAD_INPUT', 'invalid operationName: send a text');
  const document = readDocument(query);
  const operation = getOperationAST(document, operationName);
  const given = variables ?? {};
  const name = operationName ?? undefined;
  if (!operation)
    return {
      document,
      operation: undefined,
      kind: undefined,
      operationName: name,
      variables: given,
      cost: 0,
      depth: 0,
    };
  checkVariables(schema, operation, given);
  const measured = measure(schema, document, operation, given);
  const { operation: kind } = operation;
  return {
    document,
    operation: { kind, name: operation.name?.value },
    kind,
    operationName: name,
    variables: given,
    ...measured,
  };
}

/** What is known of a request while it is answered: a part of the answer's extensions. */
export interface Asked extends Measure {
  readonly work: Work;
  /** By `performance.now()`. */
  readonly since: number;
}

/** The extensions of every answer by HTTP: what it cost, and of how much. */
export const extensionsOf = (requestId: string, asked?: Asked) => ({
  requestId,
  ...(asked && {
    cost: {
      cost: asked.cost,
      limit: LIMITS.cost,
      depth: asked.depth,
      depthLimit: LIMITS.depth,
      statements: asked.work.statements,
      milliseconds: Math.round((performance.now() - asked.since) * 10) / 10,
    },
  }),
});

/** A fault of a request by HTTP, in the form of every answer. */
export function refuse(response: Response, status: number, error: unknown): void {
  const id = String(response.locals.requestId);
  response.status(status).json({ errors: [shown(error, () => id)], extensions: extensionsOf(id) });
}

/**
 * Statements of a query are stopped when its client goes away, or when all of it takes too long. Those of a mutation run to
 * their end: what it does is done, whoever waits for the answer.
 */
export function workOf(
  kind: OperationTypeNode | undefined,
  readSeconds: number,
): { work: Work; stop(reason: StopReason): void; end(): void } {
  if (kind === 'mutation') return { work: { statements: 0 }, stop: () => {}, end: () => {} };
  const controller = new AbortController();
  // Each statement that runs listens for the end, until it is done itself: a query may have any number.
  setMaxListeners(0, controller.signal);
  const stop = (reason: StopReason): void => controller.abort(reason);
  const timer = kind === 'subscription' ? undefined : setTimeout(stop, readSeconds * 1000, 'TIMEOUT');
  return { work: { signal: controller.signal, statements: 0 }, stop, end: () => clearTimeout(timer) };
}

export const onlyPost: RequestHandler = (request, response, next) => {
  if (request.method === 'POST') return next();
  response.setHeader('Allow', 'POST');
  refuse(
    response,
    405,
    fault('BAD_INPUT', `invalid method ${request.method}: send a POST, or open a WebSocket`),
  );
};

/** Admits requests by HTTP, and does the rest of their way within their work. */
export const admission =
  (schema: GraphQLSchema, readSeconds: number): RequestHandler =>
  (request: Request, response: Response, next) => {
    const since = performance.now();
    let admitted: Admitted;
    try {
      admitted = admit(schema, request.body);
    } catch (error) {
      return refuse(response, 400, error);
    }
    const { kind, cost, depth } = admitted;
    if (kind === 'subscription')
      return refuse(
        response,
        400,
        fault('BAD_INPUT', 'invalid operation: subscriptions go over WebSocket (graphql-transport-ws)'),
      );
    const { query } = request.body as { query: string };
    const { variables, operationName } = admitted;
    request.body = { query, variables, ...(operationName === undefined ? {} : { operationName }) };
    const { work, stop, end } = workOf(kind, readSeconds);
    response.on('close', () => {
      end();
      if (!response.writableFinished) stop('CLIENT_GONE');
    });
    const asked: Asked = { cost, depth, work, since };
    response.locals.asked = asked;
    response.locals.operation = admitted.operation;
    within(work, next);
  };
