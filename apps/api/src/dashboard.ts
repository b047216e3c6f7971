import type { Request, RequestHandler } from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';

const STARTING = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Smallbatch</title><meta http-equiv="refresh" content="2">
<style>body{font:16px system-ui;display:grid;place-items:center;height:90vh;color-scheme:light dark}</style><p>The dashboard is starting…</p></html>`;

/** Everything that is not the API's own comes from the dashboard; until that has started, a page that asks again. */
export const dashboard = (target: string): RequestHandler =>
  createProxyMiddleware<Request>({
    target,
    on: {
      error(_error, _request, response) {
        if ('writeHead' in response && !response.headersSent)
          response.writeHead(503, { 'content-type': 'text/html; charset=utf-8', 'retry-after': '2' });
        response.end(STARTING);
      },
    },
  });
