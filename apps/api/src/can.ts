import { type GraphQLSchema, isObjectType } from 'graphql';
import type { Context } from './context.ts';
import { fault } from './errors.ts';

export type Action = 'read' | 'write' | 'work' | 'admin';
export type Scope = 'READ' | 'WRITE' | 'WORK' | 'ADMIN';

export interface Viewer {
  readonly teamId: string;
  readonly memberId: string;
  readonly scopes: readonly Scope[];
}

/** Which scopes allow an action. */
const ALLOWED: Record<Action, readonly Scope[]> = {
  read: ['READ', 'WRITE', 'ADMIN'],
  write: ['WRITE', 'ADMIN'],
  work: ['WORK', 'WRITE', 'ADMIN'],
  admin: ['ADMIN'],
};

/**
 * What each root field asks for. Every root field has to be here, or the server does not start. The things behind them are
 * of the viewer's team by their SQL; a thing of another team is not found.
 */
export const RULES: Readonly<Record<string, Action>> = {
  'Query.viewer': 'work',
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
  'Query.datasets': 'work',
  'Query.members': 'read',
  'Query.workers': 'read',
  'Query.waitingWork': 'work',
  'Query.tokens': 'admin',
  'Query.metrics': 'read',
  'Query.activity': 'read',
  'Query.notices': 'read',
  'Query.deletions': 'read',
  'Query.savedViews': 'read',
  'Query.savedView': 'read',
  'Query.serverInfo': 'work',
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
  'Subscription.sweepProgress': 'read',
  'Subscription.runMetrics': 'read',
  'Subscription.activity': 'read',
};

/** The one decision: may this viewer do this to a thing of this team? */
export function can(viewer: Viewer | undefined, action: Action, thing?: { teamId: string }): boolean {
  if (!viewer) return false;
  if (thing && thing.teamId !== viewer.teamId) return false;
  return viewer.scopes.some((scope) => ALLOWED[action].includes(scope));
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
        if (!viewer)
          throw fault(
            'UNAUTHENTICATED',
            'missing or invalid token: send "Authorization: Bearer TOKEN" (smallbatch token create makes one)',
          );
        if (!can(viewer, action)) {
          throw fault(
            'FORBIDDEN',
            `this token may not ${action}: ${field.name} needs one of the scopes ${ALLOWED[action].join(', ')}`,
          );
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
