'use client';

import { Alert, Anchor, Button, Code, CopyButton, Group, Table, Text, Title } from '@mantine/core';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';
import { useEffect, useMemo } from 'react';
import { useQuery } from 'urql';
import { Lines } from '../chart/lines';
import { graphql, type ResultOf } from '../shell/client';
import { count, measure, rate } from '../shell/format';
import { Failed, HowToBegin, Loading } from '../shell/state';

const Accuracy = graphql(`
  query Explore($where: RunFilter, $by: [Axis!]!, $best: [Axis!], $metric: String!, $value: RunValue!) {
    aggregate(where: $where, by: $by, best: $best, metric: $metric, value: $value) {
      runs
      groups {
        dataset batchNorm batchSize baseLearningRate n unit mean sd ci95 { low high } min max
        diverged failed unfinished duplicates withoutValue varying best { baseLearningRate candidates }
      }
    }
    metrics { name }
    sweeps(first: 50) { nodes { key name status } }
  }
`);
type Data = ResultOf<typeof Accuracy>;
type Group_ = Data['aggregate']['groups'][number];

const VALUES = ['MEDIAN_LAST_5', 'LAST', 'BEST', 'MAX', 'MIN', 'MEAN'] as const;
const VALUE_NAMES = {
  MEDIAN_LAST_5: 'median of the last five epochs',
  LAST: 'last',
  BEST: 'best',
  MAX: 'greatest',
  MIN: 'least',
  MEAN: 'mean',
};
const BANDS = {
  sd: 'standard deviation',
  ci95: '95 % interval',
  range: 'least to greatest',
  none: 'nothing',
};
const X = { BATCH_SIZE: 'batch size', BASE_LEARNING_RATE: 'base learning rate' } as const;
const BN = { both: 'with and without batch norm', on: 'with batch norm', off: 'without batch norm' } as const;
const keys = <T extends object>(of: T) => Object.keys(of) as (keyof T & string)[];

const URL_STATE = {
  metric: parseAsString.withDefault('test_accuracy'),
  value: parseAsStringLiteral(VALUES).withDefault('MEDIAN_LAST_5'),
  x: parseAsStringLiteral(keys(X)).withDefault('BATCH_SIZE'),
  best: parseAsStringLiteral(['yes', 'no']).withDefault('yes'),
  band: parseAsStringLiteral(keys(BANDS)).withDefault('sd'),
  bn: parseAsStringLiteral(keys(BN)).withDefault('both'),
  sweep: parseAsString.withDefault(''),
};

/** The question stands at the top as a sentence whose parts are the controls; every view is its URL. */
export function Explore() {
  const [state, set] = useQueryStates(URL_STATE);
  const router = useRouter();
  const xField = state.x === 'BATCH_SIZE' ? 'batchSize' : 'baseLearningRate';
  const best = state.best === 'yes' && state.x === 'BATCH_SIZE';
  const variables = useMemo(() => {
    const where = {
      ...(state.sweep ? { sweep: { eq: state.sweep } } : {}),
      ...(state.bn === 'both' ? {} : { batchNorm: { eq: state.bn === 'on' } }),
    };
    return {
      where,
      by: ['DATASET', 'BATCH_NORM', state.x] as (
        | 'DATASET'
        | 'BATCH_NORM'
        | 'BATCH_SIZE'
        | 'BASE_LEARNING_RATE'
      )[],
      best: best ? ['BASE_LEARNING_RATE' as const] : null,
      metric: state.metric,
      value: state.value,
    };
  }, [state, best]);
  const [{ data, error, fetching }, again] = useQuery({ query: Accuracy, variables });
  const unfinished = data?.aggregate.groups.reduce((sum, group) => sum + group.unfinished, 0) ?? 0;
  useEffect(() => {
    if (unfinished === 0 && data) return;
    const timer = setInterval(() => again({ requestPolicy: 'network-only' }), 3000);
    return () => clearInterval(timer);
  }, [unfinished, data, again]);

  const select = <K extends keyof typeof URL_STATE>(label: string, key: K, names: Record<string, string>) => (
    <select
      aria-label={label}
      value={String(state[key])}
      onChange={(event) => set({ [key]: event.target.value } as never)}
    >
      {Object.entries(names).map(([value, name]) => (
        <option key={value} value={value}>
          {name}
        </option>
      ))}
    </select>
  );
  const metricNames = Object.fromEntries(
    [...new Set([state.metric, ...(data?.metrics.map(({ name }) => name) ?? [])])].map((name) => [
      name,
      name.replaceAll('_', ' '),
    ]),
  );
  const sweepNames = {
    '': "everyone's runs",
    ...Object.fromEntries(data?.sweeps.nodes.map(({ key }) => [key, `sweep ${key}`]) ?? []),
  };

  return (
    <>
      <Title order={1} size="h3">
        What accuracy, at which batch size?
      </Title>
      <p className="sentence">
        {select('Metric', 'metric', metricNames)}, {select('Value of a run', 'value', VALUE_NAMES)}, against{' '}
        {select('X axis', 'x', X)},{' '}
        {state.x === 'BATCH_SIZE' ? (
          <>
            {select('Over base learning rates', 'best', {
              yes: 'best over base learning rate',
              no: 'averaged over base learning rates',
            })}
            ,{' '}
          </>
        ) : null}
        {select('Batch norm', 'bn', BN)}, panels by <strong>data set</strong>, for{' '}
        {select('Runs', 'sweep', sweepNames)}, band: {select('Band', 'band', BANDS)}
      </p>
      {error ? (
        <Failed message={error.message} again={() => again({ requestPolicy: 'network-only' })} />
      ) : null}
      {!data && fetching ? <Loading what="the runs" /> : null}
      {data && data.aggregate.runs === 0 ? <HowToBegin /> : null}
      {data && data.aggregate.runs > 0 ? (
        <Panels
          groups={data.aggregate.groups}
          runs={data.aggregate.runs}
          state={state}
          xField={xField}
          best={best}
          onPoint={(group) =>
            router.push(
              `/runs?${new URLSearchParams({ dataset: group.dataset ?? '', bn: group.batchNorm ? 'on' : 'off', ...(group.batchSize ? { m: String(group.batchSize) } : {}), ...(state.sweep ? { sweep: state.sweep } : {}) })}`,
            )
          }
        />
      ) : null}
      <Query variables={variables} />
    </>
  );
}

