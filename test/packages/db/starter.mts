// A process that starts the embedded PostgreSQL of a home, says so, and stays; for tests that kill it.
import { startEmbedded } from '@smallbatch/db';

const { url, keeper, postmaster } = await startEmbedded({ home: process.argv[2]! });
console.log(JSON.stringify({ url, keeper, postmaster }));
setInterval(() => {}, 1000);
