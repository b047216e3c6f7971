'use client';

import { ActionIcon, Button, Code, Group, NativeSelect, Stack, Text } from '@mantine/core';
import type { KeyboardEvent, ReactNode } from 'react';
import { AXES, type Axis } from '../axis/axis';
import { Icon } from '../shell/icon';
import { ConditionEditor } from './condition-editor';
import { FIELDS } from './fields';
import {
  type All,
  addPart,
  all,
  duplicatePart,
  type Group as GroupPart,
  isGroup,
  movePart,
  newPart,
  type Part,
  removePart,
  replacePart,
  unwrapPart,
  wrapPart,
  writeTree,
} from './tree';
import { filterWords } from './words';

export interface Editing {
  readonly tree: All;
  readonly onChange: (tree: All) => void;
  /** Whether what is typed at a place is no value. */
  readonly onWrong: (place: string, wrong: boolean) => void;
}

const axisFields = (Object.keys(AXES) as Axis[])
  .filter((axis) => axis !== 'BUDGET')
  .map((axis) => AXES[axis].field as string);
const option = (value: string) => ({ value, label: FIELDS[value]!.name });
const CHOICES = [
  { value: '', label: 'Add a condition …' },
  {
    group: 'Axes',
    items: [...axisFields, 'epochs', 'budget.unit', 'budget.value', 'budget.epochs'].map(option),
  },
  {
    group: 'Results',
    items: [...['status', 'diverged'].map(option), { value: 'metric', label: 'metric …' }],
  },
  {
    group: 'What people wrote',
    items: [...['tags', 'note', 'search'].map(option), { value: 'param', label: 'free parameter …' }],
  },
  {
    group: 'The run',
    items: Object.keys(FIELDS)
      .filter(
        (field) =>
          !axisFields.includes(field) &&
          !['epochs', 'status', 'diverged', 'tags', 'note', 'search'].includes(field) &&
          !field.startsWith('budget.'),
      )
      .map(option),
  },
  {
    group: 'Groups',
    items: [
      { value: 'or', label: 'any of these (or)' },
      { value: 'and', label: 'all of these (and)' },
      { value: 'not', label: 'none of these (not)' },
    ],
  },
];

/** Conditions that all hold, one below the other; groups hold more of the same. */
export function AllEditor({ of, ...editing }: Editing & { of: All }) {
  return (
    <Stack gap={6}>
      {of.parts.length === 0 ? (
        <Text size="sm">Every run: no condition.</Text>
      ) : (
        of.parts.map((part, i) => (
          <PartEditor
            key={part.id}
            part={part}
            first={i === 0}
            last={i === of.parts.length - 1}
            {...editing}
          />
        ))
      )}
      <NativeSelect
        size="xs"
        aria-label="Add a condition"
        value=""
        data={CHOICES}
        w={220}
        onChange={({ currentTarget }) =>
          currentTarget.value && editing.onChange(addPart(editing.tree, of.id, newPart(currentTarget.value)))
        }
      />
    </Stack>
  );
}

