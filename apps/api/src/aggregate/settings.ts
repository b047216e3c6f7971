import {
  type Axis,
  type Db,
  RUN_AXES,
  SETTING_AXES,
  type SettingColumn,
  type SettingCounts,
  type SettingQuery,
  type SettingRows,
  settingRows,
} from '@smallbatch/db';

/** `BATCH_SIZE` → `batchSize`. */
export const fieldOf = (axis: string): string =>
  axis.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
const FIELDS = SETTING_AXES.map((axis) => [axis, fieldOf(axis)] as const);

/** One setting in a group of runs: a row of what the database has counted, whose axes are looked up when asked. */
export class Setting {
  readonly rows: SettingRows;
  readonly row: number;

  constructor(rows: SettingRows, row: number) {
    this.rows = rows;
    this.row = row;
  }
  /** Its place among the team's settings. */
  get place(): number {
    return this.rows.places[this.row]!;
  }
  get id(): number {
    return this.rows.ids[this.row]!;
  }
  get hash(): string {
    return this.rows.settings.hashes[this.place]!;
  }
  /** Runs that have a value, without those of the selecting seeds. */
  get n(): number {
    return this.rows.n[this.row]!;
  }
  /** Mean of those values. */
  get mean(): number {
    return this.rows.mean[this.row]!;
  }
  /** What a choice may look at: runs and their mean of the selecting seeds alone, or of all. */
  get choiceN(): number {
    return (this.rows.selected ?? this.rows).n[this.row]!;
  }
  get choiceMean(): number {
    return (this.rows.selected ?? this.rows).mean[this.row]!;
  }
  get diverged(): number {
    return this.rows.diverged[this.row]!;
  }
  async counts(): Promise<SettingCounts> {
    return (await this.rows.counts())[this.row]!;
  }
  /** A number that settings of a team share exactly when they have the same value of the axis. */
  code(axis: SettingColumn): number {
    return this.rows.settings.code(axis, this.place);
  }
  axis(axis: Axis): unknown {
    return this.rows.settings.value(axis, this.place);
  }
  /** All axes by field. */
  get axes(): Record<string, unknown> {
    return Object.fromEntries(FIELDS.map(([axis, field]) => [field, this.axis(axis)]));
  }
  get hyper(): Readonly<Record<string, unknown>> {
    return this.rows.settings.value('HYPER', this.place) as Record<string, unknown>;
  }
}

interface Read {
  readonly rows: SettingRows;
  readonly settings: readonly Setting[];
}
/** What one request has read, by what it asked for: its other questions of the same runs read nothing, and are of the same moment. */
export type KnownSettings = Map<string, Promise<Read>>;

/** The settings of all groups. One whose last run was deleted while it was asked for is in none. */
export function readSettings(db: Db, query: SettingQuery, known: KnownSettings = new Map()): Promise<Read> {
  const { teamId, where, metric, value, selectSeeds, byParams } = query;
  const ofRuns = query.by.filter((axis) => RUN_AXES.includes(axis));
  const key = JSON.stringify([teamId, where, metric?.id, value, selectSeeds, ofRuns, byParams], (_, one) =>
    typeof one === 'bigint' ? `${one}n` : one,
  );
  const read = known.get(key) ?? readAnew(db, query);
  known.set(key, read);
  return read;
}

async function readAnew(db: Db, query: SettingQuery): Promise<Read> {
  const rows = await settingRows(db, query);
  const settings: Setting[] = [];
  for (let row = 0; row < rows.ids.length; row++)
    if (rows.places[row]! >= 0) settings.push(new Setting(rows, row));
  return { rows, settings };
}

/** Sums of what the database counts of settings. */
export async function countsOf(settings: readonly Setting[]): Promise<SettingCounts> {
  const total = { diverged: 0, failed: 0, unfinished: 0, withoutValue: 0, duplicates: 0 };
  const all = await settings[0]?.rows.counts();
  for (const { row } of settings) {
    const one = all![row]!;
    total.diverged += one.diverged;
    total.failed += one.failed;
    total.unfinished += one.unfinished;
    total.withoutValue += one.withoutValue;
    total.duplicates += one.duplicates;
  }
  return total;
}
