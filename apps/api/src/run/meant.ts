import { type Meaning, MOST_MEANT, type NotMeant, unknownRuns } from '@smallbatch/db';
import { builder, invalidInput, isOutcome, notFound, type Outcome, outcome } from '../builder.ts';
import { onlyOf } from '../can.ts';
import type { Context } from '../context.ts';
import { fault } from '../errors.ts';
import { notYours } from '../not-yours.ts';
import { RunFilter } from './filter.ts';
import { filterFor } from './runs.ts';
import { writableKey } from './words.ts';

/** Which runs a change of many is meant for. */
export interface MeantArguments {
  readonly keys?: readonly string[] | null | undefined;
  readonly where?: unknown;
  readonly expect?: number | null | undefined;
}
type Arguments = Parameters<Parameters<typeof builder.mutationFields>[0]>[0]['arg'];
const MOST = MOST_MEANT.toLocaleString('en');
export const meantArguments = (arg: Arguments) => ({
  keys: arg.stringList({ description: `Keys of the runs, at most ${MOST}.` }),
  where: arg({ type: RunFilter, description: `Which runs, at most ${MOST}.` }),
  expect: arg.int({
    description: 'How many runs the person who asks was shown: with any other number nothing is changed.',
  }),
});

export const OtherCount = builder
  .objectRef<Outcome<'OtherCount', { expected: number; matched: number }>>('OtherCount')
  .implement({
    description: 'Another number of runs is meant than was expected: nothing was changed.',
    isTypeOf: isOutcome('OtherCount'),
    fields: (t) => ({
      message: t.string({
        description: 'Both numbers, and what to do.',
        resolve: ({ expected, matched }) =>
          `${matched} runs are meant now, and ${expected} were expected; nothing was changed: look again, then ask with the new number`,
      }),
      expected: t.exposeInt('expected', { description: 'What was expected.' }),
      matched: t.exposeInt('matched', { description: 'Runs that are meant now.' }),
    }),
  });

export const unknownRun = (keys: readonly string[]) =>
  notFound(
    `unknown run${keys.length > 1 ? `s: ${keys.length}, among them` : ''} ${keys
      .slice(0, 3)
      .map((key) => `"${key.slice(0, 80)}"`)
      .join(', ')}; nothing was changed`,
  );

/** Reads which runs a mutation of this name is meant for; a key of no run is an outcome, so that nobody takes it for done. */
export async function readMeant(
  name: string,
  { keys, where, expect }: MeantArguments,
  context: Context,
): Promise<Meaning | ReturnType<typeof notFound> | ReturnType<typeof invalidInput>> {
  const given = Number(Boolean(keys)) + Number(Boolean(where));
  if (given !== 1)
    throw fault(
      'BAD_INPUT',
      `invalid ${name}: ${given ? 'keys and where at once' : 'neither keys nor where'}; give one of them ("where: {}" for all runs of the team)`,
    );
  const only = onlyOf(context.viewer!, 'change');
  if (!keys) return { where: await filterFor(context, where), expect, only };
  if (keys.length > MOST_MEANT)
    return invalidInput([
      {
        path: ['keys'],
        value: keys.length,
        message: `invalid keys: ${keys.length}`,
        allowed: `at most ${MOST_MEANT}`,
      },
    ]);
  const unwritable = keys.filter((key) => !writableKey(key));
  const unknown =
    unwritable.length > 0 ? unwritable : await unknownRuns(context.db, context.viewer!.teamId, keys);
  return unknown.length > 0 ? unknownRun(unknown) : { where: { key: { in: keys } }, expect, only };
}

/** Why nothing was changed, as an outcome. */
export function notMeant(why: NotMeant, { where, expect }: MeantArguments) {
  if (why.kind === 'notYours') return notYours('run', why.key, why.member, why.matched);
  if (why.kind === 'otherCount')
    return outcome('OtherCount', { expected: expect ?? 0, matched: why.matched });
  return invalidInput([
    {
      path: ['where'],
      value: where,
      message: `invalid where: more than ${MOST_MEANT} runs match`,
      allowed: `at most ${MOST_MEANT} at once; a narrower filter, several times`,
    },
  ]);
}
