'use client';

import { ALL_AXES, type Dimension, nameOf } from '../axis/axis';
import { FilterControl } from '../filter/control';
import { Choice, Choices, dimensionOptions } from '../question/controls';
import { BANDS, bestOf, CHARTS, COSTS, isCostValue, type Question, VALUES } from '../question/question';
import { graphql, type ResultOf } from '../shell/client';

/** What the sentence can name. */
export const SentenceWords = graphql(`
  query SentenceWords {
    metrics { name goal }
  }
`);
type Words = ResultOf<typeof SentenceWords>;

const options = <T extends string>(of: Readonly<Record<T, string>>) =>
  (Object.entries(of) as [T, string][]).map(([value, name]) => ({ value, name }));
const spaced = (name: string): string => name.replaceAll('_', ' ');

/** The question as a sentence; its parts are the controls. */
export function Sentence({
  question,
  words,
  onChange,
}: {
  question: Question;
  words: Words | undefined;
  onChange: (change: Partial<Question>) => void;
}) {
  const { chart, metric, value, x, y, series, rows, columns, best, seeds, band, cost, where } = question;
  const metrics = (words?.metrics ?? []).map(({ name }) => ({ value: name, name: spaced(name) }));
  const dimensions = dimensionOptions(
    [],
    [x, y, ...series, ...[rows, columns].filter((one) => one !== 'NONE')],
  );
  const facets: { value: Dimension | 'NONE'; name: string }[] = [
    { value: 'NONE', name: 'nothing' },
    ...dimensions,
  ];
  const chosen = bestOf(question);
  const grouped = chart === 'lines' || chart === 'heat' || chart === 'seeds';
  return (
    <p className="sentence">
      Show{' '}
      <Choice
        label="Chart"
        value={chart}
        options={options(CHARTS)}
        onChange={(chart) => onChange({ chart })}
      />{' '}
      of{' '}
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
      {grouped ? (
        <>
          , against <Choice label="X axis" value={x} options={dimensions} onChange={(x) => onChange({ x })} />
          {chart === 'heat' ? (
            <>
              {' '}
              and <Choice label="Y axis" value={y} options={dimensions} onChange={(y) => onChange({ y })} />
            </>
          ) : null}
        </>
      ) : null}
      {chart === 'pareto' ? (
        <>
          {' '}
          against{' '}
          <Choice
            label="Cost"
            value={cost}
            options={options(COSTS)}
            onChange={(cost) => onChange({ cost })}
          />
        </>
      ) : null}
      {chart === 'importance' || chart === 'parallel' ? null : (
        <>
          ,{' '}
          <Choices
            label="Best over"
            values={best}
            options={ALL_AXES.map((value) => ({ value, name: nameOf(value) }))}
            words={
              chosen.length > 0 ? `best over ${chosen.map(nameOf).join(' and ')}` : 'all settings averaged'
            }
            onChange={(best) => onChange({ best })}
          />
        </>
      )}
      {chart === 'lines' || chart === 'seeds' || chart === 'pareto' ? (
        <>
          , one {chart === 'lines' ? 'line' : 'colour'} per{' '}
          <Choices
            label="Series"
            values={series}
            options={dimensions}
            words={series.length > 0 ? series.map(nameOf).join(' and ') : 'nothing'}
            onChange={(series) => onChange({ series })}
          />
        </>
      ) : null}
      {grouped ? (
        <>
          , panels by{' '}
          <Choice
            label="Columns of panels"
            value={columns}
            options={facets}
            onChange={(columns) => onChange({ columns })}
          />{' '}
          across and{' '}
          <Choice
            label="Rows of panels"
            value={rows}
            options={facets}
            onChange={(rows) => onChange({ rows })}
          />{' '}
          down
        </>
      ) : null}
      , for <FilterControl label="Runs" value={where} onChange={(where) => onChange({ where })} />
      {chart === 'lines' ? (
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
          <Choice
            label="Band"
            value={band}
            options={options(BANDS)}
            onChange={(band) => onChange({ band })}
          />
        </>
      ) : null}
      .
    </p>
  );
}
