import { MOST_TAGS } from '@smallbatch/db';
import type { ProblemShape } from '../builder.ts';

/** What people put on runs and sweeps: what may be written, checked where it comes in. */
const LONGEST_TAG = 100;
const LONGEST_NOTE = 10_000;
const LONGEST_NAME = 200;
const LONGEST_TEXT = 10_000;
const MOST_AT_ONCE = 100;
const UNWRITABLE = /\0|\p{Surrogate}/u;
const lengthOf = (text: string): number => [...text].length;

const isTag = (tag: string): boolean =>
  tag.trim() === tag && tag !== '' && lengthOf(tag) <= LONGEST_TAG && !/[\p{Cc}\p{Surrogate}]/u.test(tag);

export interface TagsInput {
  readonly add?: readonly string[] | null;
  readonly remove?: readonly string[] | null;
}
/** What is wrong with tags to add and to remove. */
export function tagProblems({ add, remove }: TagsInput): ProblemShape[] {
  const problems: ProblemShape[] = [];
  for (const [name, tags] of Object.entries({ add: add ?? [], remove: remove ?? [] })) {
    const say = (i: number | undefined, value: unknown, message: string, allowed: string) =>
      problems.push({ path: i === undefined ? [name] : [name, i], value, message, allowed });
    if (tags.length > MOST_AT_ONCE)
      say(undefined, tags.length, `invalid ${name}: ${tags.length} tags`, `at most ${MOST_AT_ONCE} at once`);
    else
      for (const [i, tag] of tags.entries())
        if (!isTag(tag))
          say(
            i,
            tag,
            'invalid tag',
            `1 to ${LONGEST_TAG} characters, none of them a control character, the first and the last no space`,
          );
  }
  for (const [i, tag] of (add ?? []).entries())
    if (remove?.includes(tag))
      problems.push({
        path: ['add', i],
        value: tag,
        message: 'invalid tag: to add and to remove at once',
        allowed: 'one of the two',
      });
  if (!add?.length && !remove?.length)
    problems.push({ path: [], value: null, message: 'missing tags', allowed: 'tags to add or to remove' });
  return problems;
}
export const tooManyTags = (keys: readonly string[]): string =>
  `${keys.slice(0, 3).join(', ')}${keys.length > 3 ? ' and more' : ''} would have more than ${MOST_TAGS} tags; nothing was changed`;

/** A note as it is written (null: none), or what is wrong with it. */
export function readNote(
  note: string | null | undefined,
): { note: string | null } | { problem: ProblemShape } {
  if (note === null || note === undefined || note.trim() === '') return { note: null };
  const allowed = `up to ${LONGEST_NOTE} characters of text, or null for none`;
  if (lengthOf(note) > LONGEST_NOTE)
    return {
      problem: { path: ['note'], value: lengthOf(note), message: 'invalid note: too long', allowed },
    };
  if (UNWRITABLE.test(note))
    return {
      problem: {
        path: ['note'],
        value: null,
        message: 'invalid note: NUL or half of a character in it',
        allowed,
      },
    };
  return { note };
}

export type Info = Record<string, string | number | boolean | null>;
/** What is wrong with free parameters to merge. */
export function infoProblems(info: unknown): ProblemShape[] {
  const allowed = `a flat object of at most ${MOST_AT_ONCE} finite numbers, texts (up to ${LONGEST_TEXT} characters), true, false, or null to take one away; names of 1 to ${LONGEST_NAME} characters`;
  if (typeof info !== 'object' || info === null || Array.isArray(info))
    return [{ path: ['info'], value: info, message: 'invalid info', allowed }];
  const entries = Object.entries(info);
  if (entries.length > MOST_AT_ONCE)
    return [
      { path: ['info'], value: entries.length, message: `invalid info: ${entries.length} at once`, allowed },
    ];
  const fits = (value: unknown): boolean => {
    if (value === null || typeof value === 'boolean') return true;
    if (typeof value === 'number') return Number.isFinite(value);
    return typeof value === 'string' && lengthOf(value) <= LONGEST_TEXT && !UNWRITABLE.test(value);
  };
  return entries
    .filter(
      ([name, value]) =>
        name === '' || lengthOf(name) > LONGEST_NAME || UNWRITABLE.test(name) || !fits(value),
    )
    .map(([name, value]) => ({ path: ['info', name], value, message: 'invalid parameter', allowed }));
}

/** A key as it comes in: one with a NUL, which no text of the database has, is of nothing. */
export const writableKey = (key: string): boolean => !UNWRITABLE.test(key);

/** What is wrong with the tags and the note of a run that is to be made. */
export function newRunProblems(input: {
  readonly tags?: readonly string[] | null | undefined;
  readonly note?: string | null | undefined;
}): ProblemShape[] {
  const tags = input.tags ?? [];
  const note = readNote(input.note);
  const problems: ProblemShape[] = [
    ...(tags.length > 0
      ? tagProblems({ add: tags }).map((one) => ({ ...one, path: ['tags', ...one.path.slice(1)] }))
      : []),
    ...('problem' in note ? [note.problem] : []),
  ];
  if (new Set(tags).size > MOST_TAGS)
    problems.push({
      path: ['tags'],
      value: tags.length,
      message: `invalid tags: ${tags.length}`,
      allowed: `at most ${MOST_TAGS} a run`,
    });
  return problems.map((one) => ({ ...one, path: ['input', ...one.path] }));
}

/** The name of something that people keep: as it is written, or what is wrong with it. */
export function nameProblems(path: readonly string[], name: string): ProblemShape[] {
  const fits =
    name.trim() === name &&
    name !== '' &&
    lengthOf(name) <= LONGEST_NAME &&
    !/[\p{Cc}\p{Surrogate}]/u.test(name);
  const allowed = `1 to ${LONGEST_NAME} characters, none of them a control character, the first and the last no space`;
  return fits ? [] : [{ path, value: name, message: 'invalid name', allowed }];
}
