'use client';

import { Button, Checkbox, Popover, Stack } from '@mantine/core';
import { useState } from 'react';
import { ALL_AXES, type Dimension, nameOf, SETTING_AXES } from '../axis/axis';

/** One part of a sentence that is chosen from a list. */
export function Choice<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: T;
  options: readonly { readonly value: T; readonly name: string }[];
  onChange: (value: T) => void;
}) {
  // What the URL names stays there, though the list does not know it.
  const all = options.some((option) => option.value === value)
    ? options
    : [{ value, name: value }, ...options];
  return (
    <select aria-label={label} value={value} onChange={(event) => onChange(event.target.value as T)}>
      {all.map((option) => (
        <option key={option.value} value={option.value}>
          {option.name}
        </option>
      ))}
    </select>
  );
}

/** One part of a sentence that may be several things, or none. */
export function Choices<T extends string>({
  label,
  values,
  options,
  words,
  onChange,
}: {
  label: string;
  values: readonly T[];
  options: readonly { readonly value: T; readonly name: string }[];
  /** How the chosen ones are said. */
  words: string;
  onChange: (values: T[]) => void;
}) {
  return (
    <Popover position="bottom-start" trapFocus withinPortal>
      <Popover.Target>
        <Button variant="default" size="compact-md" className="part" aria-label={`${label}: ${words}`}>
          {words}
        </Button>
      </Popover.Target>
      <Popover.Dropdown mah="60vh" style={{ overflowY: 'auto' }}>
        <Stack gap="xs" role="group" aria-label={label}>
          {options.map(({ value, name }) => (
            <Checkbox
              key={value}
              label={name}
              checked={values.includes(value)}
              onChange={({ currentTarget }) =>
                onChange(currentTarget.checked ? [...values, value] : values.filter((one) => one !== value))
              }
            />
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

/** One part of a sentence that is a number, or nothing. It counts when it is left or Enter is pressed. */
export function Amount({
  label,
  value,
  unit,
  none,
  least = 0,
  onChange,
}: {
  label: string;
  value: number | null;
  unit: string;
  /** What stands there while there is none. */
  none: string;
  /** What it may not be less than: 0 unless said; null: nothing. */
  least?: number | null;
  onChange: (value: number | null) => void;
}) {
  const [typed, setTyped] = useState<string>();
  const shown = typed ?? (value === null ? '' : String(value));
  const read = Number(shown.trim().replace(',', '.'));
  const wrong = shown.trim() !== '' && !(Number.isFinite(read) && (least === null || read >= least));
  const done = (): void => {
    if (wrong) return;
    setTyped(undefined);
    const next = shown.trim() === '' ? null : read;
    if (next !== value) onChange(next);
  };
  return (
    <>
      <input
        aria-label={label}
        inputMode="decimal"
        value={shown}
        placeholder={none}
        size={Math.max(3, (shown || none).length)}
        aria-invalid={wrong}
        title={wrong ? `${shown}: a number${least === null ? '' : ` from ${least}`}, or nothing` : undefined}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={done}
        onKeyDown={(event) => event.key === 'Enter' && done()}
      />
      {shown ? ` ${unit}` : null}
    </>
  );
}

export const AXIS_OPTIONS = ALL_AXES.map((value) => ({ value, name: nameOf(value) }));
/** Axes that a best can be chosen over. */
export const SETTING_AXIS_OPTIONS = SETTING_AXES.map((value) => ({ value, name: nameOf(value) }));
/** Axes, and those free parameters that the URL names. */
export const dimensionOptions = (
  params: readonly string[],
  also: readonly Dimension[] = [],
): { value: Dimension; name: string }[] => {
  const named = [...params.map((name): Dimension => `param:${name}`), ...also];
  return [...new Set<Dimension>([...ALL_AXES, ...named])].map((value) => ({ value, name: nameOf(value) }));
};
