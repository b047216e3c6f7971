import { answersOf, type Db, type Identity } from '@smallbatch/db';
import { PRESETS, type Preset, type PresetRequest, type SweepFile } from '@smallbatch/search';
import { aggregate } from '../aggregate/aggregate.ts';
import type { ProblemShape } from '../builder.ts';
import { layOut } from '../sweep/create.ts';

type Request = Omit<PresetRequest, 'rates'>;
type Rates = ReadonlyMap<number, number>;

const flagsOf = ({ scale, dataset }: Request): string =>
  `--scale ${scale}${dataset ? ` --dataset ${dataset}` : ''}`;

/**
 * The best base learning rate of each batch size in the team's results of a preset: best by the mean over seeds of the median test
 * accuracy of the last five epochs. All of its cells must have ended, so that none of them could still be better.
 */
async function ratesOf(
  db: Db,
  identity: Identity,
  preset: Preset,
  request: Request,
): Promise<Rates | { problems: ProblemShape[] }> {
  const keys: string[] = [];
  let open = 0;
  for (const definition of preset.sweeps(request)) {
    const laid = await layOut(db, identity, definition);
    if ('problems' in laid) return laid;
    const hashes = laid.cells.map(({ run }) => run.configurationHash);
    const answers = await answersOf(db, identity.teamId, hashes);
    const ended = answers.filter(({ status }) => status === 'DONE' || status === 'PRUNED');
    open += hashes.length - ended.length;
    keys.push(...ended.map(({ key }) => key));
  }
  if (open > 0) {
    const problem = {
      path: ['preset'],
      value: preset.name,
      message: `missing results of ${preset.name}: ${open} of its ${open + keys.length} cells are not trained to the end yet`,
      allowed: `first smallbatch sweep create --preset ${preset.name} ${flagsOf(request)}, trained to its end: each batch size is then taken at the base learning rate that was best there`,
    };
    return { problems: [problem] };
  }
  const { groups } = await aggregate(db, {
    teamId: identity.teamId,
    where: { key: { in: keys } },
    by: ['BATCH_SIZE'],
    byParams: [],
    best: ['BASE_LEARNING_RATE'],
    selectSeeds: null,
    metric: 'test_accuracy',
    value: 'MEDIAN_LAST_5',
  });
  const rates = new Map<number, number>();
  const problems: ProblemShape[] = [];
  for (const { axes, best } of groups) {
    if (best) rates.set(Number(axes.batchSize), Number(best.axes.baseLearningRate));
    else {
      problems.push({
        path: ['preset'],
        value: preset.name,
        message: `missing base learning rate of m = ${axes.batchSize}: every one of ${preset.name} diverged`,
        allowed: 'a batch size that trains at some base learning rate',
      });
    }
  }
  return problems.length > 0 ? { problems } : rates;
}

/** The sweep files of a preset, with base learning rates from the results that it rests on. */
export async function sweepsOf(
  db: Db,
  identity: Identity,
  preset: Preset,
  request: Request,
): Promise<SweepFile[] | { problems: ProblemShape[] }> {
  const found = new Map<string, Rates>();
  for (const name of preset.after) {
    const rates = await ratesOf(db, identity, presetOf(name)!, request);
    if ('problems' in rates) return { problems: rates.problems };
    found.set(name, rates);
  }
  return preset.sweeps({ ...request, rates: (name) => found.get(name)! });
}

export const presetOf = (name: string): Preset | undefined => PRESETS.find((one) => one.name === name);
