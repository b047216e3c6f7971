import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import type { Operation } from './admit.ts';
import type { Viewer } from './can.ts';
import { asking } from './log.ts';
import type { Metrics } from './metrics.ts';
import { originOf } from './session/request.ts';

/** Parts of the server by the first word of their paths; all else is the dashboard's. */
const ROUTES = new Set(['graphql', 'auth', 'export', 'ingest', 'health', 'metrics']);
const LONGEST_PATH = 300;

/** An id for one request: the trusted proxy's own, so that its log and ours tell of the same; else a new one. */
function requestIdOf(request: IncomingMessage, trustProxy: boolean): string {
  const given = trustProxy ? request.headers['x-request-id'] : undefined;
  return typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID();
}

const routeOf = (path: string): string => {
  const [, first = ''] = path.split('/', 2);
  return ROUTES.has(first) ? first : 'dashboard';
};

/**
 * Gives each request its id, and writes one line of it when it has been answered: what was asked for, by whom, and what became of it.
 * Of an address only the path is logged: what follows it may be a secret. Signs of life and the dashboard's files are of level debug.
 */
export function arrival(logger: Logger, metrics: Metrics, trustProxy: boolean): RequestHandler {
  return (request: Request, response: Response, next) => {
    const since = performance.now();
    const requestId = requestIdOf(request, trustProxy);
    response.setHeader('X-Request-Id', requestId);
    response.locals.requestId = requestId;
    const path = request.originalUrl.replace(/[?#].*/s, '').slice(0, LONGEST_PATH);
    const route = routeOf(path);
    response.once('close', () => {
      const { statusCode: status, writableFinished } = response;
      metrics.requests.inc({ route, status });
      const { viewer, operation } = response.locals as { viewer?: Viewer; operation?: Operation };
      const ms = Math.round((performance.now() - since) * 10) / 10;
      if (route === 'graphql')
        metrics.seconds.observe({ kind: operation?.kind ?? 'none', status }, ms / 1000);
      const often = route === 'health' || route === 'metrics' || path.startsWith('/_next/');
      const line = {
        requestId,
        method: request.method,
        path,
        status,
        ms,
        address: originOf(request, trustProxy).address,
        ...(operation && { kind: operation.kind, operation: operation.name }),
        ...(viewer && { teamId: viewer.teamId, memberId: viewer.memberId }),
        ...(viewer?.accountId && { accountId: viewer.accountId }),
        ...(viewer?.tokenId && { tokenId: viewer.tokenId }),
        ...(!writableFinished && { clientGone: true }),
      };
      logger[often ? 'debug' : 'info'](line, 'request');
    });
    asking.run({ requestId }, next);
  };
}
