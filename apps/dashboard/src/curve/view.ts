import {
  createParser,
  parseAsArrayOf,
  parseAsBoolean,
  parseAsFloat,
  parseAsString,
  parseAsStringLiteral,
  useQueryStates,
} from 'nuqs';
import { useMemo } from 'react';
import { type Range, X_KINDS } from './x-axis';

const parseAsRange = createParser<Range>({
  parse(text) {
    const [from, to] = text.split('~').map(Number);
    return Number.isFinite(from) && Number.isFinite(to) && from! < to! ? [from!, to!] : null;
  },
  serialize: ([from, to]) => `${rounded(from)}~${rounded(to)}`,
  eq: (a, b) => a[0] === b[0] && a[1] === b[1],
});
const rounded = (value: number): number => Number(value.toPrecision(8));

/** How curves are drawn, as it stands in the URL: of all charts of a page alike, so that they can be compared. */
const VIEW = {
  over: parseAsStringLiteral(X_KINDS).withDefault('step'),
  /** Going back undoes it. */
  zoom: parseAsRange.withOptions({ history: 'push' }),
  logx: parseAsBoolean.withDefault(false),
  /** Ids of charts with a logarithmic y axis. */
  logy: parseAsArrayOf(parseAsString).withDefault([]),
  /** Weight of the moving average; 0: the values as they are. */
  smooth: parseAsFloat.withDefault(0),
};

export function useCurveView() {
  const [view, set] = useQueryStates(VIEW, { history: 'replace' });
  // What a URL asks for that no average has is not smoothed.
  const smooth = view.smooth > 0 && view.smooth < 1 ? view.smooth : 0;
  return [useMemo(() => ({ ...view, smooth }), [view, smooth]), set] as const;
}
export type CurveViewState = ReturnType<typeof useCurveView>[0];
export type ChangeCurveView = ReturnType<typeof useCurveView>[1];
