'use client';

import { Button, Group, Text } from '@mantine/core';
import { useDebouncedCallback, useDebouncedValue } from '@mantine/hooks';
import { useMutation } from '@urql/next';
import { useRouter } from 'next/navigation';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { ReadsOnly, useViewer } from '../session/viewer';
import { useCommands } from '../shell/commands';
import { count } from '../shell/format';
import { tell } from '../shell/notice';
import { Failed } from '../shell/state';
import { CreateSweep } from './create';
import { FileForm } from './file-form';
import { FileText, type LineProblem } from './file-text';
import { PreviewWords, type Problems, usePreview } from './preview';
import { sweepHref } from './run-link';
import { lineOf, type Path, readFile, withValue } from './sweep-file';

/** Addresses that are longer some servers refuse: such a draft is kept in the tab alone. */
const MOST_IN_URL = 6000;
const REST_MS = 350;
const store = (id: string): string => `smallbatch new sweep ${id}`;

/** The form and the text of one sweep file, what is wrong with it, and what it would make. The text is what counts: both sides change it. */
export function FileEditor({
  id,
  begin,
  schema,
  known,
  onText,
}: {
  id: string;
  begin: string;
  schema: unknown;
  known: Readonly<Record<string, readonly string[]>>;
  /** Puts the text in the URL, or takes it out where it is too long for one. */
  onText: (text: string | null) => void;
}) {
  const router = useRouter();
  const [text, setText] = useState(begin);
  const [refused, setRefused] = useState<{ of: string; problems: Problems; error?: string }>();
  const [{ fetching }, create] = useMutation(CreateSweep);
  const { mayWrite } = useViewer();
  const keep = useDebouncedCallback((next: string) => {
    const long = encodeURIComponent(next).length > MOST_IN_URL;
    if (long) window.sessionStorage.setItem(store(id), next);
    else window.sessionStorage.removeItem(store(id));
    onText(long ? null : next);
  }, REST_MS);
  const change = useCallback(
    (next: string) => {
      setText(next);
      keep(next);
    },
    [keep],
  );
  useEffect(() => {
    const kept = window.sessionStorage.getItem(store(id));
    if (kept !== null) setText(kept);
  }, [id]);
  const file = useMemo(() => readFile(text), [text]);
  const [settled] = useDebouncedValue(file, REST_MS);
  const { preview, problems: previewed, error } = usePreview(settled.content);
  const problems = refused?.of === text ? refused.problems : settled === file ? previewed : NONE;
  const lines = useMemo((): LineProblem[] => {
    if (file.syntax.length > 0) return [...file.syntax];
    return problems.map((problem) => ({ line: lineOf(text, problem.path), message: said(problem) }));
  }, [file, problems, text]);
  const problemAt = useCallback(
    (path: Path, exactly = false): string | undefined => {
      const at = problems.find(
        (one) =>
          (exactly ? one.path.length === path.length : one.path.length >= path.length) &&
          path.every((key, i) => one.path[i] === String(key)),
      );
      return at && said(at);
    },
    [problems],
  );
  const submit = useCallback(async () => {
    const { content } = readFile(text);
    if (!content) return;
    const { data, error: fault } = await create({ definition: content });
    const answer = data?.createSweep;
    if (answer?.__typename === 'CreateSweepSuccess') {
      window.sessionStorage.removeItem(store(id));
      tell(
        `${answer.sweep.key}: ${count(answer.created)} runs to train, ${count(answer.reused)} cells answered by runs that were there.`,
      );
      router.push(sweepHref(answer.sweep.key));
    } else
      setRefused({
        of: text,
        problems: answer?.problems ?? NONE,
        ...(fault ? { error: fault.message } : {}),
      });
  }, [text, create, id, router]);
  useCommands(
    useMemo(
      () => [{ id: 'sweep create', name: 'Create this sweep', group: 'New sweep', run: () => void submit() }],
      [submit],
    ),
  );
  const long = encodeURIComponent(text).length > MOST_IN_URL;
  const shownError = refused?.of === text ? refused.error : error;
  return (
    <div className="file-editor">
      <FileForm
        file={file}
        schema={schema}
        known={known}
        problemAt={problemAt}
        onChange={(path, value) => change(withValue(text, path, value))}
      />
      <div>
        <ReadsOnly what="make sweeps" />
        <FileText text={text} problems={lines} onChange={change} />
        {long ? (
          <Text size="sm" mt={4}>
            This file is too long for the address: it is kept in this tab, and cannot be shared as a link.
          </Text>
        ) : null}
        {shownError ? <Failed message={shownError} /> : null}
        <div aria-live="polite" style={{ marginTop: 16 }}>
          {preview ? (
            <PreviewWords preview={preview} />
          ) : lines.length === 0 && !shownError ? (
            <Text c="dimmed">Asking what it would make …</Text>
          ) : null}
        </div>
        <Group mt="md">
          <Button
            size="md"
            loading={fetching}
            disabled={!mayWrite || !file.content || lines.length > 0}
            onClick={() => void submit()}
          >
            {preview && settled === file
              ? `Create the sweep of ${count(preview.total)} ${preview.total === 1 ? 'cell' : 'cells'}`
              : 'Create the sweep'}
          </Button>
        </Group>
      </div>
    </div>
  );
}
/** What is wrong, with the value even where the message leaves it out. */
function said({ message, value, allowed }: Problems[number]): string {
  const given = value === null || value === undefined ? '' : JSON.stringify(value);
  return `${message}${message.includes(given) ? '' : `: ${given}`}. Allowed: ${allowed}`;
}

const NONE: Problems = [];
