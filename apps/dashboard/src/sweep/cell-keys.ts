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
  const moved = useRef(false);
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
  const onKeyDown = (event: KeyboardEvent): void => {
    const moves: Record<string, () => number> = {
      ArrowRight: () => along(active, 1, 0),
      ArrowLeft: () => along(active, -1, 0),
      ArrowDown: () => along(active, 0, 1),
      ArrowUp: () => along(active, 0, -1),
      Home: () => (event.ctrlKey ? first : toEnd(active, -1)),
      End: () =>
        event.ctrlKey ? panel.raster.findLastIndex((cell) => cell >= 0) : toEnd(active, 1),
      PageDown: () => along(active, 0, down),
      PageUp: () => along(active, 0, -down),
    };
    if (event.altKey || event.metaKey) return;
    const move =
      event.ctrlKey && event.key === 'ArrowRight'
        ? () => along(active, across, 0)
        : event.ctrlKey && event.key === 'ArrowLeft'
          ? () => along(active, -across, 0)
          : moves[event.key];
    if (!move) return;
    event.preventDefault();
    moved.current = true;
    setActive(move());
  };
  // Each cell is an element of its own, so that a screen reader says it when it gets the focus.
  const focus = useCallback((element: HTMLDivElement | null) => {
    if (!element || !moved.current) return;
    moved.current = false;
    element.focus();
  }, []);
  return { active, focus, onKeyDown };
}
