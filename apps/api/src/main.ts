/** The API as a process: reads its environment, tells its parent where it listens, and ends with it. */
import { missingForSpeed, openDb } from '@smallbatch/db';
import { makeLogger } from './log.ts';
import { startApi } from './server.ts';
import { readOidc } from './session/oidc.ts';

const {
  DATABASE_URL,
  PORT = '4000',
  HOST = '127.0.0.1',
  SMALLBATCH_DASHBOARD_URL,
  SMALLBATCH_LEASE_SECONDS,
  SMALLBATCH_READ_SECONDS,
  SMALLBATCH_TRUST_PROXY,
} = process.env;
if (!DATABASE_URL) {
  console.error('missing DATABASE_URL: the API needs a PostgreSQL (npm start brings its own)');
  process.exit(1);
}
const lease = Number(SMALLBATCH_LEASE_SECONDS ?? 60);
const readSeconds = Number(SMALLBATCH_READ_SECONDS ?? 30);
if (!(readSeconds > 0)) {
  console.error(
    `invalid SMALLBATCH_READ_SECONDS "${SMALLBATCH_READ_SECONDS}": seconds that a query may take, such as 30`,
  );
  process.exit(1);
}
let oidc: ReturnType<typeof readOidc>;
try {
  oidc = readOidc(process.env);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
const db = await openDb({ url: DATABASE_URL });
const logger = makeLogger();
const missing = await missingForSpeed(db.pool);
if (missing.length > 0)
  logger.warn(
    { statements: missing },
    'lists by status or tag are slow until a superuser has run these statements in the database (docs/operating.md)',
  );
const api = await startApi({
  db,
  logger,
  port: Number(PORT),
  host: HOST,
  trustProxy: SMALLBATCH_TRUST_PROXY === '1',
  oidc,
  dashboardUrl: SMALLBATCH_DASHBOARD_URL,
  readSeconds,
  lease: { lease, heartbeat: lease / 4 },
});
process.send?.({ listening: api.url });

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  setTimeout(() => process.exit(1), 3000).unref();
  await api.stop();
  await db.close();
  process.exit(0);
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.on('disconnect', stop);