function PartEditor({
  part,
  first,
  last,
  ...editing
}: Editing & { part: Part; first: boolean; last: boolean }) {
  const { tree, onChange } = editing;
  const words = filterWords(writeTree({ id: 0, parts: [part] }));
  const press = (event: KeyboardEvent): void => {
    if (!event.altKey || !['ArrowUp', 'ArrowDown'].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    onChange(movePart(tree, part.id, event.key === 'ArrowUp' ? -1 : 1));
  };
  return (
    <fieldset className="condition" aria-label={words} onKeyDown={press}>
      <div className="body">{bodyOf(part, editing)}</div>
      <Group gap={0} wrap="nowrap">
        <Tool
          name={`Move up: ${words}`}
          disabled={first}
          onClick={() => onChange(movePart(tree, part.id, -1))}
        >
          <Icon sign="up" />
        </Tool>
        <Tool
          name={`Move down: ${words}`}
          disabled={last}
          onClick={() => onChange(movePart(tree, part.id, 1))}
        >
          <Icon sign="down" />
        </Tool>
        <Tool name={`Or something else: ${words}`} onClick={() => onChange(withAlternative(tree, part))}>
          or
        </Tool>
        <Tool name={`The opposite: ${words}`} onClick={() => onChange(wrapPart(tree, part.id, 'not'))}>
          not
        </Tool>
        <Tool name={`Duplicate: ${words}`} onClick={() => onChange(duplicatePart(tree, part.id))}>
          copy
        </Tool>
        <Tool name={`Take away: ${words}`} onClick={() => onChange(removePart(tree, part.id))}>
          ×
        </Tool>
      </Group>
    </fieldset>
  );
}

/** The part or something else, which is added next. */
function withAlternative(tree: All, part: Part): All {
  return replacePart(tree, part.id, (one) =>
    one.kind === 'or'
      ? [{ ...one, of: [...one.of, all()] }]
      : [{ ...(newPart('or') as GroupPart), of: [all([one]), all()] }],
  );
}

function bodyOf(part: Part, editing: Editing): ReactNode {
  const { tree, onChange, onWrong } = editing;
  if (part.kind === 'raw')
    return (
      <Text size="sm" component="div">
        kept as it is: <Code>{`${JSON.stringify(part.field)}: ${JSON.stringify(part.value)}`}</Code>
      </Text>
    );
  if (!isGroup(part))
    return (
      <ConditionEditor
        part={part}
        onChange={(next) => onChange(replacePart(tree, part.id, () => [next]))}
        onWrong={onWrong}
      />
    );
  const change = (of: readonly All[]): void => onChange(replacePart(tree, part.id, () => [{ ...part, of }]));
  return (
    <Stack gap={6}>
      <Group gap="xs">
        <Text size="sm" fw={600}>
          {part.kind === 'or' ? 'any of these' : part.kind === 'and' ? 'all of these' : 'none that match'}
        </Text>
        {part.kind !== 'not' && part.of.length === 1 ? (
          <Button size="compact-xs" variant="default" onClick={() => onChange(unwrapPart(tree, part.id))}>
            Without the group
          </Button>
        ) : null}
        {part.kind === 'not' ? (
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => onChange(wrapPart(tree, part.id, 'not'))}
          >
            Without the not
          </Button>
        ) : null}
      </Group>
      {part.of.length === 0 ? (
        <Text size="sm">{part.kind === 'or' ? 'Nothing to choose from: no run.' : 'Every run.'}</Text>
      ) : null}
      {part.of.map((one, i) => (
        <div key={one.id}>
          {i > 0 ? (
            <Text size="sm" fw={600}>
              {part.kind}
            </Text>
          ) : null}
          <div className="alternative">
            <AllEditor of={one} {...editing} />
            {part.kind !== 'not' ? (
              <Tool
                name={`Take alternative ${i + 1} away`}
                onClick={() => change(part.of.filter(({ id }) => id !== one.id))}
              >
                ×
              </Tool>
            ) : null}
          </div>
        </div>
      ))}
      {part.kind === 'not' ? null : (
        <Button
          size="compact-xs"
          variant="default"
          style={{ alignSelf: 'start' }}
          onClick={() => change([...part.of, all()])}
        >
          {part.kind === 'or' ? 'Or …' : 'And …'}
        </Button>
      )}
    </Stack>
  );
}

function Tool({
  name,
  disabled = false,
  onClick,
  children,
}: {
  name: string;
  disabled?: boolean;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <ActionIcon
      variant="subtle"
      size="sm"
      aria-label={name}
      title={name.split(':')[0]}
      disabled={disabled}
      onClick={onClick}
      style={{ width: 'auto', minWidth: 24, fontSize: 13 }}
    >
      {children}
    </ActionIcon>
  );
}
