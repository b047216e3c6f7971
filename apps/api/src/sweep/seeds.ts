import { addSeeds, type Db, type Identity, type SeedsAdded } from '@smallbatch/db';
import type { ProblemShape } from '../builder.ts';
import { type Configured, layOut, MAX_CELLS, ranksOf, withSeed } from './create.ts';

/** Most seeds that are added at once. */
export const MOST_SEEDS = 1000;

export interface GrowingSweep {
  readonly id: string;
  readonly key: string;
  readonly definition: unknown;
  readonly stopping: unknown;
}
export type Grown =
  | Exclude<SeedsAdded, { kind: 'tooMany' }>
  | { readonly kind: 'refused'; readonly why: 'STOPS_EARLY' | 'OTHER_TRAINER'; readonly message: string }
  | { readonly kind: 'problems'; readonly problems: readonly ProblemShape[] };

const bad = (value: unknown, message: string, allowed: string): Grown => ({
  kind: 'problems',
  problems: [{ path: ['seeds'], value, message, allowed }],
});

/** Appends each setting of a sweep with these seeds, or says why not. */
export async function grow(
  db: Db,
  identity: Identity,
  sweep: GrowingSweep,
  given: readonly number[],
): Promise<Grown> {
  const seeds = [...new Set(given)];
  if (seeds.length === 0 || given.length > MOST_SEEDS)
    return bad(given.length, `invalid seeds: ${given.length}`, `1 to ${MOST_SEEDS} at once`);
  const negative = seeds.find((seed) => seed < 0);
  if (negative !== undefined)
    return bad(negative, `invalid seed: ${negative}`, 'whole numbers from 0 to 2^53 − 1');
  if (sweep.stopping !== null)
    return {
      kind: 'refused',
      why: 'STOPS_EARLY',
      message: `sweep "${sweep.key}" stops runs early by what others of it have reached: runs that come later would be judged by other rungs; make a new sweep with these seeds`,
    };
  const laid = await layOut(db, identity, sweep.definition);
  if ('problems' in laid) return { kind: 'problems', problems: laid.problems };
  const settings = [...new Map(laid.cells.map((one) => [one.run.settingHash, one])).values()];
  if (settings.length * seeds.length > MAX_CELLS) return tooMany(settings.length * seeds.length, given);
  const known = await db.prisma.cell.findFirst({
    where: {
      sweepId: sweep.id,
      run: { settingHash: { in: settings.slice(0, 1).map(({ run }) => run.settingHash) } },
    },
    select: { position: true },
  });
  if (!known) {
    const { trainerVersion } = settings[0]!.run;
    return {
      kind: 'refused',
      why: 'OTHER_TRAINER',
      message: `sweep "${sweep.key}" was made for another version of the trainer than ${trainerVersion}: new seeds would be other settings; make a new sweep of its definition`,
    };
  }
  const dataset = ({ run }: Configured) => laid.datasets.get(run.datasetId)!;
  const added = await addSeeds(db, {
    ...identity,
    sweepId: sweep.id,
    seeds,
    cells: seeds.flatMap((seed) => settings.map((one) => withSeed(one, dataset(one), seed).run)),
    ranks: (count) => ranksOf(count, laid.sweep),
    most: MAX_CELLS,
  });
  return added.kind === 'tooMany' ? tooMany(added.cells, given) : added;
}

const tooMany = (cells: number, given: readonly number[]): Grown =>
  bad(
    given.length,
    `invalid seeds: the sweep would have ${cells.toLocaleString('en')} cells`,
    `at most ${MAX_CELLS.toLocaleString('en')} cells: fewer seeds, or another sweep`,
  );
