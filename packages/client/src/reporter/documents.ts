import { graphql, type VariablesOf } from '../documents.ts';

export const ReportMetrics = graphql(`
  mutation ReportMetrics($input: ReportMetricsInput!) {
    reportMetrics(input: $input) {
      results {
        __typename
        ... on ReportAccepted { sequence }
        ... on LeaseLost { message currentAttempt }
        ... on SequenceGap { message expected }
        ... on LimitReached { message }
        ... on InvalidInput { message }
        ... on NotFound { message }
      }
    }
  }
`);
export const FinishRun = graphql(`
  mutation FinishRun($input: FinishRunInput!) {
    finishRun(input: $input) {
      results {
        __typename
        ... on LeaseLost { message }
        ... on SequenceGap { message expected }
        ... on InvalidInput { message }
        ... on NotFound { message }
      }
    }
  }
`);
export const CreateRun = graphql(`
  mutation CreateRun($input: CreateRunInput!) {
    createRun(input: $input) {
      __typename
      ... on CreateRunSuccess { heartbeatSeconds worker { id } claim { attempt run { id key } } }
      ... on RunExists { message run { key } }
      ... on InvalidInput { message problems { path message allowed } }
    }
  }
`);
export const Beat = graphql(`
  mutation Beat($input: HeartbeatInput!) {
    heartbeat(input: $input) { __typename ... on HeartbeatSuccess { commands { run attempt command } } }
  }
`);

export type ReportInput = VariablesOf<typeof ReportMetrics>['input']['reports'][number];
export type Series = ReportInput['series'][number];
export type Finish = VariablesOf<typeof FinishRun>['input']['runs'][number];
