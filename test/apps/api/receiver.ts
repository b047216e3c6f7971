import { createServer, type IncomingMessage } from 'node:http';
import { afterAll } from 'vitest';

export interface Received {
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly json: Record<string, never> & { id: string; type: string; link: string; data: never };
  readonly at: number;
}
export interface Receiver {
  readonly url: string;
  readonly got: Received[];
  /** What it answers; how long that takes. */
  answer: (
    one: Received,
    count: number,
  ) => { status: number; headers?: Record<string, string>; afterMs?: number };
  /** Connections that were made. */
  connections: number;
}

/** A real HTTP server that webhooks are sent to. */
export async function receiver(answer: Receiver['answer'] = () => ({ status: 204 })): Promise<Receiver> {
  const self: Receiver = { url: '', got: [], answer, connections: 0 };
  const server = createServer(async (request: IncomingMessage, response) => {
    let body = '';
    for await (const part of request) body += part;
    const one = {
      headers: request.headers as Record<string, string>,
      body,
      json: JSON.parse(body || '{}'),
      at: Date.now(),
    };
    self.got.push(one);
    const { status, headers = {}, afterMs = 0 } = self.answer(one, self.got.length);
    setTimeout(() => response.writeHead(status, headers).end('x'.repeat(1000)), afterMs);
  });
  server.on('connection', () => self.connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(self, { url: `http://127.0.0.1:${(server.address() as { port: number }).port}/hook` });
}
