'use client';

import {
  ActionIcon,
  Checkbox,
  Fieldset,
  Group,
  NativeSelect,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useId, useState } from 'react';
import { parse, stringify } from 'yaml';
import { fieldText, fieldValue, type Path, valueIn } from './sweep-file';
import { kindOf, type Schema, wordsOf } from './sweep-schema';

/** What a field needs to know of the file: all fields show the same text, and change it. */
export interface FormOfFile {
  readonly content: Readonly<Record<string, unknown>>;
  readonly change: (path: Path, value: unknown) => void;
  /** What the API says of this place, or inside it. */
  readonly problemAt: (path: Path, exactly?: boolean) => string | undefined;
  /** Values that there are: models, data sets. */
  readonly known: Readonly<Record<string, readonly string[]>>;
}
interface FieldProps {
  readonly form: FormOfFile;
  readonly path: Path;
  readonly schema: Schema;
}

const labelOf = (path: Path): string => wordsOf(String(path.at(-1)));

/** One property of the sweep file, by what its schema says. */
export function FileField(props: FieldProps) {
  switch (kindOf(props.schema)) {
    case 'choice':
      return <ChoiceField {...props} />;
    case 'switch':
      return <SwitchField {...props} />;
    case 'several':
      return <SeveralField {...props} />;
    case 'axes':
    case 'named':
      return <RowsField {...props} />;
    case 'part':
      return <PartField {...props} />;
    case 'yaml':
      return <YamlField {...props} />;
    default:
      return <TextField {...props} label={labelOf(props.path)} />;
  }
}

/** What was typed stays as it was typed, as long as it means what the file says. */
export function TextField({
  form,
  path,
  schema,
  label,
  empty,
}: FieldProps & {
  readonly label: string;
  /** What an empty field is in the file; absent: nothing. */
  readonly empty?: unknown;
}) {
  const value = valueIn(form.content, path);
  const [typed, setTyped] = useState<string>();
  const plain = schema.type === 'string';
  const read = (text: string): unknown => (plain ? text || undefined : (fieldValue(text) ?? empty));
  const same = typed !== undefined && JSON.stringify(read(typed)) === JSON.stringify(value);
  const shown = same ? typed : plain && typeof value === 'string' ? value : fieldText(value);
  const options = useId();
  const known = form.known[String(path.at(-1))];
  return (
    <>
      <TextInput
        label={label}
        description={schema.description}
        placeholder={schema.default === undefined ? undefined : String(schema.default)}
        value={shown}
        error={form.problemAt(path)}
        list={known ? options : undefined}
        onChange={({ currentTarget }) => {
          setTyped(currentTarget.value);
          form.change(path, read(currentTarget.value));
        }}
      />
      {known ? (
        <>
          <datalist id={options}>
            {known.map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
          <Text size="xs" c="dimmed">
            There are: {known.length > 0 ? known.join(', ') : 'none yet'}
          </Text>
        </>
      ) : null}
    </>
  );
}

function ChoiceField({ form, path, schema }: FieldProps) {
  const value = valueIn(form.content, path);
  const options = (schema.enum ?? []).map(String);
  const usual = schema.default === undefined ? 'not said' : `${schema.default} (unless said)`;
  return (
    <NativeSelect
      label={labelOf(path)}
      description={schema.description}
      error={form.problemAt(path)}
      value={value === undefined ? '' : fieldText(value)}
      data={[
        { value: '', label: usual },
        ...options,
        // What the file says stays there, though it is not allowed.
        ...(value === undefined || options.includes(fieldText(value)) ? [] : [fieldText(value)]),
      ]}
      onChange={({ currentTarget }) => form.change(path, currentTarget.value || undefined)}
    />
  );
}

function SwitchField({ form, path, schema }: FieldProps) {
  const value = valueIn(form.content, path) ?? schema.default;
  return (
    <Checkbox
      label={labelOf(path)}
      description={schema.description}
      error={form.problemAt(path)}
      checked={value === true}
      onChange={({ currentTarget }) => form.change(path, currentTarget.checked)}
    />
  );
}

function SeveralField({ form, path, schema }: FieldProps) {
  const value = valueIn(form.content, path);
  const chosen = Array.isArray(value) ? value.map(String) : [];
  return (
    <Checkbox.Group
      label={labelOf(path)}
      description={schema.description}
      error={form.problemAt(path)}
      value={chosen}
      onChange={(next) => form.change(path, next.length > 0 ? next : undefined)}
    >
      <Group gap="md" mt={4}>
        {(schema.items?.enum ?? []).map((one) => (
          <Checkbox key={String(one)} value={String(one)} label={String(one).replaceAll('_', ' ')} />
        ))}
      </Group>
    </Checkbox.Group>
  );
}

const NOTHING_SAID: Schema = {};
const NO_VALUES: readonly unknown[] = [];

/** Axes, or parameters of one's own: those that the file has, and a way to add one. */
function RowsField({ form, path, schema }: FieldProps) {
  const value = valueIn(form.content, path);
  const there =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  const named = kindOf(schema) === 'named';
  const [name, setName] = useState('');
  const rest = Object.keys(schema.properties ?? {}).filter((key) => !there.includes(key));
  const nothing = path[0] === 'fixed' ? '' : NO_VALUES;
  const own = form.problemAt(path, true);
  const add = (key: string) => {
    setName('');
    if (key && !there.includes(key)) form.change([...path, key], nothing);
  };
  return (
    <Fieldset legend={labelOf(path)}>
      <Text size="xs" c="dimmed" mb="xs">
        {schema.description}
      </Text>
      {own ? (
        <Text size="sm" c="red" role="alert">
          {own}
        </Text>
      ) : null}
      <Stack gap="xs">
        {there.map((key) => (
          <Group key={key} align="flex-start" wrap="nowrap" gap="xs">
            <div style={{ flex: 1, minWidth: 0 }}>
              <TextField
                form={form}
                path={[...path, key]}
                schema={NOTHING_SAID}
                empty={nothing}
                label={named ? key : wordsOf(key) === key ? key : `${wordsOf(key)} (${key})`}
              />
            </div>
            <ActionIcon
              variant="default"
              mt={26}
              aria-label={`Take ${key} out of ${labelOf(path)}`}
              onClick={() => form.change([...path, key], undefined)}
            >
              ×
            </ActionIcon>
          </Group>
        ))}
        {named ? (
          <TextInput
            label="Add a parameter"
            placeholder="its name, then Enter"
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter') return;
              event.preventDefault();
              add(name.trim());
            }}
            onBlur={() => add(name.trim())}
          />
        ) : (
          <NativeSelect
            aria-label={`Add to ${labelOf(path)}`}
            value=""
            data={[
              { value: '', label: 'Add …' },
              ...rest.map((key) => ({
                value: key,
                label: wordsOf(key) === key ? key : `${wordsOf(key)} (${key})`,
              })),
            ]}
            onChange={({ currentTarget }) => add(currentTarget.value)}
          />
        )}
      </Stack>
    </Fieldset>
  );
}

