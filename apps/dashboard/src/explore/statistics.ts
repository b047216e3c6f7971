import {
  AxisFields,
  type Dimension,
  filterOf,
  formatValue,
  groupingOf,
  nameOf,
  seriesName,
  valueAt,
  valuesOf,
} from '../axis/axis';
import { both, type RunFilter } from '../filter/filter';
import { bestOf, COSTS, facetsOf, isCostValue, type Question, VALUES } from '../question/question';
import { graphql, type ResultOf, type VariablesOf } from '../shell/client';
import { count, isAccuracy, measure, number } from '../shell/format';
import { CountFields } from './counts';

/** Groups with their statistics: what lines, heat maps and tables are made of. */
export const Statistics = graphql(
  `
  query Explore($where: RunFilter, $by: [Axis!]!, $byParams: [String!], $best: [Axis!], $selectSeeds: [SafeInt!], $metric: String!, $value: RunValue!) {
    aggregate(where: $where, by: $by, byParams: $byParams, best: $best, selectSeeds: $selectSeeds, metric: $metric, value: $value) {
      runs goal
      groups {
        ...AxisFields params n unit runs settings mean sd sem ci95 { low high } min median max
        ...CountFields
        best { ...AxisFields settingHash candidates seeds }
      }
    }
  }
`,
  [AxisFields, CountFields],
);
export type Answer = ResultOf<typeof Statistics>['aggregate'];
export type Group = Answer['groups'][number];

/** What tells the points of lines and strips apart. */
export const shownBy = (question: Question): Dimension[] => [
  ...new Set<Dimension>([...facetsOf(question), ...question.series, question.x]),
];

export const sameOn = (dimensions: readonly Dimension[], a: Group, b: Group): boolean =>
  dimensions.every((one) => JSON.stringify(valueAt(a, one)) === JSON.stringify(valueAt(b, one)));

/** What a question asks the API: grouped by these dimensions. */
export function variablesOf(
  question: Question,
  dimensions: readonly Dimension[],
): VariablesOf<typeof Statistics> {
  const { by, byParams } = groupingOf(dimensions);
  const best = bestOf(question);
  const { select } = question;
  return {
    where: question.where,
    by,
    ...(byParams.length > 0 ? { byParams } : {}),
    ...(best.length > 0 ? { best } : {}),
    ...(best.length > 0 && select.length > 0 ? { selectSeeds: select } : {}),
    metric: question.metric,
    value: question.value,
  };
}

/** The same as a file of /export. */
export function fileOf(
  kind: 'csv' | 'tex' | 'md',
  { by, byParams, best, selectSeeds, metric, value }: VariablesOf<typeof Statistics>,
  where: RunFilter,
): string {
  const parameters = new URLSearchParams({ where: JSON.stringify(where), metric, value, by: by.join(',') });
  for (const name of byParams ?? []) parameters.append('byParams', name);
  if (best?.length) parameters.set('best', best.join(','));
  if (selectSeeds?.length) parameters.set('selectSeeds', selectSeeds.join(','));
  return `/export/aggregate.${kind}?${parameters}`;
}

/** One panel: the groups of one value of each facet. */
export interface Panel {
  readonly id: string;
  /** "cifar10, with batch norm"; empty when there is one panel only. */
  readonly name: string;
  readonly groups: readonly Group[];
  readonly where: RunFilter;
}

/** Panels row by row, in the order of the facets' values. */
export function panelsOf(groups: readonly Group[], facets: readonly Dimension[], where: RunFilter): Panel[] {
  let panels: Panel[] = [{ id: 'all', name: '', groups, where }];
  for (const facet of facets)
    panels = panels.flatMap((panel) =>
      valuesOf(panel.groups, facet).map((value) => ({
        id: [panel.id, JSON.stringify(value)].join(' ').replace(/^all /, '').replaceAll('"', ''),
        name: [panel.name, seriesName(facet, value)].filter(Boolean).join(', '),
        groups: panel.groups.filter(
          (group) => JSON.stringify(valueAt(group, facet)) === JSON.stringify(value),
        ),
        where: both(panel.where, filterOf(facet, value)),
      })),
    );
  return panels;
}

/** What of a run is measured. */
export type Measured = Pick<Question, 'metric' | 'value'>;

/** What it is called: "test accuracy", "device seconds". */
export const quantityOf = ({ metric, value }: Measured): string =>
  isCostValue(value) ? VALUES[value] : metric.replaceAll('_', ' ');
export const formatOf = ({ metric, value }: Measured): ((y: number | null) => string) =>
  isCostValue(value) ? number : (y) => measure(metric, y);

/** What is shown, in one line. */
export function headingOf(question: Question): string {
  const { chart, x, y, cost } = question;
  const quantity = quantityOf(question);
  const said: Readonly<Record<Question['chart'], string>> = {
    lines: `${quantity} against ${nameOf(x)}`,
    heat: `${quantity} by ${nameOf(x)} and ${nameOf(y)}`,
    pareto: `${quantity} against ${COSTS[cost]}`,
    parallel: `settings and their ${quantity}`,
    importance: `what ${quantity} depends on`,
    seeds: `${quantity} of single runs against ${nameOf(x)}`,
  };
  return said[chart].charAt(0).toUpperCase() + said[chart].slice(1);
}

/** A difference of two of its values: of accuracies in percentage points. */
export const differenceOf = ({ metric, value }: Measured): ((difference: number) => string) =>
  !isCostValue(value) && isAccuracy(metric)
    ? (difference) => `${number(100 * difference)} ${100 * difference === 1 ? 'point' : 'points'}`
    : (difference) => number(difference);

/** The runs of a point: of the chosen setting where one was chosen. */
export const runsOf = (group: Group, dimensions: readonly Dimension[], where: RunFilter): RunFilter =>
  both(
    where,
    ...dimensions.map((one) => filterOf(one, valueAt(group, one))),
    ...(group.best ? [{ settingHash: { eq: group.best.settingHash } }] : []),
  );

/** All that a point says: "16, with batch norm: 71.2 % ± 0.4 % (n = 3 seeds, η̃ = 2⁻⁸ of 13)". */
export function describe(group: Group, question: Question, dimensions: readonly Dimension[]): string {
  const format = formatOf(question);
  const at = dimensions.map((one) => `${nameOf(one)} ${formatValue(one, valueAt(group, one))}`).join(', ');
  const chosen = group.best
    ? bestOf(question).map((axis) => `${nameOf(axis)} ${formatValue(axis, valueAt(group.best!, axis))}`)
    : [];
  const more = [
    `n = ${unitsOf(group)}`,
    ...(chosen.length > 0 ? [`best of ${group.best!.candidates}: ${chosen.join(', ')}`] : []),
    ...(group.diverged ? [`${count(group.diverged)} diverged`] : []),
    ...(group.failed ? [`${count(group.failed)} failed`] : []),
    ...(group.unfinished ? [`${count(group.unfinished)} unfinished`] : []),
  ];
  return `${at}: ${format(group.mean)}${group.sd === null ? '' : ` ± ${format(group.sd)}`} (${more.join('; ')})`;
}

export const unitsOf = ({ n, unit }: { n: number; unit: string }): string =>
  `${count(n)} ${unit === 'RUN' ? 'seed' : 'setting'}${n === 1 ? '' : 's'}`;
