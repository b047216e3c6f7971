import { lockTeam } from './meant.ts';
import type { Db } from './open.ts';
import { type NewRun, writeCells } from './sweep.ts';
import { transaction } from './transaction.ts';

export interface NewSeeds {
  readonly teamId: string;
  readonly memberId: string;
  readonly sweepId: string;
  readonly seeds: readonly number[];
  /** A cell for each setting of the sweep and each seed. */
  readonly cells: readonly NewRun[];
  /** Place among so many new cells → place in the order of training. */
  readonly ranks: (count: number) => ArrayLike<number>;
  /** Most cells that the sweep may have. */
  readonly most: number;
}
export type SeedsAdded =
  | { readonly kind: 'added'; readonly created: number; readonly reused: number; readonly existing: number }
  | { readonly kind: 'cancelled' }
  /** It would have this many cells; nothing was changed. */
  | { readonly kind: 'tooMany'; readonly cells: number };

/** Appends cells to a sweep, without those that it has; they follow its other cells in the queue. */
export async function addSeeds(db: Db, given: NewSeeds): Promise<SeedsAdded> {
  const { teamId, memberId, sweepId, seeds, most } = given;
  const added = await transaction(db, async (sql): Promise<SeedsAdded> => {
    await lockTeam(sql, teamId);
    const { rows } = await sql.query(
      '/* addSeeds sweep */ SELECT id, number, key, reuse, intent, cell_count FROM sweep WHERE id = $1',
      [sweepId],
    );
    const [sweep] = rows;
    if (sweep.intent === 'CANCELLED') return { kind: 'cancelled' };
    const known = await sql.query(
      '/* addSeeds cells */ SELECT configuration_hash AS hash FROM cell WHERE sweep_id = $1',
      [sweepId],
    );
    const hashes = new Set(known.rows.map(({ hash }) => hash));
    const cells = given.cells.filter(({ configurationHash }) => !hashes.has(configurationHash));
    const total = sweep.cell_count + cells.length;
    if (total > most) return { kind: 'tooMany', cells: total };
    const first = sweep.cell_count + 1;
    const ranks = given.ranks(cells.length);
    const { id, number, key, reuse } = sweep;
    const later = Array.from(ranks, (rank) => first - 1 + rank);
    await writeCells(sql, { teamId, memberId, id, number, key, reuse, first, cells, ranks: later });
    const made = await sql.query(
      `/* addSeeds created */ SELECT count(*)::int AS created FROM cell JOIN run ON run.id = cell.run_id AND run.sweep_id = $1
       WHERE cell.sweep_id = $1 AND cell.position >= $2`,
      [id, first],
    );
    const { created } = made.rows[0];
    // A paused sweep's runs wait, unless another sweep wants them; an open one's do not.
    await sql.query(
      `/* addSeeds hold */ UPDATE run SET held = x.held FROM (
         SELECT c.run_id, $3 = 'PAUSED' AND NOT EXISTS (SELECT FROM cell o JOIN sweep s ON s.id = o.sweep_id WHERE o.run_id = c.run_id AND s.intent = 'OPEN') AS held
         FROM cell c WHERE c.sweep_id = $1 AND c.position >= $2) AS x
       WHERE run.id = x.run_id AND run.status = 'WAITING' AND run.held <> x.held`,
      [id, first, sweep.intent],
    );
    await sql.query(
      `/* addSeeds */ UPDATE sweep SET cell_count = $2, added_seeds = ARRAY(
         SELECT seed FROM unnest(added_seeds || $3::int8[]) WITH ORDINALITY AS s (seed, place) GROUP BY seed ORDER BY min(place)) WHERE id = $1`,
      [id, total, seeds],
    );
    if (cells.length > 0)
      await sql.query(
        `/* addSeeds told */ INSERT INTO event (team_id, kind, member_id, sweep_id, detail)
         VALUES ($1, 'SEEDS_ADDED', $2, $3, jsonb_build_object('cells', $4::int, 'first', $5::int))`,
        [teamId, memberId, id, cells.length, first],
      );
    return {
      kind: 'added',
      created,
      reused: cells.length - created,
      existing: given.cells.length - cells.length,
    };
  });
  if (added.kind === 'added') db.changed(teamId, '*', true);
  return added;
}
