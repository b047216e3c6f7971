// Writes the types that typed documents are checked against, from the committed schema.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { minifyIntrospection, outputIntrospectionFile } from '@gql.tada/internal';
import { buildSchema, introspectionFromSchema } from 'graphql';

const sdl = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');
const introspection = minifyIntrospection(introspectionFromSchema(buildSchema(sdl)));
const folder = new URL('./src/generated/', import.meta.url);
mkdirSync(folder, { recursive: true });
const text = outputIntrospectionFile(introspection, { fileType: '.ts', shouldPreprocess: false });
writeFileSync(new URL('introspection.ts', folder), text);
