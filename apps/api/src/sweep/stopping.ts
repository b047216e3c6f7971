import { type Db, judgedRuns, type ReachedRung, readCurves, recordRungs, rungsOf } from '@smallbatch/db';
import { type EarlyStopping, goesOn, isBelowMedian, rungs } from '@smallbatch/search';

interface Evaluations {
  readonly epochs: readonly number[];
  readonly values: readonly number[];
}

/**
 * Records what runs have reached and says which of them end here, as PRUNED: those that every sweep which wants them
 * stops. A function of recorded metrics alone, so that it never changes what another run computes. Four statements at most.
 */
export async function judge(db: Db, teamId: string, runIds: readonly string[]): Promise<ReadonlySet<string>> {
  const judged = await judgedRuns(db, teamId, runIds);
  if (judged.length === 0) return new Set();
  const stoppings = new Map(judged.map(({ sweepId, stopping }) => [sweepId, stopping as EarlyStopping]));
  const metrics = [...new Set([...stoppings.values()].map(({ metric }) => metric))];
  const curves = await readCurves(db, [...new Set(judged.map(({ runId }) => runId))], metrics);
  const known = await rungsOf(db, [...stoppings.keys()]);
  const fresh: ReachedRung[] = [];
  const ends = new Map<string, boolean>();
  for (const { runId, sweepId } of judged) {
    const stopping = stoppings.get(sweepId)!;
    const curve = curves.find((one) => one.runId === runId && one.metric === stopping.metric);
    const evaluations = { epochs: (curve?.epochs ?? []).map(Number), values: curve?.values ?? [] };
    const own = known.filter((rung) => rung.runId === runId && rung.sweepId === sweepId);
    const others = [...known, ...fresh].filter((rung) => rung.runId !== runId && rung.sweepId === sweepId);
    const reached = reachedBy(stopping, evaluations, own, others).map((rung) => ({
      ...rung,
      runId,
      sweepId,
    }));
    fresh.push(...reached);
    const stops = [...own, ...reached].some((rung) => !rung.goesOn);
    ends.set(runId, (ends.get(runId) ?? true) && stops);
  }
  if (fresh.length > 0) await recordRungs(db, teamId, fresh);
  return new Set([...ends].filter(([, stops]) => stops).map(([runId]) => runId));
}

/** What a run has newly reached, with the decision of each place. */
function reachedBy(
  stopping: EarlyStopping,
  { epochs, values }: Evaluations,
  own: readonly ReachedRung[],
  others: readonly ReachedRung[],
): Pick<ReachedRung, 'epoch' | 'value' | 'goesOn'>[] {
  const isKnown = (epoch: number): boolean => own.some((rung) => rung.epoch === epoch);
  const at = (epoch: number): number[] =>
    others.filter((rung) => rung.epoch === epoch).map(({ value }) => value);
  if (stopping.kind === 'halving') {
    return rungs(stopping, (epochs.at(-1) ?? 0) + 1e-6).flatMap((epoch) => {
      if (isKnown(epoch)) return [];
      const value = values[epochs.findIndex((one) => one >= epoch - 1e-6)]!;
      return [{ epoch, value, goesOn: goesOn(stopping, value, at(epoch)) }];
    });
  }
  // Running averages at every evaluation; a run is judged by where it stands now.
  let sum = 0;
  return epochs.flatMap((epoch, i) => {
    sum += values[i]!;
    if (isKnown(epoch)) return [];
    const isLast = i === epochs.length - 1;
    const below = isLast && isBelowMedian(stopping, values, at(epoch));
    return [{ epoch, value: sum / (i + 1), goesOn: !below }];
  });
}
