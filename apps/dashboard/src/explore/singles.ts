import { type Dimension, isAxis } from '../axis/axis';
import { both, type RunFilter } from '../filter/filter';
import { bestOf, type Question } from '../question/question';
import { useLiveQuery } from '../shell/activity';
import { count } from '../shell/format';
import { type Group, Statistics, variablesOf } from './statistics';

/** Most values of a list in one condition of a filter, and so many conditions are asked with. */
const MOST_IN_LIST = 1000;
const MOST_LISTS = 10;

export interface Singles {
  /** Each run as a group of its own, with the values of the question's dimensions. */
  readonly runs: readonly Group[] | undefined;
  readonly error: { readonly message: string } | undefined;
}

/**
 * The runs that points are means of, one by one. Where the best was chosen: those of the chosen settings alone, without the seeds that
 * chose. A point may be a mean of several chosen settings, which it does not name: then they are asked for first.
 */
export function useSingles(
  question: Question,
  dimensions: readonly Dimension[],
  groups: readonly Group[] | undefined,
): Singles {
  const best = bestOf(question);
  const choosing = best.length > 0;
  const varying = [
    ...new Set(
      (groups ?? []).flatMap((group) => [
        ...group.varying,
        ...group.varyingParams.map((name): Dimension => `param:${name}`),
      ]),
    ),
  ].filter((one) => !isAxis(one) || !best.includes(one));
  const finer = [...dimensions, ...varying];
  const [{ data: settings, error: refused }] = useLiveQuery({
    query: Statistics,
    variables: variablesOf(question, finer),
    pause: !groups || !choosing,
  });
  const hashes = settings?.aggregate.groups.flatMap(({ best: chosen }) => chosen?.settingHash ?? []);
  const tooMany = (hashes?.length ?? 0) > MOST_IN_LIST * MOST_LISTS;
  const [{ data, error }] = useLiveQuery({
    query: Statistics,
    variables: variablesOf(
      { ...question, where: both(question.where, chosenOnly(hashes, question.select)), best: [], select: [] },
      [...finer, 'SEED'],
    ),
    pause: !groups || tooMany || (choosing && !hashes?.length),
  });
  if (tooMany)
    return {
      runs: undefined,
      error: {
        message: `${count(hashes!.length)} settings are chosen; the runs of at most ${count(MOST_IN_LIST * MOST_LISTS)} are shown one by one: filter.`,
      },
    };
  if (hashes?.length === 0) return { runs: [], error: undefined };
  return { runs: data?.aggregate.groups, error: refused ?? error };
}

function chosenOnly(hashes: readonly string[] | undefined, select: readonly number[]): RunFilter {
  if (!hashes) return {};
  const lists = Array.from({ length: Math.ceil(hashes.length / MOST_IN_LIST) }, (_, i) => ({
    settingHash: { in: hashes.slice(i * MOST_IN_LIST, (i + 1) * MOST_IN_LIST) },
  }));
  return both(
    lists.length === 1 ? lists[0]! : { or: lists },
    ...(select.length > 0 ? [{ not: { seed: { in: [...select] } } }] : []),
  );
}
