import type { AuditOutcome, AuditVia } from '../generated/prisma/enums.ts';
import type { Db } from '../open.ts';
import { Values } from '../read/condition.ts';
import type { ExportColumn, ExportPage } from '../read/export-runs.ts';
import type { AuditAction } from './entry.ts';

export interface AuditRow {
  readonly id: string;
  /** Microseconds since 1970, as text. */
  readonly micros: string;
  readonly at: Date;
  readonly team: string | null;
  readonly via: AuditVia;
  readonly who: string | null;
  readonly token: string | null;
  readonly sessionId: string | null;
  readonly address: string | null;
  readonly agent: string | null;
  readonly action: AuditAction;
  readonly outcome: AuditOutcome;
  readonly kind: string | null;
  readonly key: string | null;
  readonly count: number | null;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly requestId: string | null;
}

export interface AuditFilter {
  /** Key of a member. */
  readonly by?: string | null | undefined;
  readonly action?: readonly AuditAction[] | null | undefined;
  readonly outcome?: AuditOutcome | null | undefined;
  /** From this moment on. */
  readonly since?: Date | null | undefined;
  /** Before this moment. */
  readonly until?: Date | null | undefined;
}
export interface AuditQuery extends AuditFilter {
  /** Null: of all teams and of none, for who has the database itself. */
  readonly teamId: string | null;
}

const COLUMNS = `e.id, (extract(epoch FROM e.at) * 1000000)::int8::text AS micros, e.at, t.key AS team, e.via::text AS via, e.who, e.token,
  e.session_id AS "sessionId", e.address, e.agent, e.action, e.outcome::text AS outcome, e.kind, e.key, e.count, e.detail, e.request_id AS "requestId"`;
const FROM = 'FROM audit_entry e LEFT JOIN team t ON t.id = e.team_id';

function conditions({ teamId, by, action, outcome, since, until }: AuditQuery, values: Values): string[] {
  return [
    ...(teamId === null ? [] : [`e.team_id = ${values.add(teamId)}::uuid`]),
    ...(by ? [`e.who = ${values.add(by)}`] : []),
    ...(action ? [`e.action = ANY (${values.add(action)}::text[])`] : []),
    ...(outcome ? [`e.outcome = ${values.add(outcome)}::"AuditOutcome"`] : []),
    ...(since ? [`e.at >= ${values.add(since)}::timestamptz`] : []),
    ...(until ? [`e.at < ${values.add(until)}::timestamptz`] : []),
  ];
}
const where = (terms: readonly string[]): string => (terms.length > 0 ? `WHERE ${terms.join(' AND ')}` : '');

/** A page of entries, the newest first (backwards: the oldest first); one more than asked for tells whether there are others. */
export async function auditPage(
  { pool }: Pick<Db, 'pool'>,
  query: AuditQuery & {
    readonly count: number;
    readonly backwards?: boolean;
    readonly from?: readonly [micros: string, id: string] | undefined;
  },
): Promise<AuditRow[]> {
  const { count, backwards = false, from } = query;
  const values = new Values();
  const terms = conditions(query, values);
  if (from)
    terms.push(
      `(e.at, e.id) ${backwards ? '>' : '<'} (timestamptz 'epoch' + ${values.add(from[0])}::int8 * interval '1 microsecond', ${values.add(from[1])}::uuid)`,
    );
  const way = backwards ? 'ASC' : 'DESC';
  const { rows } = await pool.query<AuditRow>({
    text: `/* auditPage */ SELECT ${COLUMNS} ${FROM} ${where(terms)} ORDER BY e.at ${way}, e.id ${way} LIMIT ${values.add(count + 1)}`,
    values: values.list,
  });
  return rows;
}

export async function countAudit({ pool }: Pick<Db, 'pool'>, query: AuditQuery): Promise<number> {
  const values = new Values();
  const { rows } = await pool.query<{ n: number }>({
    text: `/* countAudit */ SELECT count(*)::int AS n FROM audit_entry e ${where(conditions(query, values))}`,
    values: values.list,
  });
  return rows[0]!.n;
}

const EXPORTED: readonly (readonly [ExportColumn, (row: AuditRow) => string | number | null])[] = [
  [{ name: 'at', kind: 'time', required: true }, ({ micros }) => Number(micros)],
  [{ name: 'who', kind: 'text' }, ({ who }) => who],
  [{ name: 'via', kind: 'text', required: true }, ({ via }) => via],
  [{ name: 'token', kind: 'text' }, ({ token }) => token],
  [{ name: 'session', kind: 'text' }, ({ sessionId }) => sessionId],
  [{ name: 'address', kind: 'text' }, ({ address }) => address],
  [{ name: 'agent', kind: 'text' }, ({ agent }) => agent],
  [{ name: 'action', kind: 'text', required: true }, ({ action }) => action],
  [{ name: 'outcome', kind: 'text', required: true }, ({ outcome }) => outcome],
  [{ name: 'kind', kind: 'text' }, ({ kind }) => kind],
  [{ name: 'key', kind: 'text' }, ({ key }) => key],
  [{ name: 'count', kind: 'int' }, ({ count }) => count],
  [{ name: 'detail', kind: 'text', json: true, required: true }, ({ detail }) => JSON.stringify(detail)],
  [{ name: 'requestId', kind: 'text' }, ({ requestId }) => requestId],
  [{ name: 'id', kind: 'text', required: true }, ({ id }) => id],
];
const A_PAGE = 1000;

/** All entries of a filter, the newest first; a page at a time, so that what is written meanwhile is not in it. */
export function exportAudit(
  db: Db,
  query: AuditQuery & { readonly signal: AbortSignal },
): { columns: readonly ExportColumn[]; pages: AsyncGenerator<ExportPage> } {
  async function* pages(): AsyncGenerator<ExportPage> {
    let from: readonly [string, string] | undefined;
    for (;;) {
      query.signal.throwIfAborted();
      const found = await auditPage(db, { ...query, count: A_PAGE, from });
      const rows = found.slice(0, A_PAGE);
      yield { count: rows.length, columns: EXPORTED.map(([, read]) => rows.map(read)) };
      const last = rows.at(-1);
      if (found.length <= A_PAGE || !last) return;
      from = [last.micros, last.id];
    }
  }
  return { columns: EXPORTED.map(([column]) => column), pages: pages() };
}
