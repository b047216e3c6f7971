import { graphql, type ResultOf } from '../shell/client';

/** What a row can show; the rarer fields only where their column is shown. */
export const RowFields = graphql(`
  fragment RowFields on Run {
    key status diverged locked duplicate step plannedSteps samplesSeen deviceSeconds createdAt startedAt endedAt tags
    model width batchSize batchSchedule baseLearningRate learningRate schedule warmUp momentum nesterov weightDecay batchNorm
    batchNormScope bnBatch augmentation budget { unit value epochs } evaluateEvery trainerVersion seed engine note reason hyper info
    dataset { name } member { key name } sweep { key }
    metrics(names: $metrics) { name last lastNonFinite best min max mean medianLast5 medianOf }
  }
`);
export type Row = ResultOf<typeof RowFields>;

/** The first page says how many there are, and the moment that the list is of: later pages leave out what came after. */
export const FirstRows = graphql(
  `
  query FirstRows($where: RunFilter, $orderBy: [RunOrder!], $metrics: [String!]) {
    runs(where: $where, orderBy: $orderBy, first: 100) {
      totalCount
      pageInfo { startCursor endCursor }
      nodes { ...RowFields }
    }
    newest: runs(where: $where, first: 1) { nodes { createdAt } }
  }
`,
  [RowFields],
);

export const MoreRows = graphql(
  `
  query MoreRows(
    $where: RunFilter, $orderBy: [RunOrder!], $metrics: [String!]
    $first: Int, $after: String, $last: Int, $before: String, $skip: Int
  ) {
    runs(where: $where, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before, skip: $skip) {
      pageInfo { startCursor endCursor }
      nodes { ...RowFields }
    }
  }
`,
  [RowFields],
);
