import { graphql, type ResultOf, type SchemaType } from '@smallbatch/client';

export type ViewPage = SchemaType<'ViewPage'>;

export const SavedViews = graphql(`
  query SavedViews {
    viewer { member { key } }
    savedViews { key name page query shared member { key name } }
  }
`);
export type View = ResultOf<typeof SavedViews>['savedViews'][number];

const PATHS: Readonly<Record<ViewPage, string>> = {
  EXPLORE: '/',
  PIVOT: '/pivot',
  COMPARE: '/compare',
  SWEEP: '/sweeps',
  RUN: '/runs',
  RUNS: '/runs',
  TEAM: '/team',
};
/** Of pages that are about one thing: its key, which is in their path, stands in the saved text too. */
const KEY = 'at';

/** What a view is saved as: the search of its address, and before it the key in its path. */
export function queryOf(page: ViewPage, path: string, search: string): string {
  const key = path.slice(PATHS[page].length).split('/').filter(Boolean).map(decodeURIComponent).join('/');
  const all = new URLSearchParams(search);
  return (key === '' ? all : new URLSearchParams([[KEY, key], ...all])).toString();
}

/** The address that a saved view opens. */
export function hrefOf({ page, query }: Pick<View, 'page' | 'query'>): string {
  const search = new URLSearchParams(query);
  const key = page === 'SWEEP' || page === 'RUN' ? search.get(KEY) : null;
  if (key !== null) search.delete(KEY);
  const path =
    key === null ? PATHS[page] : `${PATHS[page]}/${key.split('/').map(encodeURIComponent).join('/')}`;
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

/** Whether two saved texts are of one view: in whatever order their parts stand. */
export function sameView(a: string, b: string): boolean {
  const sorted = (query: string): string => {
    const search = new URLSearchParams(query);
    search.sort();
    return search.toString();
  };
  return sorted(a) === sorted(b);
}
