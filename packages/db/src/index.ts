/** The one place that knows PostgreSQL and Prisma. */

export * from './audit/index.ts';
export type { BackupHeader } from './backup/format.ts';
export { type OnRestoreProgress, type RestoredBackup, restoreBackup } from './backup/restore.ts';
export { type OnProgress, type WrittenBackup, writeBackup } from './backup/write.ts';
export { CHANGES, type Change, readChange, type Unlisten } from './changes.ts';
export * from './claim.ts';
export { addDataset, datasetsLike, type NewDataset } from './dataset.ts';
export * from './delete.ts';
export * from './describe.ts';
export { type Embedded, type EmbeddedOptions, startEmbedded } from './embedded/embedded.ts';
export { hasEmbedded, runningEmbedded } from './embedded/running.ts';
export { adoptEvents, EVENT_DAYS, purgeEvents } from './events.ts';
export * from './finish.ts';
export type { default as PrismaTypes } from './generated/pothos.ts';
export { getDatamodel } from './generated/pothos.ts';
export type * from './generated/prisma/client.ts';
export * from './generated/prisma/enums.ts';
export * from './lock.ts';
export { type Meaning, MOST_MEANT, type NotMeant, type NotYours, type Only } from './meant.ts';
export { mentionsIn } from './mention.ts';
export { setMetricGoal } from './metric.ts';
export { migrate } from './migrate.ts';
export { type Db, type OpenOptions, openDb } from './open.ts';
export * from './own-run.ts';
export * from './people/index.ts';
export { DatabaseProblem, type ProblemCode } from './problem.ts';
export { type Purger, startPurging } from './purge.ts';
export * from './read/aggregate.ts';
export * from './read/axes.ts';
export * from './read/bands.ts';
export type { ColumnKind, ColumnValues } from './read/binary.ts';
export * from './read/cell-table.ts';
export { type ValuedRun, valuedRuns } from './read/counted-runs.ts';
export * from './read/coverage.ts';
export * from './read/curves.ts';
export * from './read/events.ts';
export * from './read/export-points.ts';
export * from './read/export-runs.ts';
export { FIELDS, type FieldName, type Kind, ORDERS, type OrderField } from './read/fields.ts';
export {
  bestOf,
  type Comparison,
  type CompileOptions,
  compileFilter,
  onlySettings,
  type RunFilter,
  type TagCondition,
  Values,
  wordsOf,
} from './read/filter.ts';
export * from './read/member-activity.ts';
export * from './read/notices.ts';
export * from './read/page.ts';
export { type NewPoints, type PointsSeen, pointsSince } from './read/points-since.ts';
export * from './read/reused.ts';
export type { SettingColumn, Settings } from './read/settings.ts';
export type { ExportQuery } from './read/snapshot.ts';
export * from './read/sweep-page.ts';
export * from './read/sweep-state.ts';
export * from './read/sweep-workers.ts';
export {
  type Accepted,
  type Ended,
  POINT_LIMITS,
  type PointLimit,
  type Report,
  reportMetrics,
  type Series,
} from './report.ts';
export * from './restore.ts';
export * from './retry.ts';
export type { Numbers } from './rows.ts';
export * from './rung.ts';
export * from './saved-view.ts';
export * from './seeds.ts';
export * from './sweep.ts';
export { ensureLocalOwner, ensureTeam, type Identity, type LocalOwner } from './team.ts';
export {
  createToken,
  type FoundToken,
  findToken,
  type MadeToken,
  type NewToken,
  revokeToken,
  rotateToken,
} from './token.ts';
export { type Acting, acting, type Sql } from './transaction.ts';
export * from './upload.ts';
export { uuidv7 } from './uuid.ts';
export { missingForSpeed } from './wall.ts';
export * from './webhook/index.ts';
export { isUnfitValue, type StopReason, stopReason, type Work, within } from './within.ts';
export * from './worker.ts';
