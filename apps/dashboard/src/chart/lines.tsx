'use client';

import { type KeyboardEvent, type ReactNode, useId, useState } from 'react';
import { Drawing } from './drawing';
import { type Frame, frameOf } from './lines-frame';
import { Axes, Band, Legend, SymbolMark } from './lines-marks';
import { seriesStyle, useChartTheme } from './theme';

export interface LinePoint {
  /** Its place on the x axis: a number, or of names the place in `xNames`. */
  readonly x: number;
  readonly y: number;
  readonly low: number | null;
  readonly high: number | null;
  /** All that is known of it, as text. */
  readonly label: string;
}
export interface Line {
  readonly name: string;
  /** Which colour, dash and symbol; its place among the lines unless said. */
  readonly style?: number;
  readonly points: readonly LinePoint[];
  /** Values of single runs beside it, of the same colour. */
  readonly dots?: readonly { readonly x: number; readonly y: number; readonly label: string }[];
}

export interface LinesProps {
  readonly label: string;
  readonly xName: string;
  readonly yName: string;
  readonly lines: readonly Line[];
  readonly formatX: (x: number) => string;
  readonly formatY: (y: number) => string;
  readonly scale: 'log2' | 'linear' | 'names';
  /** Of `names`. */
  readonly xNames?: readonly string[];
  /** All panels of one question have the same y axis, or they could not be compared. */
  readonly yRange?: readonly [min: number, max: number, step?: number] | undefined;
  /** Least and greatest x of all panels; those of the lines unless said. */
  readonly xRange?: readonly [number, number] | undefined;
  readonly height?: number;
  readonly onPoint?: (line: number, point: number) => void;
}

/** What the pointer or the focus is at, and where on the screen. */
interface Pointed {
  readonly words: string;
  readonly left: number;
  readonly top: number;
}

/** Lines with error bands. The arrow keys go from point to point and from line to line, Enter to a point's runs. */
export function Lines(props: LinesProps) {
  const { label, lines, onPoint, height = 340 } = props;
  const theme = useChartTheme();
  const clip = `clip-${useId()}`;
  const [hidden, setHidden] = useState<readonly string[]>([]);
  const [pointed, setPointed] = useState<Pointed>();
  const [entry, setEntry] = useState<readonly [line: number, point: number]>([0, 0]);
  const shown = lines
    .map((line, i) => ({ ...line, i, ...seriesStyle(theme, line.style ?? i) }))
    .filter(({ name }) => !hidden.includes(name));
  const enter = shown.some(({ i }) => i === entry[0]) ? entry : [shown[0]?.i ?? 0, 0];

  const pointing = (words: string) => {
    const point = ({ currentTarget }: { currentTarget: Element }): void => {
      const { left, bottom, width } = currentTarget.getBoundingClientRect();
      setPointed({ words, left: left + width / 2, top: bottom + 6 });
    };
    const leave = (): void => setPointed(undefined);
    return { onMouseEnter: point, onMouseLeave: leave, onFocus: point, onBlur: leave };
  };
  const move = (event: KeyboardEvent<Element>, line: number, point: number): void => {
    const at = shown.findIndex(({ i }) => i === line);
    const [over, along] = WAYS[event.key] ?? [];
    if (over === undefined || along === undefined) return;
    event.preventDefault();
    const next = shown[at + over];
    const to = next?.points[Math.min(point + along, next.points.length - 1)];
    if (!next || !to) return;
    const place = next.points.indexOf(to);
    setEntry([next.i, place]);
    event.currentTarget
      .closest('svg')!
      .querySelector<SVGGElement>(`[data-line="${next.i}"][data-point="${place}"]`)
      ?.focus();
  };

  const draw = (width: number): { height: number; marks: ReactNode } => {
    const frame: Frame = frameOf(props, { width, height });
    const { x, y, left, top, right, bottom } = frame;
    const marks = (
      <>
        <clipPath id={clip}>
          <rect x={left} y={top - 1} width={right - left} height={bottom - top + 2} />
        </clipPath>
        <Axes frame={frame} xName={props.xName} yName={props.yName} theme={theme} />
        <g clipPath={`url(#${clip})`} pointerEvents="none">
          {shown.map(({ i, points, colour }) => (
            <Band key={i} points={points} frame={frame} colour={colour} />
          ))}
          {shown.map(({ i, points, colour, dash }) => (
            <path
              key={i}
              data-drawn={points.length}
              d={points.map((point, n) => `${n ? 'L' : 'M'}${x(point.x)} ${y(point.y)}`).join('')}
              fill="none"
              stroke={colour}
              strokeWidth={2.5}
              strokeLinejoin="round"
              strokeDasharray={DASH[dash]}
            />
          ))}
        </g>
        {shown.map(({ i, dots = [], colour }) =>
          dots.map((dot) => (
            <circle
              key={`${i} ${dot.label} ${dot.y}`}
              data-dot=""
              cx={x(dot.x)}
              cy={y(dot.y)}
              r={2.5}
              fill={theme.ground}
              stroke={colour}
              {...pointing(dot.label)}
            />
          )),
        )}
        {shown.map(({ i, points, colour, symbol }) =>
          points.map((point, n) => (
            // biome-ignore lint/a11y/useSemanticElements: no other element is a link inside a drawing without an address
            <g
              key={`${i} ${point.x}`}
              role="link"
              aria-label={point.label}
              tabIndex={i === enter[0] && n === enter[1] ? 0 : -1}
              className="pointable"
              data-line={i}
              data-point={n}
              transform={`translate(${x(point.x)} ${y(point.y)})`}
              onClick={() => onPoint?.(i, n)}
              onKeyDown={(event) => (event.key === 'Enter' ? onPoint?.(i, n) : move(event, i, n))}
              {...pointing(point.label)}
            >
              <circle r={11} fill="transparent" />
              <SymbolMark symbol={symbol} colour={colour} ground={theme.ground} />
            </g>
          )),
        )}
        {lines.length > 1 ? (
          <Legend
            items={frame.legend}
            styleOf={(i) => seriesStyle(theme, lines[i]!.style ?? i)}
            hidden={hidden}
            theme={theme}
            onToggle={(name) =>
              setHidden(hidden.includes(name) ? hidden.filter((one) => one !== name) : [...hidden, name])
            }
          />
        ) : null}
      </>
    );
    return { height: frame.height, marks };
  };
  return (
    <>
      <Drawing label={label} draw={draw} />
      {pointed ? (
        <div role="tooltip" className="cell-words" style={besides(pointed)}>
          {pointed.words}
        </div>
      ) : null}
    </>
  );
}

const WAYS: Readonly<Record<string, readonly [over: number, along: number]>> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

/** Lengths of ink and gap. */
export const DASH = { solid: undefined, dashed: '8 5', dotted: '2 4' } as const;

/** Under the mark, to the side where there is room. */
const besides = ({ left, top }: Pointed): React.CSSProperties => ({
  top,
  ...(left > window.innerWidth / 2 ? { right: window.innerWidth - left } : { left }),
});
