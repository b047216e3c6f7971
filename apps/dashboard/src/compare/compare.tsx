'use client';

import { Button, Group, Text, Title } from '@mantine/core';
import dynamic from 'next/dynamic';
import { useMemo } from 'react';
import { both } from '../filter/filter';
import { Asked } from '../question/asked';
import { usePartCommands } from '../question/part-commands';
import { useLast, useLiveQuery } from '../shell/activity';
import { useCommands } from '../shell/commands';
import { Empty, Failed, Loading } from '../shell/state';
import { ViewBar } from '../view/view-bar';
import { Comparison, Details } from './compare-query';
import {
  type CompareQuestion,
  differenceOf,
  FIRST,
  type Sides,
  useCompareQuestion,
  variablesOf,
} from './compare-question';
import { Configuration } from './configuration';
import { Forest, varyingOf } from './forest';
import { PAGE } from './paged';
import { Pairs } from './pairs';
import { Picks } from './picks';
import { Points } from './points';
import { reasonsOf } from './reasons';
import { Sentence } from './sentence';
import { mineAndOthers, Offers } from './side';
import { Unmatched } from './unmatched';
import { Verdict } from './verdict';

/** In the browser alone: bands of many curves take longer than the verdict, which would wait for them. */
const CurvesView = dynamic(() => import('../curve/curves-view').then((one) => one.CurvesView), {
  ssr: false,
  loading: () => <Loading what="the curves" />,
});

/** A against B: the question as a sentence, the verdict, and all that it rests on. Every comparison is its URL. */
export function Compare() {
  const [question, set] = useCompareQuestion();
  const [{ data: offered, error }, again] = useLiveQuery({ query: Offers, variables: {} });
  const { a, b } = question;
  const me = offered?.viewer.member.key;
  usePartCommands(PARTS);
  useCommands(
    useMemo(
      () => [
        {
          id: 'swap',
          name: 'Swap A and B',
          group: 'The comparison',
          keys: 's',
          run: () => void set({ a: b, b: a, ...FIRST }),
        },
        ...(me === undefined
          ? []
          : [
              {
                id: 'whose',
                name: 'Compare my runs with everybody else’s',
                group: 'The comparison',
                keys: 'h',
                run: () => {
                  const [a, b] = mineAndOthers(me);
                  void set({ a, b, ...FIRST });
                },
              },
            ]),
      ],
      [set, a, b, me],
    ),
  );
  const change = (change: Partial<CompareQuestion>) => void set(change);
  if (error && !offered) return <Failed message={error.message} again={again} />;
  if (!offered) return <Loading what="the team" />;
  return (
    <>
      <Group justify="space-between">
        <Title order={1} size="h3">
          Compare
        </Title>
        <Group gap="xs">
          <ViewBar page="COMPARE" />
          <Button
            size="compact-sm"
            variant="default"
            disabled={!a && !b}
            aria-keyshortcuts="s"
            onClick={() => change({ a: b, b: a, ...FIRST })}
          >
            Swap A and B
          </Button>
        </Group>
      </Group>
      <Picks offered={offered} />
      <Sentence question={question} offered={offered} onChange={change} />
      {a && b ? (
        <Answered question={{ ...question, a, b }} onChange={change} />
      ) : (
        <Empty title="Choose two selections of runs">
          <Text>
            Settings that both have are paired, and the differences of their means over seeds are tested.
          </Text>
        </Empty>
      )}
    </>
  );
}

function Answered({ question, onChange }: { question: Sides; onChange: (change: Partial<Sides>) => void }) {
  const variables = variablesOf(question);
  const [{ data, error, fetching }, again] = useLiveQuery({ query: Comparison, variables });
  const { pairs, unmatchedA, unmatchedB } = question;
  const [{ data: listed, error: unlisted }, againListed] = useLiveQuery({
    query: Details,
    variables: { ...variables, first: PAGE, skipPairs: pairs, skipA: unmatchedA, skipB: unmatchedB },
  });
  const shown = useLast(useMemo(() => data && { question, answer: data.compare }, [data, question]));
  const details = useLast(listed?.compare);
  const { a, b, within } = question;
  const selections = useMemo(
    () => [
      { name: 'A', where: both(within, a) },
      { name: 'B', where: both(within, b) },
    ],
    [a, b, within],
  );
  if (error) return <Failed message={error.message} again={again} />;
  if (!shown) return <Loading what="the comparison" />;
  const { answer } = shown;
  const say = differenceOf(shown.question);
  const kept = details ? [...details.keptA, ...details.keptB] : [];
  return (
    <div aria-busy={fetching}>
      <Verdict answer={answer} question={shown.question} reasons={reasonsOf(kept)} onChange={onChange} />
      <div className="panels">
        <div>
          <Forest
            answer={answer}
            by={shown.question.by}
            say={say}
            onBy={(by) => onChange({ by })}
            onRow={(where) => onChange({ within: both(shown.question.within, where), ...FIRST })}
          />
        </div>
        <div>
          <Points answer={answer} question={shown.question} onChange={onChange} />
        </div>
      </div>
      {unlisted ? <Failed message={unlisted.message} again={againListed} /> : null}
      {details ? (
        <>
          <Pairs
            answer={answer}
            pairs={details.pairs}
            varying={varyingOf(answer)}
            question={question}
            onPage={(pairs) => onChange({ pairs })}
          />
          <Unmatched answer={answer} listed={details} question={question} onPage={onChange} />
        </>
      ) : (
        <Loading what="the pairs" />
      )}
      <Configuration question={question} />
      <CurvesView selections={selections} metric={question.metric} />
      <Asked query={Comparison} variables={variables} />
    </div>
  );
}

const PARTS = [
  { label: 'A is', keys: 'a' },
  { label: 'B is', keys: 'b' },
  { label: 'Within', keys: 'f' },
  { label: 'Metric', keys: 'm' },
  { label: 'Value of a run', keys: 'v' },
  { label: 'Best over', keys: 'o' },
  { label: 'Ignoring', keys: 'i' },
];
