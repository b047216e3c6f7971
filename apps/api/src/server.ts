import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
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
import { WebSocketServer } from 'ws';
import { admission, onlyPost, VALIDATION } from './admit.ts';
import { arrival } from './arrival.ts';
import { readBody } from './body.ts';
import { type Context, makeContext } from './context.ts';
import { costExtensions } from './cost-extensions.ts';
import { dashboard } from './dashboard.ts';
import { shown } from './errors.ts';
import { exportRoutes } from './export/routes.ts';
import { makeServer, REQUEST_LIMITS, type RequestLimits, setHeaders, tooManyHeaders } from './guarding.ts';
import { ingest } from './ingest/route.ts';
import { LIMITS } from './limits.ts';
import { Live } from './live/hub.ts';
import { SOCKET_LIMITS, type SocketLimits, serveSockets } from './live/socket.ts';
import { makeLogger } from './log.ts';
import { Metrics } from './metrics.ts';
import { health, type Listen, serveMetrics } from './observe.ts';
import { guardRoutes, routesOf } from './route-rules.ts';
import { schema } from './schema.ts';
import { NO_LOCAL_OWNER, watchLocalOwner } from './session/local-owner.ts';
import type { Oidc } from './session/oidc.ts';
import { fromOf, originAllowed as isAllowed } from './session/request.ts';
import { giveSession, sessionRoutes } from './session/routes.ts';
import { askerOf, makeViewers } from './session/viewer.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import { startDelivering, WEBHOOKS, type WebhookOptions } from './webhook/deliver.ts';

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
  /** How long requests in flight may take once it stops; 1 unless said. */
  readonly stopSeconds?: number;
  /** Where metrics are served; on loopback without a proxy they are beside everything else too. */
  readonly metricsListen?: Listen | undefined;
  /** Traces of requests. */
  readonly telemetry?: Telemetry | undefined;
  readonly logger?: Logger;
  /** Where people see the dashboard, for links in what is sent; where it listens unless said. */
  readonly publicUrl?: string | undefined;
  /** Of webhooks, what differs from the usual. */
  readonly webhooks?: Partial<WebhookOptions>;
  /** Bounds of WebSockets that differ from the usual ones. */
  readonly socketLimits?: Partial<SocketLimits>;
  /** The same of requests. */
  readonly requestLimits?: Partial<RequestLimits>;
}

