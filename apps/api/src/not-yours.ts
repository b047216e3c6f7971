import { builder, isOutcome, type Outcome, outcome } from './builder.ts';

export const NotYours = builder
  .objectRef<Outcome<'NotYours', { message: string; member: string }>>('NotYours')
  .implement({
    description:
      'It is of another member, and who asks may change only what is their own (docs/rights.md); nothing was changed.',
    isTypeOf: isOutcome('NotYours'),
    fields: (t) => ({
      message: t.exposeString('message', { description: 'What it is, whose, and who can do it.' }),
      member: t.exposeString('member', { description: 'Key of the member whose it is.' }),
    }),
  });

/** `what`: a sweep, a run, a deletion. Of several, the first; `of` says how many. */
export const notYours = (what: string, key: string, member: string, of = 1) =>
  outcome('NotYours', {
    member,
    message: `${of > 1 ? `none of the ${of} ${what}s that are meant is yours: ` : ''}${what} "${key.slice(0, 80)}" is ${member}'s: ask ${member}, or a maintainer or owner of the team, to do it`,
  });

export const OTHERS =
  "Those of them that were left as they were, as they are other members' and who asks may change only their own.";
