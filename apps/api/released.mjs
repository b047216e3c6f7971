// Says how schema.graphql differs from the released one, and fails when a client of that would.
import { readFileSync } from 'node:fs';
import { schemaChanges } from '@smallbatch/api';

const root = new URL('../../', import.meta.url);
const read = (name) => readFileSync(new URL(name, root), 'utf8');
const { breaking, dangerous } = schemaChanges(read('docs/graphql/released.graphql'), read('schema.graphql'));
for (const change of dangerous) console.log(`may surprise a client: ${change}`);
for (const change of breaking) console.error(`breaks a client: ${change}`);
if (breaking.length > 0) {
  console.error(
    'deprecate first, and remove in a later release; before a first release, remove docs/graphql/released.graphql',
  );
  process.exit(1);
}
