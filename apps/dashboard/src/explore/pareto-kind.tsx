'use client';

import { Alert, Anchor, Text } from '@mantine/core';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { useMemo } from 'react';
import { type Dimension, nameOf, valueAt } from '../axis/axis';
import { csvOf } from '../chart/csv';
import { ChartFrame } from '../chart/frame';
import { type Dot, Scatter } from '../chart/scatter';
import { both, isEverything, runsHref } from '../filter/filter';
import { Asked } from '../question/asked';
import { bestOf, COSTS, type Question } from '../question/question';
import { useLast, useLiveQuery } from '../shell/activity';
import type { ResultOf } from '../shell/client';
import { count } from '../shell/format';
import { Failed, HowToBegin, Loading } from '../shell/state';
import { Counts } from './counts';
import type { KindProps } from './kind';
import { useMounted } from './mounted';
import {
  type CostPoint,
  costWords,
  ParetoFront,
  ParetoPoints,
  pointsOf,
  pointWords,
  variablesOf,
  withParams,
} from './pareto';
import { ParetoTable } from './pareto-table';
import { seriesIn } from './series';
import { formatOf, headingOf, quantityOf } from './statistics';
import { varyingOf } from './varying';

/** Every setting by what it reaches and what it takes, and the front that no other beats. */
export function ParetoKind({ question }: KindProps) {
  const { within } = question;
  const mounted = useMounted();
  const variables = variablesOf(question);
  const [{ data, error, fetching }, again] = useLiveQuery({
    query: ParetoFront,
    variables: { ...variables, within: within ?? 0, limited: within !== null },
  });
  // The dots are drawn in a browser alone: their thousands are not for the page's first answer.
  const [{ data: all, error: refused }] = useLiveQuery({
    query: ParetoPoints,
    variables,
    pause: !mounted || !data?.pareto.settings,
  });
  const shown = useLast(
    useMemo(() => data && { question, data, points: all && pointsOf(all) }, [data, all, question]),
  );
  if (error) return <Failed message={error.message} again={again} />;
  if (!shown) return <Loading what="the settings" />;
  return (
    <div aria-busy={fetching}>
      {refused ? <Failed message={refused.message} /> : null}
      <Cost {...shown} />
      <Asked query={ParetoPoints} variables={variables} />
    </div>
  );
}

function Cost({
  question,
  data: { pareto, aggregate },
  points,
}: {
  question: Question;
  data: ResultOf<typeof ParetoFront>;
  points: readonly CostPoint[] | undefined;
}) {
  const { where, cost } = question;
  if (aggregate.runs === 0) return <HowToBegin filtered={!isEverything(where)} />;
  return (
    <>
      <Counts
        runs={aggregate.runs}
        groups={aggregate.groups}
        where={where}
        best={bestOf(question)}
        means={false}
      />
      <Text className="number" data-testid="settings">
        {points && points.length < pareto.settings
          ? `The ${count(points.length)} cheapest of ${count(pareto.settings)} settings are drawn, and the whole front; filter to see the others.`
          : `${count(pareto.settings)} ${pareto.settings === 1 ? 'setting' : 'settings'}, ${count(pareto.frontCount)} on the front${points ? '' : '; the others are on their way'}.`}
        {pareto.withoutCost > 0
          ? ` ${count(pareto.withoutCost)} more have a value, but no known ${COSTS[cost]}.`
          : ''}
      </Text>
      {pareto.settings > 0 ? (
        <CostChart question={question} pareto={pareto} points={points ?? pareto.front} />
      ) : (
        <Text my="md">No setting has both a value and a cost yet.</Text>
      )}
    </>
  );
}

