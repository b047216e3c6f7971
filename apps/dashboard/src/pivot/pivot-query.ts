import { AxisFields } from '../axis/axis';
import { graphql, type ResultOf, type VariablesOf } from '../shell/client';
import { bestOf, type PivotQuestion } from './pivot-question';

/** A table with its statistics. */
export const PivotTable = graphql(
  `
  query Pivot($where: RunFilter, $rows: [Axis!]!, $columns: [Axis!]!, $best: [Axis!], $selectSeeds: [SafeInt!], $metric: String!, $value: RunValue!, $settings: Boolean!) {
    pivot(where: $where, rows: $rows, columns: $columns, best: $best, selectSeeds: $selectSeeds, metric: $metric, value: $value) {
      runs goal
      columns { ...AxisFields }
      rows {
        ...AxisFields
        cells {
          state bestInRow bestInColumn
          group {
            n unit mean sd diverged failed unfinished duplicates withoutValue varying varyingParams
            best @include(if: $settings) { ...AxisFields settingHash candidates seeds }
          }
        }
      }
    }
  }
`,
  [AxisFields],
);
export type Answer = ResultOf<typeof PivotTable>['pivot'];
export type Cell = Answer['rows'][number]['cells'][number];

export function variablesOf(question: PivotQuestion): VariablesOf<typeof PivotTable> {
  const { where, rows, columns, metric, value, select, settings } = question;
  const best = bestOf(question);
  return {
    where,
    rows,
    columns,
    ...(best.length > 0 ? { best } : {}),
    ...(best.length > 0 && select.length > 0 ? { selectSeeds: select } : {}),
    metric,
    value,
    settings: settings && best.length > 0,
  };
}

const BOLD = { row: 'ROW', column: 'COLUMN', all: 'ALL', none: 'NONE' } as const;

/** The same table as a file of /export. */
export function fileOf(kind: 'csv' | 'tex' | 'md', question: PivotQuestion): string {
  const { where, rows, columns, best, selectSeeds, metric, value } = variablesOf(question);
  const parameters = new URLSearchParams({
    where: JSON.stringify(where),
    rows: rows.join(','),
    columns: columns.join(','),
    metric,
    value,
  });
  if (best?.length) parameters.set('best', best.join(','));
  if (selectSeeds?.length) parameters.set('selectSeeds', selectSeeds.join(','));
  if (kind !== 'csv') parameters.set('bold', BOLD[question.mark]);
  return `/export/pivot.${kind}?${parameters}`;
}