interface PanelsProps {
  groups: readonly Group_[];
  runs: number;
  state: { metric: string; band: keyof typeof BANDS; x: keyof typeof X };
  xField: 'batchSize' | 'baseLearningRate';
  best: boolean;
  onPoint: (group: Group_) => void;
}

function Panels({ groups, runs, state, xField, best, onPoint }: PanelsProps) {
  const sum = (of: (group: Group_) => number): number =>
    groups.reduce((total, group) => total + of(group), 0);
  const datasets = [...new Set(groups.map(({ dataset }) => dataset))];
  const formatX = useMemo(() => (xField === 'batchSize' ? (x: number) => String(x) : rate), [xField]);
  const formatY = useMemo(() => (y: number) => measure(state.metric, y), [state.metric]);
  const notes = (
    [
      ['diverged', sum((g) => g.diverged)],
      ['failed', sum((g) => g.failed)],
      ['unfinished', sum((g) => g.unfinished)],
      ['duplicates', sum((g) => g.duplicates)],
      ['without this metric', sum((g) => g.withoutValue)],
    ] as const
  ).filter(([, n]) => n > 0);
  const apples = [...new Set(groups.flatMap(({ varying }) => varying))].filter(
    (axis) => axis !== 'BASE_LEARNING_RATE' || !best,
  );
  return (
    <>
      <Text role="status" data-testid="counts">
        {count(runs)} runs{notes.map(([name, n]) => `, ${count(n)} ${name}`).join('')}
      </Text>
      {apples.length > 0 ? (
        <Alert color="yellow" my="sm" title="These means are over different settings">
          {apples.map((axis) => axis.toLowerCase().replaceAll('_', ' ')).join(', ')} differ inside a point.
        </Alert>
      ) : null}
      <div className="panels">
        {datasets.map((dataset) => (
          <Panel
            key={dataset}
            {...{ dataset, state, xField, best, onPoint, formatX, formatY }}
            groups={groups.filter((group) => group.dataset === dataset)}
          />
        ))}
      </div>
    </>
  );
}

const series = (batchNorm: boolean | null): string => (batchNorm ? 'with batch norm' : 'without batch norm');

