import {
  AUDIT_ACTIONS,
  AUDIT_DAYS,
  type AuditFilter,
  AuditOutcome,
  type AuditRow,
  AuditVia,
  auditPage,
  countAudit,
} from '@smallbatch/db';
import { builder, connection, decodeCursor, encodeCursor, readPage } from '../builder.ts';
import { fault } from '../errors.ts';

export const AuditActionEnum = builder.enumType('AuditAction', {
  description:
    'What somebody did. ASK: asked for something that they may not. TAKE_INVITATION: joined by one. PASSWORD_LINK: made a link by which a member sets a password. BACKUP, RESTORE, PURGE_AUDIT: by the command line, in the database itself.',
  values: AUDIT_ACTIONS,
});
const AuditViaEnum = builder.enumType(AuditVia, {
  name: 'AuditVia',
  description:
    'How somebody asked. SESSION: signed in. LOCAL: the one local owner of a laptop. OPERATOR: by the command line, with the database itself. NOBODY: not signed in.',
});
export const AuditOutcomeEnum = builder.enumType(AuditOutcome, {
  name: 'AuditOutcome',
  description: 'DONE, or REFUSED: nothing was changed.',
});

const AuditEntry = builder.objectRef<AuditRow>('AuditEntry').implement({
  description: 'Something that somebody did, or was refused. Names are those of then.',
  fields: (t) => ({
    id: t.exposeString('id', { description: 'Opaque.' }),
    at: t.field({ type: 'DateTime', description: 'When.', resolve: ({ at }) => at }),
    who: t.exposeString('who', {
      nullable: true,
      description:
        'Key of the member; of the command line, the user of the machine; null where nobody is known.',
    }),
    via: t.field({ type: AuditViaEnum, description: 'How they asked.', resolve: ({ via }) => via }),
    token: t.exposeString('token', { nullable: true, description: 'How the secret of their token begins.' }),
    session: t.exposeString('sessionId', {
      nullable: true,
      description: 'Which session it was: the same text, the same session.',
    }),
    address: t.exposeString('address', {
      nullable: true,
      description: 'Where from: an address of the network, as the trusted proxy says it.',
    }),
    agent: t.exposeString('agent', {
      nullable: true,
      description: 'What the browser or script said that it is, up to 120 characters.',
    }),
    action: t.field({ type: AuditActionEnum, description: 'What.', resolve: ({ action }) => action }),
    outcome: t.field({
      type: AuditOutcomeEnum,
      description: 'Whether it was done.',
      resolve: ({ outcome }) => outcome,
    }),
    kind: t.exposeString('kind', {
      nullable: true,
      description: 'What it was done to: run, sweep, dataset, member, token, …',
    }),
    key: t.exposeString('key', {
      nullable: true,
      description: 'Its key, name or prefix; null of many, and where it has none.',
    }),
    count: t.exposeInt('count', { nullable: true, description: 'How many things.' }),
    detail: t.field({
      type: 'JSON',
      description: 'More of it, such as the filter of a change of many; `leftOut` names what was too long.',
      resolve: ({ detail }) => detail,
    }),
    requestId: t.exposeString('requestId', {
      nullable: true,
      description: 'The request, by which the log of the server has more.',
    }),
  }),
});
const AuditEntryEdge = builder.objectRef<{ node: AuditRow; cursor: string }>('AuditEntryEdge').implement({
  description: 'An entry in the list of all, and its place there.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'Its place, for `after` and `before` of this list.' }),
    node: t.field({ type: AuditEntry, description: 'The entry.', resolve: ({ node }) => node }),
  }),
});
type Page = ReturnType<typeof connection<AuditRow>> & { readonly count: () => Promise<number> };
const AuditEntryConnection = builder.objectRef<Page>('AuditEntryConnection').implement({
  description: 'A page of entries, the newest first.',
  fields: (t) => ({
    edges: t.field({
      type: [AuditEntryEdge],
      description: 'The entries with their places.',
      resolve: ({ edges }) => edges,
    }),
    nodes: t.field({
      type: [AuditEntry],
      description: 'The entries.',
      resolve: ({ edges }) => edges.map(({ node }) => node),
    }),
    pageInfo: t.field({
      type: builder.pageInfoRef(),
      description: 'Whether there is more.',
      resolve: ({ pageInfo }) => pageInfo,
    }),
    totalCount: t.int({ description: 'Entries of the filter.', resolve: ({ count }) => count() }),
  }),
});

/** Reads what entries are asked for; a time before which there is nothing, or after, is no error. */
export function readAudit(teamId: string, given: AuditFilter): AuditFilter & { readonly teamId: string } {
  const { by, since, until } = given;
  if (by?.includes('\0')) throw fault('BAD_INPUT', 'invalid by: give the key of a member');
  if (since && until && since >= until)
    throw fault('BAD_INPUT', `invalid since: ${since.toISOString()} is not before until`);
  return { ...given, teamId };
}

builder.queryFields((t) => ({
  audit: t.field({
    type: AuditEntryConnection,
    description: `Who did what to what in the team, from where and with which token, the newest first. For owners. Kept for ${AUDIT_DAYS} days at least.`,
    args: {
      by: t.arg.string({ description: 'Only by the member of this key.' }),
      action: t.arg({ type: [AuditActionEnum], description: 'Only these.' }),
      outcome: t.arg({ type: AuditOutcomeEnum, description: 'Only what was done, or refused.' }),
      since: t.arg({ type: 'DateTime', description: 'From this moment on.' }),
      until: t.arg({ type: 'DateTime', description: 'Before this moment.' }),
      first: t.arg.int({ description: 'How many from the newest, at most 100; 20 unless said.' }),
      after: t.arg.string({ description: 'Older than this place.' }),
      last: t.arg.int({ description: 'How many from the oldest, at most 100.' }),
      before: t.arg.string({ description: 'Newer than this place.' }),
    },
    resolve: async (_root, { by, action, outcome, since, until, ...args }, { db, viewer }) => {
      const page = readPage(args);
      const query = readAudit(viewer!.teamId, { by, action, outcome, since, until });
      const rows = await auditPage(db, {
        ...query,
        count: page.count,
        backwards: page.backwards,
        from: page.cursor ? placeOf(page.cursor) : undefined,
      });
      return {
        ...connection(rows, page, ({ micros, id }) => encodeCursor([micros, id])),
        count: () => countAudit(db, query),
      };
    },
  }),
}));

function placeOf(cursor: string): readonly [string, string] {
  const [micros, id] = decodeCursor(cursor, 2);
  if (/^\d{1,18}$/.test(String(micros))) return [String(micros), String(id)];
  throw fault('BAD_CURSOR', `invalid cursor "${cursor.slice(0, 60)}": use one that this list returned`);
}
