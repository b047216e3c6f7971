'use client';

import { Button, Group, NativeSelect, Switch, Text } from '@mantine/core';
import { type ReactNode, useMemo, useRef } from 'react';
import { useCommands } from '../shell/commands';
import { Icon } from '../shell/icon';
import type { ChangeCurveView, CurveViewState } from './view';
import { inside, panned, type Range, X_AXES, X_KINDS, type XAxis, zoomed } from './x-axis';

const SMOOTHING = [0, 0.5, 0.8, 0.9, 0.95, 0.99] as const;
const ZOOM_STEP = 0.5;
const PAN_PART = 0.25;

/** What is alike in all charts of curves of a page: the x axis and its part that is shown, the smoothing. */
export function CurveControls({
  view,
  set,
  whole,
  axes = X_KINDS,
}: {
  view: CurveViewState;
  set: ChangeCurveView;
  /** All of the x axis; undefined while there are no points. */
  whole: Range | undefined;
  /** Those that the points have. */
  axes?: readonly XAxis[];
}) {
  const { over, zoom, logx, smooth } = view;
  const latest = useRef({ whole, zoom, logx });
  latest.current = { whole, zoom, logx };
  // The same list while curves grow.
  const commands = useMemo(() => {
    const change = (make: (range: Range, log: boolean) => Range) => (): void => {
      const { whole, zoom, logx } = latest.current;
      if (!whole) return;
      const least = logx && whole[0] <= 0 ? whole[1] / 1e6 : whole[0];
      const now: Range = zoom ?? [least, whole[1]];
      void set({ zoom: inside(make(now, logx), [least, whole[1]]) ?? null });
    };
    const group = 'Curves';
    return [
      {
        id: 'zoom in',
        name: 'Zoom in',
        group,
        keys: '+',
        run: change((range, log) => zoomed(range, ZOOM_STEP, log)),
      },
      {
        id: 'zoom out',
        name: 'Zoom out',
        group,
        keys: '-',
        run: change((range, log) => zoomed(range, 1 / ZOOM_STEP, log)),
      },
      {
        id: 'earlier',
        name: 'Show what is before',
        group,
        keys: '[',
        run: change((range, log) => panned(range, -PAN_PART, log)),
      },
      {
        id: 'later',
        name: 'Show what is after',
        group,
        keys: ']',
        run: change((range, log) => panned(range, PAN_PART, log)),
      },
      { id: 'whole', name: 'Show the whole curves', group, keys: '0', run: () => void set({ zoom: null }) },
    ];
  }, [set]);
  useCommands(commands);
  const button = (i: number, label: ReactNode, disabled: boolean) => (
    <Button
      size="compact-sm"
      variant="default"
      aria-label={commands[i]!.name}
      aria-keyshortcuts={commands[i]!.keys}
      title={`${commands[i]!.name} (${commands[i]!.keys})`}
      disabled={disabled}
      onClick={commands[i]!.run}
    >
      {label}
    </Button>
  );
  return (
    <Group gap="sm" my="xs" role="group" aria-label="How curves are drawn">
      <NativeSelect
        size="xs"
        aria-label="X axis"
        value={over}
        onChange={({ currentTarget }) => void set({ over: currentTarget.value as XAxis, zoom: null })}
        data={X_KINDS.map((value) => ({
          value,
          label: `over ${X_AXES[value].name}${axes.includes(value) ? '' : ' (not reported)'}`,
          disabled: !axes.includes(value),
        }))}
      />
      <Switch
        size="sm"
        label="log x"
        checked={logx}
        onChange={({ currentTarget }) => void set({ logx: currentTarget.checked ? true : null })}
      />
      <NativeSelect
        size="xs"
        aria-label="Smoothing"
        value={String(smooth)}
        onChange={({ currentTarget }) => void set({ smooth: Number(currentTarget.value) || null })}
        data={[...new Set<number>([...SMOOTHING, smooth])].map((value) => ({
          value: String(value),
          label: value === 0 ? 'not smoothed' : `smoothed: moving average, weight ${value}`,
        }))}
      />
      <Group gap={4}>
        {button(0, '+', !whole)}
        {button(1, '−', !zoom)}
        {button(2, <Icon sign="before" />, !zoom)}
        {button(3, <Icon sign="after" />, !zoom)}
        {button(4, 'Whole', !zoom)}
      </Group>
      <Text size="sm" c="dimmed">
        {zoom
          ? `${X_AXES[over].name} ${X_AXES[over].format(zoom[0])} to ${X_AXES[over].format(zoom[1])}; Shift and drag moves it`
          : 'Drag over a part to see it nearer'}
      </Text>
    </Group>
  );
}
