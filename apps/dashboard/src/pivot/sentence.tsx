'use client';

import { type Axis, nameOf } from '../axis/axis';
import { WhichRuns } from '../filter/whose';
import { AXIS_OPTIONS, Choice, Choices } from '../question/controls';
import { isCostValue, VALUES } from '../question/question';
import { bestOf, MARKS, type PivotQuestion } from './pivot-question';

const options = <T extends string>(of: Readonly<Record<T, string>>) =>
  (Object.entries(of) as [T, string][]).map(([value, name]) => ({ value, name }));
const words = (axes: readonly Axis[]): string => axes.map(nameOf).join(' and ');

/** The table's question as a sentence; its parts are the controls. */
export function Sentence({
  question,
  metrics,
  onChange,
}: {
  question: PivotQuestion;
  metrics: readonly string[];
  onChange: (change: Partial<PivotQuestion>) => void;
}) {
  const { rows, columns, best, metric, value, where, mark } = question;
  const chosen = bestOf(question);
  const first = { row: 1, column: 1 };
  return (
    <p className="sentence">
      Show{' '}
      {isCostValue(value) ? null : (
        <>
          <Choice
            label="Metric"
            value={metric}
            options={metrics.map((value) => ({ value, name: value.replaceAll('_', ' ') }))}
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
      , with{' '}
      <Choices
        label="Rows"
        values={rows}
        options={AXIS_OPTIONS.filter((one) => !columns.includes(one.value))}
        words={words(rows) || 'nothing'}
        onChange={(rows) => onChange({ rows, ...first })}
      />{' '}
      down and{' '}
      <Choices
        label="Columns"
        values={columns}
        options={AXIS_OPTIONS.filter((one) => !rows.includes(one.value))}
        words={words(columns) || 'nothing'}
        onChange={(columns) => onChange({ columns, ...first })}
      />{' '}
      across,{' '}
      <Choices
        label="Best over"
        values={best}
        options={AXIS_OPTIONS}
        words={chosen.length > 0 ? `best over ${words(chosen)}` : 'all settings averaged'}
        onChange={(best) => onChange({ best })}
      />
      , for <WhichRuns value={where} onChange={(where) => onChange({ where, ...first })} />, the best marked{' '}
      <Choice
        label="Marked best"
        value={mark}
        options={options(MARKS)}
        onChange={(mark) => onChange({ mark })}
      />
      .
    </p>
  );
}
