import type { RunFilter } from '../axis/axis';
import type { ChartTheme } from '../chart/theme';
import type { SchemaType } from '../shell/client';

/** How a cell stands, as it is drawn and counted: what is reused or diverged is told apart from what is simply done. */
export const CELL_STATES = [
  'waiting',
  'running',
  'done',
  'reused',
  'diverged',
  'failed',
  'pruned',
  'cancelled',
] as const;
export type CellState = (typeof CELL_STATES)[number];

type Status = SchemaType<'RunStatus'>;
const OF_STATUS: Readonly<Record<Exclude<Status, 'DONE'>, CellState>> = {
  WAITING: 'waiting',
  RUNNING: 'running',
  PRUNED: 'pruned',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
};

export function stateOf(status: Status, diverged: boolean, reused: boolean): CellState {
  if (status !== 'DONE') return OF_STATUS[status];
  return diverged ? 'diverged' : reused ? 'reused' : 'done';
}

/** What each state means, for the legend. */
export const STATE_WORDS: Readonly<Record<CellState, string>> = {
  waiting: 'in the queue',
  running: 'a worker trains it',
  done: 'trained for this sweep',
  reused: 'answered by a run that was there',
  diverged: 'trained, its loss left all bounds',
  failed: 'ended by an error; can be retried',
  pruned: 'stopped early, as others were better',
  cancelled: 'ended by a person; can be retried',
};

/** One colour each; the marks differ in shape too. */
export function stateColour(state: CellState, { colours, diverged, ink }: ChartTheme): string {
  const [blue, , green, purple, olive] = colours as [string, string, string, string, string];
  return {
    waiting: ink,
    running: olive,
    done: blue,
    reused: green,
    diverged,
    failed: purple,
    pruned: ink,
    cancelled: ink,
  }[state];
}

/** These are drawn as lines, the others filled. */
export const isOutline = (state: CellState): boolean => state === 'waiting' || state === 'failed';

/** The mark of a state as a piece of an SVG path, in the square at (x, y) with sides of `size`. */
export function mark(state: CellState, x: number, y: number, size: number): string {
  const n = (value: number): string => String(Math.round(value * 10) / 10);
  const [middle, half, third] = [y + size / 2, size / 2, size / 3];
  switch (state) {
    case 'waiting':
      return `M${n(x + 1)} ${n(y + 1)}h${n(size - 2)}v${n(size - 2)}h${n(2 - size)}z`;
    case 'running':
      return `M${n(x)} ${n(middle)}a${n(half)} ${n(half)} 0 1 1 ${n(size)} 0a${n(half)} ${n(half)} 0 1 1 ${n(-size)} 0z`;
    case 'done':
      return `M${n(x)} ${n(y)}h${n(size)}v${n(size)}h${n(-size)}z`;
    case 'reused':
      return `M${n(x + half)} ${n(y)}l${n(half)} ${n(half)}l${n(-half)} ${n(half)}l${n(-half)} ${n(-half)}z`;
    case 'diverged':
      return `M${n(x)} ${n(y + size)}h${n(size)}l${n(-half)} ${n(-size)}z`;
    case 'failed':
      return `M${n(x + 1)} ${n(y + 1)}l${n(size - 2)} ${n(size - 2)}m0 ${n(2 - size)}l${n(2 - size)} ${n(size - 2)}`;
    case 'pruned':
      return `M${n(x)} ${n(y)}h${n(half)}v${n(size)}h${n(-half)}z`;
    case 'cancelled':
      return `M${n(x)} ${n(middle - third / 2)}h${n(size)}v${n(third)}h${n(-size)}z`;
  }
}

/** Runs in any of these states; in all of them where none is named. Whether a run is reused no filter of runs can say. */
export function filterOfStates(states: readonly CellState[]): RunFilter {
  if (states.length === 0) return {};
  const plain = (Object.entries(OF_STATUS) as [Status, CellState][])
    .filter(([, state]) => states.includes(state))
    .map(([status]) => status);
  const done = states.includes('done') || states.includes('reused');
  const either: RunFilter[] = [
    ...(plain.length > 0 ? [{ status: plain }] : []),
    ...(done ? [{ status: ['DONE' as const], diverged: { eq: false } }] : []),
    ...(states.includes('diverged') ? [{ diverged: { eq: true } }] : []),
  ];
  return either.length === 1 ? either[0]! : { or: either };
}
