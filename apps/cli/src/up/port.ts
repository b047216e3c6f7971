import { createServer } from 'node:net';
import { note } from '../output/print.ts';
import { Problem } from '../problem.ts';

export const DEFAULT_PORT = 4000;
const TRIES = 50;

/** Whether nobody listens on the port of the host, nor of any of loopback's addresses: "localhost" may mean either. */
async function free(port: number, host: string): Promise<boolean> {
  for (const one of new Set(['127.0.0.1', '::1', host])) {
    const code = await new Promise<string | undefined>((done) => {
      const server = createServer();
      server.once('error', (error: NodeJS.ErrnoException) => done(error.code));
      server.listen({ port, host: one, exclusive: true }, () => server.close(() => done(undefined)));
    });
    // A machine without IPv6 has no ::1 to be taken; an address that is not this machine's is found out by who listens there.
    if (code !== undefined && code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT') return false;
  }
  return true;
}

/** The port that was asked for, which must be free; else the default one, or the next free one, said aloud. */
export async function choosePort(host: string, asked?: number): Promise<number> {
  if (asked !== undefined) {
    if (await free(asked, host)) return asked;
    throw new Problem(
      `invalid --port ${asked}: another program listens there; choose another one, or leave --port out`,
    );
  }
  for (let port = DEFAULT_PORT; port < DEFAULT_PORT + TRIES; port++) {
    if (!(await free(port, host))) continue;
    if (port !== DEFAULT_PORT) note(`! port ${DEFAULT_PORT} is taken by another program: using ${port}`);
    return port;
  }
  throw new Problem(
    `missing free port: ${DEFAULT_PORT} … ${DEFAULT_PORT + TRIES - 1} are all taken; name one with --port`,
  );
}

/** A free port that the system picks, for what only this machine talks to. */
export function anyPort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? done(address.port) : failed(new Error('no port')),
      );
    });
  });
}
