import { acting } from '@smallbatch/db';
import {
  builder,
  InvalidInput,
  invalidInput,
  isOutcome,
  NotFound,
  notFound,
  type Outcome,
  outcome,
  resolveType,
} from '../builder.ts';
import { can } from '../can.ts';
import { NotYours, notYours } from '../not-yours.ts';
import { writableKey } from '../run/words.ts';
import { Sweep, SweepEnded, sweepEnded } from './schema.ts';
import { grow, MOST_SEEDS } from './seeds.ts';

interface Added {
  readonly sweepId: string;
  readonly created: number;
  readonly reused: number;
  readonly existing: number;
}
const SeedsAdded = builder.objectRef<Outcome<'SeedsAdded', Added>>('SeedsAdded').implement({
  description: 'The sweep has the cells.',
  isTypeOf: isOutcome('SeedsAdded'),
  fields: (t) => ({
    sweep: t.prismaField({
      type: Sweep,
      description: 'The sweep.',
      resolve: (query, { sweepId }, _a, { db }) =>
        db.prisma.sweep.findUniqueOrThrow({ ...query, where: { id: sweepId } }),
    }),
    created: t.exposeInt('created', { description: 'New cells answered by a new run.' }),
    reused: t.exposeInt('reused', { description: 'New cells answered by a run of the team that was there.' }),
    existing: t.exposeInt('existing', {
      description: 'Cells that the sweep had already: nothing was done for them.',
    }),
  }),
});
const WhyNoSeeds = builder.enumType('WhyNoSeeds', {
  description: 'Why a sweep takes no more seeds.',
  values: {
    STOPS_EARLY: { description: 'It stops runs early by what others of it have reached.' },
    OTHER_TRAINER: { description: "Its runs are of another version of the trainer than this server's." },
  } as const,
});
const SeedsRefused = builder
  .objectRef<Outcome<'SeedsRefused', { why: 'STOPS_EARLY' | 'OTHER_TRAINER'; message: string }>>(
    'SeedsRefused',
  )
  .implement({
    description: 'The sweep takes no more seeds; nothing was changed.',
    isTypeOf: isOutcome('SeedsRefused'),
    fields: (t) => ({
      why: t.expose('why', { type: WhyNoSeeds, description: 'Why.' }),
      message: t.exposeString('message', { description: 'Why, and what to do.' }),
    }),
  });
const AddSeedsResult = builder.unionType('AddSeedsResult', {
  description: 'What became of adding seeds.',
  types: [SeedsAdded, SeedsRefused, SweepEnded, NotYours, NotFound, InvalidInput],
  resolveType,
});

builder.mutationFields((t) => ({
  addSeeds: t.field({
    type: AddSeedsResult,
    description:
      'Adds seeds to a sweep: each of its settings again with each of these, as cells after its others. Runs that are there are taken where the sweep reuses; its `definition` stays as it is, and `addedSeeds` has them.',
    args: {
      key: t.arg.string({ required: true, description: 'Key of the sweep.' }),
      seeds: t.arg({
        type: ['SafeInt'],
        required: true,
        description: `The seeds, from 0, at most ${MOST_SEEDS}.`,
      }),
    },
    resolve: async (_root, { key, seeds }, { db, viewer }) => {
      const { teamId, memberId } = viewer!;
      const sweep = writableKey(key)
        ? await db.prisma.sweep.findUnique({
            where: { teamId_key: { teamId, key } },
            include: { member: { select: { key: true } } },
          })
        : null;
      if (!sweep) return notFound(`unknown sweep "${key.slice(0, 80)}"`);
      if (!can(viewer, 'change', sweep)) return notYours('sweep', key, sweep.member.key);
      const grown = await grow(acting(db, { memberId }), { teamId, memberId }, sweep, seeds.map(Number));
      switch (grown.kind) {
        case 'added':
          return outcome('SeedsAdded', { ...grown, sweepId: sweep.id });
        case 'cancelled':
          return sweepEnded(key);
        case 'refused':
          return outcome('SeedsRefused', grown);
        default:
          return invalidInput(grown.problems);
      }
    },
  }),
}));
