import { GrowingCurve } from './growing';
import { pointsOf, type SentCurve } from './points';

/** What a message about growing curves says. */
export interface CurveMessage {
  /** These points begin anew: forget what was sent before. */
  readonly reset: boolean;
  readonly curves: readonly (SentCurve & { readonly metric: string })[];
}

/** Curves by their metrics as they are after all messages so far: another object after each, with the same curves, which grow. */
export interface LiveCurves {
  readonly curves: ReadonlyMap<string, GrowingCurve>;
}

export function withMessage(seen: LiveCurves | undefined, { reset, curves: sent }: CurveMessage): LiveCurves {
  const curves = new Map(reset ? [] : seen?.curves);
  for (const { metric, ...curve } of sent) {
    const growing = curves.get(metric) ?? new GrowingCurve();
    growing.add(pointsOf(curve));
    curves.set(metric, growing);
  }
  return { curves };
}
