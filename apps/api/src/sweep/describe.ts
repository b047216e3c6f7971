import { acting, note, tagSweep } from '@smallbatch/db';
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
import { onlyOf } from '../can.ts';
import { NotYours, notYours } from '../not-yours.ts';
import { TooManyTags } from '../run/describe.ts';
import { readNote, tagProblems, tooManyTags, writableKey } from '../run/words.ts';
import { Sweep } from './schema.ts';

const SweepDescribed = builder
  .objectRef<Outcome<'SweepDescribed', { key: string }>>('SweepDescribed')
  .implement({
    description: 'It is written.',
    isTypeOf: isOutcome('SweepDescribed'),
    fields: (t) => ({
      sweep: t.prismaField({
        type: Sweep,
        description: 'The sweep.',
        resolve: (query, { key }, _a, { db, viewer }) =>
          db.prisma.sweep.findUniqueOrThrow({
            ...query,
            where: { teamId_key: { teamId: viewer!.teamId, key } },
          }),
      }),
    }),
  });
const DescribeSweepResult = builder.unionType('DescribeSweepResult', {
  description: 'What became of describing a sweep.',
  types: [SweepDescribed, TooManyTags, NotYours, NotFound, InvalidInput],
  resolveType,
});
const unknownSweep = (key: string) => notFound(`unknown sweep "${key.slice(0, 80)}"`);

builder.mutationFields((t) => ({
  tagSweep: t.field({
    type: DescribeSweepResult,
    description: 'Adds tags to a sweep and removes some; it has at most 50. Its runs keep their own.',
    args: {
      key: t.arg.string({ required: true, description: 'Key of the sweep.' }),
      add: t.arg.stringList({ description: 'Tags to put on, at most 100; one that is there stays once.' }),
      remove: t.arg.stringList({ description: 'Tags to take off, at most 100.' }),
    },
    resolve: async (_root, { key, add, remove }, { db, viewer }) => {
      const change = { add: add ?? [], remove: remove ?? [] };
      const problems = tagProblems(change);
      if (problems.length > 0) return invalidInput(problems);
      if (!writableKey(key)) return unknownSweep(key);
      const done = await tagSweep(db, viewer!.teamId, key, change, onlyOf(viewer!, 'change'));
      if (done.kind === 'notYours') return notYours('sweep', key, done.member);
      if (done.kind === 'tooMany')
        return outcome('TooManyTags', { message: tooManyTags(done.keys), keys: done.keys });
      return done.kind === 'tagged' && done.matched ? outcome('SweepDescribed', { key }) : unknownSweep(key);
    },
  }),
  noteSweep: t.field({
    type: DescribeSweepResult,
    description: 'Writes the note of a sweep, in place of the one before.',
    args: {
      key: t.arg.string({ required: true, description: 'Key of the sweep.' }),
      note: t.arg.string({
        description:
          'Up to 10,000 characters; null or blank for none. `@KEY` names a member of the team, who finds it in the activity.',
      }),
    },
    resolve: async (_root, { key, note: text }, { db, viewer }) => {
      const read = readNote(text);
      if ('problem' in read) return invalidInput([read.problem]);
      const only = onlyOf(viewer!, 'change');
      const done = writableKey(key)
        ? await note(acting(db, viewer!), 'sweep', viewer!.teamId, key, read.note, only)
        : undefined;
      if (!done) return unknownSweep(key);
      return done.kind === 'notYours'
        ? notYours('sweep', key, done.member)
        : outcome('SweepDescribed', { key });
    },
  }),
}));
