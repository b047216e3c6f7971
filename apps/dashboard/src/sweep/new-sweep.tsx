'use client';

import { Alert, Button, Group, Text, Title } from '@mantine/core';
import { parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';
import { useMemo, useState } from 'react';
import { PresetFiles, Presets, presetProblem, SCALES, type Scale } from '../preset/presets';
import { Choice } from '../question/controls';
import { graphql, useQuery } from '../shell/client';
import { count } from '../shell/format';
import { Failed, Loading } from '../shell/state';
import { CreateAll } from './create';
import { FileEditor } from './file-editor';
import { writeFile } from './sweep-file';
import './sweep.css';

/** Where a new sweep begins, and what was typed since: all of it in the URL, so that it can be shared and survives a reload. */
const NEW = {
  file: parseAsString,
  preset: parseAsString,
  scale: parseAsStringLiteral(Object.keys(SCALES) as Scale[]).withDefault('PAPER'),
  dataset: parseAsString,
  /** Which of a preset's sweeps, from 1. */
  part: parseAsInteger.withDefault(1),
  /** Key of the sweep that is copied. */
  copy: parseAsString,
};

const NewSweepGround = graphql(`
  query NewSweepGround {
    serverInfo { sweepSchema models }
    datasets { id name }
  }
`);
const Copied = graphql(`query CopiedSweep($key: String!) { sweep(key: $key) { id key definition } }`);

/** A form and the same sweep as YAML, from nothing, from a preset or from another sweep. */
export function NewSweep() {
  const [{ file, preset, scale, dataset, part, copy }, set] = useQueryStates(NEW);
  const [presets, showPresets] = useState(!file && !preset && !copy);
  const [{ data: ground, error }, again] = useQuery({ query: NewSweepGround, variables: {} });
  const [{ data: files, fetching }] = useQuery({
    query: PresetFiles,
    variables: { name: preset ?? '', scale, dataset },
    pause: !preset,
  });
  const [{ data: copied, fetching: copying }] = useQuery({
    query: Copied,
    variables: { key: copy ?? '' },
    pause: !copy || Boolean(preset),
  });
  const answer = preset && !fetching ? files?.preset : undefined;
  const sweeps = useMemo(
    () => (answer?.__typename === 'PresetSweeps' ? (answer.sweeps as { name: string }[]) : []),
    [answer],
  );
  const problem =
    (answer && presetProblem(answer)) ??
    (copy && !preset && copied && !copied.sweep ? `There is no sweep ${copy} to copy.` : undefined);
  const begin = useMemo(() => {
    if (preset) {
      const chosen = sweeps[part - 1] ?? sweeps[0];
      return chosen ? writeFile(chosen) : undefined;
    }
    if (copy && copied?.sweep)
      return writeFile({
        ...(copied.sweep.definition as object),
        name: `${(copied.sweep.definition as { name: string }).name} again`,
      });
    return ground ? writeFile(startOf(ground.datasets[0]?.name)) : undefined;
  }, [preset, sweeps, part, copy, copied, ground]);
  if (error && !ground) return <Failed message={error.message} again={() => again()} />;
  if (!ground || (preset && fetching) || (copy && !preset && copying)) return <Loading what="the form" />;
  const id = JSON.stringify([preset, preset ? [scale, dataset, part] : copy]);
  // Another beginning is a step of its own: Back returns to what was typed before.
  const from = (change: Parameters<typeof set>[0]) => void set(change, { history: 'push' });
  return (
    <>
      <Group justify="space-between">
        <Title order={1} size="h3">
          New sweep
        </Title>
        <Button
          variant="default"
          aria-expanded={presets}
          aria-controls="presets"
          onClick={() => showPresets(!presets)}
        >
          {presets ? 'Hide the presets' : 'Presets: the figures of the paper'}
        </Button>
      </Group>
      <section id="presets" aria-label="Presets" hidden={!presets}>
        {presets ? (
          <Presets
            chosen={preset}
            scale={scale}
            dataset={dataset}
            onScale={(next) => from({ scale: next, part: 1, ...(preset ? { file: null } : {}) })}
            onDataset={(next) => from({ dataset: next, part: 1, ...(preset ? { file: null } : {}) })}
            onChoose={(name) => from({ preset: name, part: 1, file: null, copy: null })}
          />
        ) : null}
      </section>
      {problem ? (
        <Alert
          color="orange"
          role="alert"
          my="sm"
          title={preset ? `${preset} is not to be had yet` : 'Nothing to copy'}
        >
          {problem}
        </Alert>
      ) : null}
      {sweeps.length > 1 ? (
        <Group my="sm">
          <Text className="sentence">
            {preset} is {count(sweeps.length)} sweeps; shown is{' '}
            <Choice
              label="Sweep of the preset"
              value={String(part)}
              options={sweeps.map(({ name }, i) => ({ value: String(i + 1), name: `${i + 1}: ${name}` }))}
              onChange={(next) => from({ part: Number(next), file: null })}
            />
          </Text>
          <CreateAll preset={preset!} sweeps={sweeps} />
        </Group>
      ) : null}
      <FileEditor
        key={id}
        id={id}
        begin={file ?? begin ?? ''}
        schema={ground.serverInfo.sweepSchema}
        known={{ model: ground.serverInfo.models, dataset: ground.datasets.map(({ name }) => name) }}
        onText={(text) => void set({ file: text }, { history: 'replace' })}
      />
    </>
  );
}

/** A small sweep of the subject: what m and η̃ do, with batch norm and without. */
const startOf = (dataset: string | undefined) => ({
  name: 'my sweep',
  dataset: dataset ?? '',
  model: 'resnet8',
  axes: {
    batchSize: { powersOfTwo: [1, 6] },
    baseLearningRate: { powersOfTwo: [-10, -5] },
    batchNorm: [false, true],
  },
  fixed: { epochs: 10 },
});
