import {
  addSeeds,
  type Db,
  type Identity,
  type NewRun,
  type SeedsAdded,
  settingsOfSweep,
} from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import type { ProblemShape } from '../builder.ts';
import { MAX_CELLS, ranksOf, withSeeds } from './create.ts';

/** Most seeds that are added at once. */
export const MOST_SEEDS = 1000;

export interface GrowingSweep {
  readonly id: string;
  readonly key: string;
  readonly order: string;
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
  const settings = await settingsOfSweep(db, sweep.id);
  if (settings.length * seeds.length > MAX_CELLS) return tooMany(settings.length * seeds.length, given);
  const datasets = await db.prisma.dataset.findMany({ where: { teamId: identity.teamId } });
  const hashes = new Map(datasets.map(({ id, hash }) => [id, hash]));
  const grown: NewRun[] = [];
  for (const setting of settings) {
    const runs = withSeeds(setting, hashes.get(setting.datasetId)!, seeds);
    if (!runs)
      return {
        kind: 'refused',
        why: 'OTHER_TRAINER',
        message: `sweep "${sweep.key}" is of trainer version ${setting.trainerVersion}, and this server makes runs of version ${TRAINER_VERSION}: new seeds would be other settings; make a new sweep of its definition`,
      };
    grown.push(...runs);
  }
  const order = sweep.order === 'listed' ? 'listed' : 'shuffled';
  const added = await addSeeds(db, {
    ...identity,
    sweepId: sweep.id,
    seeds,
    // Seed by seed, so that each seed is a whole grid soon.
    cells: seeds.flatMap((_, i) => settings.map((_setting, j) => grown[j * seeds.length + i]!)),
    ranks: (count) => ranksOf(count, { order, orderSeed: 0 }),
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
