'use client';

import { type Dimension, nameOf } from '../axis/axis';
import { WhichRuns } from '../filter/whose';
import { Amount, Choice, Choices, dimensionOptions, SETTING_AXIS_OPTIONS } from '../question/controls';
import { BANDS, bestOf, CHARTS, COSTS, isCostValue, type Question, VALUES } from '../question/question';
import { graphql, useQuery } from '../shell/client';
import { isAccuracy } from '../shell/format';
import { SeedsPart } from './seeds-part';

/** What the sentence can name: the team's metrics, and free parameters in which its settings differ. */
const SentenceWords = graphql(`
  query SentenceWords {
    metrics { name goal }
    aggregate(by: []) { groups { varyingParams } }
  }
`);

const options = <T extends string>(of: Readonly<Record<T, string>>) =>
  (Object.entries(of) as [T, string][]).map(([value, name]) => ({ value, name }));
const spaced = (name: string): string => name.replaceAll('_', ' ');

interface Part {
  readonly question: Question;
  readonly dimensions: readonly { readonly value: Dimension; readonly name: string }[];
  readonly onChange: (change: Partial<Question>) => void;
}

/** The question as a sentence; its parts are the controls, and only those that say something of this chart are there. */
export function Sentence({
  question,
  onChange,
}: {
  question: Question;
  onChange: (change: Partial<Question>) => void;
}) {
  const [{ data: words }] = useQuery({ query: SentenceWords, variables: {} });
  const { chart, metric, value, x, y, series, rows, columns, cost, where } = question;
  const metrics = (words?.metrics ?? []).map(({ name }) => ({ value: name, name: spaced(name) }));
  const dimensions = dimensionOptions(words?.aggregate.groups[0]?.varyingParams ?? [], [
    x,
    y,
    ...series,
    ...[rows, columns].filter((one) => one !== 'NONE'),
  ]);
  const part: Part = { question, dimensions, onChange };
  const lines = chart === 'lines' || chart === 'seeds';
  return (
    <p className="sentence">
      Show{' '}
      <Choice
        label="Chart"
        value={chart}
        options={options(CHARTS)}
        onChange={(chart) => onChange({ chart })}
      />{' '}
      {chart === 'importance' ? 'to' : 'of'}{' '}
      {isCostValue(value) ? null : (
        <>
          <Choice
            label="Metric"
            value={metric}
            options={metrics}
            onChange={(metric) => onChange({ metric })}
          />
          ,{' '}
        </>
      )}
      <Choice
        label="Value of a run"
        value={value}
        options={options(VALUES)}
        onChange={(value) => onChange({ value })}
      />
      {lines || chart === 'heat' ? (
        <>
          , against <Choice label="X axis" value={x} options={dimensions} onChange={(x) => onChange({ x })} />
        </>
      ) : null}
      {chart === 'heat' ? (
        <>
          {' '}
          and <Choice label="Y axis" value={y} options={dimensions} onChange={(y) => onChange({ y })} />
        </>
      ) : null}
      {chart === 'pareto' ? (
        <>
          , against{' '}
          <Choice
            label="Cost"
            value={cost}
            options={options(COSTS)}
            onChange={(cost) => onChange({ cost })}
          />
        </>
      ) : null}
      {chart === 'importance' || chart === 'parallel' ? null : <BestPart {...part} />}
      {lines || chart === 'pareto' ? <SeriesPart {...part} /> : null}
      {lines || chart === 'heat' ? <PanelsPart {...part} /> : null}, for{' '}
      <WhichRuns value={where} onChange={(where) => onChange({ where })} />
      {chart === 'lines' ? <BandPart {...part} /> : null}
      {chart === 'heat' ? <NearPart {...part} /> : null}
      {chart === 'pareto' ? <WithinPart {...part} /> : null}.
    </p>
  );
}

function BestPart({ question, onChange }: Part) {
  const chosen = bestOf(question);
  return (
    <>
      ,{' '}
      <Choices
        label="Best over"
        values={question.best}
        options={SETTING_AXIS_OPTIONS}
        words={chosen.length > 0 ? `best over ${chosen.map(nameOf).join(' and ')}` : 'all settings averaged'}
        onChange={(best) => onChange({ best })}
      />
      {chosen.length > 0 ? (
        <>
          {' '}
          chosen on <SeedsPart select={question.select} onChange={(select) => onChange({ select })} />
        </>
      ) : null}
    </>
  );
}

function SeriesPart({ question: { chart, series }, dimensions, onChange }: Part) {
  const each = chart === 'lines' ? 'one line per' : 'one colour per';
  const alone = chart === 'pareto' ? 'chart' : 'panel';
  return (
    <>
      , {each}{' '}
      <Choices
        label="Series"
        values={series}
        options={dimensions}
        words={series.length > 0 ? series.map(nameOf).join(' and ') : alone}
        onChange={(series) => onChange({ series })}
      />
    </>
  );
}

function PanelsPart({ question: { rows, columns }, dimensions, onChange }: Part) {
  const facets: { value: Dimension | 'NONE'; name: string }[] = [
    { value: 'NONE', name: 'nothing' },
    ...dimensions,
  ];
  return (
    <>
      , panels by{' '}
      <Choice
        label="Columns of panels"
        value={columns}
        options={facets}
        onChange={(columns) => onChange({ columns })}
      />{' '}
      across and{' '}
      <Choice label="Rows of panels" value={rows} options={facets} onChange={(rows) => onChange({ rows })} />{' '}
      down
    </>
  );
}

function BandPart({ question: { seeds, band }, onChange }: Part) {
  return (
    <>
      , seeds{' '}
      <Choice
        label="Seeds"
        value={seeds}
        options={[
          { value: 'averaged', name: 'averaged' },
          { value: 'shown', name: 'averaged and shown one by one' },
        ]}
        onChange={(seeds) => onChange({ seeds })}
      />
      , band:{' '}
      <Choice label="Band" value={band} options={options(BANDS)} onChange={(band) => onChange({ band })} />
    </>
  );
}

function NearPart({ question: { near, metric, value }, onChange }: Part) {
  // Accuracies are said in percent, and their differences in points.
  const [scale, unit] = !isCostValue(value) && isAccuracy(metric) ? [100, 'points '] : [1, ''];
  return (
    <>
      , outlining what is reliable and what is within{' '}
      <Amount
        label="Distance of the best"
        value={near === null ? null : Number((near * scale).toPrecision(12))}
        unit={unit}
        none="no distance"
        onChange={(near) => onChange({ near: near === null ? null : near / scale })}
      />{' '}
      of the best
    </>
  );
}

const UNITS: Readonly<Record<Question['cost'], string>> = {
  GPU_SECONDS: 'seconds',
  SAMPLES: 'samples',
  STEPS: 'steps',
  STEPS_TO_GOAL: 'steps',
};

function WithinPart({ question: { within, cost }, onChange }: Part) {
  return (
    <>
      , naming the best within{' '}
      <Amount
        label="Most cost"
        value={within}
        unit={UNITS[cost]}
        none="any cost"
        onChange={(within) => onChange({ within })}
      />
    </>
  );
}
