import { type ORDER_SQL, type Order, type PageQuery, type RunFilter, runPage } from '@smallbatch/db';
import { decodeCursor, readPage } from '../builder.ts';
import type { Context } from '../context.ts';
import { fault } from '../errors.ts';

export interface RunsArguments {
  readonly where?: unknown;
  readonly orderBy?: readonly { field: string; direction?: 'ASC' | 'DESC' | null }[] | null;
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

const MAX_DEPTH = 12;
const MAX_CONDITIONS = 200;
const MAX_LIST = 1000;

/** Checks what the schema cannot say of a filter: its depth, its size, and the lengths of its lists. */
export function readFilter(where: unknown): RunFilter | undefined {
  let conditions = 0;
  const walk = (value: unknown, depth: number): void => {
    if (depth > 3 * MAX_DEPTH) throw fault('BAD_INPUT', `invalid filter: nested deeper than ${MAX_DEPTH}`);
    if (Array.isArray(value) && value.length > MAX_LIST)
      throw fault('BAD_INPUT', `invalid filter: a list of ${value.length}; at most ${MAX_LIST}`);
    if (typeof value === 'string' && value.includes('\0'))
      throw fault('BAD_INPUT', 'invalid filter: a text with a NUL character');
    if (typeof value !== 'object' || value === null || value instanceof Date) return;
    if (!Array.isArray(value)) conditions += Object.keys(value).length;
    if (conditions > MAX_CONDITIONS)
      throw fault('BAD_INPUT', `invalid filter: more than ${MAX_CONDITIONS} conditions`);
    for (const inner of Object.values(value)) walk(inner, depth + 1);
  };
  walk(where, 0);
  return (where ?? undefined) as RunFilter | undefined;
}

/** Reads the arguments of a list of runs into a page of the database. */
export function readRuns(
  args: RunsArguments,
  teamId: string,
  natural: Order,
): { query: PageQuery; page: ReturnType<typeof readPage> } {
  const page = readPage(args);
  const order = (args.orderBy ?? []).map(
    ({ field, direction }): Order => ({
      field: field as keyof typeof ORDER_SQL,
      direction: direction ?? 'ASC',
    }),
  );
  if (order.length > 5) throw fault('BAD_INPUT', `invalid orderBy: ${order.length} fields; at most 5`);
  if (order.length === 0) order.push(natural);
  const where = readFilter(args.where);
  const from = page.cursor ? decodeCursor(page.cursor, order.length + 1) : undefined;
  return {
    page,
    query: {
      teamId,
      order,
      count: page.count,
      backwards: page.backwards,
      ...(where ? { where } : {}),
      ...(from ? { from } : {}),
    },
  };
}

export const pageOfRuns = ({ db }: Context, query: PageQuery) => runPage(db, query);
