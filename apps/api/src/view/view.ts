import type { ProblemShape } from '../builder.ts';

const LONGEST_QUERY = 20_000;

/** What is wrong with the search string of a view's address. */
export function queryProblems(path: readonly string[], query: string): ProblemShape[] {
  const allowed = `up to ${LONGEST_QUERY.toLocaleString('en')} characters without "?" before them, none of them a space or a control character`;
  if (query.length > LONGEST_QUERY)
    return [{ path, value: query.length, message: `invalid query: ${query.length} characters`, allowed }];
  return query.startsWith('?') || /[\s\p{Cc}\p{Surrogate}]/u.test(query)
    ? [{ path, value: query, message: 'invalid query', allowed }]
    : [];
}
