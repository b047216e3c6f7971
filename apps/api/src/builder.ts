import SchemaBuilder from '@pothos/core';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import SimpleObjectsPlugin from '@pothos/plugin-simple-objects';
import { getDatamodel, type PrismaTypes } from '@smallbatch/db';
import { DateTimeResolver, JSONResolver, SafeIntResolver } from 'graphql-scalars';
import { can, onlyOf } from './can.ts';
import type { Context } from './context.ts';
import { fault } from './errors.ts';
import { NODES } from './rules.ts';

export const builder = new SchemaBuilder<{
  Context: Context;
  PrismaTypes: PrismaTypes;
  DefaultFieldNullability: false;
  Scalars: {
    DateTime: { Input: Date; Output: Date };
    JSON: { Input: unknown; Output: unknown };
    SafeInt: { Input: number; Output: number | bigint };
  };
}>({
  plugins: [PrismaPlugin, RelayPlugin, SimpleObjectsPlugin],
  defaultFieldNullability: false,
  prisma: { client: ({ db }) => db.prisma, dmmf: getDatamodel(), onUnusedQuery: null },
  relay: {
    clientMutationId: 'omit',
    cursorType: 'String',
    nodesOnConnection: true,
    nodesQueryOptions: false,
    nodeQueryOptions: {
      description:
        'A thing of the team by its id; null when the team has none. A token, an invitation and a session are found by who may manage them.',
      args: { id: { description: 'Its id, from an answer of this API.' } as never },
      resolve: async (_root, { id }, context, _info, resolveNode) =>
        (await isOfTeam(id, context)) ? resolveNode(id) : null,
    },
    decodeGlobalID: (id) => {
      const [typename = '', uuid = ''] = Buffer.from(id, 'base64').toString().split(':');
      if (!/^[A-Z][A-Za-z]*$/.test(typename) || !UUID.test(uuid))
        throw fault('BAD_INPUT', `invalid id "${id.slice(0, 60)}": take ids from an answer of this API`);
      return { typename, id: uuid };
    },
  },
});

/** What `node` finds: of these types, things of the viewer's team. */
async function isOfTeam(
  { typename, id }: { typename: string; id: string },
  { db, viewer }: Context,
): Promise<boolean> {
  const { teamId, memberId, accountId } = viewer!;
  if (typename === 'Team') return id === teamId;
  const asks = NODES[typename];
  if (asks && !can(viewer, asks)) return false;
  const one = { where: { id, teamId }, select: { id: true } } as const;
  const finders: Readonly<Record<string, () => Promise<unknown>>> = {
    Run: () => db.prisma.run.findFirst(one),
    Sweep: () => db.prisma.sweep.findFirst(one),
    Dataset: () => db.prisma.dataset.findFirst(one),
    Member: () => db.prisma.member.findFirst(one),
    Worker: () => db.prisma.worker.findFirst(one),
    Token: () => {
      const only = onlyOf(viewer!, 'manageTokens');
      return db.prisma.token.findFirst({
        ...one,
        where: { ...one.where, ...(only ? { memberId: only } : {}) },
      });
    },
    Invitation: () => db.prisma.invitation.findFirst(one),
    Session: () => db.prisma.session.findFirst({ where: { id, accountId }, select: one.select }),
    // Of another member only a shared one is found.
    SavedView: () =>
      db.prisma.savedView.findFirst({
        where: { ...one.where, OR: [{ shared: true }, { memberId }] },
        select: one.select,
      }),
  };
  return Object.hasOwn(finders, typename) && (await finders[typename]!()) !== null;
}

builder.addScalarType('DateTime', DateTimeResolver, { description: 'A moment, ISO 8601 in UTC.' });
builder.addScalarType('JSON', JSONResolver, { description: 'Any JSON value.' });
builder.scalarType('SafeInt', {
  description: 'A whole number up to 2^53 − 1.',
  // Prisma brings 64-bit columns as bigint.
  serialize: (value) => Number(value),
  parseValue: (value) => Number(SafeIntResolver.parseValue(value)),
  parseLiteral: (node, variables) => Number(SafeIntResolver.parseLiteral(node, variables)),
});
builder.queryType({ description: 'Everything that can be asked.' });
builder.mutationType({ description: 'Everything that can be changed. Expected outcomes are typed results.' });
builder.subscriptionType({ description: 'Everything that can be watched.' });

/** Most things of one page. */
export const MAX_PAGE = 100;
const DEFAULT_PAGE = 20;

interface PageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

/** Reads `first`/`after` or `last`/`before`; more than a page may have is an error, never a shorter page. */
export function readPage({ first, after, last, before }: PageArguments) {
  for (const [name, value] of Object.entries({ first, last })) {
    if (value === undefined || value === null) continue;
    if (value > MAX_PAGE)
      throw fault(
        'PAGE_TOO_LARGE',
        `invalid ${name}: ${value}; at most ${MAX_PAGE}. Take the next page with "after: pageInfo.endCursor"`,
      );
    if (value < 0) throw fault('BAD_INPUT', `invalid ${name}: ${value}; a number from 0 to ${MAX_PAGE}`);
  }
  const backwards = typeof last === 'number';
  if (backwards && typeof first === 'number')
    throw fault('BAD_INPUT', 'invalid page: first and last at once; give one');
  if ((backwards && after) || (!backwards && before))
    throw fault('BAD_INPUT', 'invalid page: "first" goes with "after", "last" with "before"');
  const cursor = backwards ? before : after;
  return { backwards, count: (backwards ? last : first) ?? DEFAULT_PAGE, cursor: cursor ?? undefined };
}

