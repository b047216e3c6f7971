'use client';

import { Drawing, widthOf } from './drawing';
import { useChartTheme } from './theme';

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Half of the whisker. */
  readonly spread: number;
  /** What stands behind the bar. */
  readonly text: string;
  /** All that is known of it. */
  readonly label: string;
  readonly href: string;
}

const ROW = 34;

/** Bars from zero to the right, each a link. */
export function Bars({
  label,
  axisName,
  bars,
  format,
  onBar,
}: {
  label: string;
  axisName: string;
  bars: readonly Bar[];
  format: (value: number) => string;
  onBar: (href: string) => void;
}) {
  const theme = useChartTheme();
  const colour = theme.colours[0]!;
  return (
    <Drawing
      label={label}
      draw={(width) => {
        const left = Math.min(width * 0.4, Math.max(...bars.map(({ name }) => widthOf(name))) + 12);
        const right = width - Math.max(...bars.map(({ text }) => widthOf(text))) - 16;
        const most = Math.max(1, ...bars.map(({ value, spread }) => value + spread));
        const at = (value: number): number => left + (Math.max(0, value) / most) * (right - left);
        const bottom = bars.length * ROW + 4;
        return {
          height: bottom + 44,
          marks: (
            <>
              {[0, 0.25, 0.5, 0.75, 1].map((tick) => (
                <g key={tick}>
                  <line x1={at(tick)} x2={at(tick)} y1={0} y2={bottom} stroke={theme.grid} />
                  <text x={at(tick)} y={bottom + 16} textAnchor="middle" fill={theme.ink}>
                    {format(tick)}
                  </text>
                </g>
              ))}
              <text x={(left + right) / 2} y={bottom + 36} textAnchor="middle" fill={theme.ink}>
                {axisName}
              </text>
              {bars.map((bar, i) => {
                const y = i * ROW + ROW / 2;
                return (
                  <a
                    key={bar.name}
                    href={bar.href}
                    aria-label={bar.label}
                    data-bar={bar.value}
                    onClick={(event) => {
                      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
                      event.preventDefault();
                      onBar(bar.href);
                    }}
                  >
                    <title>{bar.label}</title>
                    <rect x={0} y={i * ROW + 2} width={width} height={ROW - 4} fill="transparent" />
                    <text x={left - 8} y={y + 4} textAnchor="end" fill={theme.ink} textDecoration="underline">
                      {`${bar.name} `}
                    </text>
                    <rect
                      x={left}
                      y={y - 10}
                      width={Math.max(1, at(bar.value) - left)}
                      height={20}
                      fill={colour}
                    />
                    <path
                      d={`M${at(bar.value - bar.spread)} ${y}H${at(bar.value + bar.spread)}`}
                      stroke={theme.ink}
                      strokeWidth={2}
                    />
                    <text x={at(bar.value + bar.spread) + 8} y={y + 4} fill={theme.ink}>
                      {bar.text}
                    </text>
                  </a>
                );
              })}
            </>
          ),
        };
      }}
    />
  );
}
