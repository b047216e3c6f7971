import type { Request, RequestHandler } from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';

const STARTING = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Smallbatch</title><meta http-equiv="refresh" content="2">
<style>body{font:16px system-ui;display:grid;place-items:center;height:90vh;color-scheme:light dark}</style><p>The dashboard is starting…</p></html>`;

const STARTING_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/** Everything that is not the API's own comes from the dashboard; until that has started, a page that asks again. */
export function dashboard(target: string): RequestHandler {
  const proxy = createProxyMiddleware<Request>({
    target,
    on: {
      error(_error, _request, response) {
        if ('writeHead' in response && !response.headersSent)
          response.writeHead(503, {
            'content-type': 'text/html; charset=utf-8',
            'content-security-policy': STARTING_POLICY,
            'retry-after': '2',
          });
        response.end(STARTING);
      },
    },
  });
  return (request, response, next) => {
    // Its pages have a policy of their own each, and its workers are no pages.
    response.removeHeader('Content-Security-Policy');
    return proxy(request, response, next);
  };
}
