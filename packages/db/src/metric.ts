import type pg from 'pg';
import type { Goal } from './generated/prisma/enums.ts';
import type { Db } from './open.ts';

/** Ids of a team's metrics by their names. A metric is never removed or renamed, so what was read once stays true. */
export type MetricIds = Map<string, number>;

/** Names that a process remembers of one team before it begins anew. */
const REMEMBERED = 100_000;

interface Named {
  readonly metric: string;
  readonly goal?: Goal | null;
}

const goalOf = ({ metric, goal }: Named): Goal => {
  if (goal) return goal;
  if (metric.endsWith('accuracy')) return 'MAXIMISE';
  return /(loss|error|^steps_to_goal)$/.test(metric) ? 'MINIMISE' : 'NONE';
};

/**
 * Looks metrics up: in `known` first, then in at most one statement. `create` makes those that are still missing. What it has made is not
 * in `known`: the transaction may yet fail.
 */
export async function metricIds(
  sql: pg.PoolClient,
  teamId: string,
  known: MetricIds,
  series: readonly Named[],
): Promise<{ found: MetricIds; create(wanted: ReadonlySet<string>): Promise<MetricIds> }> {
  const found: MetricIds = new Map();
  const missing = new Map<string, Goal>();
  for (const one of series) {
    const id = known.get(one.metric);
    if (id === undefined) missing.set(one.metric, goalOf(one));
    else found.set(one.metric, id);
  }
  const find = async (names: readonly string[]): Promise<void> => {
    const { rows } = await sql.query<{ id: number; name: string }>(
      '/* metricIds */ SELECT id, name FROM metric WHERE team_id = $1 AND name = ANY ($2)',
      [teamId, names],
    );
    if (known.size > REMEMBERED) known.clear();
    for (const { id, name } of rows) {
      found.set(name, id);
      known.set(name, id);
      missing.delete(name);
    }
  };
  if (missing.size > 0) await find([...missing.keys()]);
  return {
    found,
    async create(wanted) {
      const made: MetricIds = new Map();
      const names = [...missing.keys()].filter((name) => wanted.has(name));
      if (names.length === 0) return made;
      // An update that changes nothing returns the row also where another transaction was first.
      const { rows } = await sql.query<{ id: number; name: string }>(
        `/* metricIds create */ INSERT INTO metric (team_id, name, goal) SELECT $1, * FROM unnest($2::text[], $3::"Goal"[])
         ORDER BY 2 ON CONFLICT (team_id, name) DO UPDATE SET name = excluded.name RETURNING id, name`,
        [teamId, names, names.map((name) => missing.get(name)!)],
      );
      for (const { id, name } of rows) made.set(name, id);
      return made;
    },
  };
}

export interface MetricRow {
  readonly id: number;
  readonly teamId: string;
  readonly name: string;
  readonly goal: Goal;
}

/** Says which way a metric of a team is better; it is made where there is none of the name. */
export async function setMetricGoal(
  db: Db,
  metric: { readonly teamId: string; readonly name: string; readonly goal: Goal },
): Promise<MetricRow> {
  const { rows } = await db.pool.query<MetricRow>(
    `/* setMetricGoal */ INSERT INTO metric (team_id, name, goal) VALUES ($1, $2, $3::"Goal")
     ON CONFLICT (team_id, name) DO UPDATE SET goal = excluded.goal RETURNING id, team_id AS "teamId", name, goal::text AS goal`,
    [metric.teamId, metric.name, metric.goal],
  );
  return rows[0]!;
}
