import { AxisFields } from '../axis/axis';
import { graphql, type ResultOf } from '../shell/client';

const DifferenceFields = graphql(`
  fragment DifferenceFields on DifferenceGroup {
    n mean ci95 { low high } wins ties losses verdict
  }
`);
export type Difference = ResultOf<typeof DifferenceFields>;

/** A pair as it is drawn. */
const PointFields = graphql(`
  fragment PointFields on Pair {
    difference
    a { mean dataset batchSize baseLearningRate }
    b { mean baseLearningRate }
  }
`);
export type Point = ResultOf<typeof PointFields>;

/** The verdict and its numbers, the difference by each axis of settings, and the first thousand pairs as points. */
export const Comparison = graphql(
  `
  query Compare($a: RunFilter!, $b: RunFilter!, $within: RunFilter, $ignoring: [Axis!], $best: [Axis!], $selectSeeds: [SafeInt!], $metric: String!, $value: RunValue!) {
    compare(a: $a, b: $b, within: $within, ignoring: $ignoring, best: $best, selectSeeds: $selectSeeds, metric: $metric, value: $value) {
      goal ignored inBoth n mean sd sem ci95 { low high } min median max wins ties losses verdict
      unmatchedCountA unmatchedCountB withoutValueA withoutValueB
      points: pairs(first: 1000) { ...PointFields }
      BATCH_SIZE: by(axes: [BATCH_SIZE]) { batchSize ...DifferenceFields }
      BASE_LEARNING_RATE: by(axes: [BASE_LEARNING_RATE]) { baseLearningRate ...DifferenceFields }
      BATCH_NORM: by(axes: [BATCH_NORM]) { batchNorm ...DifferenceFields }
      DATASET: by(axes: [DATASET]) { dataset ...DifferenceFields }
      MODEL: by(axes: [MODEL]) { model ...DifferenceFields }
      WIDTH: by(axes: [WIDTH]) { width ...DifferenceFields }
      AUGMENTATION: by(axes: [AUGMENTATION]) { augmentation ...DifferenceFields }
      WARM_UP: by(axes: [WARM_UP]) { warmUp ...DifferenceFields }
      WEIGHT_DECAY: by(axes: [WEIGHT_DECAY]) { weightDecay ...DifferenceFields }
      MOMENTUM: by(axes: [MOMENTUM]) { momentum ...DifferenceFields }
      NESTEROV: by(axes: [NESTEROV]) { nesterov ...DifferenceFields }
      BN_BATCH: by(axes: [BN_BATCH]) { bnBatch ...DifferenceFields }
      BATCH_NORM_SCOPE: by(axes: [BATCH_NORM_SCOPE]) { batchNormScope ...DifferenceFields }
      BATCH_SCHEDULE: by(axes: [BATCH_SCHEDULE]) { batchSchedule ...DifferenceFields }
      SCHEDULE: by(axes: [SCHEDULE]) { schedule ...DifferenceFields }
      BUDGET: by(axes: [BUDGET]) { budget { unit value epochs } ...DifferenceFields }
      EVALUATE_EVERY: by(axes: [EVALUATE_EVERY]) { evaluateEvery ...DifferenceFields }
      TRAINER_VERSION: by(axes: [TRAINER_VERSION]) { trainerVersion ...DifferenceFields }
    }
  }
`,
  [DifferenceFields, PointFields],
);
export type Answer = ResultOf<typeof Comparison>['compare'];

/** The next thousand points, where there are more. */
export const MorePoints = graphql(
  `
  query ComparePoints($a: RunFilter!, $b: RunFilter!, $within: RunFilter, $ignoring: [Axis!], $best: [Axis!], $selectSeeds: [SafeInt!], $metric: String!, $value: RunValue!, $skip: Int!) {
    compare(a: $a, b: $b, within: $within, ignoring: $ignoring, best: $best, selectSeeds: $selectSeeds, metric: $metric, value: $value) {
      points: pairs(first: 1000, skip: $skip) { ...PointFields }
    }
  }
`,
  [PointFields],
);

