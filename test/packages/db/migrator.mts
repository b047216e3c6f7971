// A process that migrates a database from a folder; for a test that kills it.
import { migrate } from '@smallbatch/db';

console.log(JSON.stringify(await migrate(process.argv[2]!, process.argv[3]!)));
