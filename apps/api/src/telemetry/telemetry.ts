import type { Db } from '@smallbatch/db';
import type { RequestHandler } from 'express';
import type { Operation } from '../admit.ts';

/** Traces of what the server does: a request, its GraphQL operation, its SQL statements by name. Never a value that was given. */
export interface Telemetry {
  /** Does the rest of a request within its span; goes on with the caller's trace where it says one (`traceparent`). */
  readonly request: RequestHandler;
  /** The same for the operation of a request that was admitted. */
  readonly operation: RequestHandler;
  /** The same for one by WebSocket. */
  during<T>(operation: Operation, body: () => T | Promise<T>): Promise<T>;
  /** Sends what is left, and ends. */
  stop(): Promise<void>;
}

/** Traces go to where OTEL_EXPORTER_OTLP_ENDPOINT says; without it nothing of them is loaded. */
export async function startTelemetry(db: Db, env: NodeJS.ProcessEnv): Promise<Telemetry | undefined> {
  if (!env.OTEL_EXPORTER_OTLP_ENDPOINT && !env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) return undefined;
  const { makeTelemetry } = await import('./spans.ts');
  return makeTelemetry(db, env);
}
