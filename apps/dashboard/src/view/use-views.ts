'use client';

import { useMutation } from '@urql/next';
import { graphql, useQuery } from '../shell/client';
import { SavedViews, type View, type ViewPage } from './view';

const SaveView = graphql(`
  mutation SaveView($input: SaveViewInput!) {
    result: saveView(input: $input) {
      __typename
      ... on ViewSaved { replaced view { key name } }
      ... on ViewNameTaken { message }
      ... on InvalidInput { message problems { message } }
    }
  }
`);
const ChangeView = graphql(`
  mutation ChangeView($key: String!, $name: String, $query: String, $shared: Boolean) {
    result: changeView(key: $key, name: $name, query: $query, shared: $shared) {
      __typename
      ... on ViewSaved { view { key name } }
      ... on ViewNameTaken { message }
      ... on ViewNotYours { message }
      ... on NotFound { message }
      ... on InvalidInput { message problems { message } }
    }
  }
`);
const DeleteView = graphql(`
  mutation DeleteView($key: String!) {
    result: deleteView(key: $key) {
      __typename
      ... on ViewDeleted { key }
      ... on ViewNotYours { message }
      ... on NotFound { message }
    }
  }
`);

interface Change {
  readonly name?: string;
  readonly query?: string;
  readonly shared?: boolean;
}

/** The saved views that the reader sees, and what changes them; each answers with why it was refused. */
export function useViews() {
  const [{ data, error }, again] = useQuery({ query: SavedViews, variables: {} });
  const [, save] = useMutation(SaveView);
  const [, change] = useMutation(ChangeView);
  const [, remove] = useMutation(DeleteView);
  const done = async (
    answer: Promise<{
      data?: { result: { __typename: string } } | undefined;
      error?: { message: string } | undefined;
    }>,
  ): Promise<string | undefined> => {
    const { data, error } = await answer;
    if (!data) return error?.message ?? 'no answer';
    again({ requestPolicy: 'network-only' });
    const { result } = data as { result: { message?: string; problems?: readonly { message: string }[] } };
    return result.problems?.map(({ message }) => message).join('; ') || result.message;
  };
  return {
    views: data?.savedViews ?? NONE,
    me: data?.viewer.member.key,
    problem: error?.message,
    save: (page: ViewPage, name: string, query: string, shared = false) =>
      done(save({ input: { page, name, query, shared, replace: false } })),
    change: (key: string, changed: Change) => done(change({ key, ...changed })),
    remove: (key: string) => done(remove({ key })),
  };
}
const NONE: readonly View[] = [];
