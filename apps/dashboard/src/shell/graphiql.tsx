'use client';

import 'graphiql/graphiql.css';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { useMounted } from '@mantine/hooks';
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
  // GraphiQL is for browsers alone: the server, and the first picture of the page, leave its place empty.
  const mounted = useMounted();
  const fetcher = useMemo(
    () => (mounted ? createGraphiQLFetcher({ url: `${window.location.origin}/graphql` }) : undefined),
    [mounted],
  );
  return (
    <div style={{ height: '80vh' }}>
      {fetcher ? <GraphiQL fetcher={fetcher} defaultQuery={EXAMPLE} /> : null}
    </div>
  );
}
