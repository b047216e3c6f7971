import { type Axis, SETTING_AXES } from '@smallbatch/db';
import { byValue, groupBy } from './order.ts';
import type { Setting } from './settings.ts';

export interface Chosen {
  readonly setting: Setting;
  /** Settings that it was chosen from. */
  readonly candidates: number;
}

/**
 * Among settings that differ only in the best axes: those with a diverged seed are out, those with fewer seeds than the most are
 * out, the best mean over seeds wins, ties go to the smaller value. With selecting seeds the choice sees only those.
 */
export function choose(settings: readonly Setting[], best: readonly Axis[], maximise: boolean): Chosen[] {
  const [first] = settings;
  if (!first) return [];
  const family = first.rows.settings.keyOver([
    ...SETTING_AXES.filter((axis) => !best.includes(axis)),
    'HYPER',
  ]);
  const smaller = (a: Setting, b: Setting): boolean => {
    for (const axis of best) {
      const order = byValue(a.axis(axis), b.axis(axis));
      if (order !== 0) return order < 0;
    }
    return false;
  };
  const chosen: Chosen[] = [];
  for (const members of groupBy(settings, ({ place }) => family(place)).values()) {
    let [winner, seeds, mean, candidates] = [undefined as Setting | undefined, 0, 0, 0];
    for (const setting of members) {
      if (setting.diverged > 0) continue;
      const [n, own] = [setting.choiceN, setting.choiceMean];
      if (n === 0 || n < seeds) continue;
      if (n > seeds) [winner, seeds, mean, candidates] = [setting, n, own, 1];
      else {
        candidates++;
        const better = maximise ? own - mean : mean - own;
        if (better > 0 || (better === 0 && smaller(setting, winner!))) [winner, mean] = [setting, own];
      }
    }
    if (winner) chosen.push({ setting: winner, candidates });
  }
  return chosen;
}