function PartField({ form, path, schema }: FieldProps) {
  return (
    <Fieldset legend={labelOf(path)}>
      <Text size="xs" c="dimmed">
        {schema.description}
      </Text>
      {Object.entries(schema.properties ?? {}).map(([key, inner]) => (
        <FileField key={key} form={form} path={[...path, key]} schema={inner} />
      ))}
    </Fieldset>
  );
}

/** A part that has a form of its own only as YAML. What is not YAML yet stays here until it is. */
function YamlField({ form, path, schema }: FieldProps) {
  const value = valueIn(form.content, path);
  const [typed, setTyped] = useState<string>();
  const read = (text: string): { value: unknown } | undefined => {
    try {
      return { value: text.trim() === '' ? undefined : parse(text) };
    } catch {
      return undefined;
    }
  };
  const mine = typed === undefined ? undefined : read(typed);
  const same = typed !== undefined && (!mine || JSON.stringify(mine.value) === JSON.stringify(value));
  return (
    <Textarea
      label={labelOf(path)}
      description={`${schema.description ?? ''} As YAML.`}
      autosize
      minRows={1}
      styles={{ input: { fontFamily: 'monospace' } }}
      value={same ? typed : value === undefined ? '' : stringify(value)}
      error={
        typed !== undefined && !mine
          ? 'not YAML yet: the file has what was here before'
          : form.problemAt(path)
      }
      onChange={({ currentTarget }) => {
        setTyped(currentTarget.value);
        const next = read(currentTarget.value);
        if (next) form.change(path, next.value);
      }}
    />
  );
}
