/** Reports on runs from a training script or a worker; for Node alone, because of its spool. */
export type { Point } from './batches.ts';
export * from './own-run.ts';
export * from './reporter.ts';