function Panel({
  dataset,
  groups,
  state,
  xField,
  best,
  onPoint,
  formatX,
  formatY,
}: Omit<PanelsProps, 'runs'> & {
  dataset: string | null;
  formatX: (x: number) => string;
  formatY: (y: number) => string;
}) {
  const lines = useMemo(
    () =>
      [true, false].flatMap((batchNorm) => {
        const mine = groups.filter((group) => group.batchNorm === batchNorm && group.mean !== null);
        if (mine.length === 0) return [];
        const points = mine.map((group) => ({
          x: group[xField]!,
          y: group.mean!,
          ...bandOf(group, state.band),
          label: describe(group, xField, state.metric, formatX),
          group,
        }));
        return [{ name: series(batchNorm), points }];
      }),
    [groups, xField, state.band, state.metric, formatX],
  );
  return (
    <section aria-label={`Data set ${dataset}`}>
      <Title order={2} size="h4">
        {dataset}
      </Title>
      {lines.length > 0 ? (
        <Lines
          title={`${state.metric} against ${X[state.x]} on ${dataset}`}
          xName={X[state.x]}
          yName={state.metric.replaceAll('_', ' ')}
          lines={lines}
          formatX={formatX}
          formatY={formatY}
          logX
          onPoint={(line, point) => {
            const group = lines[line]?.points[point]?.group;
            if (group) onPoint(group);
          }}
        />
      ) : (
        <Text c="dimmed" py="xl">
          The first results are on their way.
        </Text>
      )}
      <div className="scroll">
        <Table striped aria-label={`${state.metric} on ${dataset}`} className="number nowrap">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{X[state.x]}</Table.Th>
              <Table.Th>batch norm</Table.Th>
              <Table.Th>mean ± sd</Table.Th>
              <Table.Th>n</Table.Th>
              {best ? <Table.Th>best η̃</Table.Th> : null}
              <Table.Th>beside</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {groups.map((group) => (
              <Table.Tr key={`${group.batchNorm} ${group[xField]}`}>
                <Table.Td>
                  <Anchor
                    component={Link}
                    href={`/runs?${new URLSearchParams({ dataset: dataset ?? '', bn: group.batchNorm ? 'on' : 'off', ...(group.batchSize ? { m: String(group.batchSize) } : {}) })}`}
                  >
                    {formatX(group[xField]!)}
                  </Anchor>
                </Table.Td>
                <Table.Td>{group.batchNorm ? 'on' : 'off'}</Table.Td>
                <Table.Td data-mean={group.mean ?? ''}>
                  {measure(state.metric, group.mean)}
                  {group.sd === null ? '' : ` ± ${measure(state.metric, group.sd)}`}
                </Table.Td>
                <Table.Td>
                  {group.n} {group.unit === 'RUN' ? 'seed' : 'setting'}
                  {group.n === 1 ? '' : 's'}
                </Table.Td>
                {best ? (
                  <Table.Td>
                    {group.best ? `${rate(group.best.baseLearningRate!)} of ${group.best.candidates}` : '–'}
                  </Table.Td>
                ) : null}
                <Table.Td>
                  {[
                    group.diverged ? `${group.diverged} diverged` : '',
                    group.failed ? `${group.failed} failed` : '',
                    group.unfinished ? `${group.unfinished} unfinished` : '',
                  ]
                    .filter(Boolean)
                    .join(', ') || '–'}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </section>
  );
}

function bandOf(group: Group_, band: keyof typeof BANDS): { low: number | null; high: number | null } {
  if (band === 'sd' && group.sd !== null)
    return { low: group.mean! - group.sd, high: group.mean! + group.sd };
  if (band === 'ci95' && group.ci95) return group.ci95;
  if (band === 'range') return { low: group.min, high: group.max };
  return { low: null, high: null };
}

const describe = (
  group: Group_,
  xField: 'batchSize' | 'baseLearningRate',
  metric: string,
  formatX: (x: number) => string,
): string =>
  `${formatX(group[xField]!)}, ${series(group.batchNorm)}: ${measure(metric, group.mean)}${group.sd === null ? '' : ` ± ${measure(metric, group.sd)}`} (n = ${group.n}${group.best ? `, η̃ = ${rate(group.best.baseLearningRate!)}` : ''})`;

function Query({
  variables,
}: {
  variables: {
    where: object;
    by: readonly string[];
    best: readonly string[] | null;
    metric: string;
    value: string;
  };
}) {
  const where = JSON.stringify(variables.where).replace(/"(\w+)":/g, '$1: ');
  const text = `{
  aggregate(${where === '{}' ? '' : `where: ${where}, `}by: [${variables.by.join(', ')}]${variables.best ? `, best: [${variables.best.join(', ')}]` : ''}, metric: "${variables.metric}", value: ${variables.value}) {
    runs groups { dataset batchNorm batchSize baseLearningRate mean sd n ci95 { low high } best { baseLearningRate candidates } }
  }
}`;
  return (
    <details style={{ marginTop: 24 }}>
      <summary>The exact query</summary>
      <Group my="xs">
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button size="xs" variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Code block>{text}</Code>
    </details>
  );
}
