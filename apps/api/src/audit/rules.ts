import type { AuditAction, AuditDeed } from '@smallbatch/db';

/** What was done, but for its action and outcome. */
type Told = Pick<AuditDeed, 'kind' | 'key' | 'id' | 'count' | 'detail'>;
// biome-ignore lint/suspicious/noExplicitAny: each mutation has arguments and outcomes of its own; its tests hold them.
type Read = (outcome: any, args: any) => Told | undefined;

export interface AuditRule {
  readonly action: AuditAction;
  /** By the type of the result: what is told of it. Of other results nothing was done. */
  readonly done: Readonly<Record<string, Read>>;
  /** Results that refuse what somebody has no right to. */
  readonly refused?: Readonly<Record<string, Read>>;
  /** It looks at all teams of an account (`everyTeam`), and is done there. */
  readonly ofAccount?: true;
}

const SOME = 20;
/** Which runs a change of many was meant for: their filter, or their first keys. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
const meant = ({ keys, where }: any): Record<string, unknown> =>
  keys ? { keys: keys.slice(0, SOME), keysGiven: keys.length } : { where };

const notYours = (kind: 'run' | 'sweep') => ({
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  NotYours: ({ member }: any, { key }: any) => ({ kind, key, detail: { of: member } }),
});
const sweep = (action: AuditAction): AuditRule => ({
  action,
  done: { SweepChanged: ({ runs }, { key }) => ({ kind: 'sweep', key, count: runs }) },
  refused: notYours('sweep'),
});
const run: Read = (_outcome, { key }) => ({ kind: 'run', key });

/** What is written down of each mutation. Every mutation has to be here or in UNTOLD, or the server does not start. */
export const AUDITED: Readonly<Record<string, AuditRule>> = {
  createSweep: {
    action: 'CREATE_SWEEP',
    done: {
      CreateSweepSuccess: ({ sweepId, created, reused }) => ({
        kind: 'sweep',
        id: sweepId,
        count: created + reused,
        detail: { created, reused },
      }),
    },
  },
  pauseSweep: sweep('PAUSE_SWEEP'),
  resumeSweep: sweep('RESUME_SWEEP'),
  cancelSweep: sweep('CANCEL_SWEEP'),
  retrySweep: sweep('RETRY_SWEEP'),
  addSeeds: {
    action: 'ADD_SEEDS',
    done: {
      SeedsAdded: (_outcome, { key, seeds }) => ({
        kind: 'sweep',
        key,
        count: seeds.length,
        detail: { seeds: seeds.slice(0, SOME) },
      }),
    },
    refused: notYours('sweep'),
  },
  lockSweep: {
    action: 'LOCK_SWEEP',
    done: { SweepLocked: (_outcome, { key, locked }) => ({ kind: 'sweep', key, detail: { locked } }) },
    refused: notYours('sweep'),
  },
  tagSweep: {
    action: 'TAG_SWEEP',
    done: {
      SweepDescribed: (_outcome, { key, add, remove }) => ({ kind: 'sweep', key, detail: { add, remove } }),
    },
    refused: notYours('sweep'),
  },
  noteSweep: {
    action: 'NOTE_SWEEP',
    done: { SweepDescribed: (_outcome, { key }) => ({ kind: 'sweep', key }) },
    refused: notYours('sweep'),
  },
  addDataset: {
    action: 'ADD_DATASET',
    done: {
      AddDatasetSuccess: ({ dataset, created }) =>
        created
          ? { kind: 'dataset', key: dataset.name, id: dataset.id, detail: { hash: dataset.hash } }
          : undefined,
    },
  },
  deleteRun: {
    action: 'DELETE_RUN',
    done: {
      RunDeleted: ({ key, points, cells }) => ({ kind: 'run', key, count: 1, detail: { points, cells } }),
    },
    refused: { RunIsLocked: run, ...notYours('run') },
  },
  deleteRuns: {
    action: 'DELETE_RUNS',
    done: {
      RunsDeleted: ({ matched, runs, points, locked, running }, args) => ({
        kind: 'run',
        count: runs,
        detail: { ...meant(args), matched, points, locked, running },
      }),
    },
    refused: notYours('run'),
  },
  restoreRuns: {
    action: 'RESTORE_RUNS',
    done: { RunsRestored: ({ runs }, { deletion }) => ({ kind: 'deletion', key: deletion, count: runs }) },
    refused: notYours('run'),
  },
  retryRuns: {
    action: 'RETRY_RUNS',
    done: {
      RunsRetried: ({ matched, runs }, args) => ({
        kind: 'run',
        count: runs,
        detail: { ...meant(args), matched },
      }),
    },
    refused: notYours('run'),
  },
  lockRuns: {
    action: 'LOCK_RUNS',
    done: {
      RunsLocked: ({ matched, changed }, args) => ({
        kind: 'run',
        count: changed,
        detail: { ...meant(args), matched, locked: args.locked },
      }),
    },
    refused: notYours('run'),
  },
  tagRuns: {
    action: 'TAG_RUNS',
    done: {
      RunsTagged: ({ matched, changed }, args) => ({
        kind: 'run',
        count: changed,
        detail: { ...meant(args), matched, add: args.add, remove: args.remove },
      }),
    },
    refused: notYours('run'),
  },
  noteRun: { action: 'NOTE_RUN', done: { RunDescribed: run }, refused: notYours('run') },
  setRunInfo: {
    action: 'SET_RUN_INFO',
    done: {
      RunDescribed: (_outcome, { key, info }) => ({
        kind: 'run',
        key,
        detail: { names: Object.keys(info).slice(0, SOME) },
      }),
    },
    refused: notYours('run'),
  },
  setMetricGoal: {
    action: 'SET_METRIC_GOAL',
    done: { MetricChanged: (_outcome, { name, goal }) => ({ kind: 'metric', key: name, detail: { goal } }) },
  },
  saveView: {
    action: 'SAVE_VIEW',
    done: {
      ViewSaved: ({ id, replaced }, { input: { page, shared } }) => ({
        kind: 'view',
        id,
        detail: { page, shared, replaced },
      }),
    },
  },
  changeView: {
    action: 'CHANGE_VIEW',
    done: { ViewSaved: ({ id }, { key, shared }) => ({ kind: 'view', key, id, detail: { shared } }) },
    refused: { ViewNotYours: ({ member }, { key }) => ({ kind: 'view', key, detail: { of: member } }) },
  },
  deleteView: {
    action: 'DELETE_VIEW',
    done: { ViewDeleted: ({ key }) => ({ kind: 'view', key }) },
    refused: { ViewNotYours: ({ member }, { key }) => ({ kind: 'view', key, detail: { of: member } }) },
  },
  createToken: {
    action: 'CREATE_TOKEN',
    done: {
      CreateTokenSuccess: ({ id }, { name, scopes, expiresAt }) => ({
        kind: 'token',
        id,
        detail: { name, scopes, expiresAt },
      }),
    },
  },
  rotateToken: {
    action: 'ROTATE_TOKEN',
    done: {
      TokenRotated: ({ id }, { id: of, minutes }) => ({ kind: 'token', id, detail: { of, minutes } }),
    },
  },
  revokeToken: {
    action: 'REVOKE_TOKEN',
    done: { TokenRevoked: ({ id }) => ({ kind: 'token', id }) },
  },
  revokeSession: {
    action: 'REVOKE_SESSION',
    done: { SessionRevoked: ({ id }) => ({ kind: 'session', id }) },
  },
  invite: {
    action: 'INVITE',
    done: { InvitationMade: ({ id }, { role }) => ({ kind: 'invitation', id, detail: { role } }) },
  },
  revokeInvitation: {
    action: 'REVOKE_INVITATION',
    done: { InvitationRevoked: ({ id }) => ({ kind: 'invitation', id }) },
  },
  addWebhook: {
    action: 'ADD_WEBHOOK',
    done: { WebhookAdded: ({ id }, { kinds }) => ({ kind: 'webhook', id, detail: { kinds } }) },
  },
  changeWebhook: {
    action: 'CHANGE_WEBHOOK',
    done: {
      // Its address may have a secret in it.
      WebhookChanged: ({ id }, { url, kinds, active }) => ({
        kind: 'webhook',
        id,
        detail: { address: typeof url === 'string', kinds, active },
      }),
    },
  },
  rotateWebhook: {
    action: 'ROTATE_WEBHOOK',
    done: { WebhookRotated: ({ id }) => ({ kind: 'webhook', id }) },
  },
  removeWebhook: {
    action: 'REMOVE_WEBHOOK',
    done: { WebhookRemoved: ({ id }) => ({ kind: 'webhook', id }) },
  },
  changeRole: {
    action: 'CHANGE_ROLE',
    done: {
      RoleChanged: ({ id }, { member, role }) => ({ kind: 'member', key: member, id, detail: { role } }),
    },
  },
  removeMember: {
    action: 'REMOVE_MEMBER',
    done: { MemberRemoved: ({ id }, { member }) => ({ kind: 'member', key: member, id }) },
  },
  disableAccount: {
    action: 'DISABLE_ACCOUNT',
    ofAccount: true,
    done: { AccountChanged: ({ id }, { member }) => ({ kind: 'member', key: member, id }) },
  },
  enableAccount: {
    action: 'ENABLE_ACCOUNT',
    ofAccount: true,
    done: { AccountChanged: ({ id }, { member }) => ({ kind: 'member', key: member, id }) },
  },
  passwordLink: {
    action: 'PASSWORD_LINK',
    ofAccount: true,
    done: { PasswordLinkMade: (_outcome, { member }) => ({ kind: 'member', key: member }) },
  },
};

/** Mutations of which nothing is written down, and why. A refused one is, as everything that is refused. */
export const UNTOLD: Readonly<Record<string, string>> = {
  createRun: 'a script of a person makes them by the hundred; the run says whose it is, and since when',
  registerWorker: 'a worker does it when it starts; the log of events has it',
  claimRuns: 'workers do it all the time; the attempt says who has trained',
  heartbeat: 'workers do it all the time',
  testWebhook: 'it says nothing but that it is a test; the delivery says when',
  redeliver: 'what is sent again was told before; the delivery says when',
  reportMetrics: 'workers do it all the time; the points say when',
  finishRun: 'workers do it all the time; the attempt says how it ended',
};
