import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener, request } from 'node:http';
import { createServer } from 'node:https';
import { connect, createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { generate } from 'selfsigned';

export const HOST = 'lab.example.org';
const docs = resolve(import.meta.dirname, '../../../docs/operating');

/** A TLS proxy before a server of loopback, as docs/operating.md describes it. */
export interface TlsProxy {
  readonly port: number;
  /** The certificate that it shows, which is its own authority. */
  readonly ca: string;
  stop(): Promise<void>;
}

/** Programs that are tried where they are installed: NGINX and CADDY name them elsewhere than on the PATH. */
export const PROGRAMS = { nginx: find('nginx', 'NGINX'), caddy: find('caddy', 'CADDY') };

function find(name: string, variable: string): string | undefined {
  if (process.env[variable]) return process.env[variable];
  try {
    return execFileSync('sh', ['-c', `PATH=$PATH:/usr/sbin:/usr/local/sbin command -v ${name}`], {
      encoding: 'utf8',
    }).trim();
  } catch {
    return undefined;
  }
}

async function certificate() {
  const extensions = [{ name: 'subjectAltName' as const, altNames: [{ type: 2 as const, value: HOST }] }];
  return generate([{ name: 'commonName', value: HOST }], { keySize: 2048, algorithm: 'sha256', extensions });
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createTcp().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}

async function listening(port: number, child: ChildProcess, said: () => string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const there = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        done(true);
      }).on('error', () => done(false));
    });
    if (there) return;
    if (child.exitCode !== null) break;
    await new Promise((next) => setTimeout(next, 50));
  }
  throw new Error(`the proxy does not listen on ${port}: ${said()}`);
}

/** Starts a program with the configuration that the documentation gives, at other ports and with another certificate. */
async function program(
  path: string,
  configure: (given: { port: number; folder: string; cert: string; key: string }) => {
    text: string;
    args: string[];
  },
): Promise<TlsProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'smallbatch-proxy-'));
  const { cert, private: key } = await certificate();
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  const port = await freePort();
  const { text, args } = configure({ port, folder, ...files });
  writeFileSync(join(folder, 'config'), text);
  const child = spawn(path, args, {
    env: { ...process.env, HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  await listening(port, child, () => said);
  return {
    port,
    ca: cert,
    async stop() {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Replaces what has to be there. */
function replaced(text: string, pairs: readonly (readonly [string | RegExp, string])[]): string {
  return pairs.reduce((all, [from, to]) => {
    const next = all.replaceAll(from, to);
    if (next === all) throw new Error(`the configuration has no ${from}`);
    return next;
  }, text);
}

const START: Record<'nginx' | 'caddy' | 'node', (upstream: number) => Promise<TlsProxy>> = {
  nginx: (upstream) =>
    program(PROGRAMS.nginx!, ({ port, folder, cert, key }) => {
      const server = replaced(readFileSync(join(docs, 'nginx.conf'), 'utf8'), [
        ['listen 80;', `listen unix:${folder}/plain.sock;`],
        ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
        [/ssl_certificate +\S+;/g, `ssl_certificate ${cert};`],
        [/ssl_certificate_key +\S+;/g, `ssl_certificate_key ${key};`],
        ['127.0.0.1:4000', `127.0.0.1:${upstream}`],
      ]);
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((name) => `${name}_temp_path ${folder}/${name};`)
        .join(' ');
      const text = `daemon off; pid ${folder}/pid; user root; error_log stderr; events {} http { access_log off; ${temporary}\n${server} }`;
      return { text, args: ['-c', join(folder, 'config'), '-p', folder] };
    }),
  caddy: (upstream) =>
    program(PROGRAMS.caddy!, ({ port, folder, cert, key }) => {
      const site = replaced(readFileSync(join(docs, 'Caddyfile'), 'utf8'), [
        [`${HOST} {`, `https://${HOST}:${port} {\n\ttls ${cert} ${key}`],
        ['127.0.0.1:4000', `127.0.0.1:${upstream}`],
      ]);
      const text = `{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n${site}`;
      return { text, args: ['run', '--adapter', 'caddyfile', '--config', join(folder, 'config')] };
    }),
  async node(upstream) {
    const { cert, private: key } = await certificate();
    const proxy = createProxyMiddleware({
      target: `http://127.0.0.1:${upstream}`,
      ws: true,
      on: Object.fromEntries(
        (['proxyReq', 'proxyReqWs'] as const).map((event) => [
          event,
          (
            outgoing: ReturnType<typeof request>,
            incoming: { headers: { host?: string }; socket: { remoteAddress?: string } },
          ) => {
            outgoing.setHeader('x-forwarded-for', incoming.socket.remoteAddress!.replace('::ffff:', ''));
            outgoing.setHeader('x-forwarded-proto', 'https');
            outgoing.setHeader('x-forwarded-host', incoming.headers.host!);
            outgoing.setHeader('x-request-id', crypto.randomUUID());
          },
        ]),
      ),
    });
    const server = createServer({ cert, key }, proxy as unknown as RequestListener);
    server.on(
      'upgrade',
      (...given) => void proxy.upgrade?.(...(given as Parameters<NonNullable<typeof proxy.upgrade>>)),
    );
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return {
      port: (server.address() as { port: number }).port,
      ca: cert,
      async stop() {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
      },
    };
  },
};

export const startProxy = (kind: keyof typeof START, upstream: number): Promise<TlsProxy> =>
  START[kind](upstream);
