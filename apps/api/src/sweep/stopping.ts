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
  const curveOf = (runId: string, sweepId: string): Evaluations => {
    const { metric } = stoppings.get(sweepId)!;
    const curve = curves.find((one) => one.runId === runId && one.metric === metric);
    return { epochs: (curve?.epochs ?? []).map(Number), values: curve?.values ?? [] };
  };
  const isKnown = new Set(known.map(({ runId, sweepId, epoch }) => `${runId} ${sweepId} ${epoch}`));
  const reached = judged.flatMap(({ runId, sweepId }) =>
    valuesOf(stoppings.get(sweepId)!, curveOf(runId, sweepId))
      .map((one) => ({ ...one, runId, sweepId }))
      .filter(({ epoch }) => !isKnown.has(`${runId} ${sweepId} ${epoch}`)),
  );
  // What came together is seen together: the order in which runs are asked about says nothing.
  const all = [...known, ...reached];
  const fresh = reached.map((one): ReachedRung => {
    const others = all
      .filter(
        ({ runId, sweepId, epoch }) => sweepId === one.sweepId && epoch === one.epoch && runId !== one.runId,
      )
      .map(({ value }) => value);
    const stopping = stoppings.get(one.sweepId)!;
    if (stopping.kind === 'halving') return { ...one, goesOn: goesOn(stopping, one.value, others) };
    const { epochs, values } = curveOf(one.runId, one.sweepId);
    // A run is judged by where it stands now.
    return { ...one, goesOn: one.epoch !== epochs.at(-1) || !isBelowMedian(stopping, values, others) };
  });
  const ends = new Map<string, boolean>();
  for (const { runId, sweepId } of judged) {
    const stops = [...known, ...fresh].some(
      (rung) => rung.runId === runId && rung.sweepId === sweepId && !rung.goesOn,
    );
    ends.set(runId, (ends.get(runId) ?? true) && stops);
  }
  if (fresh.length > 0) await recordRungs(db, teamId, fresh);
  return new Set([...ends].filter(([, stops]) => stops).map(([runId]) => runId));
}

/** Where a run has got to: its values at the rungs, or its running averages at every evaluation. */
function valuesOf(
  stopping: EarlyStopping,
  { epochs, values }: Evaluations,
): Pick<ReachedRung, 'epoch' | 'value'>[] {
  if (stopping.kind === 'halving') {
    return rungs(stopping, (epochs.at(-1) ?? 0) + 1e-6).map((epoch) => ({
      epoch,
      value: values[epochs.findIndex((one) => one >= epoch - 1e-6)]!,
    }));
  }
  let sum = 0;
  return epochs.map((epoch, i) => {
    sum += values[i]!;
    return { epoch, value: sum / (i + 1) };
  });
}
