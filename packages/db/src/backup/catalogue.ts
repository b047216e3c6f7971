import pg from 'pg';
import type { Sql } from '../transaction.ts';
import type { SequenceState, TableStart } from './format.ts';

export interface CatalogueTable extends TableStart {
  /** Bytes on disk, its indexes apart. */
  readonly size: number;
  /** Other tables that its foreign keys lead to. */
  readonly refers: readonly string[];
}

export const publicName = (name: string): string => `public.${pg.escapeIdentifier(name)}`;

const TABLES = `/* catalogueTables */
  SELECT c.relname::text AS name, pg_table_size(c.oid)::float8 AS size,
    array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '') AS columns,
    ARRAY(SELECT DISTINCT r.relname::text FROM pg_constraint k JOIN pg_class r ON r.oid = k.confrelid
      WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid) AS refers
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> '_prisma_migrations'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  GROUP BY c.oid, c.relname`;

/** All tables of the schema public but that of the migrations, each after those that its foreign keys lead to. */
export async function readTables(sql: Sql): Promise<CatalogueTable[]> {
  const { rows } = await sql.query<CatalogueTable>(TABLES);
  return inOrder(rows);
}

/** Of those that may come next, the first by name. */
export function inOrder<T extends Pick<CatalogueTable, 'name' | 'refers'>>(tables: readonly T[]): T[] {
  const left = new Map(
    [...tables].sort((a, b) => (a.name < b.name ? -1 : 1)).map((table) => [table.name, table]),
  );
  const ordered: T[] = [];
  while (left.size > 0) {
    const next = [...left.values()].find(({ refers }) => !refers.some((name) => left.has(name)));
    if (!next)
      throw new Error(`unsupported tables whose foreign keys go in a circle: ${[...left.keys()].join(', ')}`);
    left.delete(next.name);
    ordered.push(next);
  }
  return ordered;
}

/** The last migration that was applied; undefined where there is no table of them. */
export async function lastMigration(sql: Sql): Promise<string | undefined> {
  const { rows } = await sql.query<{ there: boolean }>(
    "/* migrationTable */ SELECT to_regclass('public._prisma_migrations') IS NOT NULL AS there",
  );
  if (!rows[0]!.there) return undefined;
  const { rows: last } = await sql.query<{ name: string | null }>(
    `/* lastMigration */ SELECT max(migration_name COLLATE "C") AS name FROM public._prisma_migrations
     WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
  );
  return last[0]!.name ?? undefined;
}

/** Sequences belong to no snapshot: read after it was taken they are at or past every number in it. */
export async function readSequences(sql: Sql): Promise<SequenceState[]> {
  const { rows } = await sql.query<{ name: string }>(
    `/* catalogueSequences */ SELECT relname::text AS name FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' ORDER BY relname COLLATE "C"`,
  );
  const states: SequenceState[] = [];
  for (const { name } of rows) {
    const { rows: state } = await sql.query<{ last: string; called: boolean }>(
      `/* sequenceState */ SELECT last_value::text AS last, is_called AS called FROM ${publicName(name)}`,
    );
    states.push({ name, ...state[0]! });
  }
  return states;
}
