import type { Dataset, Db } from '@smallbatch/db';

/** Data sets that a process remembers before it begins anew. */
const REMEMBERED = 1000;
const seen = new WeakMap<Db, Map<string, Dataset>>();

/** A data set of the team by its name; asked once, because it never changes and is never removed. */
export async function knownDataset(db: Db, teamId: string, name: string): Promise<Dataset | null> {
  const known = seen.get(db) ?? new Map<string, Dataset>();
  seen.set(db, known);
  const key = `${teamId} ${name}`;
  const found = known.get(key);
  if (found) return found;
  if (name.includes('\0')) return null;
  const dataset = await db.prisma.dataset.findUnique({ where: { teamId_name: { teamId, name } } });
  if (!dataset) return null;
  if (known.size > REMEMBERED) known.clear();
  known.set(key, dataset);
  return dataset;
}
