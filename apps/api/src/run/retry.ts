import { acting, type Retried, retryRuns } from '@smallbatch/db';
import {
  builder,
  InvalidInput,
  isOutcome,
  NotFound,
  type Outcome,
  outcome,
  resolveType,
} from '../builder.ts';
import { NotYours, OTHERS } from '../not-yours.ts';
import { meantArguments, notMeant, OtherCount, readMeant } from './meant.ts';

const RunsRetried = builder.objectRef<Outcome<'RunsRetried', Retried>>('RunsRetried').implement({
  description: 'The runs wait again.',
  isTypeOf: isOutcome('RunsRetried'),
  fields: (t) => ({
    matched: t.exposeInt('matched', { description: 'Runs that were meant.' }),
    runs: t.exposeInt('runs', {
      description:
        'Runs of them that wait again. Left are those that have neither failed nor been cancelled, those of own scripts, and those whose cells took another run.',
    }),
    taken: t.exposeInt('taken', {
      description: 'Cells that took a run which answers their configuration by now.',
    }),
    others: t.exposeInt('others', { description: OTHERS }),
  }),
});
const RetryRunsResult = builder.unionType('RetryRunsResult', {
  description: 'What became of retrying runs.',
  types: [RunsRetried, NotYours, OtherCount, NotFound, InvalidInput],
  resolveType,
});

builder.mutationFields((t) => ({
  retryRuns: t.field({
    type: RetryRunsResult,
    description:
      'Puts failed and cancelled runs back into the queue: of these keys, or all that match. A cancelled sweep of theirs goes on, where who asks may change it; those of a paused one wait for it.',
    args: meantArguments(t.arg),
    resolve: async (_root, args, context) => {
      const { teamId, memberId } = context.viewer!;
      const meaning = await readMeant('retryRuns', args, context);
      if ('outcome' in meaning) return meaning;
      const done = await retryRuns(acting(context.db, { memberId }), teamId, meaning);
      return done.kind === 'retried' ? outcome('RunsRetried', done) : notMeant(done, args);
    },
  }),
}));
