export { audited } from './audit/audited.ts';
export { AUDITED, UNTOLD } from './audit/rules.ts';
export { guard, RULES } from './can.ts';
export { type SchemaChanges, schemaChanges } from './contract.ts';
export { CODES, LIBRARY_MEANINGS, MEANINGS } from './errors.ts';
export { FEATURES } from './features.ts';
export { type Example, readExample, reference, rootFields } from './reference.ts';
export { printedSchema, schema } from './schema.ts';
export { type Api, type ApiOptions, startApi } from './server.ts';
