import type { Role } from '@smallbatch/db';
import { type GraphQLField, type GraphQLSchema, getNamedType, isObjectType } from 'graphql';
import type { Context } from './context.ts';
import { fault } from './errors.ts';
import { type Action, RIGHTS, type Scope } from './rights.ts';
import { OPEN_EDGES, RULES } from './rules.ts';

/** Who asks, and for which team: by a token, by a session, or as the local owner. */
export interface Viewer {
  readonly teamId: string;
  readonly memberId: string;
  readonly accountId: string;
  readonly role: Role;
  /** What it may do: what the role allows, and of a token what that was given of it. */
  readonly scopes: readonly Scope[];
  readonly tokenId?: string;
  readonly sessionId?: string;
}

/** Something that a decision is about. Nobody's own: null. */
export interface Thing {
  readonly teamId?: string;
  readonly memberId?: string | null;
}

export const UNKNOWN_ASKER =
  'missing or invalid token: send "Authorization: Bearer TOKEN" (smallbatch token create makes one), or sign in as a member of the team';

/** The one decision: may this viewer do this, to this thing, or at least to things of their own? */
export function can(viewer: Viewer | undefined, action: Action, thing?: Thing): boolean {
  if (!viewer) return false;
  if (thing?.teamId !== undefined && thing.teamId !== viewer.teamId) return false;
  const { roles, scopes, others } = RIGHTS[action];
  if (!roles.includes(viewer.role)) return false;
  if (viewer.tokenId !== undefined && !scopes.some((scope) => viewer.scopes.includes(scope))) return false;
  const own = thing?.memberId === undefined || thing.memberId === viewer.memberId;
  return own || others === undefined || can(viewer, others);
}

/** Whose things an action of this viewer reaches, as a statement takes it: a member's id; null: everybody's in the team. */
export function onlyOf(viewer: Viewer, action: Action): string | null {
  const { others } = RIGHTS[action];
  return others === undefined || can(viewer, others) ? null : viewer.memberId;
}

/** Why a viewer may not do this by a field or a route. */
export function refusal({ tokenId, role }: Viewer, action: Action, name: string): string {
  const { roles, scopes } = RIGHTS[action];
  if (!roles.includes(role))
    return `a ${role.toLowerCase()} may not ${spaced(action)}: ${name} is for ${roles.map((one) => `${one.toLowerCase()}s`).join(', ')}`;
  if (tokenId !== undefined && scopes.length === 0)
    return `a token may not ${spaced(action)}: ${name} is for who is signed in`;
  return `this token may not ${spaced(action)}: ${name} needs one of the scopes ${scopes.join(', ')}`;
}
const spaced = (action: Action): string => action.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** The viewer of a request that may do this, or a fault that says why not. */
export function allowed(viewer: Viewer | undefined, action: Action, name: string): Viewer {
  if (!viewer) throw fault('UNAUTHENTICATED', UNKNOWN_ASKER);
  if (!can(viewer, action)) throw fault('FORBIDDEN', refusal(viewer, action, name));
  return viewer;
}

/**
 * Puts the decision before every root field, and before every edge from a thing to things, which are for who may read. A root field
 * without a rule is a fault of the program, found at start.
 */
export function guard(schema: GraphQLSchema, rules: Readonly<Record<string, Action>> = RULES): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    const root = ['Query', 'Mutation', 'Subscription'].includes(type.name);
    const thing = type.getInterfaces().some(({ name }) => name === 'Node');
    for (const field of Object.values(type.getFields())) {
      const name = `${type.name}.${field.name}`;
      const action = rules[name];
      if (root && !action) throw new Error(`missing rule: nobody has said who may use ${name}`);
      if (root) before(field, type.name === 'Subscription' ? 'subscribe' : 'resolve', action!, field.name);
      else if (thing && isObjectType(getNamedType(field.type)) && !OPEN_EDGES.has(name))
        before(field, 'resolve', 'read', name);
    }
  }
  return schema;
}

function before(
  field: GraphQLField<unknown, Context>,
  key: 'resolve' | 'subscribe',
  action: Action,
  name: string,
): void {
  const inner = field[key];
  if (!inner) throw new Error(`missing ${key} of ${name}: nothing stands behind its rule`);
  field[key] = (source, args, context, info) => {
    allowed(context.viewer, action, name);
    return inner(source, args, context, info);
  };
}
