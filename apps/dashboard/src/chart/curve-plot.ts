import './language';
import uPlot from 'uplot';
import { FONT } from '../shell/font';
import {
  type DrawnCurve,
  drawBand,
  drawLine,
  extentX,
  extentY,
  type Frame,
  marksOf,
  padded,
  placeX,
  placeY,
} from './curve-path';
import { nearest } from './sorted';
import { type ChartTheme, seriesStyle } from './theme';

/** All that a picture of curves says. */
export interface Picture {
  readonly curves: readonly DrawnCurve[];
  readonly xName: string;
  readonly yName: string;
  readonly formatX: (x: number) => string;
  /** With what lies between two ticks it says as many digits as tell them apart. */
  readonly formatY: (y: number, between?: number) => string;
  /** The part of the x axis that is shown; all of it without. */
  readonly range?: readonly [number, number] | undefined;
  /** The curve that is looked at. */
  readonly focus?: number | undefined;
}
export interface PlotOptions {
  readonly theme: ChartTheme;
  readonly logX: boolean;
  readonly logY: boolean;
  readonly height: number;
  readonly onRange: (range: readonly [number, number] | undefined) => void;
  /** Where the cursor is; undefined when it has left. */
  readonly onCursor: (at: { readonly x: number; readonly y: number } | undefined) => void;
}
export interface Tick {
  readonly at: number;
  readonly label: string;
}

export const DASH_LENGTHS = { solid: [], dashed: [8, 4], dotted: [2, 3] } as const;
/** With more curves than this lines are thin, without dashes and dots: they would be one grey. */
export const FEW_CURVES = 12;
const FEW_POINTS = 60;
/** Marks that are nearer to each other are one. */
const MARK_PIXELS = 40;
/** A curve that is farther from the cursor is not meant. */
const NEAR_PIXELS = 40;
/** A shorter drag is a click. */
const DRAG_PIXELS = 6;
/** uPlot has the axes, the cursor and the selection; the curves, each over its own steps, are drawn here, so it has no data of its own. */
const NOTHING: uPlot.AlignedData = [
  [0, 1],
  [null, null],
];

/** A plot that is made once, and shows one picture after the other. */
export class CurvePlot {
  readonly #plot: uPlot;
  readonly #options: PlotOptions;
  #picture: Picture;
  #frame = 0;
  readonly ticks: { x: readonly Tick[]; y: readonly Tick[] } = { x: [], y: [] };

  constructor(target: HTMLElement, picture: Picture, options: PlotOptions) {
    this.#picture = picture;
    this.#options = options;
    this.#plot = new uPlot(this.#uplotOptions(target.clientWidth), NOTHING, target);
    this.#listen();
  }

