import { acting, MOST_INFO, note, setRunInfo, tagRuns } from '@smallbatch/db';
import {
  builder,
  InvalidInput,
  invalidInput,
  isOutcome,
  NotFound,
  type Outcome,
  outcome,
  resolveType,
} from '../builder.ts';
import { onlyOf } from '../can.ts';
import type { Context } from '../context.ts';
import { NotYours, notYours, OTHERS } from '../not-yours.ts';
import { type MeantArguments, meantArguments, notMeant, OtherCount, readMeant, unknownRun } from './meant.ts';
import { Run } from './schema.ts';
import { type Info, infoProblems, readNote, tagProblems, tooManyTags, writableKey } from './words.ts';

export const TooManyTags =
  builder.objectRef<Outcome<'TooManyTags', { message: string; keys: readonly string[] }>>('TooManyTags');
TooManyTags.implement({
  description: 'Something would have more tags than it may have; nothing was changed.',
  isTypeOf: isOutcome('TooManyTags'),
  fields: (t) => ({
    message: t.exposeString('message', { description: 'What, and how many it may have.' }),
    keys: t.stringList({
      description: 'Keys of what would have too many, at most 10.',
      resolve: ({ keys }) => [...keys],
    }),
  }),
});
const RunsTagged = builder
  .objectRef<Outcome<'RunsTagged', { matched: number; changed: number; others: number }>>('RunsTagged')
  .implement({
    description: 'The runs have the tags.',
    isTypeOf: isOutcome('RunsTagged'),
    fields: (t) => ({
      matched: t.exposeInt('matched', { description: 'Runs that were meant.' }),
      changed: t.exposeInt('changed', { description: 'Runs of them whose tags are other than before.' }),
      others: t.exposeInt('others', { description: OTHERS }),
    }),
  });
const TagRunsResult = builder.unionType('TagRunsResult', {
  description: 'What became of tagging runs.',
  types: [RunsTagged, TooManyTags, NotYours, OtherCount, NotFound, InvalidInput],
  resolveType,
});
const RunDescribed = builder.objectRef<Outcome<'RunDescribed', { runId: string }>>('RunDescribed').implement({
  description: 'It is written.',
  isTypeOf: isOutcome('RunDescribed'),
  fields: (t) => ({
    run: t.prismaField({
      type: Run,
      description: 'The run.',
      resolve: (query, { runId }, _a, { db }) =>
        db.prisma.run.findUniqueOrThrow({ ...query, where: { id: runId } }),
    }),
  }),
});
const DescribeRunResult = builder.unionType('DescribeRunResult', {
  description: 'What became of describing a run.',
  types: [RunDescribed, NotYours, NotFound, InvalidInput],
  resolveType,
});

interface TagRunsArguments extends MeantArguments {
  readonly add?: readonly string[] | null | undefined;
  readonly remove?: readonly string[] | null | undefined;
}
async function tagThem(args: TagRunsArguments, context: Context) {
  const change = { add: args.add ?? [], remove: args.remove ?? [] };
  const meaning = await readMeant('tagRuns', args, context);
  const problems = tagProblems(change);
  if (problems.length > 0) return invalidInput(problems);
  if ('outcome' in meaning) return meaning;
  const done = await tagRuns(context.db, context.viewer!.teamId, meaning, change);
  if (done.kind === 'tagged') return outcome('RunsTagged', done);
  return done.kind === 'tooMany'
    ? outcome('TooManyTags', { message: tooManyTags(done.keys), keys: done.keys })
    : notMeant(done, args);
}

builder.mutationFields((t) => ({
  tagRuns: t.field({
    type: TagRunsResult,
    description:
      'Adds tags to runs and removes some, of all that are meant or of none: of these keys, or of all that match. A run has at most 50.',
    args: {
      ...meantArguments(t.arg),
      add: t.arg.stringList({ description: 'Tags to put on, at most 100; one that is there stays once.' }),
      remove: t.arg.stringList({ description: 'Tags to take off, at most 100.' }),
    },
    resolve: (_root, args, context) => tagThem(args, context),
  }),
  noteRun: t.field({
    type: DescribeRunResult,
    description: 'Writes the note of a run, in place of the one before.',
    args: {
      key: t.arg.string({ required: true, description: 'Key of the run.' }),
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
        ? await note(acting(db, viewer!), 'run', viewer!.teamId, key, read.note, only)
        : undefined;
      if (!done) return unknownRun([key]);
      return done.kind === 'notYours'
        ? notYours('run', key, done.member)
        : outcome('RunDescribed', { runId: done.id });
    },
  }),
  setRunInfo: t.field({
    type: DescribeRunResult,
    description:
      'Merges free parameters into those beside the configuration of a run (`info`); null takes one away.',
    args: {
      key: t.arg.string({ required: true, description: 'Key of the run.' }),
      info: t.arg({
        type: 'JSON',
        required: true,
        description: 'A flat object of numbers, texts, true, false and null, at most 100 at once.',
      }),
    },
    resolve: async (_root, { key, info }, { db, viewer }) => {
      const problems = infoProblems(info);
      if (problems.length > 0) return invalidInput(problems);
      const only = onlyOf(viewer!, 'change');
      const done = writableKey(key)
        ? await setRunInfo(db, viewer!.teamId, key, info as Info, only)
        : undefined;
      if (!done) return unknownRun([key]);
      if (done.kind === 'notYours') return notYours('run', key, done.member);
      if (done.count > MOST_INFO)
        return invalidInput([
          {
            path: ['info'],
            value: done.count,
            message: `invalid info: the run would have ${done.count} parameters`,
            allowed: `at most ${MOST_INFO} a run`,
          },
        ]);
      return outcome('RunDescribed', { runId: done.id });
    },
  }),
}));
