'use client';

import { Anchor, Table } from '@mantine/core';
import Link from 'next/link';
import { type Dimension, formatValue, nameOf, valueAt } from '../axis/axis';
import { type RunFilter, runsHref } from '../filter/filter';
import { bestOf, type Question } from '../question/question';
import { formatOf, type Group, runsOf, unitsOf } from './statistics';

/** The numbers of a chart. Each row leads to its runs. */
export function StatisticsTable({
  label,
  groups,
  dimensions,
  question,
  where,
}: {
  label: string;
  groups: readonly Group[];
  dimensions: readonly Dimension[];
  question: Question;
  where: RunFilter;
}) {
  const format = formatOf(question);
  const best = bestOf(question);
  return (
    <div className="scroll">
      <Table striped aria-label={label} className="number nowrap">
        <Table.Thead>
          <Table.Tr>
            {dimensions.map((one) => (
              <Table.Th key={one}>{nameOf(one)}</Table.Th>
            ))}
            <Table.Th>mean ± sd</Table.Th>
            <Table.Th>95 % interval</Table.Th>
            <Table.Th>n</Table.Th>
            {best.map((axis) => (
              <Table.Th key={axis}>best {nameOf(axis)}</Table.Th>
            ))}
            <Table.Th>beside</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {groups.map((group) => {
            const values = dimensions.map((one) => valueAt(group, one));
            return (
              <Table.Tr key={JSON.stringify(values)}>
                {dimensions.map((one, i) => (
                  <Table.Td key={one}>
                    {i === 0 ? (
                      <Anchor component={Link} href={runsHref(runsOf(group, dimensions, where))}>
                        {formatValue(one, values[i])}
                      </Anchor>
                    ) : (
                      formatValue(one, values[i])
                    )}
                  </Table.Td>
                ))}
                <Table.Td data-mean={group.mean ?? ''}>
                  {format(group.mean)}
                  {group.sd === null ? '' : ` ± ${format(group.sd)}`}
                </Table.Td>
                <Table.Td>
                  {group.ci95 ? `${format(group.ci95.low)} to ${format(group.ci95.high)}` : '–'}
                </Table.Td>
                <Table.Td>{unitsOf(group)}</Table.Td>
                {best.map((axis) => (
                  <Table.Td key={axis}>
                    {group.best
                      ? `${formatValue(axis, valueAt(group.best, axis))} of ${group.best.candidates}`
                      : '–'}
                  </Table.Td>
                ))}
                <Table.Td>{besideOf(group)}</Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </div>
  );
}

const besideOf = ({ diverged, failed, unfinished, duplicates, withoutValue }: Group): string =>
  (
    [
      [diverged, 'diverged'],
      [failed, 'failed'],
      [unfinished, 'unfinished'],
      [duplicates, 'duplicates'],
      [withoutValue, 'without this metric'],
    ] as const
  )
    .flatMap(([n, name]) => (n > 0 ? [`${n} ${name}`] : []))
    .join(', ') || '–';
