'use client';

import { Alert } from '@mantine/core';
import { useRouter } from 'next/navigation';
import { useMemo } from 'react';
import { type Dimension, formatValue, nameOf } from '../axis/axis';
import { HeatMap } from '../chart/heat-map';
import { isEverything } from '../filter/filter';
import { Asked } from '../question/asked';
import { bestOf, facetsOf, type Question } from '../question/question';
import { useLast, useLiveQuery } from '../shell/activity';
import { Failed, HowToBegin, Loading } from '../shell/state';
import { Counts } from './counts';
import { cellsOf, type Grid, gridOf, rangeOfMeans } from './heat';
import type { KindProps } from './kind';
import { PanelFrame } from './panel-frame';
import {
  type Answer,
  differenceOf,
  formatOf,
  type Panel,
  panelsOf,
  quantityOf,
  Statistics,
  variablesOf,
} from './statistics';

/** Two axes as a grid of cells, one panel per value of the facets: where it is good, where it is reliable, what is missing. */
export function HeatKind({ question }: KindProps) {
  const variables = variablesOf(question, [...facetsOf(question), question.x, question.y]);
  const same = question.x === question.y;
  const [{ data, error, fetching }, again] = useLiveQuery({ query: Statistics, variables, pause: same });
  const shown = useLast(useMemo(() => data && { question, answer: data.aggregate }, [data, question]));
  if (same)
    return (
      <Alert color="yellow" my="md" title="Both axes are the same">
        A heat map has two different axes: choose another than {nameOf(question.x)} for one of them.
      </Alert>
    );
  if (error) return <Failed message={error.message} again={again} />;
  if (!shown) return <Loading what="the runs" />;
  return (
    <div aria-busy={fetching}>
      <Panels {...shown} />
      <Asked query={Statistics} variables={variables} />
    </div>
  );
}

function Panels({ question, answer }: { question: Question; answer: Answer }) {
  const { where } = question;
  const { runs, groups, goal } = answer;
  const panels = useMemo(() => panelsOf(groups, facetsOf(question), where), [groups, question, where]);
  const grid = useMemo(() => gridOf(groups, question), [groups, question]);
  const range = useMemo(() => rangeOfMeans(groups), [groups]);
  if (runs === 0) return <HowToBegin filtered={!isEverything(where)} />;
  return (
    <>
      <Counts runs={runs} groups={groups} where={where} best={bestOf(question)} />
      <div className="panels">
        {panels.map((panel) => (
          <HeatPanel key={panel.id} panel={panel} grid={grid} range={range} goal={goal} question={question} />
        ))}
      </div>
    </>
  );
}

function HeatPanel({
  panel,
  grid,
  range,
  goal,
  question,
}: {
  panel: Panel;
  grid: Grid;
  range: readonly [number, number] | undefined;
  goal: Answer['goal'];
  question: Question;
}) {
  const router = useRouter();
  const { x, y, near } = question;
  const cells = useMemo(() => cellsOf(panel, grid, goal, question), [panel, grid, goal, question]);
  const dimensions: Dimension[] = [x, y];
  const title = `${quantityOf(question)} by ${nameOf(x)} and ${nameOf(y)}${panel.name ? `: ${panel.name}` : ''}`;
  const missing = cells.filter(({ state }) => state === 'missing').length;
  return (
    <PanelFrame panel={panel} title={title} dimensions={dimensions} question={question}>
      <HeatMap
        label={`${title}. ${cells.length} cells, ${missing} without any run; the table has the same numbers.`}
        xName={nameOf(x)}
        yName={nameOf(y)}
        columns={grid.columns.map((value) => placeOf(x, value))}
        rows={grid.rows.map((value) => placeOf(y, value))}
        cells={cells}
        range={range}
        format={formatOf(question)}
        words={{
          diverged: bestOf(question).length > 0 ? 'every setting has a diverged seed' : 'all diverged',
          reliable: 'reliable: all have ended, none diverged or failed',
          near: near === null ? '' : `within ${differenceOf(question)(near)} of the best`,
        }}
        onCell={(href) => router.push(href)}
      />
    </PanelFrame>
  );
}

const placeOf = (dimension: Dimension, value: unknown) => ({
  id: JSON.stringify(value),
  name: formatValue(dimension, value),
});
