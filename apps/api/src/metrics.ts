import type { Db } from '@smallbatch/db';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What a process counts of its own work, for Prometheus. All of it is of the whole process, whichever team asks. */
export class Metrics {
  readonly registry = new Registry();
  readonly #registers = [this.registry];
  readonly requests = new Counter({
    name: 'smallbatch_requests_total',
    help: 'HTTP requests that were answered, by the first part of their path where it is the API’s own.',
    labelNames: ['route', 'status'],
    registers: this.#registers,
  });
  readonly seconds = new Histogram({
    name: 'smallbatch_request_seconds',
    help: 'Time of GraphQL requests by HTTP, by the kind of their operation; none: it was refused before that was known.',
    labelNames: ['kind', 'status'],
    registers: this.#registers,
  });
  readonly operations = new Counter({
    name: 'smallbatch_socket_operations_total',
    help: 'GraphQL operations that began over WebSocket.',
    labelNames: ['kind'],
    registers: this.#registers,
  });
  readonly statements = new Counter({
    name: 'smallbatch_statements_total',
    help: 'SQL statements that were sent.',
    registers: this.#registers,
  });
  readonly claims = new Counter({
    name: 'smallbatch_claimed_runs_total',
    help: 'Runs that were handed to workers.',
    registers: this.#registers,
  });
  readonly reports = new Counter({
    name: 'smallbatch_reports_total',
    help: 'Batches of points that became durable; a repeated one does not count.',
    registers: this.#registers,
  });
  readonly points = new Counter({
    name: 'smallbatch_points_total',
    help: 'Points of metrics that became durable.',
    registers: this.#registers,
  });
  readonly errors = new Counter({
    name: 'smallbatch_internal_errors_total',
    help: 'Faults of the server that were masked; the log has each.',
    registers: this.#registers,
  });

  /** Counts no more statements. */
  readonly stop: () => void;

  constructor(db: Db, open: { sockets(): number; watchers(): number }) {
    collectDefaultMetrics({ register: this.registry });
    this.stop = db.onQuery(() => this.statements.inc());
    const { pool } = db;
    this.#gauge('smallbatch_pool_used', 'Connections to PostgreSQL that do something.', () =>
      Math.max(0, pool.totalCount - pool.idleCount),
    );
    this.#gauge(
      'smallbatch_pool_idle',
      'Connections to PostgreSQL that are open and free.',
      () => pool.idleCount,
    );
    this.#gauge(
      'smallbatch_pool_waiting',
      'Pieces of work that wait for a connection to PostgreSQL.',
      () => pool.waitingCount,
    );
    this.#gauge('smallbatch_sockets', 'WebSockets that are open.', open.sockets);
    this.#gauge('smallbatch_subscriptions', 'Subscriptions that are open.', open.watchers);
  }

  /** Points of batches that became durable just now. */
  reported(batches: number, points: number): void {
    this.reports.inc(batches);
    this.points.inc(points);
  }

  #gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: this.#registers,
      collect() {
        this.set(value());
      },
    });
  }
}