const SettingFields = graphql(
  `
  fragment SettingFields on MatchedSetting {
    ...AxisFields hyper mean runs settings keys
  }
`,
  [AxisFields],
);
/** A part of the pairs and of what found no match; and why not, of the first thousand of each side. */
export const Details = graphql(
  `
  query CompareDetails($a: RunFilter!, $b: RunFilter!, $within: RunFilter, $ignoring: [Axis!], $best: [Axis!], $selectSeeds: [SafeInt!], $metric: String!, $value: RunValue!, $first: Int!, $skipPairs: Int!, $skipA: Int!, $skipB: Int!) {
    compare(a: $a, b: $b, within: $within, ignoring: $ignoring, best: $best, selectSeeds: $selectSeeds, metric: $metric, value: $value) {
      pairs(first: $first, skip: $skipPairs) { difference a { ...SettingFields } b { ...SettingFields } }
      unmatchedA(first: $first, skip: $skipA) { ...SettingFields keptBy keptByParams }
      unmatchedB(first: $first, skip: $skipB) { ...SettingFields keptBy keptByParams }
      keptA: unmatchedA(first: 1000) { keptBy keptByParams }
      keptB: unmatchedB(first: 1000) { keptBy keptByParams }
    }
  }
`,
  [SettingFields],
);
export type Listed = ResultOf<typeof Details>['compare'];
export type Pair = Listed['pairs'][number];
export type UnmatchedSetting = Listed['unmatchedA'][number];

/** Which values each axis has on one side, and in how many runs. */
export const SideValues = graphql(`
  query CompareSide($where: RunFilter) {
    BATCH_SIZE: aggregate(where: $where, by: [BATCH_SIZE]) { groups { batchSize runs } }
    BASE_LEARNING_RATE: aggregate(where: $where, by: [BASE_LEARNING_RATE]) { groups { baseLearningRate runs } }
    BATCH_NORM: aggregate(where: $where, by: [BATCH_NORM]) { groups { batchNorm runs } }
    DATASET: aggregate(where: $where, by: [DATASET]) { groups { dataset runs } }
    MODEL: aggregate(where: $where, by: [MODEL]) { groups { model runs } }
    WIDTH: aggregate(where: $where, by: [WIDTH]) { groups { width runs } }
    AUGMENTATION: aggregate(where: $where, by: [AUGMENTATION]) { groups { augmentation runs } }
    WARM_UP: aggregate(where: $where, by: [WARM_UP]) { groups { warmUp runs } }
    WEIGHT_DECAY: aggregate(where: $where, by: [WEIGHT_DECAY]) { groups { weightDecay runs } }
    MOMENTUM: aggregate(where: $where, by: [MOMENTUM]) { groups { momentum runs } }
    NESTEROV: aggregate(where: $where, by: [NESTEROV]) { groups { nesterov runs } }
    BN_BATCH: aggregate(where: $where, by: [BN_BATCH]) { groups { bnBatch runs } }
    BATCH_NORM_SCOPE: aggregate(where: $where, by: [BATCH_NORM_SCOPE]) { groups { batchNormScope runs } }
    BATCH_SCHEDULE: aggregate(where: $where, by: [BATCH_SCHEDULE]) { groups { batchSchedule runs } }
    SCHEDULE: aggregate(where: $where, by: [SCHEDULE]) { groups { schedule runs } }
    BUDGET: aggregate(where: $where, by: [BUDGET]) { groups { budget { unit value epochs } runs } }
    EVALUATE_EVERY: aggregate(where: $where, by: [EVALUATE_EVERY]) { groups { evaluateEvery runs } }
    TRAINER_VERSION: aggregate(where: $where, by: [TRAINER_VERSION]) { groups { trainerVersion runs } }
  }
`);
export type Values = ResultOf<typeof SideValues>;