function CostChart({
  question,
  pareto,
  points,
}: {
  question: Question;
  pareto: ResultOf<typeof ParetoFront>['pareto'];
  points: readonly CostPoint[];
}) {
  const router = useRouter();
  const { where, series, cost, within } = question;
  const { front, bestPerGpuMinute, bestWithin } = pareto;
  const varying = useMemo(() => varyingOf(points.map(withParams)), [points]);
  const clouds = useMemo(() => {
    const of = points.map((point) => ({ point, values: withParams(point) }));
    return seriesIn(
      of.map(({ values }) => values),
      series,
    ).map(({ name, is }) => ({
      name,
      points: of.filter(({ values }) => is(values)).map(({ point }) => point),
    }));
  }, [points, series]);
  const drawn = useMemo(() => {
    const dot = (point: CostPoint): Dot => ({
      x: point.cost,
      y: point.mean,
      label: pointWords(point, question, varying),
    });
    return {
      clouds: clouds.map(({ name, points }) => ({ name, dots: points.map(dot) })),
      front: front.map(dot),
      named: [
        ...(bestPerGpuMinute ? [{ ...dot(bestPerGpuMinute), name: 'best a minute' }] : []),
        ...(bestWithin ? [{ ...dot(bestWithin), name: 'best within' }] : []),
      ],
      log: [...points, ...front].every((point) => point.cost > 0),
      formatX: (value: number) => costWords(cost, value),
      formatY: formatOf(question),
    };
  }, [clouds, front, bestPerGpuMinute, bestWithin, points, question, varying, cost]);
  const title = headingOf(question);
  const runsOf = ({ settingHash }: CostPoint): string =>
    runsHref(both(where, { settingHash: { eq: settingHash } }));
  const unlike = (['DATASET'] as const).filter((one) => varying.includes(one) && !series.includes(one));
  return (
    <>
      <Named
        what="Most for each minute of device time"
        point={bestPerGpuMinute}
        {...{ question, varying, runsOf }}
      />
      {within === null ? null : (
        <Named
          what={`Best within ${costWords(cost, within)}`}
          point={bestWithin ?? null}
          none="no setting takes so little"
          {...{ question, varying, runsOf }}
        />
      )}
      {unlike.length > 0 ? (
        <Alert color="yellow" my="sm" title="One front over different data sets">
          What is easy on one data set is hard on another: colour by {unlike.map(nameOf).join(', ')}, or
          filter to one.
        </Alert>
      ) : null}
      <ChartFrame
        id="cost"
        title={title}
        table={
          <ParetoTable label={title} points={points} varying={varying} question={question} runsOf={runsOf} />
        }
        files={{ csv: () => fileOf(points, varying, question) }}
      >
        <Scatter
          label={`${title}. ${count(points.length)} settings, ${count(front.length)} on the front; the table has the same numbers.`}
          xName={`${COSTS[cost]} of a run, its mean over seeds`}
          yName={quantityOf(question)}
          limit={within}
          {...drawn}
          onDot={(cloud, dot) => {
            const point = cloud === null ? front[dot] : clouds[cloud]?.points[dot];
            if (point) router.push(runsOf(point));
          }}
        />
      </ChartFrame>
    </>
  );
}

/** One setting in words, with the way to its runs. */
function Named({
  what,
  point,
  none = '',
  question,
  varying,
  runsOf,
}: {
  what: string;
  point: CostPoint | null;
  none?: string;
  question: Question;
  varying: readonly Dimension[];
  runsOf: (point: CostPoint) => string;
}) {
  if (!point) return none ? <Text>{`${what}: ${none}.`}</Text> : null;
  return (
    <Text className="number">
      {what}:{' '}
      <Anchor component={Link} href={runsOf(point)}>
        {pointWords(point, question, varying)}
      </Anchor>
    </Text>
  );
}

/** Every setting that is drawn, with full numbers. */
const fileOf = (
  points: readonly CostPoint[],
  varying: readonly Dimension[],
  { metric, cost }: Question,
): string =>
  csvOf(
    [...varying.map(nameOf), 'setting_hash', metric, 'n', cost.toLowerCase(), 'on_front'],
    points.map((point) => [
      ...varying.map((one) => valueAt(withParams(point), one)),
      point.settingHash,
      point.mean,
      point.n,
      point.cost,
      point.onFront,
    ]),
  );
