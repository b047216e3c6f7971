'use client';

import { Group, NativeSelect, Text } from '@mantine/core';
import { parseAsStringLiteral, useQueryState } from 'nuqs';
import { useMemo } from 'react';
import type { RunFilter } from '../axis/axis';
import { metricWords } from './ask';
import { OverlaidBands } from './overlaid-bands';
import { OverlaidCurves } from './overlaid-curves';
import { useCurveView } from './view';

/** Some runs by a filter, under a name. */
export interface Selection {
  readonly name: string;
  readonly where: RunFilter;
}
export interface CurvesViewProps {
  /** At most six: more cannot be told apart. */
  readonly selections: readonly Selection[];
  readonly metric: string;
}
/** What the overlays draw. */
export const MOST_SELECTIONS = 6;

export const KINDS = {
  sd: 'mean and standard deviation over runs',
  quartiles: 'median and quartiles over runs',
  range: 'mean, least and greatest over runs',
  curves: 'each run',
} as const;
export type Kind = keyof typeof KINDS;

/** Curves of one metric of some selections of runs over each other: a band of each, or each run. */
export function CurvesView({ selections, metric }: CurvesViewProps) {
  const [view, set] = useCurveView();
  const [kind, setKind] = useQueryState('curves', KIND);
  const shown = useMemo(() => selections.slice(0, MOST_SELECTIONS), [selections]);
  if (shown.length === 0) return null;
  const title = `Curves of ${metricWords(metric)}`;
  const props = { id: 'curves', title, metric, selections: shown, view, set };
  return (
    <section aria-label={title}>
      <Group gap="sm">
        <NativeSelect
          size="xs"
          aria-label="Curves of"
          value={kind}
          onChange={({ currentTarget }) => void setKind(currentTarget.value as Kind)}
          data={Object.entries(KINDS).map(([value, label]) => ({ value, label }))}
        />
        {selections.length > MOST_SELECTIONS ? (
          <Text size="sm">
            The first {MOST_SELECTIONS} of {selections.length}: more curves cannot be told apart.
          </Text>
        ) : null}
      </Group>
      {kind === 'curves' ? <OverlaidCurves {...props} /> : <OverlaidBands {...props} kind={kind} />}
    </section>
  );
}

const KIND = parseAsStringLiteral(Object.keys(KINDS) as Kind[])
  .withDefault('sd')
  .withOptions({ history: 'replace' });
