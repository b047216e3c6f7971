'use client';

import { type KeyboardEvent, useCallback, useRef, useState } from 'react';
import type { Panel } from './layout';

interface Size {
  readonly wide: number;
  readonly high: number;
  /** Cells of one place, side by side and below each other. */
  readonly across: number;
  readonly down: number;
}

/** Which place of a panel's raster has the focus, and how keys move it: to the next place that has a cell, over those that have none. */
export function useKeys(panel: Panel, { wide, high, across, down }: Size) {
  const [wanted, setActive] = useState(-1);
  const going = useRef(false);
  const first = panel.raster.findIndex((cell) => cell >= 0);
  const active = wanted >= 0 && (panel.raster[wanted] ?? -1) >= 0 ? wanted : first;
  const along = (from: number, dx: number, dy: number): number => {
    let [x, y] = [(from % wide) + dx, Math.floor(from / wide) + dy];
    while (x >= 0 && y >= 0 && x < wide && y < high) {
      if (panel.raster[y * wide + x]! >= 0) return y * wide + x;
      [x, y] = [x + dx, y + dy];
    }
    return from;
  };
  /** As far as it goes. */
  const toEnd = (from: number, dx: number): number => {
    for (let at = from; ; ) {
      const next = along(at, dx, 0);
      if (next === at) return at;
      at = next;
    }
  };
  const moved = ({ key, ctrlKey }: KeyboardEvent): number | undefined => {
    switch (key) {
      case 'ArrowRight':
        return along(active, ctrlKey ? across : 1, 0);
      case 'ArrowLeft':
        return along(active, ctrlKey ? -across : -1, 0);
      case 'ArrowDown':
        return along(active, 0, ctrlKey ? down : 1);
      case 'ArrowUp':
        return along(active, 0, ctrlKey ? -down : -1);
      case 'Home':
        return ctrlKey ? first : toEnd(active, -1);
      case 'End':
        return ctrlKey ? panel.raster.findLastIndex((cell) => cell >= 0) : toEnd(active, 1);
      default:
        return undefined;
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.metaKey) return;
    const to = moved(event);
    if (to === undefined) return;
    event.preventDefault();
    going.current = true;
    setActive(to);
  };
  // Each cell is an element of its own, so that a screen reader says it when it gets the focus.
  const focus = useCallback((element: HTMLDivElement | null) => {
    if (!element || !going.current) return;
    going.current = false;
    element.focus();
  }, []);
  return { active, focus, onKeyDown };
}
