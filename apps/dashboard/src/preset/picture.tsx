'use client';

import { useChartTheme } from '../chart/theme';
import { rate as rateWords } from '../shell/format';
import type { Dot } from './preset-cells';

/** Cells as dots: m across, η̃ down, round with batch norm and square without; those that are reused are hollow. */
export function Picture({ label, dots, size = 120 }: { label: string; dots: readonly Dot[]; size?: number }) {
  const { colours, ink } = useChartTheme();
  const [with_, without] = [colours[0]!, colours[1]!];
  const sizes = sorted(dots.map(({ m }) => m));
  const rates = sorted(dots.map(({ rate }) => rate)).reverse();
  const both = dots.some(({ batchNorm }) => batchNorm) && dots.some(({ batchNorm }) => !batchNorm);
  const step = Math.min(14, Math.max(5, size / Math.max(sizes.length, rates.length, 1)));
  const [width, height] = [sizes.length * step, rates.length * step];
  const r = step * (both ? 0.22 : 0.34);
  const placed = new Map(
    dots.map((dot) => [`${dot.m} ${dot.rate} ${dot.batchNorm} ${dot.reused ?? false}`, dot]),
  );
  const ends = (values: readonly (number | null)[]): string =>
    values.length === 0 || values[0] === null
      ? 'drawn'
      : values.length === 1
        ? rateWords(values[0]!)
        : `${rateWords(values[0]!)} … ${rateWords(values.at(-1)!)}`;
  return (
    <figure className="picture">
      <svg
        role="img"
        aria-label={label}
        width={width + 2}
        height={height + 2}
        viewBox={`0 0 ${width + 2} ${height + 2}`}
        data-dots={placed.size}
      >
        {[...placed].map(([id, { m, rate, batchNorm, reused }]) => {
          const x = 1 + (sizes.indexOf(m) + 0.5) * step + (both ? (batchNorm ? r : -r) * 1.1 : 0);
          const y = 1 + (rates.indexOf(rate) + 0.5) * step;
          const colour = batchNorm ? with_ : without;
          const paint = { fill: reused ? 'none' : colour, stroke: reused ? colour : 'none' };
          return batchNorm ? (
            <circle key={id} cx={x} cy={y} r={r} {...paint} />
          ) : (
            <rect key={id} x={x - r} y={y - r} width={2 * r} height={2 * r} {...paint} />
          );
        })}
      </svg>
      <figcaption style={{ color: ink }}>
        m {ends(sizes)}, η̃ {ends([...rates].reverse())}
        {both ? '; ● with, ■ without batch norm' : ''}
        {dots.some(({ reused }) => reused) ? '; hollow: reused' : ''}
      </figcaption>
    </figure>
  );
}

const sorted = (values: readonly (number | null)[]): (number | null)[] =>
  [...new Set(values)].sort((a, b) => (a ?? -1) - (b ?? -1));