export interface Api {
  readonly url: string;
  readonly port: number;
  /** Of metrics, where they have an address of their own. */
  readonly metricsPort: number | undefined;
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
function format(logger: Logger, metrics: Metrics) {
  return (error: unknown): GraphQLFormattedError =>
    shown(error, (inner, path) => {
      const errorId = randomUUID();
      metrics.errors.inc();
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
    stopSeconds = 1,
    trustProxy = false,
    telemetry,
  } = options;
  const logger = options.logger ?? makeLogger();
  const local = LOOPBACK.has(host) && !trustProxy;
  const localOwners = local ? await watchLocalOwner(db, logger) : NO_LOCAL_OWNER;
  const viewers = makeViewers(db, localOwners);
  // A request comes when it listens, and then the address is known.
  const webhooks = {
    allowPrivate: options.webhooks?.allowPrivate ?? false,
    publicUrl: options.publicUrl ?? '',
  };
  const webhookOptions = { ...WEBHOOKS, ...options.webhooks };
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
    response.locals.viewer = viewer;
    return makeContext({
      everyTeam: db,
      viewer,
      requestId,
      from: fromOf(request, trustProxy),
      asked,
      lease,
      live,
      metrics,
      webhooks,
    });
  };

  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', trustProxy ? 1 : false);
  const requestLimits = { ...REQUEST_LIMITS, ...options.requestLimits };
  const http: Server = makeServer(app, requestLimits);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LIMITS.bodyBytes });
  const metrics = new Metrics(db, { sockets: () => sockets.clients.size, watchers: () => live.watchers });

  // Against DNS rebinding: on loopback only loopback's own names are answered.
  const hostAllowed = (request: IncomingMessage): boolean =>
    !local || LOOPBACK.has(hostName(request.headers.host));
  const originAllowed = (request: IncomingMessage): boolean => isAllowed(request, trustProxy);
  app.use(arrival(logger, metrics, trustProxy));
  if (telemetry) app.use(telemetry.request);
  app.use((request, response, next) => {
    setHeaders(response);
    if (tooManyHeaders(request.rawHeaders, requestLimits)) {
      const message = `too many headers: at most ${requestLimits.headers}`;
      return void response.status(431).json({ errors: [{ message, extensions: { code: 'BAD_INPUT' } }] });
    }
    if (!hostAllowed(request))
      response
        .status(421)
        .json({ errors: [{ message: `unknown host "${hostName(request.headers.host)}": use localhost` }] });
    else next();
  });
  const { routes: healthRoutes, stopping } = health(db);
  app.use(healthRoutes);
  app.get('/metrics', async (_request, response) => {
    if (local) return void response.type(metrics.registry.contentType).send(await metrics.registry.metrics());
    const message = 'metrics have an address of their own: start with --metrics-listen ADDRESS:PORT';
    response.status(404).json({ errors: [{ message, extensions: { code: 'NOT_FOUND' } }] });
  });

  const formatError = format(logger, metrics);
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
      ApolloServerPluginDrainHttpServer({ httpServer: http, stopGracePeriodMillis: stopSeconds * 1000 }),
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
      next();
    },
    onlyPost,
    readBody,
    admission(schema, readSeconds),
    ...(telemetry ? [telemetry.operation] : []),
    expressMiddleware(apollo, {
      context: ({ req, res }) => contextOf(req, res),
    }),
  );
  app.use('/export', exportRoutes({ contextOf, originAllowed, logger }));
  app.use('/auth', sessionRoutes({ db, viewers, trustProxy, oidc: options.oidc, logger }));
  const askedBy = (request: IncomingMessage) => viewers.viewerOf(askerOf(request, trustProxy));
  app.use(
    ingest({
      db,
      viewerOf: askedBy,
      originAllowed,
      metrics,
      fromOf: (request) => fromOf(request, trustProxy),
    }),
  );
  const refuseBody: ErrorRequestHandler = (error, _request, response, next) => {
    const { status, type } = error as { status?: number; type?: string };
    if (response.headersSent || !status) return next(error);
    const message =
      type === 'entity.too.large'
        ? `too large a body; at most ${LIMITS.bodyBytes} bytes: send smaller batches`
        : error instanceof URIError
          ? 'invalid address: "%" is followed by two hexadecimal digits of UTF-8'
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
  else
    app.use((_request, response) => {
      const message = 'there is nothing of this name: /graphql, /export, /auth and /ingest are the API';
      response.status(404).json({ errors: [{ message, extensions: { code: 'NOT_FOUND' } }] });
    });
  const fail: ErrorRequestHandler = (error, _request, response, _next) => {
    metrics.errors.inc();
    logger.error({ err: error, requestId: response.locals.requestId }, 'a request failed');
    if (!response.headersSent)
      response.status(500).json({
        errors: [
          {
            message: `internal error; the log has it under ${response.locals.requestId}`,
            extensions: { code: 'INTERNAL', requestId: response.locals.requestId },
          },
        ],
      });
  };
  app.use(fail);

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
    contextOf: (viewer, requestId, request) =>
      makeContext({
        everyTeam: db,
        viewer,
        requestId,
        from: fromOf(request, trustProxy),
        lease,
        live,
        metrics,
        webhooks,
      }),
    formatError,
    began: ({ kind }) => metrics.operations.inc({ kind }),
    telemetry,
  });
  const unlisten = await db.listen(RIGHTS, (id) => socketServer.check(id));

  const measured = options.metricsListen && (await serveMetrics(metrics, options.metricsListen));
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(options.port, host, resolve);
  });
  const { port } = http.address() as { port: number };
  const url = `http://${LOOPBACK.has(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`;
  webhooks.publicUrl = options.publicUrl ?? url;
  const delivering = startDelivering({
    db,
    logger,
    publicUrl: webhooks.publicUrl,
    leaseSeconds: lease.lease,
    options: webhookOptions,
  });
  return {
    port,
    url,
    metricsPort: measured?.port,
    routes,
    watchers: () => live.watchers,
    async stop() {
      stopping();
      clearInterval(forgetting);
      await delivering.stop();
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
      measured?.stop();
      metrics.stop();
      await telemetry?.stop();
    },
  };
}
