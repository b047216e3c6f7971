import type { BenchRow } from '../query.ts';
import type { Stage } from './stage.ts';

/** Takes one measured row; `goal` is what the dashboard promises for it. */
export type Print = (row: {
  case: string;
  values: readonly number[];
  unit?: string;
  goal?: number;
  limit?: number;
  params?: object;
  /** Which of the sorted values is the row's; the median unless said. */
  quantile?: number;
}) => void;

export interface Bench {
  readonly stage: Stage;
  readonly browser: import('@playwright/test').Browser;
  readonly print: Print;
}

/** Makes the rows that `npm run bench` prints, and says on stderr which promise was not kept. */
export const printer =
  (print: (row: BenchRow) => void): Print =>
  ({ case: name, values, unit = 'ms', goal, limit, params = {}, quantile = 0.5 }) => {
    const sorted = [...values].sort((a, b) => a - b);
    const value = sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)]!;
    print({
      bench: 'dashboard',
      case: goal === undefined ? name : `${name} (goal ${goal} ${unit})`,
      params: { ...params, ...(goal === undefined ? {} : { goal }) },
      value,
      unit,
      min: sorted[0]!,
      max: sorted.at(-1)!,
      n: sorted.length,
      ...(limit === undefined ? {} : { limit }),
    });
    if (goal !== undefined && value > goal)
      console.error(`not met: ${name}: ${value.toPrecision(3)} ${unit}, the goal is ${goal} ${unit}`);
  };
