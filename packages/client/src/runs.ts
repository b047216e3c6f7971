import { type Client, pages } from './client.ts';
import { graphql, type ResultOf, type VariablesOf } from './documents.ts';

const AskRuns = graphql(`
  query Runs($where: RunFilter, $orderBy: [RunOrder!], $metrics: [String!], $after: String) {
    runs(where: $where, orderBy: $orderBy, first: 100, after: $after) {
      nodes {
        key status diverged divergedStep duplicate reason
        dataset { name } model width batchSize batchSchedule baseLearningRate schedule warmUp momentum nesterov weightDecay
        batchNorm batchNormScope bnBatch augmentation budget { unit value epochs } evaluateEvery seed
        hyper info member { key } sweep { key } engine settingHash configurationHash
        createdAt startedAt endedAt step samplesSeen deviceSeconds
        metrics(names: $metrics) { name goal count nonFiniteCount last lastStep best bestStep min max mean medianLast5 medianOf }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

/** A run with its axes, where it stands, and the summaries of the metrics that were asked for. */
export type Run = ResultOf<typeof AskRuns>['runs']['nodes'][number];

/**
 * All runs that match, page after page: `for await (const run of runs(client, { where }))`. Complete and in order, also while
 * others arrive. `metrics` names the summaries that come along; none unless said.
 */
export function runs(
  client: Client,
  { metrics = [], ...variables }: Omit<VariablesOf<typeof AskRuns>, 'after'> = {},
): AsyncGenerator<Run> {
  return pages(async (after) => (await client.query(AskRuns, { ...variables, metrics, after })).runs);
}
