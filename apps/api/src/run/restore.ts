import { acting, type NotRestored, restoreRuns, TRASH_HOURS } from '@smallbatch/db';
import { builder, isOutcome, NotFound, notFound, type Outcome, outcome, resolveType } from '../builder.ts';
import { onlyOf } from '../can.ts';
import { NotYours, notYours, OTHERS } from '../not-yours.ts';
import { writableKey } from './words.ts';

/** Most deletions of one list. */
const MOST = 100;
const HOUR_MS = 3_600_000;

export const Deletion = builder.prismaObject('Deletion', {
  description: `Runs that were deleted together. For ${TRASH_HOURS} hours they can be brought back.`,
  fields: (t) => ({
    key: t.exposeString('key', { description: 'What restoreRuns takes.' }),
    runs: t.exposeInt('runs', { description: 'Runs that were deleted.' }),
    restorable: t.relationCount('left', {
      description: 'Runs of them that were not brought back yet.',
    }),
    member: t.relation('member', {
      nullable: true,
      description: 'Who deleted them; null where nobody said.',
    }),
    deletedAt: t.expose('deletedAt', { type: 'DateTime', description: 'When.' }),
    purgedAfter: t.field({
      type: 'DateTime',
      description: 'From then on they cannot be brought back, and their points are removed from the disk.',
      select: { deletedAt: true },
      resolve: ({ deletedAt }) => new Date(deletedAt.getTime() + TRASH_HOURS * HOUR_MS),
    }),
  }),
});

const WhyNotRestored = builder.enumType('WhyNotRestored', {
  description: 'Why a deleted run does not come back.',
  values: {
    RETRAINED: { description: 'The empty run that took its key was trained: delete that one first.' },
    ANSWERED: { description: 'Another run answers its configuration by now: delete that one first.' },
  } as const,
});
const RunNotRestored = builder.objectRef<NotRestored>('RunNotRestored').implement({
  description: 'A deleted run that does not come back; its deletion keeps it until its day is over.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Key of the run.' }),
    why: t.expose('why', { type: WhyNotRestored, description: 'Why.' }),
  }),
});
const RunsRestored = builder
  .objectRef<Outcome<'RunsRestored', { runs: number; others: number; notRestored: readonly NotRestored[] }>>(
    'RunsRestored',
  )
  .implement({
    description: 'The runs are back as they were, in their places in sweeps.',
    isTypeOf: isOutcome('RunsRestored'),
    fields: (t) => ({
      runs: t.exposeInt('runs', { description: 'Runs that are back.' }),
      others: t.exposeInt('others', { description: OTHERS }),
      notRestored: t.field({
        type: [RunNotRestored],
        description: 'Those that are not, by their keys.',
        resolve: ({ notRestored }) => [...notRestored],
      }),
    }),
  });
const RestoreRunsResult = builder.unionType('RestoreRunsResult', {
  description: 'What became of bringing runs back.',
  types: [RunsRestored, NotYours, NotFound],
  resolveType,
});

builder.queryFields((t) => ({
  deletions: t.prismaField({
    type: ['Deletion'],
    description: `What was deleted and can be brought back, the latest first, at most ${MOST}.`,
    resolve: (query, _root, _args, { db, viewer }) =>
      db.prisma.deletion.findMany({
        ...query,
        where: { teamId: viewer!.teamId, deletedAt: { gt: new Date(Date.now() - TRASH_HOURS * HOUR_MS) } },
        orderBy: [{ deletedAt: 'desc' }, { id: 'desc' }],
        take: MOST,
      }),
  }),
}));
builder.mutationFields((t) => ({
  restoreRuns: t.field({
    type: RestoreRunsResult,
    description:
      'Brings deleted runs back: keys, summaries, tags, notes, attempts, points and places in sweeps are as before. Not where a result has taken their place since.',
    args: { deletion: t.arg.string({ required: true, description: 'Key of the deletion.' }) },
    resolve: async (_root, { deletion }, { db, viewer }) => {
      const { teamId, memberId } = viewer!;
      const restored = writableKey(deletion)
        ? await restoreRuns(
            acting(db, { memberId, doing: 'restore' }),
            teamId,
            deletion,
            onlyOf(viewer!, 'change'),
          )
        : { kind: 'unknown' as const };
      if (restored.kind === 'notYours') return notYours('deletion', deletion, restored.member);
      return restored.kind === 'restored'
        ? outcome('RunsRestored', restored)
        : notFound(
            `unknown deletion "${deletion.slice(0, 80)}": there is none, its runs are back, or its ${TRASH_HOURS} hours are over`,
          );
    },
  }),
}));
