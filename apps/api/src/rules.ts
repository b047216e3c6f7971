import type { Action } from './rights.ts';

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
  'Query.tokens': 'manageTokens',
  'Query.sessions': 'manageSessions',
  'Query.invitations': 'invite',
  'Query.metrics': 'read',
  'Query.activity': 'read',
  'Query.notices': 'read',
  'Query.deletions': 'read',
  'Query.savedViews': 'read',
  'Query.savedView': 'read',
  'Query.audit': 'seeAudit',
  'Query.serverInfo': 'look',
  'Mutation.createSweep': 'create',
  'Mutation.pauseSweep': 'change',
  'Mutation.resumeSweep': 'change',
  'Mutation.cancelSweep': 'change',
  'Mutation.retrySweep': 'change',
  'Mutation.addSeeds': 'change',
  'Mutation.lockSweep': 'change',
  'Mutation.addDataset': 'create',
  'Mutation.createRun': 'create',
  'Mutation.deleteRun': 'change',
  'Mutation.deleteRuns': 'change',
  'Mutation.restoreRuns': 'change',
  'Mutation.retryRuns': 'change',
  'Mutation.lockRuns': 'change',
  'Mutation.tagRuns': 'change',
  'Mutation.noteRun': 'change',
  'Mutation.setRunInfo': 'change',
  'Mutation.tagSweep': 'change',
  'Mutation.noteSweep': 'change',
  'Mutation.setMetricGoal': 'setGoals',
  'Mutation.saveView': 'saveViews',
  'Mutation.changeView': 'saveViews',
  'Mutation.deleteView': 'saveViews',
  'Mutation.registerWorker': 'work',
  'Mutation.claimRuns': 'work',
  'Mutation.heartbeat': 'work',
  'Mutation.reportMetrics': 'work',
  'Mutation.finishRun': 'work',
  'Mutation.createToken': 'manageTokens',
  'Mutation.rotateToken': 'manageTokens',
  'Mutation.revokeToken': 'manageTokens',
  'Mutation.revokeSession': 'manageSessions',
  'Mutation.invite': 'invite',
  'Mutation.revokeInvitation': 'invite',
  'Mutation.changeRole': 'manageMembers',
  'Mutation.removeMember': 'manageMembers',
  'Mutation.passwordLink': 'manageMembers',
  'Mutation.disableAccount': 'manageMembers',
  'Mutation.enableAccount': 'manageMembers',
  'Subscription.sweepProgress': 'read',
  'Subscription.runMetrics': 'read',
  'Subscription.activity': 'read',
};

/** Fields of things that a worker, which may not read, follows from the runs that it is handed. Others that lead to things ask for `read`. */
export const OPEN_EDGES: ReadonlySet<string> = new Set(['Run.dataset', 'Run.budget']);

/** What a type asks for beside `read` to be found by its id (the field `node`). */
export const NODES: Readonly<Record<string, Action>> = {
  Token: 'manageTokens',
  Invitation: 'invite',
  Session: 'manageSessions',
};

/**
 * What each route of HTTP asks for: an action; `anyone`; `session`: who is signed in, in whichever team or none; `secret`: who has the
 * secret of a link, or is signed in; `fields`: the rules of the fields above. Every route has to be here, or the server does not start.
 */
export type RouteRule = Action | 'anyone' | 'session' | 'secret' | 'fields';
export const ROUTES: Readonly<Record<string, RouteRule>> = {
  'GET /health/live': 'anyone',
  'GET /health/ready': 'anyone',
  'GET /metrics': 'anyone',
  'ALL /graphql': 'fields',
  'ALL /export/:name': 'read',
  'GET /ingest/points': 'work',
  'POST /ingest/points': 'work',
  'POST /auth/sign-in': 'anyone',
  'POST /auth/sign-out': 'anyone',
  'POST /auth/team': 'session',
  'POST /auth/invitation': 'secret',
  'POST /auth/invitation/look': 'secret',
  'POST /auth/password': 'secret',
  'GET /auth/ways': 'anyone',
  'GET /auth/oidc/start': 'anyone',
  'GET /auth/oidc/callback': 'anyone',
};
