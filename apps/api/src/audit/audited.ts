import { type AuditDeed, type AuditWho, type Db, inOneTransaction, writeAudit } from '@smallbatch/db';
import { GraphQLError, type GraphQLFieldResolver, type GraphQLSchema, isObjectType } from 'graphql';
import type { Viewer } from '../can.ts';
import type { Context } from '../context.ts';
import { Gate } from '../live/gate.ts';
import { AUDITED, type AuditRule, UNTOLD } from './rules.ts';
import { onceAMinute } from './seldom.ts';

/** Where a request came from. */
export interface From {
  readonly address: string;
  /** What the browser, or the script, says that it is. */
  readonly agent: string;
}

/** Who asks, as an entry has it. */
export function whoOf(viewer: Viewer | undefined, from: From, requestId: string): AuditWho {
  if (!viewer) return { via: 'NOBODY', ...from, requestId };
  const { teamId, memberId, accountId, tokenId, sessionId } = viewer;
  const via = tokenId !== undefined ? 'TOKEN' : sessionId !== undefined ? 'SESSION' : 'LOCAL';
  return { via, teamId, memberId, accountId, tokenId, sessionId, ...from, requestId };
}

/**
 * Deeds that are done at once. Each holds a connection of the pool, and may read by another beside it: fewer than half of them, so that
 * there is always one.
 */
const deeds = new Gate(6);

/** What is told of a result; undefined where nothing was done. */
export function deedOf(rule: AuditRule, result: unknown, args: unknown): AuditDeed | undefined {
  const { outcome: type } = result as { outcome: string };
  const done = rule.done[type]?.(result, args);
  if (done) return { action: rule.action, outcome: 'DONE', ...done };
  const refused = rule.refused?.[type]?.(result, args);
  return refused && { action: rule.action, outcome: 'REFUSED', ...refused };
}

/** Writes down that somebody was refused, a deed of one asker once a minute: who asks without end fills no disk. */
export async function tellRefusal(
  db: Db,
  viewer: Viewer | undefined,
  who: AuditWho,
  deed: Omit<AuditDeed, 'outcome'>,
): Promise<void> {
  const asker = viewer?.tokenId ?? viewer?.sessionId ?? viewer?.memberId ?? who.address;
  if (!onceAMinute(`${asker} ${deed.action} ${deed.key}`)) return;
  await writeAudit(db.pool, who, { ...deed, outcome: 'REFUSED' });
}

const isForbidden = (error: unknown): boolean =>
  error instanceof GraphQLError && error.extensions.code === 'FORBIDDEN';

/**
 * Puts the writing down of what is done around every root field. A mutation and its entry are one transaction; whoever may not use a
 * field is written down too. A mutation of which nobody has said how it is told is a fault of the program, found at start.
 */
export function audited(schema: GraphQLSchema, rules = AUDITED, untold = UNTOLD): GraphQLSchema {
  for (const name of Object.keys(schema.getMutationType()?.getFields() ?? {}))
    if (!rules[name] === !untold[name])
      throw new Error(
        `missing rule: nobody has said what is written down of Mutation.${name} (AUDITED or UNTOLD)`,
      );
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || !['Query', 'Mutation', 'Subscription'].includes(type.name)) continue;
    for (const field of Object.values(type.getFields())) {
      const rule = type.name === 'Mutation' ? rules[field.name] : undefined;
      for (const key of ['resolve', 'subscribe'] as const) {
        const inner = field[key];
        if (inner) field[key] = refusals(field.name, rule ? told(inner, rule) : inner);
      }
    }
  }
  return schema;
}

type Resolver = GraphQLFieldResolver<unknown, Context>;

const told =
  (inner: Resolver, rule: AuditRule): Resolver =>
  (source, args, context, info) =>
    deeds.pass(() =>
      inOneTransaction(
        rule.ofAccount ? context.everyTeam : context.db,
        { of: 'everything' },
        async (db, sql) => {
          const within = rule.ofAccount ? { ...context, everyTeam: db } : { ...context, db };
          const result = await inner(source, args, within, info);
          const deed = deedOf(rule, result, args);
          if (deed) await writeAudit(sql, whoOf(context.viewer, context.from, context.requestId), deed);
          return result;
        },
      ),
    );

function refusals(name: string, inner: Resolver): Resolver {
  const refused = async (error: unknown, { db, viewer, from, requestId }: Context): Promise<never> => {
    if (isForbidden(error))
      await tellRefusal(db, viewer, whoOf(viewer, from, requestId), {
        action: 'ASK',
        kind: 'field',
        key: name,
      });
    throw error;
  };
  return (source, args, context, info) => {
    try {
      const result = inner(source, args, context, info);
      return result instanceof Promise ? result.catch((error) => refused(error, context)) : result;
    } catch (error) {
      return refused(error, context);
    }
  };
}
