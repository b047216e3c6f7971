'use client';

import { Alert, Button, Group, Text } from '@mantine/core';
import { useRouter } from 'next/navigation';
import { useMemo } from 'react';
import { type Dimension, filterOf, formatValue, nameOf, valueAt } from '../axis/axis';
import { ChartFrame } from '../chart/frame';
import { Parallel } from '../chart/parallel';
import { both, isEverything, runsHref } from '../filter/filter';
import { Asked } from '../question/asked';
import { type Question, useQuestion } from '../question/question';
import { NO_RANGES } from '../question/ranges';
import { useLast, useLiveQuery } from '../shell/activity';
import { graphql, type ResultOf } from '../shell/client';
import { count } from '../shell/format';
import { Failed, HowToBegin, Loading } from '../shell/state';
import { CountFields, Counts } from './counts';
import type { KindProps } from './kind';
import { useMounted } from './mounted';
import {
  brushedAt,
  keptBy,
  MOST_PARAMS,
  ParallelSettings,
  rulersOf,
  type Setting,
  selectedOf,
  variablesOf,
} from './parallel';
import { ParallelTable } from './parallel-table';
import { RangesByHand } from './ranges-by-hand';
import { filterOfSettings } from './settings-filter';
import { fileOf, formatOf, headingOf, type Measured } from './statistics';

const Whole = graphql(
  `
  query ExploreVarying($where: RunFilter, $metric: String!, $value: RunValue!) {
    aggregate(where: $where, by: [], metric: $metric, value: $value) { runs groups { settings ...CountFields } }
  }
`,
  [CountFields],
);
/** Most groups of an answer of the API. */
const MOST_SETTINGS = 20_000;

/** Settings as lines over the axes in which they differ, and what they reach. */
export function ParallelKind({ question }: KindProps) {
  const { where, metric, value } = question;
  const mounted = useMounted();
  const [{ data, error, fetching }, again] = useLiveQuery({
    query: Whole,
    variables: { where, metric, value },
  });
  const whole = data?.aggregate.groups[0];
  const params = whole?.varyingParams ?? [];
  const dimensions = useMemo(
    (): Dimension[] => [
      ...(whole?.varying ?? []),
      ...(whole?.varyingParams ?? []).slice(0, MOST_PARAMS).map((name): Dimension => `param:${name}`),
    ],
    [whole],
  );
  const tooMany = (whole?.settings ?? 0) > MOST_SETTINGS;
  const variables = variablesOf(question, dimensions);
  // Lines are drawn in a browser alone: their thousands are not for the page's first answer.
  const [{ data: all, error: refused }] = useLiveQuery({
    query: ParallelSettings,
    variables,
    pause: !mounted || !whole || tooMany,
  });
  const shown = useLast(
    useMemo(() => all && { question, answer: all.aggregate, dimensions }, [all, question, dimensions]),
  );
  if (error) return <Failed message={error.message} again={again} />;
  if (!data) return <Loading what="the settings" />;
  if (!whole) return <HowToBegin filtered={!isEverything(where)} />;
  return (
    <div aria-busy={fetching}>
      <Counts runs={data.aggregate.runs} groups={[whole]} where={where} best={[]} means={false} />
      {params.length > MOST_PARAMS ? (
        <Text>
          {count(params.length)} free parameters differ; the first {MOST_PARAMS} are axes, the others are
          averaged over: {params.slice(MOST_PARAMS).join(', ')}.
        </Text>
      ) : null}
      {refused ? <Failed message={refused.message} /> : null}
      {tooMany ? (
        <Alert color="yellow" my="sm" title={`${count(whole.settings)} settings are too many`}>
          At most {count(MOST_SETTINGS)} are drawn as lines. Filter: to one data set, one model, or some batch
          sizes.
        </Alert>
      ) : shown ? (
        <Settings {...shown} ranges={question.ranges} />
      ) : refused ? null : (
        <Loading what={`${count(whole.settings)} settings`} />
      )}
      <Asked query={ParallelSettings} variables={variables} />
    </div>
  );
}

