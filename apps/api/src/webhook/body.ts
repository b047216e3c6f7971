import type { SweepFacts, Telling, WebhookKind } from '@smallbatch/db';

/** What the body of a delivery calls its kind. */
export const TYPES: Readonly<Record<WebhookKind | 'TEST', string>> = {
  SWEEP_ENDED: 'sweep.ended',
  SWEEP_FAILED: 'sweep.failed',
  SWEEP_STUCK: 'sweep.stuck',
  WORKER_LOST: 'worker.lost',
  MENTIONED: 'member.mentioned',
  TEST: 'webhook.test',
};

const path = (...parts: string[]): string => `/${parts.map(encodeURIComponent).join('/')}`;
const runPath = (key: string): string => path('runs', ...key.split('/'));

/** The body of a delivery (docs/webhooks.md), with links to pages of the dashboard at `publicUrl`. */
export const bodyOf =
  (publicUrl: string) =>
  ({ id, kind, team, happening: { at, told } }: Telling): string => {
    const { sweep, mention, worker, runs, since, message } = told;
    const noted = mention?.run ? runPath(mention.run) : path('sweeps', mention?.sweep ?? '');
    const link = mention
      ? noted
      : sweep
        ? path('sweeps', sweep.key)
        : kind === 'WORKER_LOST'
          ? '/team#workers'
          : '/team#webhooks';
    return JSON.stringify({
      id,
      type: TYPES[kind ?? 'TEST'],
      timestamp: at,
      team,
      link: `${publicUrl.replace(/\/$/, '')}${link}`,
      data: {
        ...(sweep ? sweepData(sweep) : {}),
        ...mention,
        ...(worker ? { worker, runs } : {}),
        since,
        message,
      },
    });
  };

function sweepData({ key, name, member, state, best }: SweepFacts): object {
  const { total, waiting, running, done, pruned, failed, cancelled, diverged } = state;
  return {
    sweep: { key, name, member },
    runs: { total, waiting, running, done, pruned, failed, cancelled, diverged },
    best,
    deviceSeconds: state.deviceSeconds,
    startedAt: state.startedAt,
    endedAt: state.endedAt,
  };
}
