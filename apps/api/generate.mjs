// Writes schema.graphql, the contract that people review and clients are typed from.
import { writeFileSync } from 'node:fs';
import { printedSchema } from '@smallbatch/api';

writeFileSync(new URL('../../schema.graphql', import.meta.url), printedSchema());
