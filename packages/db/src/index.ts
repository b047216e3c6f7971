/** The one place that knows PostgreSQL and Prisma. */

export type { Unlisten } from './changes.ts';
export * from './claim.ts';
export { type Embedded, type EmbeddedOptions, startEmbedded } from './embedded/embedded.ts';
export * from './finish.ts';
export type { default as PrismaTypes } from './generated/pothos.ts';
export { getDatamodel } from './generated/pothos.ts';
export type * from './generated/prisma/client.ts';
export * from './generated/prisma/enums.ts';
export { migrate } from './migrate.ts';
export { type Db, type OpenOptions, openDb } from './open.ts';
export { DatabaseProblem, type ProblemCode } from './problem.ts';
export * from './read/aggregate.ts';
export * from './read/axes.ts';
export * from './read/coverage.ts';
export * from './read/curves.ts';
export * from './read/filter.ts';
export * from './read/page.ts';
export * from './read/sweep-state.ts';
export * from './report.ts';
export * from './rung.ts';
export * from './sweep.ts';
export { ensureLocalOwner, type Identity } from './team.ts';
export { createToken, type FoundToken, findToken, type NewToken, revokeToken } from './token.ts';
export type { Sql } from './transaction.ts';
export { uuidv7 } from './uuid.ts';
export { isUnfitValue, type StopReason, stopReason, type Work, within } from './within.ts';
export * from './worker.ts';
