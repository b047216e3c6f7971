'use client';

import { type Axis, nameOf } from '../axis/axis';
import { FilterControl } from '../filter/control';
import { AXIS_OPTIONS, Choice, Choices } from '../question/controls';
import { isCostValue, VALUES } from '../question/question';
import { type CompareQuestion, FIRST, SETTING_AXES } from './compare-question';
import { type Offered, offerings, SideControl } from './side';

const SETTING_OPTIONS = AXIS_OPTIONS.filter(({ value }) => (SETTING_AXES as readonly Axis[]).includes(value));
const words = (axes: readonly Axis[]): string => axes.map(nameOf).join(' and ');

/** What is compared, as a sentence; its parts are the controls. */
export function Sentence({
  question,
  offered,
  onChange,
}: {
  question: CompareQuestion;
  offered: Offered;
  onChange: (change: Partial<CompareQuestion>) => void;
}) {
  const { a, b, within, ignoring, best, metric, value } = question;
  const all = offerings(offered);
  const change = (change: Partial<CompareQuestion>) => onChange({ ...change, ...FIRST });
  return (
    <p className="sentence">
      Is <SideControl label="A" value={a} offered={all} onChange={(a) => change({ a })} /> better than{' '}
      <SideControl label="B" value={b} offered={all} onChange={(b) => change({ b })} />, within{' '}
      <FilterControl label="Within" value={within} onChange={(within) => change({ within })} />, by{' '}
      {isCostValue(value) ? null : (
        <>
          <Choice
            label="Metric"
            value={metric}
            options={offered.metrics.map(({ name }) => ({ value: name, name: name.replaceAll('_', ' ') }))}
            onChange={(metric) => change({ metric })}
          />
          ,{' '}
        </>
      )}
      <Choice
        label="Value of a run"
        value={value}
        options={(Object.keys(VALUES) as (keyof typeof VALUES)[]).map((value) => ({
          value,
          name: VALUES[value],
        }))}
        onChange={(value) => change({ value })}
      />
      ,{' '}
      <Choices
        label="Best over"
        values={best}
        options={SETTING_OPTIONS}
        words={best.length > 0 ? `each side at its best over ${words(best)}` : 'setting by setting'}
        onChange={(best) => change({ best })}
      />
      , matched by all axes{' '}
      <Choices
        label="Ignoring"
        values={ignoring}
        options={SETTING_OPTIONS}
        words={ignoring.length > 0 ? `but ${words(ignoring)}` : 'that differ'}
        onChange={(ignoring) => change({ ignoring })}
      />
      ?
    </p>
  );
}
