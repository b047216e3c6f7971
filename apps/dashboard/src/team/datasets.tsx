'use client';

import { Anchor, Code, Table, Text } from '@mantine/core';
import Link from 'next/link';
import { runsHref } from '../filter/filter';
import { graphql, type ResultOf } from '../shell/client';
import { count } from '../shell/format';
import { Time } from '../shell/time';
import { Part } from './part';

export const DatasetFields = graphql(`
  fragment DatasetFields on Dataset {
    name hash classes channels height width trainCount testCount createdAt description
  }
`);
type Dataset = ResultOf<typeof DatasetFields>;

/** Digits of a hash that people compare; all of them are shown on hovering. */
const SHORT = 12;

export function Datasets({ datasets }: { datasets: readonly Dataset[] }) {
  return (
    <Part
      title={`${count(datasets.length)} ${datasets.length === 1 ? 'data set' : 'data sets'}`}
      id="datasets"
    >
      {datasets.length === 0 ? (
        <Text>
          None yet: <Code>npx smallbatch dataset add</Code>, or a worker brings its own.
        </Text>
      ) : (
        <div className="scroll">
          <Table striped aria-label="Data sets" className="number nowrap">
            <Table.Thead>
              <Table.Tr>
                {['data set', 'what', 'classes', 'image', 'training', 'test', 'hash', 'added'].map((name) => (
                  <Table.Th key={name}>{name}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {datasets.map((dataset) => (
                <Table.Tr key={dataset.name}>
                  <Table.Th scope="row">
                    <Anchor component={Link} href={runsHref({ dataset: { eq: dataset.name } })}>
                      {dataset.name}
                    </Anchor>
                  </Table.Th>
                  <Table.Td>{dataset.description ?? '–'}</Table.Td>
                  <Table.Td>{count(dataset.classes)}</Table.Td>
                  <Table.Td>
                    {dataset.width} × {dataset.height} × {dataset.channels}
                  </Table.Td>
                  <Table.Td>{count(dataset.trainCount)}</Table.Td>
                  <Table.Td>{count(dataset.testCount)}</Table.Td>
                  <Table.Td>
                    <Code title={dataset.hash}>{dataset.hash.slice(0, SHORT)}</Code>
                  </Table.Td>
                  <Table.Td>
                    <Time at={dataset.createdAt} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </Part>
  );
}