interface Part {
  readonly first?: number | null;
  readonly skip?: number | null;
}
interface Bounds {
  readonly usual: number;
  readonly most: number;
}
/** Reads `first` things after `skip` of them; more than `most` is an error, never a shorter part. */
export function readPart({ first, skip }: Part, { usual, most }: Bounds): { count: number; skip: number } {
  const [count, from] = [first ?? usual, skip ?? 0];
  if (count < 0 || count > most) throw fault('PAGE_TOO_LARGE', `invalid first: ${count}; at most ${most}`);
  if (from < 0) throw fault('BAD_INPUT', `invalid skip: ${from}; a number from 0`);
  return { count, skip: from };
}

/** A part of a list that stands as a whole. */
export function takePart<T>(all: readonly T[], part: Part, bounds: Bounds): T[] {
  const { count, skip } = readPart(part, bounds);
  return all.slice(skip, skip + count);
}

/** A cursor is opaque: the mark of the order, the values of its keys and the id, as JSON in base64url. */
export const encodeCursor = (values: readonly unknown[]): string =>
  Buffer.from(JSON.stringify(values)).toString('base64url');

export function decodeCursor(cursor: string, length?: number): unknown[] {
  const bad = () =>
    fault(
      'BAD_CURSOR',
      `invalid cursor "${cursor.slice(0, 60)}": use one that this list returned, with the same order`,
    );
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const fits =
      Array.isArray(values) &&
      (length === undefined || values.length === length) &&
      values.every((value) => value === null || typeof value === 'string');
    if (!fits || !/^[0-9a-f-]{36}$/.test(String(values.at(-1)))) throw bad();
    return values;
  } catch {
    throw bad();
  }
}

export function connection<T>(
  rows: T[],
  page: { backwards: boolean; count: number; cursor?: string | undefined; skip?: number },
  cursorOf: (row: T) => string,
) {
  const more = rows.length > page.count;
  const shown = rows.slice(0, page.count);
  if (page.backwards) shown.reverse();
  const edges = shown.map((node) => ({ node, cursor: cursorOf(node) }));
  const before = page.cursor !== undefined || (page.skip ?? 0) > 0;
  return {
    edges,
    pageInfo: {
      hasNextPage: page.backwards ? before : more,
      hasPreviousPage: page.backwards ? more : before,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The UUID inside a global id of a type, or an error that names the value. */
export function idOf(type: string, id: string | number): string {
  const [name, uuid] = Buffer.from(String(id), 'base64').toString().split(':');
  if (name !== type || !UUID.test(uuid ?? '')) {
    throw fault(
      'BAD_INPUT',
      `invalid id "${String(id).slice(0, 60)}": not the id of a ${type}; take ids from an answer of this API`,
    );
  }
  return uuid!;
}
export const globalId = (type: string, uuid: string): string =>
  Buffer.from(`${type}:${uuid}`).toString('base64');

/** Problems with an input are an outcome, not a fault. */
export interface ProblemShape {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  readonly message: string;
  readonly allowed: string;
}
const Problem = builder.objectRef<ProblemShape>('Problem').implement({
  description: 'One thing wrong with an input: where, which value, and what is allowed there.',
  fields: (t) => ({
    path: t.stringList({
      description: 'Where, from the outside in.',
      resolve: ({ path }) => path.map(String),
    }),
    value: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What was given.',
      resolve: ({ value }) => shorten(value),
    }),
    message: t.exposeString('message', { description: 'What is wrong.' }),
    allowed: t.exposeString('allowed', { description: 'What would be right.' }),
  }),
});
const shorten = (value: unknown): unknown => {
  const text = JSON.stringify(value) ?? 'null';
  return text.length > 200 ? `${text.slice(0, 200)}…` : (value ?? null);
};

/** Marks an outcome with the name of its type, for unions. */
export type Outcome<Name extends string, Shape> = { readonly outcome: Name } & Shape;
export const outcome = <Name extends string, Shape>(name: Name, shape: Shape): Outcome<Name, Shape> => ({
  outcome: name,
  ...shape,
});
export const isOutcome = (name: string) => (value: unknown) =>
  (value as { outcome?: string }).outcome === name;
export const resolveType = (value: unknown): string => (value as { outcome: string }).outcome;

export type InvalidInputShape = Outcome<
  'InvalidInput',
  { message: string; problems: readonly ProblemShape[] }
>;
export const InvalidInput = builder.objectRef<InvalidInputShape>('InvalidInput').implement({
  description: 'The input cannot be used; nothing was changed.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'How many problems there are, and the first.' }),
    problems: t.field({
      type: [Problem],
      description: 'The problems, at most 100.',
      resolve: ({ problems }) => problems.slice(0, 100),
    }),
  }),
});

export function invalidInput(problems: readonly ProblemShape[]): InvalidInputShape {
  const [first] = problems;
  const shown = problems.length > 100 ? '; the first 100 are listed' : '';
  const where = first?.path.length ? ` (${first.path.join('.')})` : '';
  const message = `${problems.length} problem${problems.length === 1 ? '' : 's'}${shown}: ${first?.message}${where}`;
  return outcome('InvalidInput', { message, problems });
}

export const NotFound = builder.objectRef<Outcome<'NotFound', { message: string }>>('NotFound').implement({
  description: 'There is no such thing in this team.',
  fields: (t) => ({ message: t.exposeString('message', { description: 'What was not found.' }) }),
});
export const notFound = (message: string) => outcome('NotFound', { message });
