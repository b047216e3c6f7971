import { graphql, type ResultOf } from '../shell/client';
import { count } from '../shell/format';

/** What a change of many runs will hit. */
export const BulkCheck = graphql(`
  query BulkCheck($where: RunFilter, $locked: RunFilter, $running: RunFilter, $retried: RunFilter) {
    meant: runs(where: $where) { totalCount }
    locked: runs(where: $locked) { totalCount }
    running: runs(where: $running) { totalCount }
    retried: runs(where: $retried) { totalCount }
    members: aggregate(where: $where, by: [MEMBER]) { groups { member } }
    viewer { may }
  }
`);
export type Checked = ResultOf<typeof BulkCheck>;

export const TagRuns = graphql(`
  mutation TagRuns($where: RunFilter, $keys: [String!], $expect: Int, $add: [String!], $remove: [String!]) {
    result: tagRuns(where: $where, keys: $keys, expect: $expect, add: $add, remove: $remove) {
      __typename
      ... on RunsTagged { matched changed others }
      ... on OtherCount { message }
      ... on InvalidInput { message problems { message } }
      ... on NotYours { message } ... on NotFound { message }
      ... on TooManyTags { message }
    }
  }
`);
export const LockRuns = graphql(`
  mutation LockRuns($where: RunFilter, $keys: [String!], $expect: Int, $locked: Boolean!) {
    result: lockRuns(where: $where, keys: $keys, expect: $expect, locked: $locked) {
      __typename
      ... on RunsLocked { matched changed others }
      ... on OtherCount { message }
      ... on InvalidInput { message problems { message } }
      ... on NotYours { message } ... on NotFound { message }
    }
  }
`);
export const DeleteRuns = graphql(`
  mutation DeleteRuns($where: RunFilter, $keys: [String!], $expect: Int) {
    result: deleteRuns(where: $where, keys: $keys, expect: $expect) {
      __typename
      ... on RunsDeleted { matched runs locked running others cells deletion { key } }
      ... on OtherCount { message }
      ... on InvalidInput { message problems { message } }
      ... on NotYours { message } ... on NotFound { message }
    }
  }
`);
export const RetryRuns = graphql(`
  mutation RetryRuns($where: RunFilter, $keys: [String!], $expect: Int) {
    result: retryRuns(where: $where, keys: $keys, expect: $expect) {
      __typename
      ... on RunsRetried { matched runs taken others }
      ... on OtherCount { message }
      ... on InvalidInput { message problems { message } }
      ... on NotYours { message } ... on NotFound { message }
    }
  }
`);

export type Action = 'tag' | 'lock' | 'unlock' | 'delete' | 'retry';
export const ACTIONS: Readonly<Record<Action, { name: string; keys: string }>> = {
  tag: { name: 'Tag', keys: 't' },
  lock: { name: 'Lock', keys: 'l' },
  unlock: { name: 'Unlock', keys: 'u' },
  retry: { name: 'Retry', keys: 'r' },
  delete: { name: 'Delete', keys: 'd' },
};
/** The API changes no more at once. */
export const MOST_RUNS = 10_000;

export const runsWord = (n: number): string => `${count(n)} ${n === 1 ? 'run' : 'runs'}`;
const stay = (n: number, why: string): string[] =>
  n > 0 ? [`${count(n)} ${n === 1 ? 'is' : 'are'} ${why} and ${n === 1 ? 'stays' : 'stay'}.`] : [];

/** What it will do, before it is done. */
export function foretold(action: Action, { meant, locked, running, retried, members }: Checked): string {
  const owners = members.groups.flatMap(({ member }) => member ?? []);
  const of =
    owners.length === 0
      ? ''
      : ` of ${owners.length === 1 ? owners[0] : `${owners.length} members (${owners.slice(0, 5).join(', ')}${owners.length > 5 ? ' …' : ''})`}`;
  const all = `${runsWord(meant.totalCount)}${of}`;
  switch (action) {
    case 'delete':
      return [
        `Delete ${all}, with all their points.`,
        ...stay(locked.totalCount, 'locked'),
        ...stay(running.totalCount, 'being trained'),
        'Deleted runs can be brought back for a day.',
      ].join(' ');
    case 'retry':
      return `Of ${all}, ${count(retried.totalCount)} failed or ${retried.totalCount === 1 ? 'was' : 'were'} cancelled: put ${retried.totalCount === 1 ? 'it' : 'them'} back into the queue. The others stay as they are.`;
    case 'lock':
      return `Lock ${all}, so that nobody deletes them. ${count(locked.totalCount)} of them are locked already.`;
    case 'unlock':
      return `Unlock ${all}: they can be deleted then, unless their sweep is locked. ${count(locked.totalCount)} of them are locked.`;
    case 'tag':
      return `Change the tags of ${all}.`;
  }
}

interface Problem {
  readonly message: string;
  readonly problems?: readonly { readonly message: string }[];
}
/** Why nothing was done, with all its reasons. */
export const refusal = ({ message, problems = [] }: Problem): string =>
  problems.length > 0 ? problems.map((one) => one.message).join('; ') : message;

type Deleted = Extract<ResultOf<typeof DeleteRuns>['result'], { __typename: 'RunsDeleted' }>;
/** Of a change that left runs of others as they were. */
export const othersWords = (others: number): string =>
  others > 0 ? ` ${runsWord(others)} of others stayed as they were: you may change only your own.` : '';

export function deletedWords({ runs, locked, running, others, cells }: Deleted): string {
  return [
    `${runsWord(runs)} deleted.`,
    ...(locked > 0 ? [`${count(locked)} locked: spared.`] : []),
    ...(running > 0 ? [`${count(running)} being trained: spared.`] : []),
    ...(others > 0 ? [othersWords(others).trim()] : []),
    ...(cells > 0
      ? [`${count(cells)} ${cells === 1 ? 'cell of a sweep has' : 'cells of sweeps have'} no result now.`]
      : []),
  ].join(' ');
}
