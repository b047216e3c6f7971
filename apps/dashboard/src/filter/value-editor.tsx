'use client';

import { Autocomplete, Checkbox, Group, NativeSelect, TagsInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { SchemaType } from '../shell/client';
import { isListOperator, isYesNoOperator, type Kind, numberText, parseNumber } from './fields';

const STATUSES: readonly SchemaType<'RunStatus'>[] = [
  'WAITING',
  'RUNNING',
  'DONE',
  'PRUNED',
  'FAILED',
  'CANCELLED',
];
const UNITS: readonly SchemaType<'BudgetUnit'>[] = ['EPOCHS', 'STEPS', 'GOAL_ERROR'];

interface ValueProps {
  readonly label: string;
  readonly kind: Kind;
  readonly operator: string;
  /** Undefined: not typed yet. */
  readonly value: unknown;
  readonly suggestions: string[];
  readonly onChange: (value: unknown) => void;
  readonly onWrong: (wrong: boolean) => void;
}

/** What something is compared with, typed as it is read. */
export function ValueEditor(props: ValueProps) {
  const { label, kind, operator, value, onChange } = props;
  if (isYesNoOperator(operator) || kind === 'yesNo') {
    const [yes, no] =
      operator === 'isNull' ? ['absent', 'there'] : operator === 'isEmpty' ? ['none', 'some'] : ['yes', 'no'];
    return (
      <NativeSelect
        size="xs"
        aria-label={label}
        value={String(value)}
        data={[
          { value: 'true', label: yes! },
          { value: 'false', label: no! },
        ]}
        onChange={({ currentTarget }) => onChange(currentTarget.value === 'true')}
      />
    );
  }
  if (kind === 'status' || kind === 'unit')
    return <Words {...props} all={kind === 'status' ? STATUSES : UNITS} />;
  if (kind === 'moment') return <Moment {...props} />;
  if (kind === 'json' || (kind === 'param' && isListOperator(operator)))
    return <Typed {...props} read={readJson} write={JSON.stringify} />;
  if (kind === 'param' && operator === 'eq')
    return <Typed {...props} read={readScalar} write={writeScalar} />;
  const numeric = kind === 'whole' || kind === 'number' || ['gt', 'gte', 'lt', 'lte'].includes(operator);
  if (isListOperator(operator)) return <List {...props} numeric={numeric} />;
  return numeric ? (
    <Typed {...props} read={(text) => readNumber(text, kind)} write={(one) => numberText(one as number)} />
  ) : (
    <Autocomplete
      size="xs"
      aria-label={label}
      value={(value as string | undefined) ?? ''}
      data={props.suggestions}
      onChange={(text) => onChange(text === '' ? undefined : text)}
      comboboxProps={{ withinPortal: false }}
      w={200}
    />
  );
}

function readNumber(text: string, kind: Kind): number | undefined {
  const value = parseNumber(text);
  return kind === 'whole' && !Number.isSafeInteger(value) ? undefined : value;
}
function readJson(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}
/** A number, true or false are these; anything else is a text, and in quotes a text of digits too. */
function readScalar(text: string): unknown {
  const json = readJson(text);
  if (typeof json === 'string' || typeof json === 'boolean') return json;
  return parseNumber(text) ?? (text === '' ? undefined : text);
}
function writeScalar(value: unknown): string {
  if (typeof value === 'number') return numberText(value);
  return typeof value === 'string' && readScalar(value) === value ? value : JSON.stringify(value);
}

/** What is typed stays, also while it is no value. */
function Typed({
  label,
  kind,
  value,
  suggestions,
  onChange,
  onWrong,
  read,
  write,
}: ValueProps & { read: (text: string) => unknown; write: (value: unknown) => string }) {
  const [text, setText] = useState(value === undefined ? '' : write(value));
  const wrong = text.trim() !== '' && read(text.trim()) === undefined;
  return (
    <Autocomplete
      size="xs"
      aria-label={label}
      value={text}
      data={suggestions}
      error={wrong ? WRONG[kind] : null}
      onChange={(next) => {
        setText(next);
        const value = read(next.trim());
        onWrong(next.trim() !== '' && value === undefined);
        onChange(value);
      }}
      comboboxProps={{ withinPortal: false }}
      w={kind === 'json' ? 260 : 150}
    />
  );
}
const WRONG: Partial<Record<Kind, string>> = {
  whole: 'not a whole number',
  number: 'not a number, like 0.01 or 2^-8',
  json: 'not JSON',
  param: 'not a list in JSON, like [1, "a"]',
};

function List({
  label,
  kind,
  value,
  suggestions,
  onChange,
  onWrong,
  numeric,
}: ValueProps & { numeric: boolean }) {
  const [texts, setTexts] = useState(() =>
    ((value as readonly unknown[] | undefined) ?? []).map((one) =>
      numeric ? numberText(one as number) : String(one),
    ),
  );
  const read = (text: string): unknown => (numeric ? readNumber(text, kind) : text);
  const bad = texts.filter((text) => read(text) === undefined);
  return (
    <TagsInput
      size="xs"
      aria-label={label}
      value={texts}
      data={suggestions}
      error={bad.length > 0 ? `${bad.join(', ')}: ${WRONG[kind]}` : null}
      onChange={(next) => {
        setTexts(next);
        const values = next.map(read);
        onWrong(values.includes(undefined));
        onChange(values.filter((one) => one !== undefined));
      }}
      acceptValueOnBlur
      comboboxProps={{ withinPortal: false }}
      miw={200}
    />
  );
}

function Words({ label, value, onChange, all }: ValueProps & { all: readonly string[] }) {
  const chosen = value as readonly string[];
  // What the filter names stays there, though the list does not know it.
  const offered = [...all, ...chosen.filter((one) => !all.includes(one))];
  return (
    <Group gap="xs" role="group" aria-label={label}>
      {offered.map((one) => (
        <Checkbox
          key={one}
          size="xs"
          label={one.toLowerCase().replaceAll('_', ' ')}
          checked={chosen.includes(one)}
          onChange={({ currentTarget }) =>
            onChange(currentTarget.checked ? [...chosen, one] : chosen.filter((other) => other !== one))
          }
        />
      ))}
    </Group>
  );
}

/** In the reader's zone, to the second. */
function Moment({ label, value, onChange }: ValueProps) {
  return (
    <TextInput
      size="xs"
      type="datetime-local"
      step={1}
      aria-label={label}
      value={typeof value === 'string' ? localTime(new Date(value)) : ''}
      onChange={({ currentTarget }) => {
        const at = new Date(currentTarget.value);
        onChange(Number.isNaN(at.getTime()) ? undefined : at.toISOString());
      }}
    />
  );
}
const localTime = (at: Date): string =>
  new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
