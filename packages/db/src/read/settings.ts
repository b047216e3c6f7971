import type { Db } from '../open.ts';
import { AXIS_SQL, type Axis, axisValue, SETTING_AXES } from './axes.ts';

/** Values of one axis over all settings of a team: each value once, and for each setting the place of its value. */
class Column {
  readonly values: unknown[] = [];
  codes = new Int32Array(64);
  readonly #places = new Map<string, number>();

  set(place: number, value: unknown): void {
    if (place >= this.codes.length) {
      const larger = new Int32Array(this.codes.length * 2);
      larger.set(this.codes);
      this.codes = larger;
    }
    const text = JSON.stringify(value) ?? 'null';
    let code = this.#places.get(text);
    if (code === undefined) {
      code = this.values.length;
      this.values.push(value);
      this.#places.set(text, code);
    }
    this.codes[place] = code;
  }
}

/** `HYPER`: all free params of the configuration as one. */
export type SettingColumn = Axis | 'HYPER';

/**
 * Settings of one team that have been read. A setting never changes, so what is here stays true; what is not here is read when
 * its number first comes. A setting is named by its place in here.
 */
export class Settings {
  readonly #columns = new Map<SettingColumn, Column>(
    [...SETTING_AXES, 'HYPER' as const].map((axis) => [axis, new Column()]),
  );
  readonly #placeOf = new Map<number, number>();
  readonly hashes: string[] = [];

  get size(): number {
    return this.hashes.length;
  }
  /** Undefined for one that has not been read. */
  place(id: number): number | undefined {
    return this.#placeOf.get(id);
  }
  add(id: number, hash: string, values: Readonly<Record<string, unknown>>): void {
    if (this.#placeOf.has(id)) return;
    const place = this.size;
    for (const [axis, column] of this.#columns) column.set(place, values[axis]);
    this.#placeOf.set(id, place);
    this.hashes.push(hash);
  }

  value(axis: SettingColumn, place: number): unknown {
    const column = this.#columns.get(axis)!;
    return column.values[column.codes[place]!];
  }
  /** A number that two settings share exactly when they have the same value of the axis. */
  code(axis: SettingColumn, place: number): number {
    return this.#columns.get(axis)!.codes[place]!;
  }

  /** A key that two settings share exactly when they agree in all of these axes. */
  keyOver(axes: readonly SettingColumn[]): (place: number) => number | string {
    const columns = axes.map((axis) => this.#columns.get(axis)!).filter(({ values }) => values.length > 1);
    const combinations = columns.reduce((product, { values }) => product * values.length, 1);
    if (combinations < Number.MAX_SAFE_INTEGER) {
      const [codes, sizes] = [
        columns.map((column) => column.codes),
        columns.map(({ values }) => values.length),
      ];
      return (place) => {
        let key = 0;
        for (let i = 0; i < codes.length; i++) key = key * sizes[i]! + codes[i]![place]!;
        return key;
      };
    }
    return (place) => columns.map(({ codes }) => codes[place]).join(' ');
  }
}

/** Settings that a process keeps of all its teams together, about 150 bytes each; the team asked longest ago goes first. */
const MOST_KEPT = 2_000_000;
const kept = new WeakMap<Db, Map<string, Settings>>();

/** The settings of a team, these at least, and the place of each of these; -1 of one that was deleted meanwhile. */
export async function settingsOf(
  db: Db,
  teamId: string,
  ids: Int32Array,
): Promise<{ settings: Settings; places: Int32Array }> {
  const teams = kept.get(db) ?? new Map<string, Settings>();
  kept.set(db, teams);
  const settings = teams.get(teamId) ?? new Settings();
  teams.delete(teamId);
  teams.set(teamId, settings);
  const places = new Int32Array(ids.length);
  const missing: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    const place = settings.place(ids[i]!);
    if (place === undefined) missing.push(ids[i]!);
    else places[i] = place;
  }
  for (let from = 0; from < missing.length; from += 20_000)
    await readSettings(db, teamId, settings, missing.slice(from, from + 20_000));
  if (missing.length > 0) for (let i = 0; i < ids.length; i++) places[i] = settings.place(ids[i]!) ?? -1;
  let total = [...teams.values()].reduce((sum, { size }) => sum + size, 0);
  for (const [team, { size }] of teams) {
    if (total <= MOST_KEPT || team === teamId) break;
    teams.delete(team);
    total -= size;
  }
  return { settings, places };
}

const COLUMNS = SETTING_AXES.map((axis) => {
  if (axis === 'DATASET') return 'd.name AS "DATASET"';
  return `${AXIS_SQL[axis]} AS "${axis}"`;
}).join(', ');

async function readSettings(
  { pool }: Db,
  teamId: string,
  into: Settings,
  ids: readonly number[],
): Promise<void> {
  const { rows } = await pool.query(
    `/* settings */ SELECT r.id, r.hash, r.hyper AS "HYPER", ${COLUMNS} FROM setting r JOIN dataset d ON d.id = r.dataset_id
     WHERE r.team_id = $1 AND r.id = ANY ($2)`,
    [teamId, ids],
  );
  for (const { id, hash, HYPER, ...axes } of rows) {
    const values = SETTING_AXES.map((axis) => [axis, axisValue(axis, axes[axis])]);
    into.add(id, hash, { HYPER, ...Object.fromEntries(values) });
  }
}
