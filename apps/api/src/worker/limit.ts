import { type Accepted, POINT_LIMITS, type PointLimit } from '@smallbatch/db';
import { builder, type Outcome, outcome } from '../builder.ts';

export interface LimitShape {
  readonly limit: PointLimit;
  readonly value: number;
  readonly most: number;
  readonly message: string;
}

/** What a limit that would be exceeded says, by whatever way the points came. */
export function limitReached({ limit, value, metric }: Extract<Accepted, { kind: 'limit' }>): LimitShape {
  const most = POINT_LIMITS[limit];
  const message =
    limit === 'metricsOfARun'
      ? `too many metrics: the run would have ${value}, at most ${most}; nothing of this batch was written: use fewer names (what changes from point to point belongs into a value, not a name)`
      : `too many points: metric "${metric}" of the run would have ${value}, at most ${most}; nothing of this batch was written: report less often`;
  return { limit, value, most, message };
}

export const LimitReached = builder.objectRef<Outcome<'LimitReached', LimitShape>>('LimitReached').implement({
  description: 'The batch would exceed a limit of its run: nothing of it was written.',
  fields: (t) => ({
    limit: t.exposeString('limit', {
      description: 'Name of the limit, as in `serverInfo.limits`: metricsOfARun or pointsOfAMetric.',
    }),
    value: t.expose('value', { type: 'SafeInt', description: 'What the run would have with this batch.' }),
    most: t.expose('most', { type: 'SafeInt', description: 'The limit.' }),
    message: t.exposeString('message', { description: 'What would be exceeded, and what to do.' }),
  }),
});

export const limitOutcome = (accepted: Extract<Accepted, { kind: 'limit' }>) =>
  outcome('LimitReached', limitReached(accepted));
