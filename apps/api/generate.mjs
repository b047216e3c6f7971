// Writes schema.graphql, the contract, from the code that serves it.
import { writeFileSync } from 'node:fs';
import { printedSchema } from './src/schema.ts';

writeFileSync(new URL('../../schema.graphql', import.meta.url), printedSchema());
