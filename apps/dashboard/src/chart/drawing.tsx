'use client';

import { type ReactNode, useContext, useEffect, useRef, useState } from 'react';
import { FONT } from '../shell/font';
import { Saving } from './frame';
import { useChartTheme } from './theme';

/** What a drawing is as wide as on the server, which knows no window. */
const USUAL_WIDTH = 560;
export const FONT_SIZE = 12;
/** About how wide a text is. */
export const widthOf = (text: string): number => text.length * FONT_SIZE * 0.58;

/** A drawing of our own in SVG, as wide as its place: what is drawn for that width, and how high that is. */
export function Drawing({
  label,
  draw,
}: {
  label: string;
  draw: (width: number) => { readonly height: number; readonly marks: ReactNode };
}) {
  const place = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const [width, setWidth] = useState(USUAL_WIDTH);
  const saving = useContext(Saving);
  const { ground } = useChartTheme();
  useEffect(() => {
    const target = place.current!;
    const measure = (): void => setWidth(Math.max(240, Math.floor(target.clientWidth)));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(target);
    return () => observer.disconnect();
  }, []);
  const { height, marks } = draw(width);
  const size = useRef({ width, height });
  size.current = { width, height };
  useEffect(
    () =>
      saving?.({
        size: () => size.current,
        svg: () => new XMLSerializer().serializeToString(svg.current!),
        ground,
      }),
    [saving, ground],
  );
  return (
    <div ref={place} className="drawing">
      {/* biome-ignore lint/a11y/useSemanticElements: a drawing with links in it is no picture, and no fieldset */}
      <svg
        ref={svg}
        xmlns="http://www.w3.org/2000/svg"
        role="group"
        aria-label={label}
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        fontFamily={FONT}
        fontSize={FONT_SIZE}
      >
        {marks}
      </svg>
    </div>
  );
}
