import type { Role } from '@smallbatch/db';
import { type GraphQLSchema, isObjectType } from 'graphql';
import type { Context } from './context.ts';
import { fault } from './errors.ts';

export type Action = 'look' | 'read' | 'write' | 'work' | 'admin' | 'self';
export type Scope = 'READ' | 'WRITE' | 'WORK' | 'ADMIN';

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

/** What a role allows. */
const OF_ROLE: Readonly<Record<Role, readonly Scope[]>> = {
  VIEWER: ['READ'],
  MEMBER: ['READ', 'WRITE', 'WORK'],
  MAINTAINER: ['READ', 'WRITE', 'WORK'],
  OWNER: ['READ', 'WRITE', 'WORK', 'ADMIN'],
};
export const scopesOf = (role: Role): readonly Scope[] => OF_ROLE[role];

export const UNKNOWN_ASKER =
  'missing or invalid token: send "Authorization: Bearer TOKEN" (smallbatch token create makes one), or sign in as a member of the team';

/** Which scopes allow an action. */
const ALLOWED: Record<Action, readonly Scope[]> = {
  // What readers and workers both need to know.
  look: ['READ', 'WRITE', 'WORK', 'ADMIN'],
  read: ['READ', 'WRITE', 'ADMIN'],
  write: ['WRITE', 'ADMIN'],
  work: ['WORK', 'WRITE', 'ADMIN'],
  admin: ['ADMIN'],
  // What is a person's own, whatever the role: no token may, however much it may else.
  self: ['READ', 'WRITE', 'ADMIN'],
};

/**
 * What each root field asks for. Every root field has to be here, or the server does not start. The things behind them are
 * of the viewer's team by their SQL; a thing of another team is not found.
 */
export const RULES: Readonly<Record<string, Action>> = {
  'Query.viewer': 'look',
  'Query.node': 'read',
  'Query.run': 'read',
  'Query.runs': 'read',
  'Query.sweep': 'read',
  'Query.sweeps': 'read',
  'Query.presets': 'read',
  'Query.preset': 'read',
  'Query.previewSweep': 'read',
  'Query.aggregate': 'read',
  'Query.pivot': 'read',
  'Query.compare': 'read',
  'Query.coverage': 'read',
  'Query.pareto': 'read',
  'Query.importance': 'read',
  'Query.curves': 'read',
  'Query.curveBands': 'read',
  'Query.datasets': 'look',
  'Query.members': 'read',
  'Query.workers': 'read',
  'Query.waitingWork': 'look',
  'Query.tokens': 'admin',
  'Query.sessions': 'self',
  'Query.invitations': 'admin',
  'Query.metrics': 'read',
  'Query.activity': 'read',
  'Query.notices': 'read',
  'Query.deletions': 'read',
  'Query.savedViews': 'read',
  'Query.savedView': 'read',
  'Query.audit': 'admin',
  'Query.serverInfo': 'look',
  'Mutation.createSweep': 'write',
  'Mutation.pauseSweep': 'write',
  'Mutation.resumeSweep': 'write',
  'Mutation.cancelSweep': 'write',
  'Mutation.retrySweep': 'write',
  'Mutation.addSeeds': 'write',
  'Mutation.lockSweep': 'write',
  'Mutation.addDataset': 'write',
  'Mutation.createRun': 'write',
  'Mutation.deleteRun': 'write',
  'Mutation.deleteRuns': 'write',
  'Mutation.restoreRuns': 'write',
  'Mutation.retryRuns': 'write',
  'Mutation.lockRuns': 'write',
  'Mutation.tagRuns': 'write',
  'Mutation.noteRun': 'write',
  'Mutation.setRunInfo': 'write',
  'Mutation.tagSweep': 'write',
  'Mutation.noteSweep': 'write',
  'Mutation.setMetricGoal': 'write',
  'Mutation.saveView': 'write',
  'Mutation.changeView': 'write',
  'Mutation.deleteView': 'write',
  'Mutation.registerWorker': 'work',
  'Mutation.claimRuns': 'work',
  'Mutation.heartbeat': 'work',
  'Mutation.reportMetrics': 'work',
  'Mutation.finishRun': 'work',
  'Mutation.createToken': 'admin',
  'Mutation.revokeToken': 'admin',
  'Mutation.revokeSession': 'self',
  'Mutation.invite': 'admin',
  'Mutation.revokeInvitation': 'admin',
  'Mutation.changeRole': 'admin',
  'Mutation.removeMember': 'admin',
  'Mutation.passwordLink': 'admin',
  'Subscription.sweepProgress': 'read',
  'Subscription.runMetrics': 'read',
  'Subscription.activity': 'read',
};

/** The one decision: may this viewer do this to a thing of this team? */
export function can(viewer: Viewer | undefined, action: Action, thing?: { teamId: string }): boolean {
  if (!viewer) return false;
  if (thing && thing.teamId !== viewer.teamId) return false;
  if (action === 'self' && viewer.tokenId !== undefined) return false;
  return viewer.scopes.some((scope) => ALLOWED[action].includes(scope));
}

function refusal({ tokenId, role }: Viewer, action: Action, field: string): string {
  if (action === 'self') return `a token may not: ${field} is for who is signed in`;
  const who = tokenId === undefined ? `a ${role.toLowerCase()}` : 'this token';
  return `${who} may not ${action}: ${field} needs one of the scopes ${ALLOWED[action].join(', ')}`;
}

/** Puts the decision before every root field; a field without a rule is a fault of the program, found at start. */
export function guard(schema: GraphQLSchema, rules = RULES): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || !['Query', 'Mutation', 'Subscription'].includes(type.name)) continue;
    for (const field of Object.values(type.getFields())) {
      const name = `${type.name}.${field.name}`;
      const action = rules[name];
      if (!action) throw new Error(`missing rule: nobody has said who may use ${name}`);
      const check = ({ viewer }: Context): void => {
        if (!viewer) throw fault('UNAUTHENTICATED', UNKNOWN_ASKER);
        if (!can(viewer, action)) {
          throw fault('FORBIDDEN', refusal(viewer, action, field.name));
        }
      };
      for (const key of ['resolve', 'subscribe'] as const) {
        const inner = field[key];
        if (!inner) continue;
        field[key] = (source, args, context: Context, info) => {
          if (key === 'subscribe' || type.name !== 'Subscription') check(context);
          return inner(source, args, context, info);
        };
      }
    }
  }
  return schema;
}
