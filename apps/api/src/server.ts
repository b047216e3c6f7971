import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { ApolloServerPluginDrainHttpServer } from '@apollo/server/plugin/drainHttpServer';
import { expressMiddleware } from '@as-integrations/express5';
import {
  type Db,
  LEASE,
  type LeaseTimes,
  purgeSessions,
  purgeTries,
  RIGHTS,
  startPurging,
} from '@smallbatch/db';
import express, { type ErrorRequestHandler, type Request, type Response } from 'express';
import type { GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import { WebSocketServer } from 'ws';
import { admission, onlyPost, VALIDATION } from './admit.ts';
import { readBody } from './body.ts';
import { type Context, makeContext } from './context.ts';
import { costExtensions } from './cost-extensions.ts';
import { dashboard } from './dashboard.ts';
import { shown } from './errors.ts';
import { exportRoutes } from './export/routes.ts';
import { ingest } from './ingest/route.ts';
import { LIMITS } from './limits.ts';
import { Live } from './live/hub.ts';
import { SOCKET_LIMITS, type SocketLimits, serveSockets } from './live/socket.ts';
import { makeLogger } from './log.ts';
import { guardRoutes, routesOf } from './route-rules.ts';
import { schema } from './schema.ts';
import { NO_LOCAL_OWNER, watchLocalOwner } from './session/local-owner.ts';
import type { Oidc } from './session/oidc.ts';
import { originAllowed as isAllowed } from './session/request.ts';
import { giveSession, sessionRoutes } from './session/routes.ts';
import { askerOf, makeViewers } from './session/viewer.ts';

export interface ApiOptions {
  readonly db: Db;
  readonly port: number;
  /** Loopback unless said. */
  readonly host?: string;
  /** A proxy stands before it, whose X-Forwarded headers are believed; who comes through it is not on loopback. */
  readonly trustProxy?: boolean;
  /** By whom people may sign in beside passwords. */
  readonly oidc?: Oidc | undefined;
  /** Where everything that is not the API's own is served from. */
  readonly dashboardUrl?: string | undefined;
  readonly lease?: LeaseTimes;
  /** How long a query may take; 30 unless said. Its statements are stopped then. */
  readonly readSeconds?: number;
  readonly logger?: Logger;
  /** Bounds of WebSockets that differ from the usual ones. */
  readonly socketLimits?: Partial<SocketLimits>;
}

export interface Api {
  readonly url: string;
  readonly port: number;
  /** What it answers by HTTP, as `METHOD /path`. */
  readonly routes: readonly string[];
  /** Subscriptions that are open. */
  watchers(): number;
  stop(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]', '::1']);
const hostName = (header: string | undefined): string => (header ?? '').replace(/:\d+$/, '').toLowerCase();

/** Errors as clients see them; what is masked is logged with an id. */
function format(logger: Logger) {
  return (error: unknown): GraphQLFormattedError =>
    shown(error, (inner, path) => {
      const errorId = randomUUID();
      logger.error({ err: inner, path, errorId }, 'a request failed');
      return errorId;
    });
}

/** Serves GraphQL (HTTP and WebSocket), health, metrics and the dashboard on one origin. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const {
    db,
    host = '127.0.0.1',
    dashboardUrl,
    lease = LEASE,
    readSeconds = 30,
    trustProxy = false,
  } = options;
  const logger = options.logger ?? makeLogger();
  const local = LOOPBACK.has(host) && !trustProxy;
  const localOwners = local ? await watchLocalOwner(db, logger) : NO_LOCAL_OWNER;
  const viewers = makeViewers(db, localOwners);
  const live = new Live(db, logger);
  await live.start();
  const purger = startPurging(db, (err) => logger.error({ err }, 'points of deleted runs were not removed'));
  const forget = (): void =>
    void Promise.all([purgeSessions(db), purgeTries(db)]).catch((err) =>
      logger.error({ err }, 'sessions that are over were not forgotten'),
    );
  const forgetting = setInterval(forget, HOUR_MS).unref();

  const contextOf = async (request: Request, response: Response): Promise<Context> => {
    const { requestId, asked } = response.locals as Pick<Context, 'requestId' | 'asked'>;
    const viewer = await viewers.viewerOf(askerOf(request, trustProxy), (secret) =>
      giveSession(request, response, trustProxy, secret),
    );
    return makeContext({ everyTeam: db, viewer, requestId, asked, lease, live });
  };

  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', trustProxy ? 1 : false);
  const http: Server = createServer(app);
  http.requestTimeout = 60_000;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const seconds = new Histogram({
    name: 'smallbatch_request_seconds',
    help: 'Time of GraphQL requests.',
    labelNames: ['status'],
    registers: [registry],
  });

  // Against DNS rebinding: on loopback only loopback's own names are answered.
  const hostAllowed = (request: IncomingMessage): boolean =>
    !local || LOOPBACK.has(hostName(request.headers.host));
  const originAllowed = (request: IncomingMessage): boolean => isAllowed(request, trustProxy);
  app.use((request, response, next) => {
    const id = randomUUID();
    response.setHeader('X-Request-Id', id);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('X-Frame-Options', 'DENY');
    response.setHeader('Referrer-Policy', 'same-origin');
    response.locals.requestId = id;
    if (!hostAllowed(request))
      response
        .status(421)
        .json({ errors: [{ message: `unknown host "${hostName(request.headers.host)}": use localhost` }] });
    else next();
  });
  app.get('/health/live', (_request, response) => void response.json({ live: true }));
  app.get('/health/ready', async (_request, response) => {
    const ready = await db.pool.query('/* ready */ SELECT 1').then(
      () => true,
      () => false,
    );
    response.status(ready ? 200 : 503).json({ ready });
  });
  app.get(
    '/metrics',
    async (_request, response) => void response.type(registry.contentType).send(await registry.metrics()),
  );

  const formatError = format(logger);
  const apollo = new ApolloServer<Context>({
    schema,
    introspection: true,
    csrfPrevention: true,
    includeStacktraceInErrorResponses: false,
    parseOptions: { maxTokens: LIMITS.tokens },
    validationOptions: VALIDATION,
    // A query that is not in the body could not be admitted before it is executed.
    persistedQueries: false,
    formatError: (_formatted, error) => formatError(error),
    stopOnTerminationSignals: false,
    logger,
    plugins: [
      ApolloServerPluginDrainHttpServer({ httpServer: http, stopGracePeriodMillis: 1000 }),
      ApolloServerPluginLandingPageDisabled(),
      costExtensions,
    ],
  });
  await apollo.start();
  app.use(
    '/graphql',
    (request, response, next) => {
      if (!originAllowed(request))
        return void response
          .status(403)
          .json({ errors: [{ message: `origin "${request.headers.origin}" may not ask here` }] });
      const end = seconds.startTimer();
      response.on('finish', () => end({ status: String(response.statusCode) }));
      next();
    },
    onlyPost,
    readBody,
    admission(schema, readSeconds),
    expressMiddleware(apollo, {
      context: ({ req, res }) => contextOf(req, res),
    }),
  );
  app.use('/export', exportRoutes({ contextOf, originAllowed, logger }));
  app.use('/auth', sessionRoutes({ db, viewers, trustProxy, oidc: options.oidc, logger }));
  const askedBy = (request: IncomingMessage) => viewers.viewerOf(askerOf(request, trustProxy));
  app.use(ingest({ db, viewerOf: askedBy, originAllowed }));
  const refuseBody: ErrorRequestHandler = (error, _request, response, next) => {
    const { status, type } = error as { status?: number; type?: string };
    if (response.headersSent || !status) return next(error);
    const message =
      type === 'entity.too.large'
        ? `too large a body; at most ${LIMITS.bodyBytes} bytes: send smaller batches`
        : 'the body is not valid JSON';
    response.status(status).json({
      errors: [{ message, extensions: { code: 'BAD_INPUT', requestId: response.locals.requestId } }],
    });
  };
  app.use(refuseBody);
  // What follows has no rule: the dashboard asks by the routes above, on behalf of who asks it.
  guardRoutes(app);
  const routes = routesOf(app);
  if (dashboardUrl) app.use(dashboard(dashboardUrl));
  const fail: ErrorRequestHandler = (error, _request, response, _next) => {
    logger.error({ err: error, requestId: response.locals.requestId }, 'a request failed');
    if (!response.headersSent)
      response.status(500).json({
        errors: [
          {
            message: `internal error; the log has it under ${response.locals.requestId}`,
            extensions: { code: 'INTERNAL' },
          },
        ],
      });
  };
  app.use(fail);

  const sockets = new WebSocketServer({ noServer: true, maxPayload: LIMITS.bodyBytes });
  http.on('upgrade', (request, socket, head) => {
    // A target that is no path would otherwise end the process.
    const target = new URL(
      URL.canParse(request.url ?? '', 'http://localhost') ? request.url! : '/',
      'http://localhost',
    );
    if (target.pathname !== '/graphql' || !hostAllowed(request) || !originAllowed(request))
      return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request));
  });
  const socketServer = serveSockets(sockets, {
    schema,
    limits: { ...SOCKET_LIMITS, ...options.socketLimits },
    askerOf: (request) => askerOf(request, trustProxy),
    viewerOf: viewers.viewerOf,
    readSeconds,
    contextOf: (viewer, requestId) => makeContext({ everyTeam: db, viewer, requestId, lease, live }),
    formatError,
  });
  const unlisten = await db.listen(RIGHTS, (id) => socketServer.check(id));

  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(options.port, host, resolve);
  });
  const { port } = http.address() as { port: number };
  return {
    port,
    url: `http://${LOOPBACK.has(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`,
    routes,
    watchers: () => live.watchers,
    async stop() {
      clearInterval(forgetting);
      await localOwners.stop();
      await live.stop();
      await purger.stop();
      await unlisten();
      for (const client of sockets.clients) client.close(1001, 'the server stops');
      await Promise.race([
        socketServer.dispose(),
        new Promise((resolve) => setTimeout(resolve, 1000).unref()),
      ]);
      for (const client of sockets.clients) client.terminate();
      await apollo.stop();
      http.closeAllConnections();
    },
  };
}
