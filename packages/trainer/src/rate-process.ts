/** Measures the rate of one engine on one shape of a step, beside others that do the same at the same time. */
import type { Axes, DataShape } from '@smallbatch/program';
import { type OpenOptions, openEngine } from './engines/engines.ts';
import { endWithParent } from './processes.ts';
import { rateOf } from './rate.ts';

export interface RateOrder extends OpenOptions {
  readonly axes: Axes;
  readonly data: DataShape;
  readonly runs: number;
  readonly seconds: number;
}
/** Samples a second, or why there are none. */
export type RateReply = { readonly rate: number } | { readonly error: string };

endWithParent();
process.once('message', async ({ axes, data, runs, seconds, ...choice }: RateOrder) => {
  const reply: RateReply = await openEngine(choice)
    .then((engine) => rateOf(engine, axes, data, runs, seconds))
    .then(
      (rate) => ({ rate }),
      (error: Error) => ({ error: error.message }),
    );
  process.send!(reply, undefined, undefined, () => process.exit(0));
});
