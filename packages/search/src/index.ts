/** Which runs a sweep has and which comes next. Pure: imports nothing. */
export * from './grid.ts';
export * from './schema.ts';
export * from './sweep.ts';
