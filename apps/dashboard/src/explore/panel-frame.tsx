'use client';

import type { ReactNode } from 'react';
import type { Dimension } from '../axis/axis';
import { ChartFrame } from '../chart/frame';
import type { Question } from '../question/question';
import { fileOf, type Panel, variablesOf } from './statistics';
import { StatisticsTable } from './statistics-table';

/** The frame of one panel's chart: its groups as a table, and as files of /export. */
export function PanelFrame({
  panel,
  title,
  dimensions,
  question,
  children,
}: {
  panel: Panel;
  title: string;
  dimensions: readonly Dimension[];
  question: Question;
  children: ReactNode;
}) {
  const variables = variablesOf(question, dimensions);
  return (
    <ChartFrame
      id={panel.id}
      title={title}
      table={
        <StatisticsTable
          label={title}
          groups={panel.groups}
          dimensions={dimensions}
          question={question}
          where={panel.where}
        />
      }
      files={{
        csv: fileOf('csv', variables, panel.where),
        latex: fileOf('tex', variables, panel.where),
        markdown: fileOf('md', variables, panel.where),
      }}
    >
      {children}
    </ChartFrame>
  );
}
