import {
  type Axis,
  type CoverageCounts,
  coverageRows,
  type Db,
  type Identity,
  nameIds,
  type RunFilter,
  standingOf,
} from '@smallbatch/db';
import type { PresetRequest } from '@smallbatch/search';
import { groupAxes } from '../aggregate/aggregate.ts';
import { byValue, groupBy, text } from '../aggregate/order.ts';
import { fieldOf } from '../aggregate/settings.ts';
import { fault } from '../errors.ts';
import { presetOf, sweepsOf } from '../preset/preset.ts';
import { type Configured, type KnownDataset, layOut } from '../sweep/create.ts';

/** One place of the grid. */
export interface CoverageCell extends CoverageCounts {
  readonly axes: Readonly<Record<string, unknown>>;
  /** Configurations that are wanted here and have no run; for a filter 1 where there is no run at all. */
  readonly missing: number;
  /** Keys of the members whose runs they are. */
  readonly members: readonly string[];
}

export interface Covered {
  readonly by: readonly Axis[];
  readonly cells: readonly CoverageCell[];
}

/** Most places of a grid. */
const MOST_CELLS = 100_000;

const NOTHING: CoverageCounts = {
  done: 0,
  diverged: 0,
  running: 0,
  waiting: 0,
  pruned: 0,
  failed: 0,
  cancelled: 0,
  duplicates: 0,
};

/**
 * What there is at each place of the grid that the matching runs span: the product of the values that each axis has among them.
 * Two statements.
 */
export async function coverage(
  db: Db,
  { teamId, where, by }: { teamId: string; where: RunFilter | undefined; by: readonly Axis[] },
): Promise<Covered> {
  const [rows, names] = await Promise.all([coverageRows(db, teamId, where, by), nameIds(db, teamId)]);
  const found = new Map<string, CoverageCell>();
  const values = by.map(() => new Map<string, unknown>());
  for (const { group, members, ...counts } of rows) {
    const axes = groupAxes(by, group, names);
    const own = by.map((axis) => axes[fieldOf(axis)]);
    for (const [i, value] of own.entries()) values[i]!.set(text(value), value);
    const keys = members.flatMap((id) => names.get(id) ?? []).sort();
    found.set(text(own), { ...counts, axes, missing: 0, members: keys });
  }
  const size = values.reduce((product, one) => product * one.size, 1);
  if (size > MOST_CELLS)
    throw fault(
      'BAD_INPUT',
      `invalid by: a grid of ${size} cells; at most ${MOST_CELLS}: filter, or name fewer axes`,
    );
  const cells: CoverageCell[] = [];
  for (const place of product(values.map((one) => [...one.values()].sort(byValue)))) {
    const axes = Object.fromEntries(by.map((axis, i) => [fieldOf(axis), place[i]]));
    cells.push(found.get(text(place)) ?? { ...NOTHING, axes, missing: 1, members: [] });
  }
  return { by, cells: rows.length > 0 ? cells : [] };
}

function* product(lists: readonly (readonly unknown[])[]): Generator<unknown[]> {
  const [first, ...rest] = lists;
  if (!first) yield [];
  else for (const value of first) for (const others of product(rest)) yield [value, ...others];
}

/** What the team has of the cells of a preset, whoever trained them and in which sweep. */
export async function coverageOfPreset(
  db: Db,
  identity: Identity,
  name: string,
  request: Omit<PresetRequest, 'rates'>,
  by: readonly Axis[],
): Promise<Covered> {
  const preset = presetOf(name);
  if (!preset) throw fault('BAD_INPUT', `unknown preset "${name.slice(0, 60)}": query presets names them`);
  const files = await sweepsOf(db, identity, preset, request);
  if ('problems' in files) throw fault('BAD_INPUT', files.problems[0]!.message);
  const wanted: (Configured & { readonly dataset: KnownDataset })[] = [];
  for (const file of files) {
    const laid = await layOut(db, identity, file);
    if ('problems' in laid)
      throw fault('BAD_INPUT', `${laid.problems[0]!.message}; allowed: ${laid.problems[0]!.allowed}`);
    wanted.push(...laid.cells.map((cell) => ({ ...cell, dataset: laid.datasets.get(cell.run.datasetId)! })));
  }
  const wrong = by.find((axis) => ['MEMBER', 'SWEEP', 'ENGINE'].includes(axis));
  if (wrong)
    throw fault('BAD_INPUT', `invalid by: ${wrong} is of runs, and a preset has cells that have none`);
  const hashes = wanted.map(({ run }) => run.configurationHash);
  const standing = groupBy(
    await standingOf(db, identity.teamId, hashes),
    ({ configurationHash }) => configurationHash,
  );
  const names = await nameIds(db, identity.teamId);
  const cells = new Map<string, CoverageCell & { missing: number; readonly people: Set<string> }>();
  for (const { axes, run, dataset } of wanted) {
    const all: Record<string, unknown> = {
      ...axes,
      dataset: dataset.name,
      seed: run.seed,
      trainerVersion: run.trainerVersion,
    };
    const own = Object.fromEntries(by.map((axis) => [fieldOf(axis), all[fieldOf(axis)]]));
    const key = text(Object.values(own));
    const cell = cells.get(key) ?? {
      ...NOTHING,
      axes: own,
      missing: 0,
      members: [],
      people: new Set<string>(),
    };
    cells.set(key, cell);
    const [first, ...others] = standing.get(run.configurationHash) ?? [];
    if (!first) cell.missing++;
    else {
      const state =
        first.status === 'DONE' && first.diverged ? 'diverged' : (first.status.toLowerCase() as 'done');
      cell[state]++;
    }
    cell.duplicates += others.length;
    for (const { member } of [first, ...others].flatMap((one) => one ?? []))
      cell.people.add(names.get(member) ?? member);
  }
  return {
    by,
    cells: [...cells.values()].map(({ people, ...cell }) => ({ ...cell, members: [...people].sort() })),
  };
}
