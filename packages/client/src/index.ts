/** Typed access to the API; knows only schema.graphql, and runs in browsers too. */
export * from './client.ts';
export * from './curves.ts';
export * from './documents.ts';
export * from './live.ts';
export * from './runs.ts';
