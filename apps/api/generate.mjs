// Writes schema.graphql, the contract that people review and clients are typed from, and docs/graphql.md, its reference, and docs/rights.md.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { printedSchema, reference, rightsPage } from '@smallbatch/api';

const root = new URL('../../', import.meta.url);
const examples = new URL('docs/graphql/examples/', root);
const texts = Object.fromEntries(
  readdirSync(examples).map((name) => [name, readFileSync(new URL(name, examples), 'utf8')]),
);
writeFileSync(new URL('schema.graphql', root), printedSchema());
writeFileSync(new URL('docs/graphql.md', root), reference(texts));
writeFileSync(new URL('docs/rights.md', root), rightsPage());
