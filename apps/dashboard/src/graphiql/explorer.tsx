'use client';

import 'graphiql/graphiql.css';
import './graphiql.css';
import { Group, Text, Title } from '@mantine/core';
import dynamic from 'next/dynamic';
import { useQuery } from '../shell/client';
import { Failed, Loading } from '../shell/state';
import { examplesOf, Known } from './examples';

// GraphiQL is for browsers alone, and large: it comes when its page is there.
const Editor = dynamic(() => import('./editor').then((module) => module.Editor), {
  ssr: false,
  loading: () => <Loading what="GraphiQL" />,
});

/** Any question to the API, with the schema's documentation and examples that have the team's own names. */
export function Explorer() {
  const [{ data, error }, again] = useQuery({ query: Known, variables: {} });
  return (
    <>
      <Group justify="space-between" mb="xs">
        <Title order={1} size="h3">
          GraphQL
        </Title>
        <Text size="sm">The address of this page is the question: share it.</Text>
      </Group>
      {error ? (
        <Failed message={error.message} again={() => again({ requestPolicy: 'network-only' })} />
      ) : (
        <div className="graphiql-place">{data ? <Editor examples={examplesOf(data)} /> : null}</div>
      )}
    </>
  );
}
