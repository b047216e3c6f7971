'use client';

import { Anchor, Table } from '@mantine/core';
import Link from 'next/link';
import { type Dimension, formatValue, nameOf, valueAt } from '../axis/axis';
import { COSTS, type Question } from '../question/question';
import { LongTable } from './long-table';
import { type CostPoint, costWords, withParams } from './pareto';
import { formatOf, quantityOf } from './statistics';

/** Settings by rising cost. Each row leads to its runs. */
export function ParetoTable({
  label,
  points,
  varying,
  question,
  runsOf,
}: {
  label: string;
  points: readonly CostPoint[];
  varying: readonly Dimension[];
  question: Question;
  runsOf: (point: CostPoint) => string;
}) {
  const format = formatOf(question);
  return (
    <LongTable
      label={label}
      header={[COSTS[question.cost], quantityOf(question), 'n', 'front', ...varying.map(nameOf)]}
      rows={points}
      row={(point) => (
        <Table.Tr key={point.settingHash}>
          <Table.Td>
            <Anchor component={Link} href={runsOf(point)} prefetch={false}>
              {costWords(question.cost, point.cost)}
            </Anchor>
          </Table.Td>
          <Table.Td data-mean={point.mean}>{format(point.mean)}</Table.Td>
          <Table.Td>{point.n}</Table.Td>
          <Table.Td>{point.onFront ? 'yes' : ''}</Table.Td>
          {varying.map((one) => (
            <Table.Td key={one}>{formatValue(one, valueAt(withParams(point), one))}</Table.Td>
          ))}
        </Table.Tr>
      )}
    />
  );
}
