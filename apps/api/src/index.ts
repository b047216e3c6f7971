export { guard, RULES } from './can.ts';
export { printedSchema, schema } from './schema.ts';
export { type Api, type ApiOptions, startApi } from './server.ts';
