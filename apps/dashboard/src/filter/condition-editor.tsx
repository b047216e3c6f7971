'use client';

import { ActionIcon, Autocomplete, Button, Group, NativeSelect, Text } from '@mantine/core';
import { VALUES } from '../question/question';
import { METRIC_VALUES } from '../runs/columns';
import { fieldOf, isListOperator, isYesNoOperator, type Kind, OPERATOR_WORDS, OPERATORS } from './fields';
import { useSuggestions } from './suggestions';
import type { Comparisons, Part } from './tree';
import { ValueEditor } from './value-editor';

export type Condition = Extract<Part, { is: Comparisons }>;

/** One field, parameter or metric, and what it is compared with. */
export function ConditionEditor({
  part,
  onChange,
  onWrong,
}: {
  part: Condition;
  onChange: (part: Condition) => void;
  onWrong: (place: string, wrong: boolean) => void;
}) {
  const known = part.kind === 'field' ? fieldOf(part.field) : undefined;
  const kind: Kind = part.kind === 'param' ? 'param' : part.kind === 'metric' ? 'number' : known!.kind;
  const name = known?.name ?? (part.kind === 'field' ? part.field : part.name);
  const suggestions = useSuggestions(part);
  const operators = OPERATORS[kind];
  const free = operators.filter((one) => !Object.hasOwn(part.is, one));
  const plain = kind === 'status' || kind === 'unit' || kind === 'search';
  const change = (is: Comparisons): void => onChange({ ...part, is });
  return (
    <Group gap={6} align="center">
      {part.kind === 'field' ? (
        <Text size="sm" fw={600}>
          {name}
        </Text>
      ) : (
        <Autocomplete
          size="xs"
          aria-label={part.kind === 'param' ? 'Name of the parameter' : 'Metric'}
          placeholder={part.kind === 'param' ? 'its name' : undefined}
          data={suggestions.names}
          value={part.name}
          onChange={(name) => onChange({ ...part, name })}
          comboboxProps={{ withinPortal: false }}
          w={150}
        />
      )}
      {part.kind === 'metric' ? (
        <NativeSelect
          size="xs"
          aria-label="Value of a run"
          value={part.value}
          data={[
            ...Object.keys(METRIC_VALUES),
            ...(Object.hasOwn(METRIC_VALUES, part.value) ? [] : [part.value]),
          ].map((value) => ({ value, label: VALUES[value as keyof typeof VALUES] ?? value }))}
          onChange={({ currentTarget }) => onChange({ ...part, value: currentTarget.value })}
        />
      ) : null}
      {Object.entries(part.is).map(([operator, value], i) => {
        const place = `${part.id} ${operator}`;
        return (
          <Group key={operator} gap={4}>
            {i > 0 ? <Text size="sm">and</Text> : null}
            {plain ? null : (
              <NativeSelect
                size="xs"
                aria-label={`${name}: how`}
                value={operator}
                data={operators
                  .filter((one) => one === operator || free.includes(one))
                  .map((one) => ({ value: one, label: OPERATOR_WORDS[one]! }))}
                onChange={({ currentTarget }) => {
                  onWrong(place, false);
                  change(renamed(part.is, operator, currentTarget.value));
                }}
              />
            )}
            <ValueEditor
              label={`${name} ${OPERATOR_WORDS[operator]}`}
              kind={kind}
              operator={operator}
              value={value}
              suggestions={suggestions.values}
              onChange={(next) => change({ ...part.is, [operator]: next })}
              onWrong={(wrong) => onWrong(place, wrong)}
            />
            {Object.keys(part.is).length > 1 ? (
              <ActionIcon
                variant="subtle"
                size="sm"
                aria-label={`Take away: ${name} ${OPERATOR_WORDS[operator]}`}
                onClick={() => {
                  onWrong(place, false);
                  const { [operator]: _, ...rest } = part.is;
                  change(rest);
                }}
              >
                ×
              </ActionIcon>
            ) : null}
          </Group>
        );
      })}
      {plain || free.length === 0 || kind === 'yesNo' ? null : (
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`${name}: and also`}
          onClick={() => change({ ...part.is, [free[0]!]: emptyOf(free[0]!) })}
        >
          and …
        </Button>
      )}
    </Group>
  );
}

const emptyOf = (operator: string): unknown =>
  isYesNoOperator(operator) ? true : isListOperator(operator) ? [] : undefined;

/** The value goes along where the other operator takes it. */
function renamed(is: Comparisons, from: string, to: string): Comparisons {
  return Object.fromEntries(
    Object.entries(is).map(([operator, value]) => {
      if (operator !== from) return [operator, value];
      if (isYesNoOperator(from) || isYesNoOperator(to)) return [to, emptyOf(to)];
      if (isListOperator(from) === isListOperator(to)) return [to, value];
      if (isListOperator(to)) return [to, value === undefined ? [] : [value]];
      return [to, (value as readonly unknown[])[0]];
    }),
  );
}
