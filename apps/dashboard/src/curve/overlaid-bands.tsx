'use client';

import { Table } from '@mantine/core';
import { useMemo } from 'react';
import type { DrawnCurve } from '../chart/curves';
import { useLast, useLiveQuery } from '../shell/activity';
import { graphql, type ResultOf } from '../shell/client';
import { count } from '../shell/format';
import { Failed, Loading } from '../shell/state';
import { formatOf } from './ask';
import { CurveControls } from './controls';
import type { Kind } from './curves-view';
import { MetricChart } from './metric-chart';
import { answersOf, type OverlayProps, six } from './overlay';
import { smoothed } from './smoothing';
import type { CurveViewState } from './view';
import type { Range } from './x-axis';

const BandAnswer = graphql(`
  fragment BandAnswer on CurveBands {
    of bands { steps epochs n mean sd min max quantiles { q values } runs }
  }
`);
const OverlaidBandsQuery = graphql(
  `
  query OverlaidBands($metric: String!, $a: RunFilter!, $b: RunFilter!, $c: RunFilter!, $d: RunFilter!, $e: RunFilter!, $f: RunFilter!,
    $withB: Boolean!, $withC: Boolean!, $withD: Boolean!, $withE: Boolean!, $withF: Boolean!) {
    a: curveBands(where: $a, metric: $metric) { ...BandAnswer }
    b: curveBands(where: $b, metric: $metric) @include(if: $withB) { ...BandAnswer }
    c: curveBands(where: $c, metric: $metric) @include(if: $withC) { ...BandAnswer }
    d: curveBands(where: $d, metric: $metric) @include(if: $withD) { ...BandAnswer }
    e: curveBands(where: $e, metric: $metric) @include(if: $withE) { ...BandAnswer }
    f: curveBands(where: $f, metric: $metric) @include(if: $withF) { ...BandAnswer }
  }
`,
  [BandAnswer],
);
type Answer = ResultOf<typeof BandAnswer>;
type Band = Answer['bands'][number];

/** One band for each selection, over all its finished runs that did not diverge, step by step. */
export function OverlaidBands({
  id,
  title,
  metric,
  selections,
  view: asked,
  set,
  kind,
}: OverlayProps & { kind: Exclude<Kind, 'curves'> }) {
  // Bands are over steps or epochs; samples and seconds of different runs are not one axis.
  const view = useMemo<CurveViewState>(
    () => ({ ...asked, over: asked.over === 'epoch' ? 'epoch' : 'step' }),
    [asked],
  );
  const [{ data, error, fetching }, again] = useLiveQuery({
    query: OverlaidBandsQuery,
    variables: { metric, ...six(selections) },
  });
  const answers = useLast(useMemo(() => data && answersOf<Answer>(data), [data]));
  const bands = useMemo(
    () => (answers ?? []).flatMap(({ bands }, i) => (bands[0] ? [{ band: bands[0], i }] : [])),
    [answers],
  );
  const curves = useMemo(
    () => bands.map(({ band, i }) => curveOf(band, selections[i]?.name ?? '', i, kind, view)),
    [bands, selections, kind, view],
  );
  const whole = useMemo<Range | undefined>(() => {
    const all = curves.flatMap(({ x }) => (x.length > 0 ? [x[0]!, x[x.length - 1]!] : []));
    return all.length > 0 ? [Math.min(...all), Math.max(...all)] : undefined;
  }, [curves]);
  if (error && !answers) return <Failed message={error.message} again={again} />;
  if (!answers) return <Loading what="the bands" />;
  const shown = bands.reduce((sum, { band }) => sum + band.steps.length, 0);
  const empty = selections.filter((_, i) => !bands.some((one) => one.i === i)).map(({ name }) => name);
  return (
    <>
      {error ? <Failed message={error.message} again={again} /> : null}
      <CurveControls
        view={view}
        set={set}
        whole={whole}
        axes={
          bands.every(({ band }) => band.epochs.every((one) => one !== null)) ? ['step', 'epoch'] : ['step']
        }
      />
      <MetricChart
        id={id}
        title={title}
        metric={metric}
        curves={curves}
        points={{ shown, of: shown }}
        view={view}
        set={set}
        busy={fetching}
        note={`; computed from all ${count(answers.reduce((sum, { of }) => sum + Number(of), 0))} points of ${bands.map(({ band, i }) => `${count(band.runs)} ${band.runs === 1 ? 'run' : 'runs'} of ${selections[i]?.name}`).join(', ') || 'no run'}${empty.length > 0 ? `; no finished run with this metric: ${empty.join(', ')}` : ''}`}
        table={
          <BandTable title={title} metric={metric} bands={bands} names={selections.map(({ name }) => name)} />
        }
      />
    </>
  );
}

const asNumber = (value: number | null): number => value ?? Number.NaN;

function curveOf(
  band: Band,
  name: string,
  style: number,
  kind: Exclude<Kind, 'curves'>,
  { over, smooth }: CurveViewState,
): DrawnCurve {
  const quantile = (q: number): readonly number[] =>
    band.quantiles.find((one) => one.q === q)?.values ?? band.mean;
  const { mean, sd } = band;
  const [middle, low, high] =
    kind === 'quartiles'
      ? [quantile(0.5), quantile(0.25), quantile(0.75)]
      : kind === 'range'
        ? [mean, band.min, band.max]
        : [mean, mean.map((one, i) => one - asNumber(sd[i]!)), mean.map((one, i) => one + asNumber(sd[i]!))];
  return {
    name: `${name} (${count(band.runs)} ${band.runs === 1 ? 'run' : 'runs'})`,
    x: over === 'epoch' ? band.epochs.map(asNumber) : band.steps.map(Number),
    y: smooth > 0 ? smoothed(middle, smooth) : middle,
    ...(smooth > 0 ? { raw: middle } : {}),
    band: { low, high },
    style,
  };
}

function BandTable({
  title,
  metric,
  bands,
  names,
}: {
  title: string;
  metric: string;
  bands: readonly { readonly band: Band; readonly i: number }[];
  names: readonly string[];
}) {
  const format = formatOf(metric);
  return (
    <div className="scroll" style={{ maxHeight: 360, overflowY: 'auto' }}>
      <Table striped stickyHeader aria-label={title} className="number nowrap">
        <Table.Thead>
          <Table.Tr>
            {['of', 'step', 'mean ± sd', 'n', 'least', 'greatest'].map((name) => (
              <Table.Th key={name}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {bands.flatMap(({ band, i }) =>
            band.steps.map((step, k) => (
              <Table.Tr key={`${i} ${step}`}>
                <Table.Td>{names[i]}</Table.Td>
                <Table.Td>{count(Number(step))}</Table.Td>
                <Table.Td data-mean={band.mean[k]}>
                  {format(band.mean[k]!)}
                  {band.sd[k] === null ? '' : ` ± ${format(band.sd[k]!)}`}
                </Table.Td>
                <Table.Td>{band.n[k]}</Table.Td>
                <Table.Td>{format(band.min[k]!)}</Table.Td>
                <Table.Td>{format(band.max[k]!)}</Table.Td>
              </Table.Tr>
            )),
          )}
        </Table.Tbody>
      </Table>
    </div>
  );
}
