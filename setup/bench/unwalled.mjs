// The API as it would be without row-level security, to show what that costs: requests have the rows of all teams before them.
import { startApi } from '../../apps/api/dist/index.js';
import { openDb } from '../../packages/db/dist/index.js';

const whole = await openDb({ url: process.env.DATABASE_URL });
const db = { ...whole, ofTeam: () => db };
const { url } = await startApi({ db, port: 0 });
process.send({ listening: url });
process.on('SIGTERM', () => process.exit(0));
