'use client';

import { Group, Select, Text, UnstyledButton } from '@mantine/core';
import { Choice } from '../question/controls';
import { graphql, type ResultOf, type SchemaType, useQuery } from '../shell/client';
import { Picture } from './picture';
import { dotsOf } from './preset-cells';

const PresetList = graphql(`
  query PresetList {
    presets { name title reports after }
    datasets { id name }
  }
`);
type Preset = ResultOf<typeof PresetList>['presets'][number];

export const PresetFiles = graphql(`
  query PresetFiles($name: String!, $scale: PresetScale!, $dataset: String) {
    preset(name: $name, scale: $scale, dataset: $dataset) {
      __typename
      ... on PresetSweeps { sweeps }
      ... on InvalidInput { problems { message allowed } }
      ... on NotFound { message }
    }
  }
`);
export type Scale = SchemaType<'PresetScale'>;
export const SCALES: Readonly<Record<Scale, string>> = {
  PAPER: 'as in the paper',
  SMALL: 'small: an evening of one GPU',
  DEMO: 'demo: minutes of a laptop',
};

/** Why a preset is not to be had now, in one line. */
export function presetProblem(answer: ResultOf<typeof PresetFiles>['preset']): string | undefined {
  if (answer.__typename === 'PresetSweeps') return undefined;
  if (answer.__typename === 'NotFound') return answer.message;
  const [first] = answer.problems;
  return `${first!.message}: ${first!.allowed}`;
}

/** The published experiments with pictures of their cells; a click takes one as the sweep file. */
export function Presets({
  chosen,
  scale,
  dataset,
  onScale,
  onDataset,
  onChoose,
}: {
  chosen: string | null;
  scale: Scale;
  dataset: string | null;
  onScale: (scale: Scale) => void;
  onDataset: (dataset: string | null) => void;
  onChoose: (name: string) => void;
}) {
  const [{ data }] = useQuery({ query: PresetList, variables: {} });
  if (!data) return null;
  return (
    <>
      <Group gap="md" align="center" my="xs">
        <span className="sentence">
          Scale:{' '}
          <Choice
            label="Scale of presets"
            value={scale}
            options={(Object.entries(SCALES) as [Scale, string][]).map(([value, name]) => ({ value, name }))}
            onChange={onScale}
          />
        </span>
        <Select
          aria-label="Data set of presets"
          placeholder="the preset's own data set"
          clearable
          data={data.datasets.map(({ name }) => name)}
          value={dataset}
          onChange={onDataset}
        />
      </Group>
      <div className="presets">
        {data.presets.map((preset) => (
          <PresetCard
            key={preset.name}
            preset={preset}
            scale={scale}
            dataset={dataset}
            chosen={preset.name === chosen}
            onChoose={() => onChoose(preset.name)}
          />
        ))}
      </div>
    </>
  );
}

function PresetCard({
  preset: { name, title, reports, after },
  scale,
  dataset,
  chosen,
  onChoose,
}: {
  preset: Preset;
  scale: Scale;
  dataset: string | null;
  chosen: boolean;
  onChoose: () => void;
}) {
  const [{ data }] = useQuery({ query: PresetFiles, variables: { name, scale, dataset } });
  const answer = data?.preset;
  const dots = answer?.__typename === 'PresetSweeps' ? dotsOf(answer.sweeps) : [];
  const problem = answer && presetProblem(answer);
  return (
    <UnstyledButton className="preset" aria-pressed={chosen} onClick={onChoose}>
      <Text component="span" fw={600}>
        {name}
      </Text>
      {dots.length > 0 ? <Picture label={`Cells of ${name}`} dots={dots} size={110} /> : null}
      <Text component="span" size="sm">
        {title}
      </Text>
      <Text component="span" size="sm">
        Reported: {reports}
      </Text>
      {after.length > 0 ? (
        <Text component="span" size="sm">
          After {after.join(' and ')}
        </Text>
      ) : null}
      {problem ? (
        <Text component="span" size="sm" fs="italic">
          Not yet: {problem}
        </Text>
      ) : null}
    </UnstyledButton>
  );
}
