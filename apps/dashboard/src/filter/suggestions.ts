'use client';

import { AxisFields, formatValue, valuesOf } from '../axis/axis';
import { graphql, useQuery } from '../shell/client';
import type { Condition } from './condition-editor';
import { fieldOf, numberText } from './fields';

const FilterNames = graphql(`
  query FilterNames {
    metrics { name }
    runs(first: 100) { nodes { tags hyper info } }
  }
`);
const AxisValuesOfTeam = graphql(
  `query AxisValuesOfTeam($by: [Axis!]!) { aggregate(by: $by) { groups { ...AxisFields } } }`,
  [AxisFields],
);

/** Names and values that the team has, to choose from; anything else can be typed too. Tags and parameters are those of the latest runs. */
export function useSuggestions(part: Condition): { names: string[]; values: string[] } {
  const known = part.kind === 'field' ? fieldOf(part.field) : undefined;
  const axis = known?.axis;
  const [{ data: names }] = useQuery({
    query: FilterNames,
    variables: {},
    pause: part.kind === 'field' && known?.kind !== 'tags',
  });
  const [{ data }] = useQuery({
    query: AxisValuesOfTeam,
    variables: { by: axis ? [axis] : [] },
    pause: !axis || known?.kind === 'yesNo',
  });
  const runs = names?.runs.nodes ?? [];
  const unique = (all: readonly string[]): string[] => [...new Set(all)].sort();
  if (part.kind === 'metric')
    return { names: unique((names?.metrics ?? []).map(({ name }) => name)), values: [] };
  if (part.kind === 'param') {
    const params = runs.map(
      ({ hyper, info }) => ({ ...(info as object), ...(hyper as object) }) as Record<string, unknown>,
    );
    return {
      names: unique(params.flatMap(Object.keys)),
      values: unique(
        params.flatMap((one) => (Object.hasOwn(one, part.name) ? [String(one[part.name])] : [])),
      ),
    };
  }
  if (known?.kind === 'tags') return { names: [], values: unique(runs.flatMap(({ tags }) => tags)) };
  if (!axis || !data) return { names: [], values: [] };
  const values = valuesOf(data.aggregate.groups, axis).filter((value) => value !== null);
  return {
    names: [],
    values: values.map((value) =>
      typeof value === 'number'
        ? numberText(value)
        : typeof value === 'object'
          ? JSON.stringify(value)
          : typeof value === 'string'
            ? value
            : formatValue(axis, value),
    ),
  };
}
