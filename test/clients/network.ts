import { createServer, type IncomingMessage, request, type Server } from 'node:http';

/** What is done to one request. `lose`: the API answers, and the answer never arrives. */
export type Fate = 'forward' | 'reset' | 'lose' | { readonly status: number; readonly retryAfter?: number };

export interface Seen {
  /** Name of the operation. */
  readonly operation: string;
  readonly bytes: number;
  /** Milliseconds. */
  readonly at: number;
}

export interface Network {
  readonly url: string;
  /** Every request that came. */
  readonly seen: Seen[];
  /** Decides on the next ones: which of all (from 1), and which of its operation. */
  fate: (operation: string, nth: number) => Fate;
  stop(): Promise<void>;
}

const bodyOf = async (stream: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

/** A network between a client and the API that drops and refuses what it is told to. */
export async function startNetwork(apiPort: number): Promise<Network> {
  const seen: Seen[] = [];
  const server: Server = createServer(async (incoming, outgoing) => {
    const body = await bodyOf(incoming);
    const { query } = JSON.parse(body.toString()) as { query: string };
    const operation = /(?:query|mutation)\s+(\w+)/.exec(query)?.[1] ?? '';
    seen.push({ operation, bytes: body.length, at: performance.now() });
    const fate = network.fate(operation, seen.filter((one) => one.operation === operation).length);
    if (fate === 'reset') return void incoming.socket.destroy();
    if (typeof fate === 'object') {
      const headers = fate.retryAfter === undefined ? {} : { 'retry-after': String(fate.retryAfter) };
      return void outgoing.writeHead(fate.status, headers).end('busy');
    }
    const forward = request(
      { host: '127.0.0.1', port: apiPort, path: incoming.url, method: 'POST', headers: incoming.headers },
      async (answer) => {
        const text = await bodyOf(answer);
        if (fate === 'lose') incoming.socket.destroy();
        else outgoing.writeHead(answer.statusCode!, answer.headers).end(text);
      },
    );
    forward.once('error', () => incoming.socket.destroy());
    forward.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const network: Network = {
    url: `http://127.0.0.1:${port}`,
    seen,
    fate: () => 'forward',
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return network;
}