function Settings({
  question,
  answer,
  dimensions,
  ranges,
}: {
  question: Question;
  answer: ResultOf<typeof ParallelSettings>['aggregate'];
  dimensions: readonly Dimension[];
  ranges: Question['ranges'];
}) {
  const router = useRouter();
  const [, set] = useQuestion();
  const { where, metric, value } = question;
  const { groups, goal } = answer;
  // What is brushed changes the question, but not what is drawn.
  const measured = useMemo(() => ({ metric, value }), [metric, value]);
  const rulers = useMemo(() => rulersOf(groups, dimensions, measured), [groups, dimensions, measured]);
  const valued = useMemo(() => groups.filter(({ mean }) => mean !== null), [groups]);
  const selected = useMemo(() => selectedOf(groups, rulers, ranges), [groups, rulers, ranges]);
  const filter = useMemo(
    () => (selected.length > 0 ? filterOfSettings(selected, groups, dimensions) : undefined),
    [selected, groups, dimensions],
  );
  const lines = useMemo(() => {
    const [least, most] = rulers.at(-1)!.axis.range!;
    const share = (mean: number): number => (mean - least) / (most - least || 1);
    return valued.map((setting) => ({
      places: rulers.map(({ valueIn, placeOf }) => placeOf(valueIn(setting))),
      share: goal === 'MINIMISE' ? 1 - share(setting.mean!) : share(setting.mean!),
      label: wordsOf(setting, dimensions, measured),
    }));
  }, [valued, rulers, dimensions, goal, measured]);
  const axes = useMemo(
    () => rulers.map((ruler) => ({ ...ruler.axis, brushed: brushedAt(ruler, ranges[ruler.id]) })),
    [rulers, ranges],
  );
  if (dimensions.length === 0)
    return (
      <Text my="md">All of these runs have the same setting: there is no axis in which they differ.</Text>
    );
  const brushed = Object.keys(ranges).length > 0;
  const change = (next: Question['ranges']): void => void set({ ranges: next }, { history: 'replace' });
  const put = (id: string, kept: ReturnType<typeof keptBy>): void => {
    const { [id]: before, ...others } = ranges;
    if (JSON.stringify(before) !== JSON.stringify(kept)) change(kept ? { ...others, [id]: kept } : others);
  };
  const title = headingOf(question);
  const without = groups.length - valued.length;
  return (
    <>
      <Group my="xs" gap="sm">
        <Text className="number" role="status" data-testid="selected">
          {brushed ? `${count(selected.length)} of ` : ''}
          {count(groups.length)} {groups.length === 1 ? 'setting' : 'settings'}
          {without > 0 ? `, ${count(without)} without a value are in the table alone` : ''}
        </Text>
        {brushed ? (
          <>
            {filter ? (
              <Button
                size="compact-sm"
                onClick={() => void set({ where: both(where, filter), ranges: NO_RANGES })}
              >
                Filter to{' '}
                {selected.length === 1 ? 'this setting' : `these ${count(selected.length)} settings`}
              </Button>
            ) : selected.length > 0 ? (
              <Text size="sm">
                As a filter these would be too long for an address: narrow the axes before the value.
              </Text>
            ) : null}
            <Button size="compact-sm" variant="default" onClick={() => change(NO_RANGES)}>
              Clear ranges
            </Button>
          </>
        ) : (
          <Text size="sm">Drag along an axis to select.</Text>
        )}
      </Group>
      <ChartFrame
        id="settings"
        title={title}
        table={
          <ParallelTable
            label={title}
            settings={selected}
            dimensions={dimensions}
            question={question}
            goal={goal}
          />
        }
        files={{ csv: fileOf('csv', variablesOf(question, dimensions), where) }}
      >
        <Parallel
          label={`${title}. ${count(lines.length)} lines over ${axes.length} axes; the table has the same numbers.`}
          axes={axes}
          lines={lines}
          onBrush={(id, places) => {
            const ruler = rulers.find((one) => one.id === id);
            if (ruler) put(id, keptBy(ruler, places));
          }}
          onLine={(line) => {
            const setting = valued[line];
            if (setting)
              router.push(
                runsHref(both(where, ...dimensions.map((one) => filterOf(one, valueAt(setting, one))))),
              );
          }}
        />
        <RangesByHand rulers={rulers} ranges={ranges} onChange={put} />
      </ChartFrame>
    </>
  );
}

const wordsOf = (setting: Setting, dimensions: readonly Dimension[], measured: Measured): string =>
  `${dimensions.map((one) => `${nameOf(one)} ${formatValue(one, valueAt(setting, one))}`).join(', ')}: ${formatOf(measured)(setting.mean)} (n = ${count(setting.n)})`;
