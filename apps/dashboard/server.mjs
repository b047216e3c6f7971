// The built dashboard as a process: listens on PORT of the loopback interface and ends with its parent.
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import next from 'next';
import sirv from 'sirv';

// What a page that is rendered here needs to know of its request (src/shell/client.ts): who asks, to ask the API as them.
const requests = new AsyncLocalStorage();
globalThis.smallbatchRequest = requests;

const port = Number(process.env.PORT ?? 4001);
const app = next({ dev: false, dir: import.meta.dirname });
const handle = app.getRequestHandler();

/** Scripts run only with the nonce of their answer; nothing comes from, or goes to, another origin. */
const policy = (nonce) =>
  [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'`,
    `style-src 'self' 'nonce-${nonce}'`,
    // Places and sizes of charts, bars and pop-ups are attributes of their elements.
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

/** What the build made, as compress.mjs left it; names change with content, so they may be kept for good. */
const assets = sirv(join(import.meta.dirname, '.next/static'), {
  brotli: true,
  gzip: true,
  immutable: true,
  maxAge: 31536000,
});
const ASSETS = '/_next/static';

await app.prepare();
const server = createServer((request, response) => {
  if (request.url.startsWith(`${ASSETS}/`)) {
    const { url } = request;
    request.url = url.slice(ASSETS.length);
    return assets(request, response, () => {
      request.url = url;
      handle(request, response);
    });
  }
  const nonce = randomBytes(16).toString('base64');
  const csp = policy(nonce);
  // Next reads the nonce from the request's header and puts it on its own scripts.
  request.headers['content-security-policy'] = csp;
  request.headers['x-nonce'] = nonce;
  response.setHeader('Content-Security-Policy', csp);
  const { cookie, authorization, 'x-smallbatch-team': team } = request.headers;
  requests.run({ cookie, authorization, team }, () => handle(request, response));
});
server.listen(port, '127.0.0.1', () =>
  process.send?.({ listening: `http://127.0.0.1:${server.address().port}` }),
);
const stop = () => {
  server.close();
  server.closeAllConnections();
  process.exit(0);
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.on('disconnect', stop);
