'use client';

import { ActionIcon, Button, Group, NativeSelect, Popover, Stack, Text, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { VALUES } from '../question/question';
import { graphql, useQuery } from '../shell/client';
import { Icon } from '../shell/icon';
import {
  COLUMNS,
  columnOf,
  FIRST_COLUMNS,
  METRIC_VALUES,
  type MetricValue,
  MOST_SORTINGS,
  metricColumnId,
  paramColumnId,
  type Sorting,
} from './columns';

const PickerWords = graphql(`query PickerWords { metrics { name goal } }`);

interface PickerProps {
  columns: readonly string[];
  sorting: readonly Sorting[];
  onColumns: (columns: string[]) => void;
  onSorting: (sorting: Sorting[]) => void;
}

/** Which columns, in which order, and what rows are sorted by. */
export function ColumnPicker(props: PickerProps) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" trapFocus withinPortal width={340}>
      <Popover.Target>
        <Button variant="default" onClick={() => setOpened(!opened)} aria-expanded={opened}>
          Columns and order
        </Button>
      </Popover.Target>
      <Popover.Dropdown mah="70vh" style={{ overflowY: 'auto' }}>
        <Choices {...props} />
      </Popover.Dropdown>
    </Popover>
  );
}

/**
 * There while it is open, so that its question begins with it: one that waits in a view from the server and then begins is asked
 * again and again, without an end, once the theme changes.
 */
function Choices({ columns, sorting, onColumns, onSorting }: PickerProps) {
  const [{ data }] = useQuery({ query: PickerWords });
  const [param, setParam] = useState('');
  const [value, setValue] = useState<MetricValue>('MEDIAN_LAST_5');
  const add = (id: string): void => {
    if (!columns.includes(id)) onColumns([...columns, id]);
  };
  const sortable = [
    { id: 'KEY', name: 'run' },
    ...[...COLUMNS, ...columns.flatMap((id) => columnOf(id) ?? [])].filter((column) => column.order),
  ].filter(({ id }, i, all) => all.findIndex((one) => one.id === id) === i);
  return (
    <Stack gap="xs">
      <Text fw={600} size="sm" id="columns-shown">
        Columns
      </Text>
      <ol className="picked" aria-labelledby="columns-shown">
        {columns.map((id, i) => (
          <Entry
            key={id}
            name={columnOf(id)?.name ?? id}
            first={i === 0}
            last={i === columns.length - 1}
            onMove={(by) => onColumns(moved(columns, i, by))}
            onRemove={() => onColumns(columns.filter((one) => one !== id))}
          />
        ))}
      </ol>
      <Choosing
        label="Add a column"
        options={COLUMNS.filter(({ id }) => !columns.includes(id))}
        onChoose={add}
      />
      <Group grow align="end">
        <NativeSelect
          label="Value of a metric"
          value={value}
          data={(Object.keys(METRIC_VALUES) as MetricValue[]).map((one) => ({
            value: one,
            label: VALUES[one],
          }))}
          onChange={({ currentTarget }) => setValue(currentTarget.value as MetricValue)}
        />
        <Choosing
          label="Add a metric"
          options={(data?.metrics ?? [])
            .filter(({ goal }) => value !== 'BEST' || goal !== 'NONE')
            .map(({ name }) => ({ id: name, name: name.replaceAll('_', ' ') }))}
          onChoose={(name) => add(metricColumnId(name, value))}
        />
      </Group>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!param.trim()) return;
          add(paramColumnId(param.trim()));
          setParam('');
        }}
      >
        <TextInput
          label="Add a free parameter, by its name"
          value={param}
          onChange={({ currentTarget }) => setParam(currentTarget.value)}
          rightSectionWidth={60}
          rightSection={
            <Button type="submit" size="compact-xs" variant="default">
              Add
            </Button>
          }
        />
      </form>
      <Button size="xs" variant="default" onClick={() => onColumns([...FIRST_COLUMNS])}>
        The usual columns
      </Button>
      <Text fw={600} size="sm" mt="sm" id="sorted-by">
        Sorted by
      </Text>
      {sorting.length === 0 ? <Text size="sm">created, the newest first</Text> : null}
      <ol className="picked" aria-labelledby="sorted-by">
        {sorting.map(({ id, down }, i) => (
          <Entry
            key={id}
            name={id === 'KEY' ? 'run' : (columnOf(id)?.name ?? id)}
            first={i === 0}
            last={i === sorting.length - 1}
            onMove={(by) => onSorting(moved(sorting, i, by))}
            onRemove={() => onSorting(sorting.filter((one) => one.id !== id))}
          >
            <Button
              size="compact-xs"
              variant="default"
              onClick={() => onSorting(sorting.map((one) => (one.id === id ? { id, down: !down } : one)))}
            >
              {down ? 'downwards' : 'upwards'}&nbsp;
              <Icon sign={down ? 'down' : 'up'} />
            </Button>
          </Entry>
        ))}
      </ol>
      {sorting.length < MOST_SORTINGS ? (
        <Choosing
          label={sorting.length > 0 ? 'Then by' : 'Sort by'}
          options={sortable.filter(({ id }) => !sorting.some((one) => one.id === id))}
          onChoose={(id) => onSorting([...sorting, { id, down: false }])}
        />
      ) : null}
    </Stack>
  );
}

/** Takes one after the other out of a list. */
function Choosing({
  label,
  options,
  onChoose,
}: {
  label: string;
  options: readonly { readonly id: string; readonly name: string }[];
  onChoose: (id: string) => void;
}) {
  return (
    <NativeSelect
      label={label}
      value=""
      data={[
        { value: '', label: 'choose …' },
        ...options.map(({ id, name }) => ({ value: id, label: name })),
      ]}
      onChange={({ currentTarget }) => currentTarget.value && onChoose(currentTarget.value)}
    />
  );
}

function moved<T>(list: readonly T[], from: number, by: number): T[] {
  const next = [...list];
  next.splice(from + by, 0, ...next.splice(from, 1));
  return next;
}

function Entry({
  name,
  first,
  last,
  onMove,
  onRemove,
  children,
}: {
  name: string;
  first: boolean;
  last: boolean;
  onMove: (by: number) => void;
  onRemove: () => void;
  children?: ReactNode;
}) {
  return (
    <li>
      <Text size="sm" span flex={1}>
        {name}
      </Text>
      {children}
      <ActionIcon variant="subtle" aria-label={`Move ${name} up`} disabled={first} onClick={() => onMove(-1)}>
        <Icon sign="up" />
      </ActionIcon>
      <ActionIcon variant="subtle" aria-label={`Move ${name} down`} disabled={last} onClick={() => onMove(1)}>
        <Icon sign="down" />
      </ActionIcon>
      <ActionIcon variant="subtle" aria-label={`Take ${name} away`} onClick={onRemove}>
        ×
      </ActionIcon>
    </li>
  );
}
