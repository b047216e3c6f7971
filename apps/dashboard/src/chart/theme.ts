'use client';

import { useComputedColorScheme } from '@mantine/core';

/** Colours that colour-blind readers tell apart (Okabe & Ito), darker on light ground; each series has a dash and a symbol too. */
const LIGHT = ['#0072b2', '#b84a00', '#00704d', '#8f3f71', '#5c5c00', '#444444'];
const DARK = ['#56b4e9', '#ff9e4a', '#2fd3a0', '#e6a5cf', '#f0e442', '#cccccc'];
export const DASHES = ['solid', 'dashed', 'dotted'] as const;
export const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond', 'pin', 'arrow'] as const;

export interface ChartTheme {
  readonly dark: boolean;
  /** Of series, in order; the seventh begins anew (seriesStyle). */
  readonly colours: readonly string[];
  readonly ink: string;
  readonly grid: string;
  readonly ground: string;
  /** From low to high, of one hue in rising lightness contrast: readable without colour. */
  readonly ramp: readonly string[];
  readonly diverged: string;
  readonly best: string;
}

const light: ChartTheme = {
  dark: false,
  colours: LIGHT,
  ink: '#3d3d3d',
  grid: '#e3e3e3',
  ground: '#ffffff',
  ramp: ['#f1f5f9', '#c6dbef', '#7fb2d9', '#3683bd', '#08519c', '#042a5c'],
  diverged: '#b84a00',
  best: '#111111',
};
const dark: ChartTheme = {
  dark: true,
  colours: DARK,
  ink: '#c9c9c9',
  grid: '#3a3a3a',
  ground: '#242424',
  ramp: ['#1d2733', '#24486b', '#2f73a8', '#56a3d9', '#9ccdf0', '#e6f4ff'],
  diverged: '#ff9e4a',
  best: '#ffffff',
};

/** The one place of what charts look like. */
export const useChartTheme = (): ChartTheme => (useComputedColorScheme('light') === 'dark' ? dark : light);

/** What all axes of an ECharts chart have in common. */
export const axisStyle = ({ ink, grid }: ChartTheme) => ({
  nameTextStyle: { color: ink },
  axisLabel: { color: ink },
  // At the edge of the chart, wherever zero is.
  axisLine: { onZero: false, lineStyle: { color: ink } },
  axisTick: { lineStyle: { color: ink } },
  splitLine: { lineStyle: { color: grid } },
});

/** Marks of a legend are as wide as high, as they are in the chart. */
export const LEGEND_MARK = { itemWidth: 11, itemHeight: 11 };

/** Of the i-th series; each round of colours begins at another dash and symbol, so that 18 differ. */
export const seriesStyle = ({ colours }: ChartTheme, i: number) => {
  const turned = i + Math.floor(i / colours.length);
  return {
    colour: colours[i % colours.length]!,
    dash: DASHES[turned % DASHES.length]!,
    symbol: SYMBOLS[turned % SYMBOLS.length]!,
  };
};

/** The colour at a share (0 … 1) of the ramp, and the ink that is read on it. */
export function rampAt({ ramp }: ChartTheme, share: number): { fill: string; ink: string } {
  const place = Math.min(1, Math.max(0, share)) * (ramp.length - 1);
  const low = Math.min(Math.floor(place), ramp.length - 2);
  const [a, b] = [ramp[low]!, ramp[low + 1]!].map((hex) =>
    [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)),
  );
  const mixed = a!.map((one, i) => Math.round(one + (place - low) * (b![i]! - one)));
  const [red, green, blue] = mixed.map((one) => (one / 255) ** 2.2);
  // Where black and white ink have the same contrast by WCAG.
  const bright = 0.2126 * red! + 0.7152 * green! + 0.0722 * blue! > 0.179;
  return { fill: `rgb(${mixed.join(',')})`, ink: bright ? '#000000' : '#ffffff' };
}

/** Text of tooltips is HTML to ECharts: names that people gave are not. */
export const plain = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
