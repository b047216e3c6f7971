import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { Db } from '@smallbatch/db';
import type { Response } from 'express';
import type { Operation } from '../admit.ts';
import type { Telemetry } from './telemetry.ts';

/** How long the end waits for the last spans to be taken. */
const LAST_MS = 1_000;

/** Spans of the three places that matter, kept in a context of our own: nothing of the process is patched. */
export function makeTelemetry(db: Db, env: NodeJS.ProcessEnv): Telemetry {
  const resource = resourceFromAttributes({
    'service.name': env.OTEL_SERVICE_NAME || 'smallbatch',
  }).merge(detectResources({ detectors: [envDetector] }));
  const provider = new NodeTracerProvider({
    resource,
    // Where it sends to, with which headers, how often and how much: by the usual OTEL_… variables.
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  const tracer = provider.getTracer('smallbatch');
  const propagator = new W3CTraceContextPropagator();
  const current = new AsyncLocalStorage<Context>();
  const parent = (): Context => current.getStore() ?? ROOT_CONTEXT;

  const unheard = db.onQuery((name) => {
    // What the server does by itself, beside all requests, is not traced.
    if (!current.getStore()) return undefined;
    const attributes = { 'db.system.name': 'postgresql', 'db.query.summary': name };
    const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, parent());
    return (error?: unknown) => {
      if (error) fail(span, (error as { code?: string }).code ?? 'failed');
      span.end();
    };
  });
  const startOperation = ({ kind, name }: Operation): Span =>
    tracer.startSpan(
      name ? `${kind} ${name}` : kind,
      { attributes: { 'graphql.operation.type': kind, ...(name && { 'graphql.operation.name': name }) } },
      parent(),
    );
  const until = (response: Response, span: Span, more: () => void): void =>
    void response.once('close', () => {
      more();
      if (!response.writableFinished) fail(span, 'client gone');
      span.end();
    });

  return {
    request(request, response, next) {
      const path = request.originalUrl.replace(/[?#].*/s, '').slice(0, 300);
      const given = propagator.extract(ROOT_CONTEXT, request.headers, defaultTextMapGetter);
      const attributes = {
        'http.request.method': request.method,
        'url.path': path,
        'smallbatch.request_id': String(response.locals.requestId),
      };
      const span = tracer.startSpan(
        `${request.method} /${path.split('/', 2)[1] ?? ''}`,
        { kind: SpanKind.SERVER, attributes },
        given,
      );
      until(response, span, () => {
        span.setAttribute('http.response.status_code', response.statusCode);
        if (response.statusCode >= 500) fail(span, String(response.statusCode));
      });
      current.run(trace.setSpan(given, span), next);
    },
    operation(_request, response, next) {
      const { operation } = response.locals as { operation?: Operation };
      if (!operation) return next();
      const span = startOperation(operation);
      until(response, span, () => {});
      current.run(trace.setSpan(parent(), span), next);
    },
    async during(operation, body) {
      const span = startOperation(operation);
      try {
        return await current.run(trace.setSpan(parent(), span), body);
      } catch (error) {
        fail(span, 'failed');
        throw error;
      } finally {
        span.end();
      }
    },
    async stop() {
      unheard();
      await Promise.race([
        provider.shutdown().catch(() => {}),
        new Promise((done) => setTimeout(done, LAST_MS).unref()),
      ]);
    },
  };
}

/** Says that it failed, and by a code alone: messages quote values. */
function fail(span: Span, code: string): void {
  span.setAttribute('error.type', code);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
