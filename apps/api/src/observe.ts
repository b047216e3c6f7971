import { createServer } from 'node:http';
import type { Db } from '@smallbatch/db';
import { Router } from 'express';
import type { Metrics } from './metrics.ts';

/** Who asks whether it is ready gets an answer within this time, and many who ask share one. */
const READY_MS = 2_000;
const FRESH_MS = 1_000;

/** Where something listens. */
export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT` or `[HOST]:PORT`; undefined where it is neither. */
export function readListen(text: string): Listen | undefined {
  const [, six, four, port] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = six ?? four;
  return host !== undefined && Number(port) <= 65_535 ? { host, port: Number(port) } : undefined;
}

/**
 * `/health/live`: the process answers. `/health/ready`: so does its database, and it is not about to stop. Both are for everybody, and
 * say nothing else.
 */
export function health(db: Db): { routes: Router; stopping(): void } {
  const routes = Router();
  let stopping = false;
  let asked: { at: number; ready: Promise<boolean> } | undefined;
  const ready = (): Promise<boolean> => {
    if (stopping) return Promise.resolve(false);
    if (!asked || Date.now() - asked.at > FRESH_MS)
      asked = {
        at: Date.now(),
        ready: Promise.race([
          db.pool.query('/* ready */ SELECT 1').then(
            () => true,
            () => false,
          ),
          new Promise<boolean>((done) => setTimeout(done, READY_MS, false).unref()),
        ]),
      };
    return asked.ready;
  };
  routes.get('/health/live', (_request, response) => void response.json({ live: true }));
  routes.get('/health/ready', async (_request, response) => {
    const is = await ready();
    response.status(is ? 200 : 503).json({ ready: is });
  });
  return {
    routes,
    stopping() {
      stopping = true;
    },
  };
}

/** `/metrics` where only whoever watches the server comes to; it is of all teams together, so no team's token opens it elsewhere. */
export async function serveMetrics(
  { registry }: Metrics,
  { host, port }: Listen,
): Promise<{ port: number; stop(): void }> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') return void response.writeHead(404).end();
    registry.metrics().then(
      (text) => response.setHeader('Content-Type', registry.contentType).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(port, host, done);
  });
  return {
    port: (server.address() as { port: number }).port,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
