import { type Answer, answersOf, type Db, type Identity } from '@smallbatch/db';
import { type Cost, cost, runFlops } from '@smallbatch/program';
import type { ProblemShape } from '../builder.ts';
import { type Configured, type KnownDataset, layOut } from './create.ts';

/** Runs that share the shape of a step, and so their speed. */
export interface ShapeWork {
  readonly dataset: KnownDataset;
  readonly shapeKey: string;
  readonly model: string;
  readonly batchSize: number;
  /** Of training one sample. */
  readonly flopsPerSample: number;
  /** One of them. */
  readonly cell: PreviewCell;
  runs: number;
  /** Training and evaluation. */
  flops: number;
}

export interface PreviewCell extends Configured {
  readonly position: number;
  readonly dataset: KnownDataset;
  readonly flops: number;
  /** The run of the team that would answer it. */
  readonly answer: Answer | undefined;
}

export interface Preview {
  readonly name: string;
  readonly cells: readonly PreviewCell[];
  /** What is new, by shape, the most work first. */
  readonly work: readonly ShapeWork[];
  /** Whether runs may end before their budget does. */
  readonly mayEndEarly: boolean;
}

/** What creating a sweep would do: its cells, who answers them already, and what the others cost. Nothing is written. */
export async function preview(
  db: Db,
  identity: Identity,
  definition: unknown,
): Promise<Preview | { problems: ProblemShape[] }> {
  const laid = await layOut(db, identity, definition);
  if ('problems' in laid) return laid;
  const { sweep, datasets } = laid;
  const hashes = laid.cells.map(({ run }) => run.configurationHash);
  const answers = sweep.reuse ? await answersOf(db, identity.teamId, hashes) : [];
  const byHash = new Map(answers.map((answer) => [answer.configurationHash, answer]));
  const costs = new Map<string, Cost>();
  const work = new Map<string, ShapeWork>();
  const cells = laid.cells.map(({ axes, run }, i): PreviewCell => {
    const dataset = datasets.get(run.datasetId)!;
    const key = `${dataset.id} ${run.shapeKey}`;
    const known = costs.get(key) ?? cost(axes, dataset);
    costs.set(key, known);
    const flops = runFlops(axes, dataset, known);
    const answer = byHash.get(run.configurationHash);
    const cell = { axes, run, dataset, flops, answer, position: i + 1 };
    if (!answer) {
      const { model, batchSize, shapeKey } = run;
      const { flopsPerSample } = known;
      const before = { dataset, shapeKey, model, batchSize, flopsPerSample, cell, runs: 0, flops: 0 };
      const one = work.get(key) ?? before;
      one.runs++;
      one.flops += flops;
      work.set(key, one);
    }
    return cell;
  });
  return {
    name: sweep.name,
    cells,
    work: [...work.values()].sort((a, b) => b.flops - a.flops),
    mayEndEarly: sweep.stopping !== null || cells.some(({ axes }) => axes.budget.unit === 'GOAL_ERROR'),
  };
}