  /** However many pictures come between two frames of the screen, one is drawn. */
  show(picture: Picture): void {
    this.#picture = picture;
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#plot.setData(NOTHING);
    });
  }

  resize(width: number): void {
    if (width === this.#plot.width) return;
    this.#plot.setSize({ width, height: this.#options.height });
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#plot.destroy();
  }

  get picture(): Picture {
    return this.#picture;
  }
  get width(): number {
    return this.#plot.width;
  }
  get height(): number {
    return this.#plot.height;
  }

  /** The plotting area in pixels of the page, or of the canvas. */
  frame(scale = 1): Frame {
    const { left, top, width, height } = this.#plot.bbox;
    const { logX, logY } = this.#options;
    const ratio = scale / uPlot.pxRatio;
    const { x, y } = this.#plot.scales;
    return {
      left: left * ratio,
      top: top * ratio,
      width: width * ratio,
      height: height * ratio,
      x: { log: logX, min: x!.min ?? 0, max: x!.max ?? 1 },
      y: { log: logY, min: y!.min ?? 0, max: y!.max ?? 1 },
    };
  }

  /** All of the x axis. */
  wholeX(): [number, number] {
    const { logX } = this.#options;
    const [least, most] = extentX(this.#picture.curves, logX) ?? (logX ? [1, 10] : [0, 1]);
    return least === most ? padded([least, most], logX) : [least, most];
  }

  /** The value of x at a place of the page. */
  valueAt(left: number): number {
    return this.#plot.posToVal(left - this.frame().left, 'x');
  }

  /** The curve that is nearest to a place, if one is near. */
  nearestCurve({ x: left, y: top }: { readonly x: number; readonly y: number }): number | undefined {
    const frame = this.frame();
    const at = this.valueAt(left);
    let [found, least]: [number | undefined, number] = [undefined, NEAR_PIXELS];
    this.#picture.curves.forEach(({ x, y }, i) => {
      const value = y[nearest(x, at)];
      const away = value === undefined ? Infinity : Math.abs(placeY(frame, value) - top);
      if (away < least) [found, least] = [i, away];
    });
    return found;
  }

  /** Puts the cursor's line at a value of x. */
  pointAt(x: number | undefined): void {
    const { left } = this.frame();
    this.#plot.setCursor(
      x === undefined ? { left: -10, top: -10 } : { left: placeX(this.frame(), x) - left, top: 1 },
    );
  }

  #uplotOptions(width: number): uPlot.Options {
    const { theme, logX, logY, height } = this.#options;
    const axis = {
      stroke: theme.ink,
      grid: { stroke: theme.grid, width: 1 },
      ticks: { stroke: theme.ink, width: 1 },
      font: `12px ${FONT}`,
      labelFont: `12px ${FONT}`,
      labelSize: 20,
    };
    const labels =
      (side: 'x' | 'y') =>
      (_plot: uPlot, splits: (number | null)[], _axis: number, _space: number, between: number) => {
        const { formatX, formatY } = this.#picture;
        const said = splits.map((at) =>
          at === null ? '' : side === 'x' ? formatX(at) : logY ? formatY(at) : formatY(at, between),
        );
        this.ticks[side] = splits.flatMap((at, i) => (at === null ? [] : [{ at, label: said[i]! }]));
        return said;
      };
    return {
      width,
      height,
      legend: { show: false },
      // The last label of the x axis is as wide as a million is long.
      padding: [12, 36, 0, 0],
      scales: {
        x: { time: false, distr: logX ? 3 : 1, range: () => this.#rangeX() },
        y: { distr: logY ? 3 : 1, range: () => this.#rangeY() },
      },
      axes: [
        { ...axis, space: 80, size: 36, label: () => this.#picture.xName, values: labels('x') },
        { ...axis, size: 64, label: () => this.#picture.yName, values: labels('y') },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false, dist: DRAG_PIXELS },
        bind: {
          dblclick: () => () => {
            this.#options.onRange(undefined);
            return null;
          },
        },
      },
      hooks: {
        draw: [(plot) => this.#draw(plot.ctx)],
        setSelect: [(plot) => this.#selected(plot)],
        setCursor: [
          ({ cursor: { left = -1, top = -1 }, bbox }) => {
            const ratio = uPlot.pxRatio;
            this.#options.onCursor(
              left < 0 ? undefined : { x: left + bbox.left / ratio, y: top + bbox.top / ratio },
            );
          },
        ],
      },
    };
  }

  #rangeX(): [number, number] {
    const { range } = this.#picture;
    const whole = this.wholeX();
    if (!range) return whole;
    return this.#options.logX && range[0] <= 0
      ? [whole[0], Math.max(range[1], 2 * whole[0])]
      : [range[0], range[1]];
  }

  #rangeY(): [number, number] {
    const { curves, range } = this.#picture;
    const { logX, logY } = this.#options;
    const x = range && { log: logX, min: range[0], max: range[1] };
    return padded(extentY(curves, x, logY) ?? (logY ? [1, 10] : [0, 1]), logY);
  }

  #selected(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < DRAG_PIXELS) return;
    const range = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')] as const;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#options.onRange(range);
  }

  /** With Shift a drag moves what is shown. */
  #listen(): void {
    const { over } = this.#plot;
    over.addEventListener(
      'mousedown',
      (down) => {
        const { range } = this.#picture;
        if (!down.shiftKey || !range) return;
        down.stopImmediatePropagation();
        const whole = this.#picture;
        const at = (event: MouseEvent): readonly [number, number] => {
          const { logX } = this.#options;
          const part = (down.clientX - event.clientX) / over.clientWidth;
          const [a, b] = logX ? [Math.log(range[0]), Math.log(range[1])] : range;
          const moved = [a + part * (b - a), b + part * (b - a)] as const;
          return logX ? [Math.exp(moved[0]), Math.exp(moved[1])] : moved;
        };
        const move = (event: MouseEvent): void => this.show({ ...whole, range: at(event) });
        const up = (event: MouseEvent): void => {
          document.removeEventListener('mousemove', move);
          this.#options.onRange(at(event));
        };
        document.addEventListener('mousemove', move);
        document.addEventListener('mouseup', up, { once: true });
      },
      { capture: true },
    );
  }

  #draw(context: CanvasRenderingContext2D): void {
    const { curves, focus } = this.#picture;
    const { theme } = this.#options;
    const ratio = uPlot.pxRatio;
    const frame = this.frame(ratio);
    const few = curves.length <= FEW_CURVES;
    context.save();
    context.beginPath();
    context.rect(frame.left, frame.top, frame.width, frame.height);
    context.clip();
    context.lineJoin = 'round';
    curves.forEach((curve, i) => {
      const { colour, dash } = seriesStyle(theme, curve.style);
      const seen = focus === undefined || focus === i ? 1 : 0.2;
      context.strokeStyle = colour;
      context.fillStyle = colour;
      if (curve.band) {
        context.globalAlpha = 0.18 * seen;
        const path = new Path2D();
        drawBand(frame, curve, path);
        context.fill(path);
      }
      if (curve.raw) {
        context.globalAlpha = 0.4 * seen;
        context.lineWidth = ratio;
        context.setLineDash([]);
        const path = new Path2D();
        drawLine(frame, curve.x, curve.raw, path);
        context.stroke(path);
      }
      context.globalAlpha = (few ? 1 : 0.6) * seen;
      context.lineWidth = (focus === i ? 3 : few ? 2 : 1) * ratio;
      context.setLineDash(few ? DASH_LENGTHS[dash].map((length) => length * ratio) : []);
      const path = new Path2D();
      const alone = drawLine(frame, curve.x, curve.y, path);
      context.stroke(path);
      context.setLineDash([]);
      const dots = few && curve.x.length < FEW_POINTS ? Array.from(curve.x, (_, k) => k) : alone;
      for (const k of dots) {
        if (!Number.isFinite(curve.y[k]!)) continue;
        context.beginPath();
        context.arc(placeX(frame, curve.x[k]!), placeY(frame, curve.y[k]!), 2.5 * ratio, 0, 2 * Math.PI);
        context.fill();
      }
      this.#mark(context, frame, curve, ratio);
    });
    context.restore();
  }

  #mark(context: CanvasRenderingContext2D, frame: Frame, curve: DrawnCurve, ratio: number): void {
    const marks = marksOf(frame, curve);
    if (marks.length === 0) return;
    context.font = `${12 * ratio}px ${FONT}`;
    context.textAlign = 'center';
    let last = -Infinity;
    for (const { x, y, kind } of marks) {
      if (x - last < MARK_PIXELS * ratio) continue;
      last = x;
      const above = kind === '+∞';
      context.textBaseline = above ? 'top' : 'bottom';
      context.fillText(kind === 'NaN' ? '× NaN' : kind, x, y);
    }
  }
}
