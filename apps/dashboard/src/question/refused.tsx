'use client';

import { Alert, Text } from '@mantine/core';
import { useSearchParams } from 'next/navigation';
import { isDimension } from '../axis/axis';
import { QUESTION } from './question';

const LISTS: readonly string[] = ['series', 'best', 'select'];

/** What the URL says of a question and nobody understands: by name, the value, and whether a part of a list. */
export function refusedOf(parameters: URLSearchParams): { name: string; value: string }[] {
  return Object.entries(QUESTION).flatMap(([name, parser]) => {
    const text = parameters.get(name);
    if (text === null || text === '') return [];
    if (!LISTS.includes(name)) return parser.parse(text) === null ? [{ name, value: text }] : [];
    const good = (one: string): boolean =>
      name === 'select' ? /^-?\d+$/.test(one) : isDimension(decodeURIComponent(one));
    return text
      .split(',')
      .filter((one) => !good(one) || ((parser.parse(one) as unknown[] | null)?.length ?? 0) === 0)
      .map((value) => ({ name, value }));
  });
}

/** Says which parts of the address are left out, so that nobody takes the answer for that to another question. */
export function Refused() {
  const refused = refusedOf(new URLSearchParams(useSearchParams()));
  if (refused.length === 0) return null;
  return (
    <Alert color="orange" role="alert" my="sm" title="A part of the address is not understood">
      {refused.map(({ name, value }) => (
        <Text key={`${name} ${value}`} size="sm">
          {name}: “{value.slice(0, 200)}” is left out; what is shown is without it.
        </Text>
      ))}
    </Alert>
  );
}
