'use client';

import { Alert, Stack } from '@mantine/core';
import { useMemo, useRef } from 'react';
import { FileField } from './file-field';
import type { Content, Path, SweepFile } from './sweep-file';
import { matters, type Schema } from './sweep-schema';

/** What most sweeps are about; the rest opens by itself where the file has some of it. */
const FIRST = ['name', 'dataset', 'model', 'axes', 'fixed'];

/** The sweep file as a form, made from its published schema. While the text is no YAML it waits: it could only overwrite what is typed there. */
export function FileForm({
  file,
  schema,
  known,
  problemAt,
  onChange,
}: {
  file: SweepFile;
  schema: unknown;
  known: Readonly<Record<string, readonly string[]>>;
  problemAt: (path: Path, exactly?: boolean) => string | undefined;
  onChange: (path: Path, value: unknown) => void;
}) {
  const last = useRef<Content>({});
  if (file.content) last.current = file.content;
  const content = file.content ?? last.current;
  const properties = useMemo(() => Object.entries((schema as Schema).properties ?? {}), [schema]);
  const form = { content, change: onChange, problemAt, known };
  const strategy = content.strategy;
  const rest = properties.filter(
    ([key]) => !FIRST.includes(key) && (key in content || matters(key, strategy)),
  );
  const open = rest.some(([key]) => key in content || problemAt([key]));
  return (
    <form aria-label="The sweep as a form" onSubmit={(event) => event.preventDefault()}>
      {file.content ? null : (
        <Alert color="orange" mb="sm" role="status">
          The text is not the YAML of a sweep now, so the form waits: it shows what it was before. Mend{' '}
          {file.syntax.map(({ line }) => `line ${line}`).join(', ')}.
        </Alert>
      )}
      <fieldset disabled={!file.content} className="plain">
        <Stack gap="md">
          {FIRST.flatMap((key) => {
            const found = properties.find(([name]) => name === key);
            return found ? [<FileField key={key} form={form} path={[key]} schema={found[1]} />] : [];
          })}
          <details {...(open ? { open: true } : {})}>
            <summary>Strategy, parameters of your own, order and reuse</summary>
            <Stack gap="md" mt="sm">
              {rest.map(([key, one]) => (
                <FileField key={key} form={form} path={[key]} schema={one} />
              ))}
            </Stack>
          </details>
        </Stack>
      </fieldset>
    </form>
  );
}
