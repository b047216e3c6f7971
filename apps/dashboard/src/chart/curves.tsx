'use client';

import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { useChartTheme } from './theme';

export interface CurveData {
  readonly name: string;
  readonly steps: readonly number[];
  readonly values: readonly (number | null)[];
}

/** Live curves over the step. */
export function CurveChart({
  title,
  curves,
  format,
}: {
  title: string;
  curves: readonly CurveData[];
  format: (value: number) => string;
}) {
  const theme = useChartTheme();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const target = place.current;
    if (!target) return;
    const { colours, ink, grid } = theme;
    const steps = [...new Set(curves.flatMap((curve) => curve.steps))].sort((a, b) => a - b);
    const data: uPlot.AlignedData = [
      steps,
      ...curves.map((curve) => {
        const at = new Map(curve.steps.map((step, i) => [step, curve.values[i] ?? null]));
        return steps.map((step) => at.get(step) ?? null);
      }),
    ];
    const axis = {
      stroke: ink,
      grid: { stroke: grid, width: 1 },
      ticks: { stroke: ink, width: 1 },
    };
    const plot = new uPlot(
      {
        width: target.clientWidth,
        height: 240,
        scales: { x: { time: false } },
        axes: [
          { ...axis, label: 'step' },
          { ...axis, size: 64, values: (_plot, values) => values.map((value) => format(value)) },
        ],
        series: [
          { label: 'step' },
          ...curves.map(({ name }, i) => ({
            label: name,
            stroke: colours[i % colours.length]!,
            width: 2,
            ...(i % 2 ? { dash: [8, 4] } : {}),
            spanGaps: true,
            points: { show: steps.length < 60 },
            value: (_plot: uPlot, value: number | null) => (value === null ? '–' : format(value)),
          })),
        ],
      },
      data,
      target,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: target.clientWidth, height: 240 }));
    observer.observe(target);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [curves, theme, format]);
  return <div ref={place} role="img" aria-label={`${title}: ${curves.map(({ name }) => name).join(', ')}`} />;
}
