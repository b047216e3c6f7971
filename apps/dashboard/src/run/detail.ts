import { graphql, type ResultOf } from '../shell/client';

/** What changes while a run trains. */
export const RunNow = graphql(`
  fragment RunNow on Run {
    status diverged divergedStep reason attempt step plannedSteps samplesSeen deviceSeconds startedAt endedAt
    metrics { name goal count last lastStep lastNonFinite best bestStep medianLast5 medianOf nonFiniteCount }
    worker { name state samplesPerSecond lastSeenAt }
  }
`);
export type RunNow = ResultOf<typeof RunNow>;

export const RunDetail = graphql(
  `
  query RunDetail($key: String!) {
    run(key: $key) {
      id key createdAt
      ...RunNow
      model width batchSize batchSchedule baseLearningRate learningRate schedule warmUp momentum nesterov weightDecay
      batchNorm batchNormScope bnBatch augmentation budget { unit value epochs } evaluateEvery seed
      hyper info measures configurationHash settingHash shapeKey trainerVersion duplicate engine memoryBytes
      locked lockedBySweeps mayChange note tags waitsFor
      dataset { name hash trainCount testCount classes channels height width } member { key name }
      sweep { key } sweeps { key name status }
      attempts {
        number engine device versions runsSideBySide slot startStep startedAt endedAt end reason
        worker { name host pid state gpu samplesPerSecond memoryBytes lastSeenAt trainerVersion }
      }
    }
  }
`,
  [RunNow],
);
export type RunDetail = NonNullable<ResultOf<typeof RunDetail>['run']>;

/** A run as groups and filters have its axes: by names and keys. */
export const axesOf = (run: RunDetail) => ({
  ...run,
  dataset: run.dataset.name,
  member: run.member.key,
  sweep: run.sweep?.key ?? null,
  params: run.hyper,
});

/** The metric that a run is judged by: its test accuracy, or the first with a goal. */
export const headlineOf = ({ metrics }: Pick<RunNow, 'metrics'>): RunNow['metrics'][number] | undefined =>
  metrics.find(({ name }) => name === 'test_accuracy') ??
  metrics.find(({ goal }) => goal !== 'NONE') ??
  metrics[0];
