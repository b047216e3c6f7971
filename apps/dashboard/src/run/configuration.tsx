'use client';

import { SimpleGrid, Table, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { ALL_AXES, formatValue, nameOf, valueAt } from '../axis/axis';
import { bytes, count, rate } from '../shell/format';
import { axesOf, type RunDetail } from './detail';

/** Not of the configuration: they are said elsewhere. */
const ELSEWHERE = ['MEMBER', 'SWEEP', 'ENGINE', 'DATASET', 'MODEL', 'WIDTH', 'TRAINER_VERSION'];

/** Everything that fixes the training, and what people wrote beside it. */
export function Configuration({ run }: { run: RunDetail }) {
  const axes = axesOf(run);
  const { dataset } = run;
  return (
    <section aria-label="Configuration">
      <Title order={2} size="h4" mt="lg">
        Configuration
      </Title>
      <SimpleGrid cols={{ base: 1, sm: 2 }} style={{ alignItems: 'start' }}>
        <Facts
          name="Configuration"
          rows={[
            [
              'data set',
              `${dataset.name}: ${count(dataset.trainCount)} training and ${count(dataset.testCount)} test samples, ${dataset.classes} classes, ${dataset.channels} × ${dataset.height} × ${dataset.width}`,
            ],
            ['model', `${run.model}, width ${run.width}`],
            ...ALL_AXES.filter((axis) => !ELSEWHERE.includes(axis) && valueAt(axes, axis) !== null).map(
              (axis): [string, ReactNode] => [nameOf(axis), formatValue(axis, valueAt(axes, axis))],
            ),
            ['learning rate η = η̃·m', rate(run.learningRate)],
          ]}
        />
        <Facts
          name="Beside the axes"
          rows={[
            ...params(run.hyper).map(([name, value]): [string, ReactNode] => [
              `${name} (configuration)`,
              value,
            ]),
            ...params(run.info).map(([name, value]): [string, ReactNode] => [`${name} (beside it)`, value]),
            ...(run.measures.length > 0
              ? [['also measured', run.measures.join(', ')] as [string, ReactNode]]
              : []),
            ['steps of the whole training', count(Number(run.plannedSteps))],
            ...(run.memoryBytes > 0
              ? [['memory of a step, at least', bytes(run.memoryBytes)] as [string, ReactNode]]
              : []),
            ['trainer version', run.trainerVersion],
            ['data set hash', <code key="d">{run.dataset.hash}</code>],
            ['configuration hash', <code key="c">{run.configurationHash}</code>],
            ['setting hash', <code key="s">{run.settingHash}</code>],
            ...(run.shapeKey
              ? [['shape of its steps', <code key="h">{run.shapeKey}</code>] as [string, ReactNode]]
              : []),
          ]}
        />
      </SimpleGrid>
    </section>
  );
}

const params = (all: unknown): [string, string][] =>
  Object.entries(all as Record<string, unknown>).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);

export function Facts({ name, rows }: { name: string; rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <Table aria-label={name} className="number" layout="fixed">
      <Table.Tbody>
        {rows.map(([label, value]) => (
          <Table.Tr key={label}>
            <Table.Th scope="row" style={{ width: '40%' }}>
              {label}
            </Table.Th>
            <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
