import type { Db } from './open.ts';
import { acting, transaction } from './transaction.ts';
import { uuidv7 } from './uuid.ts';

export interface NewDataset {
  readonly teamId: string;
  readonly memberId: string;
  readonly name: string;
  readonly hash: string;
  readonly classes: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly trainCount: number;
  readonly testCount: number;
  readonly description?: string | null;
}

/** Makes a data set known, unless its name or its hash is. → its id, when it is new. */
export async function addDataset(db: Db, given: NewDataset): Promise<string | undefined> {
  const id = await transaction(acting(db, given), async (sql) => {
    const { rows } = await sql.query<{ id: string }>(
      `/* addDataset */ INSERT INTO dataset (id, team_id, name, hash, classes, channels, height, width, train_count, test_count, description)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING id`,
      [
        uuidv7(),
        given.teamId,
        given.name,
        given.hash,
        given.classes,
        given.channels,
        given.height,
        given.width,
        given.trainCount,
        given.testCount,
        given.description ?? null,
      ],
    );
    return rows[0]?.id;
  });
  if (id) db.changed(given.teamId, [], true);
  return id;
}

export interface DatasetRow {
  readonly id: string;
  readonly teamId: string;
  readonly name: string;
  readonly hash: string;
  readonly classes: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly trainCount: number;
  readonly testCount: number;
  readonly description: string | null;
  readonly createdAt: Date;
}

/** The data sets of a team that have this name, or this hash. */
export async function datasetsLike(
  db: Db,
  { teamId, name, hash }: { readonly teamId: string; readonly name: string; readonly hash: string },
): Promise<DatasetRow[]> {
  const { rows } = await db.pool.query<DatasetRow>(
    `/* datasetsLike */ SELECT id, team_id AS "teamId", name, hash, classes, channels, height, width, train_count AS "trainCount",
       test_count AS "testCount", description, created_at AS "createdAt" FROM dataset WHERE team_id = $1 AND (name = $2 OR hash = $3)`,
    [teamId, name, hash],
  );
  return rows;
}
