'use client';

import { Button, Group, Title } from '@mantine/core';
import { useMemo } from 'react';
import { isEverything } from '../filter/filter';
import { Asked } from '../question/asked';
import { usePartCommands } from '../question/part-commands';
import { useLast, useLiveQuery } from '../shell/activity';
import { graphql, useQuery } from '../shell/client';
import { useCommands } from '../shell/commands';
import { Empty, Failed, HowToBegin, Loading } from '../shell/state';
import { ViewBar } from '../view/view-bar';
import { Summary } from './counts';
import { fileOf, PivotTable, variablesOf } from './pivot-query';
import { bestOf, type PivotQuestion, usePivotQuestion } from './pivot-question';
import { Sentence } from './sentence';
import { TableOf } from './table';

const Metrics = graphql(`
  query PivotMetrics {
    metrics { name }
  }
`);

/** Rows × columns of mean ± deviation (n), for the question in the sentence. Every table is its URL. */
export function Pivot() {
  const [question, set] = usePivotQuestion();
  const [{ data }] = useQuery({ query: Metrics, variables: {} });
  const { rows, columns, settings } = question;
  const chooses = bestOf(question).length > 0;
  usePartCommands(PARTS);
  useCommands(
    useMemo(() => {
      const save = (kind: 'csv' | 'tex' | 'md') => () => window.location.assign(fileOf(kind, question));
      return [
        {
          id: 'swap',
          name: 'Swap rows and columns',
          group: 'The table',
          keys: 's',
          run: () => void set({ rows: columns, columns: rows, row: 1, column: 1 }),
        },
        ...(chooses
          ? [
              {
                id: 'settings',
                name: settings ? 'Hide the best settings' : 'Show the best settings',
                group: 'The table',
                keys: 'o',
                run: () => void set({ settings: !settings }),
              },
            ]
          : []),
        { id: 'csv', name: 'Save the table as CSV', group: 'The table', run: save('csv') },
        { id: 'markdown', name: 'Save the table as Markdown', group: 'The table', run: save('md') },
        { id: 'latex', name: 'Save the table as LaTeX', group: 'The table', keys: 't', run: save('tex') },
      ];
    }, [question, set, rows, columns, settings, chooses]),
  );
  return (
    <>
      <Group justify="space-between">
        <Title order={1} size="h3">
          Pivot
        </Title>
        <Group gap="xs">
          <ViewBar page="PIVOT" />
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => set({ rows: columns, columns: rows, row: 1, column: 1 })}
          >
            Swap rows and columns
          </Button>
          <Button
            size="compact-sm"
            variant={settings && chooses ? 'light' : 'default'}
            aria-pressed={settings && chooses}
            disabled={!chooses}
            onClick={() => set({ settings: !settings })}
          >
            Best settings
          </Button>
        </Group>
      </Group>
      <Sentence
        question={question}
        metrics={(data?.metrics ?? []).map(({ name }) => name)}
        onChange={(change) => void set(change)}
      />
      {rows.length === 0 || columns.length === 0 ? (
        <Empty title={`Choose what stands ${rows.length === 0 ? 'down' : 'across'}: at least one axis`} />
      ) : (
        <Answered question={question} onChange={(change) => void set(change)} />
      )}
    </>
  );
}

function Answered({
  question,
  onChange,
}: {
  question: PivotQuestion;
  onChange: (change: Partial<PivotQuestion>) => void;
}) {
  const variables = variablesOf(question);
  const [{ data, error, fetching }, again] = useLiveQuery({ query: PivotTable, variables });
  const shown = useLast(useMemo(() => data && { question, answer: data.pivot }, [data, question]));
  if (error) return <Failed message={error.message} again={again} />;
  if (!shown) return <Loading what="the table" />;
  return (
    <div aria-busy={fetching}>
      {shown.answer.runs === 0 ? (
        <HowToBegin filtered={!isEverything(question.where)} />
      ) : (
        <>
          <Summary {...shown} />
          <TableOf {...shown} onChange={onChange} />
        </>
      )}
      <Asked query={PivotTable} variables={variables} />
    </div>
  );
}

const PARTS = [
  { label: 'Metric', keys: 'm' },
  { label: 'Value of a run', keys: 'v' },
  { label: 'Rows', keys: 'r' },
  { label: 'Columns', keys: 'c' },
  { label: 'Best over', keys: 'b' },
  { label: 'Runs', keys: 'f' },
  { label: 'Marked best', keys: 'k' },
];
