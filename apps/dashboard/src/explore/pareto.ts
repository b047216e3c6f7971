import { AxisFields, type Dimension, formatValue, nameOf, seriesName, valueAt } from '../axis/axis';
import { bestOf, type Question } from '../question/question';
import { graphql, type ResultOf, type VariablesOf } from '../shell/client';
import { count, duration, number } from '../shell/format';
import { CountFields } from './counts';
import { formatOf } from './statistics';

const PointFields = graphql(
  `
  fragment ParetoPointFields on CostPoint {
    ...AxisFields hyper settingHash cost mean n onFront
  }
`,
  [AxisFields],
);

/** What reaches most for what it takes: the front, and the settings that have a name. */
export const ParetoFront = graphql(
  `
  query ExploreCost($where: RunFilter, $best: [Axis!], $selectSeeds: [SafeInt!], $metric: String!, $value: RunValue!, $cost: Cost!, $within: Float!, $limited: Boolean!) {
    pareto(where: $where, best: $best, selectSeeds: $selectSeeds, metric: $metric, value: $value, cost: $cost) {
      goal settings withoutCost frontCount
      front(first: 1000) { ...ParetoPointFields }
      bestPerGpuMinute { ...ParetoPointFields }
      bestWithin(cost: $within) @include(if: $limited) { ...ParetoPointFields }
    }
    aggregate(where: $where, by: [], metric: $metric, value: $value) { runs groups { ...CountFields } }
  }
`,
  [PointFields, CountFields],
);

/** Every setting, ten parts of a thousand in one answer, so that they are of one moment. */
export const ParetoPoints = graphql(
  `
  query ExploreCostSettings($where: RunFilter, $best: [Axis!], $selectSeeds: [SafeInt!], $metric: String!, $value: RunValue!, $cost: Cost!) {
    pareto(where: $where, best: $best, selectSeeds: $selectSeeds, metric: $metric, value: $value, cost: $cost) {
      settings
      part0: points(first: 1000) { ...ParetoPointFields }
      part1: points(first: 1000, skip: 1000) { ...ParetoPointFields }
      part2: points(first: 1000, skip: 2000) { ...ParetoPointFields }
      part3: points(first: 1000, skip: 3000) { ...ParetoPointFields }
      part4: points(first: 1000, skip: 4000) { ...ParetoPointFields }
      part5: points(first: 1000, skip: 5000) { ...ParetoPointFields }
      part6: points(first: 1000, skip: 6000) { ...ParetoPointFields }
      part7: points(first: 1000, skip: 7000) { ...ParetoPointFields }
      part8: points(first: 1000, skip: 8000) { ...ParetoPointFields }
      part9: points(first: 1000, skip: 9000) { ...ParetoPointFields }
    }
  }
`,
  [PointFields],
);

export type Front = ResultOf<typeof ParetoFront>['pareto'];
export type CostPoint = ResultOf<typeof PointFields>;

export const pointsOf = ({ pareto }: ResultOf<typeof ParetoPoints>): readonly CostPoint[] => [
  ...pareto.part0,
  ...pareto.part1,
  ...pareto.part2,
  ...pareto.part3,
  ...pareto.part4,
  ...pareto.part5,
  ...pareto.part6,
  ...pareto.part7,
  ...pareto.part8,
  ...pareto.part9,
];

export function variablesOf(question: Question): VariablesOf<typeof ParetoPoints> {
  const { where, metric, value, cost, select } = question;
  const best = bestOf(question);
  return {
    where,
    ...(best.length > 0 ? { best } : {}),
    ...(best.length > 0 && select.length > 0 ? { selectSeeds: select } : {}),
    metric,
    value,
    cost,
  };
}

/** A setting's own parameters are found like the groups'. */
export const withParams = (point: CostPoint): CostPoint & { params: unknown } => ({
  ...point,
  params: point.hyper,
});

/** A cost with its unit. */
export const costWords = (cost: Question['cost'], value: number): string =>
  cost === 'GPU_SECONDS'
    ? value < 60
      ? `${number(value)} s`
      : duration(value)
    : `${count(Math.round(value))} ${cost === 'SAMPLES' ? 'samples' : 'steps'}`;

/** All that a point says. */
export function pointWords(point: CostPoint, question: Question, dimensions: readonly Dimension[]): string {
  const setting = dimensions.map((one) => settingWords(one, valueAt(withParams(point), one))).join(', ');
  const mean = formatOf(question)(point.mean);
  const seeds = `n = ${count(point.n)} ${point.n === 1 ? 'seed' : 'seeds'}`;
  return `${setting}${setting ? ': ' : ''}${mean} for ${costWords(question.cost, point.cost)} (${seeds})`;
}

const settingWords = (one: Dimension, value: unknown): string =>
  typeof value === 'boolean' ? seriesName(one, value) : `${nameOf(one)} ${formatValue(one, value)}`;
