/** Who did what, when and from where: written once, read by owners, dropped by nobody but the owner of the table. */
export { type DeedOptions, inOneTransaction } from './deed.ts';
export {
  AUDIT_ACTIONS,
  type AuditAction,
  type AuditDeed,
  type AuditKind,
  type AuditWho,
  writeAudit,
} from './entry.ts';
export { AUDIT_DAYS, purgeAudit } from './purge.ts';
export {
  type AuditFilter,
  type AuditQuery,
  type AuditRow,
  auditPage,
  countAudit,
  exportAudit,
} from './read.ts';
