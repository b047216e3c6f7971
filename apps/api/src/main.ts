/** The API as a process: reads its environment, tells its parent where it listens, and ends with it. */
import { missingForSpeed, openDb } from '@smallbatch/db';
import { logFile, makeLogger } from './log.ts';
import { readListen } from './observe.ts';
import { startApi } from './server.ts';
import { readOidc } from './session/oidc.ts';
import { startTelemetry } from './telemetry/telemetry.ts';

const {
  DATABASE_URL,
  PORT = '4000',
  HOST = '127.0.0.1',
  SMALLBATCH_DASHBOARD_URL,
  SMALLBATCH_LEASE_SECONDS,
  SMALLBATCH_READ_SECONDS,
  SMALLBATCH_STOP_SECONDS,
  SMALLBATCH_TRUST_PROXY,
  SMALLBATCH_PUBLIC_URL,
  SMALLBATCH_WEBHOOK_PRIVATE,
  SMALLBATCH_METRICS_LISTEN,
  SMALLBATCH_LOG_FILE,
} = process.env;
if (!DATABASE_URL) refuse('missing DATABASE_URL: the API needs a PostgreSQL (npm start brings its own)');
const lease = Number(SMALLBATCH_LEASE_SECONDS ?? 60);
const readSeconds = seconds(
  'SMALLBATCH_READ_SECONDS',
  SMALLBATCH_READ_SECONDS,
  30,
  'that a query may take, such as 30',
);
const stopSeconds = seconds(
  'SMALLBATCH_STOP_SECONDS',
  SMALLBATCH_STOP_SECONDS,
  1,
  'that requests in flight may take at the end, such as 10',
);
const metricsListen = SMALLBATCH_METRICS_LISTEN ? readListen(SMALLBATCH_METRICS_LISTEN) : undefined;
if (SMALLBATCH_METRICS_LISTEN && !metricsListen)
  refuse(
    `invalid SMALLBATCH_METRICS_LISTEN "${SMALLBATCH_METRICS_LISTEN}": ADDRESS:PORT, such as 127.0.0.1:9464`,
  );
if (SMALLBATCH_PUBLIC_URL && !/^https?:\/\/[^/]/.test(SMALLBATCH_PUBLIC_URL))
  refuse(
    `invalid SMALLBATCH_PUBLIC_URL "${SMALLBATCH_PUBLIC_URL}": where people see the dashboard, such as https://lab.example.org`,
  );
let oidc: ReturnType<typeof readOidc>;
let logger: ReturnType<typeof makeLogger>;
try {
  oidc = readOidc(process.env);
  logger = makeLogger(SMALLBATCH_LOG_FILE ? logFile(SMALLBATCH_LOG_FILE) : undefined);
} catch (error) {
  refuse((error as Error).message);
}
process.on('uncaughtExceptionMonitor', (err) => logger.fatal({ err }, 'the API ends'));
const db = await openDb({ url: DATABASE_URL });
const missing = await missingForSpeed(db.pool);
if (missing.length > 0)
  logger.warn(
    { statements: missing },
    'lists by status or tag are slow until a superuser has run these statements in the database (docs/operating.md)',
  );
const api = await startApi({
  db,
  port: Number(PORT),
  host: HOST,
  trustProxy: SMALLBATCH_TRUST_PROXY === '1',
  oidc,
  dashboardUrl: SMALLBATCH_DASHBOARD_URL,
  publicUrl: SMALLBATCH_PUBLIC_URL || undefined,
  webhooks: { allowPrivate: SMALLBATCH_WEBHOOK_PRIVATE === '1' },
  readSeconds,
  stopSeconds,
  lease: { lease, heartbeat: lease / 4 },
  logger,
  metricsListen,
  telemetry: await startTelemetry(db, process.env),
});
logger.info({ url: api.url }, 'listening');
process.send?.({ listening: api.url });

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  // Whatever hangs.
  setTimeout(() => process.exit(1), (stopSeconds + 2) * 1000).unref();
  await api.stop();
  await db.close();
  process.exit(0);
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.on('disconnect', stop);

function seconds(name: string, given: string | undefined, usual: number, what: string): number {
  const value = Number(given ?? usual);
  if (value > 0 && value < 86_400) return value;
  return refuse(`invalid ${name} "${given}": seconds ${what}`);
}

function refuse(why: string): never {
  console.error(why);
  process.exit(1);
}
