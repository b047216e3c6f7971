'use client';

import 'graphiql/graphiql.css';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import dynamic from 'next/dynamic';
import { useMemo } from 'react';
import { Loading } from './state';

const GraphiQL = dynamic(() => import('graphiql').then((module) => module.GraphiQL), {
  ssr: false,
  loading: () => <Loading what="GraphiQL" />,
});

const EXAMPLE = `# Best test accuracy for each batch size, with and without batch norm
{
  aggregate(by: [DATASET, BATCH_NORM, BATCH_SIZE], best: [BASE_LEARNING_RATE]) {
    groups { dataset batchNorm batchSize mean sd n ci95 { low high } best { baseLearningRate candidates } }
  }
}
`;

export function Explorer() {
  const fetcher = useMemo(
    () =>
      typeof window === 'undefined'
        ? undefined
        : createGraphiQLFetcher({ url: `${window.location.origin}/graphql` }),
    [],
  );
  return (
    <div style={{ height: '80vh' }}>
      {fetcher ? <GraphiQL fetcher={fetcher} defaultQuery={EXAMPLE} /> : null}
    </div>
  );
}
