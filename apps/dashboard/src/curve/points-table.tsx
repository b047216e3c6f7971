'use client';

import { Button, Group, Table, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { count, duration, number } from '../shell/format';
import { metricWords } from './ask';
import type { Series } from './series';

const PAGE = 100;

/** The points of some curves of one run as numbers, step by step; a part of them at a time. */
export function PointsTable({ label, series }: { label: string; series: readonly Series[] }) {
  const [page, setPage] = useState(0);
  const rows = useMemo(() => rowsOf(series), [series]);
  const pages = Math.max(1, Math.ceil(rows.length / PAGE));
  const at = Math.min(page, pages - 1);
  return (
    <div>
      <div className="scroll" style={{ maxHeight: 360, overflowY: 'auto' }}>
        <Table striped stickyHeader aria-label={label} className="number nowrap">
          <Table.Thead>
            <Table.Tr>
              {[
                'step',
                'epoch',
                'samples seen',
                'since the attempt began',
                ...series.map(({ name }) => metricWords(name)),
              ].map((name) => (
                <Table.Th key={name}>{name}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.slice(at * PAGE, (at + 1) * PAGE).map(({ id, step, from, i, values }) => (
              <Table.Tr key={id} data-step={step}>
                <Table.Td>{count(step)}</Table.Td>
                <Table.Td>{known(from.points.epochs[i], number)}</Table.Td>
                <Table.Td>{known(from.points.samples[i], count)}</Table.Td>
                <Table.Td>{known(from.points.seconds[i], duration)}</Table.Td>
                {series.map(({ name }, s) => (
                  <Table.Td key={name} data-value={values[s]}>
                    {values[s] === undefined ? '' : valueWords(values[s])}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Group my="xs" gap="xs">
        <Text size="sm">
          {rows.length === 0
            ? 'No points.'
            : `Rows ${count(at * PAGE + 1)} to ${count(Math.min(rows.length, (at + 1) * PAGE))} of ${count(rows.length)}`}
        </Text>
        <Button size="compact-xs" variant="default" disabled={at === 0} onClick={() => setPage(at - 1)}>
          Back
        </Button>
        <Button
          size="compact-xs"
          variant="default"
          disabled={at === pages - 1}
          onClick={() => setPage(at + 1)}
        >
          Next
        </Button>
      </Group>
    </div>
  );
}

const known = (value: number | undefined, format: (value: number) => string): string =>
  value === undefined || Number.isNaN(value) ? '–' : format(value);
const valueWords = (value: number): string =>
  Number.isFinite(value)
    ? String(Number(value.toPrecision(7)))
    : Number.isNaN(value)
      ? 'NaN'
      : value > 0
        ? '∞'
        : '−∞';

interface Row {
  readonly id: string;
  readonly step: number;
  /** Whose epoch, samples and time these are. */
  readonly from: Series;
  readonly i: number;
  readonly values: (number | undefined)[];
}

/** Points of one step in one row; where a curve has several of a step, each has a row. */
export function rowsOf(series: readonly Series[]): Row[] {
  const rows = new Map<string, Row>();
  series.forEach((one, s) => {
    let nth = 0;
    const { steps, values } = one.points;
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!;
      nth = i > 0 && steps[i - 1] === step ? nth + 1 : 0;
      const id = `${step} ${nth}`;
      const row = rows.get(id) ?? { id, step, from: one, i, values: series.map(() => undefined) };
      row.values[s] = values[i]!;
      rows.set(id, row);
    }
  });
  return [...rows.values()].sort((a, b) => a.step - b.step);
}
