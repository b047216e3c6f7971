'use client';

import { Anchor, Table } from '@mantine/core';
import Link from 'next/link';
import { useMemo } from 'react';
import { type Dimension, filterOf, formatValue, nameOf, valueAt } from '../axis/axis';
import { both, runsHref } from '../filter/filter';
import type { Question } from '../question/question';
import { LongTable } from './long-table';
import type { Setting } from './parallel';
import { type Answer, formatOf, quantityOf } from './statistics';

/** The settings that are selected, the best first. Each row leads to its runs. */
export function ParallelTable({
  label,
  settings,
  dimensions,
  question,
  goal,
}: {
  label: string;
  settings: readonly Setting[];
  dimensions: readonly Dimension[];
  question: Question;
  goal: Answer['goal'];
}) {
  const format = formatOf(question);
  const sorted = useMemo(() => {
    const sign = goal === 'MINIMISE' ? 1 : -1;
    const worst = Number.POSITIVE_INFINITY;
    const rank = ({ mean }: Setting): number => (mean === null ? worst : sign * mean);
    return settings.toSorted((a, b) => rank(a) - rank(b) || 0);
  }, [settings, goal]);
  return (
    <LongTable
      label={label}
      header={[quantityOf(question), 'n', ...dimensions.map(nameOf), 'beside']}
      rows={sorted}
      row={(setting) => {
        const values = dimensions.map((one) => valueAt(setting, one));
        const filter = both(question.where, ...dimensions.map((one, i) => filterOf(one, values[i])));
        const { mean, sd, n, diverged, failed, unfinished } = setting;
        return (
          <Table.Tr key={JSON.stringify(values)}>
            <Table.Td data-mean={mean ?? ''}>
              <Anchor component={Link} href={runsHref(filter)} prefetch={false}>
                {format(mean)}
                {sd === null ? '' : ` ± ${format(sd)}`}
              </Anchor>
            </Table.Td>
            <Table.Td>{n}</Table.Td>
            {dimensions.map((one, i) => (
              <Table.Td key={one}>{formatValue(one, values[i])}</Table.Td>
            ))}
            <Table.Td>
              {[
                diverged ? `${diverged} diverged` : '',
                failed ? `${failed} failed` : '',
                unfinished ? `${unfinished} unfinished` : '',
              ]
                .filter(Boolean)
                .join(', ') || '–'}
            </Table.Td>
          </Table.Tr>
        );
      }}
    />
  );
}
