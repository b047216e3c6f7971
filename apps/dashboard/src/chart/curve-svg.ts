import { FONT } from '../shell/font';
import {
  type DrawnCurve,
  drawBand,
  drawLine,
  type Frame,
  marksOf,
  type Pen,
  placeX,
  placeY,
} from './curve-path';
import { DASH_LENGTHS, FEW_CURVES, type Picture, type Tick } from './curve-plot';
import { type ChartTheme, plain, seriesStyle } from './theme';

/** A path as the text of its attribute. */
class PathText implements Pen {
  text = '';
  moveTo(x: number, y: number): void {
    this.text += `M${x.toFixed(1)} ${y.toFixed(1)}`;
  }
  lineTo(x: number, y: number): void {
    this.text += `L${x.toFixed(1)} ${y.toFixed(1)}`;
  }
}

const LEGEND_LINE = 18;

/** The picture as a drawing: the same lines, axes and marks, with its legend below. */
export function curveSvg(
  picture: Picture,
  frame: Frame,
  ticks: { readonly x: readonly Tick[]; readonly y: readonly Tick[] },
  { theme, width, height }: { readonly theme: ChartTheme; readonly width: number; readonly height: number },
): { readonly svg: string; readonly height: number } {
  const { curves, xName, yName } = picture;
  const { ink, grid } = theme;
  const [right, bottom] = [frame.left + frame.width, frame.top + frame.height];
  const text = (x: number, y: number, said: string, anchor: string, more = ''): string =>
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${ink}"${more}>${plain(said)}</text>`;
  const line = (x1: number, y1: number, x2: number, y2: number, colour: string): string =>
    `<path d="M${x1.toFixed(1)} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}" stroke="${colour}" fill="none"/>`;
  const axes = [
    ...ticks.x.map(({ at }) => line(placeX(frame, at), frame.top, placeX(frame, at), bottom, grid)),
    ...ticks.y.map(({ at }) => line(frame.left, placeY(frame, at), right, placeY(frame, at), grid)),
    line(frame.left, frame.top, frame.left, bottom, ink),
    line(frame.left, bottom, right, bottom, ink),
    ...ticks.x.map(({ at, label }) => text(placeX(frame, at), bottom + 18, label, 'middle')),
    ...ticks.y.map(({ at, label }) => text(frame.left - 8, placeY(frame, at) + 4, label, 'end')),
    text((frame.left + right) / 2, bottom + 38, xName, 'middle'),
    text(
      14,
      (frame.top + bottom) / 2,
      yName,
      'middle',
      ` transform="rotate(-90 14 ${(frame.top + bottom) / 2})"`,
    ),
  ];
  const few = curves.length <= FEW_CURVES;
  const drawn = curves.map((curve) => drawnCurve(curve, frame, theme, few));
  const legend = few
    ? curves.map(({ name, style }, i) => {
        const y = height + LEGEND_LINE * (i + 0.5);
        const { colour, dash } = seriesStyle(theme, style);
        return `<path d="M${frame.left} ${y}h28" stroke="${colour}" stroke-width="2" stroke-dasharray="${DASH_LENGTHS[dash].join(' ')}"/>${text(frame.left + 36, y + 4, name, 'start')}`;
      })
    : [text(frame.left, height + LEGEND_LINE * 0.5, `${curves.length} curves`, 'start')];
  const total = height + LEGEND_LINE * legend.length + 8;
  return {
    height: total,
    svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}" font-family="${FONT}" font-size="12"><defs><clipPath id="area"><rect x="${frame.left}" y="${frame.top}" width="${frame.width}" height="${frame.height}"/></clipPath></defs>${axes.join('')}<g clip-path="url(#area)" fill="none" stroke-linejoin="round">${drawn.join('')}</g>${legend.join('')}</svg>`,
  };
}

function drawnCurve(curve: DrawnCurve, frame: Frame, theme: ChartTheme, few: boolean): string {
  const { colour, dash } = seriesStyle(theme, curve.style);
  const parts: string[] = [];
  if (curve.band) {
    const band = new PathText();
    drawBand(frame, curve, band);
    parts.push(`<path d="${band.text}" fill="${colour}" fill-opacity="0.18"/>`);
  }
  if (curve.raw) {
    const raw = new PathText();
    drawLine(frame, curve.x, curve.raw, raw);
    parts.push(`<path d="${raw.text}" stroke="${colour}" stroke-opacity="0.3"/>`);
  }
  const path = new PathText();
  const alone = drawLine(frame, curve.x, curve.y, path);
  const dashes = few ? DASH_LENGTHS[dash].join(' ') : '';
  parts.push(
    `<path d="${path.text}" stroke="${colour}" stroke-width="${few ? 2 : 1}"${dashes ? ` stroke-dasharray="${dashes}"` : ''}${few ? '' : ' stroke-opacity="0.6"'}/>`,
    ...alone.map(
      (i) =>
        `<circle cx="${placeX(frame, curve.x[i]!).toFixed(1)}" cy="${placeY(frame, curve.y[i]!).toFixed(1)}" r="2.5" fill="${colour}"/>`,
    ),
    ...marksOf(frame, curve).map(
      ({ x, y, kind }) =>
        `<text x="${x.toFixed(1)}" y="${(kind === '+∞' ? y + 12 : y - 2).toFixed(1)}" text-anchor="middle" fill="${colour}">${kind}</text>`,
    ),
  );
  return parts.join('');
}
