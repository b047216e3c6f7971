import type { RunFilter } from '../axis/axis';
import type { ChangeCurveView, CurveViewState } from './view';

/** What an overlay of curves is of. */
export interface OverlayProps {
  readonly id: string;
  readonly title: string;
  readonly metric: string;
  readonly selections: readonly { readonly name: string; readonly where: RunFilter }[];
  readonly view: CurveViewState;
  readonly set: ChangeCurveView;
}

/** The filters of six questions in one request; those that are not asked have the last one's, and are left out. */
export function six(selections: OverlayProps['selections']) {
  const at = (i: number): RunFilter => (selections[i] ?? selections.at(-1)!).where;
  const n = selections.length;
  return {
    ...{ a: at(0), b: at(1), c: at(2), d: at(3), e: at(4), f: at(5) },
    ...{ withB: n > 1, withC: n > 2, withD: n > 3, withE: n > 4, withF: n > 5 },
  };
}

/** The answers in the order of the selections. */
export const answersOf = <T>({
  a,
  b,
  c,
  d,
  e,
  f,
}: Partial<Record<'a' | 'b' | 'c' | 'd' | 'e' | 'f', T>>): T[] =>
  [a, b, c, d, e, f].flatMap((one) => one ?? []);
