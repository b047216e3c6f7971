import type pg from 'pg';
import type { BatchNormScope, BudgetUnit, RunStatus } from './generated/prisma/enums.ts';
import type { Db } from './open.ts';
import { transaction } from './transaction.ts';
import { uuidv7 } from './uuid.ts';

/** A run that does not exist yet: every column that its configuration fixes. */
export interface NewRun {
  readonly datasetId: string;
  readonly model: string;
  readonly width: number;
  readonly batchSize: number;
  readonly batchSchedule: unknown;
  readonly baseLearningRate: number;
  readonly schedule: string;
  readonly warmUp: boolean;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  readonly batchNorm: boolean;
  readonly batchNormScope: BatchNormScope | null;
  readonly bnBatch: number | null;
  readonly augmentation: boolean;
  readonly budgetUnit: BudgetUnit;
  readonly budgetValue: number;
  readonly budgetEpochs: number | null;
  readonly evaluateEvery: number;
  readonly seed: number;
  readonly hyper: Readonly<Record<string, string | number | boolean>>;
  readonly configurationHash: string;
  readonly settingHash: string;
  readonly trainerVersion: string;
  readonly bundleKey: string;
  readonly shapeKey: string;
  readonly memoryBytes: number;
  /** Parted by commas. */
  readonly measures: string;
  readonly plannedSteps: number;
}

export interface NewSweep {
  readonly teamId: string;
  readonly memberId: string;
  readonly name: string;
  readonly definition: unknown;
  readonly strategy: string;
  /** How its runs are stopped early; null where they are not. */
  readonly stopping?: unknown;
  readonly order: string;
  readonly reuse: boolean;
  /** In position order. */
  readonly cells: readonly NewRun[];
  /** Position → place in the order of training. */
  readonly ranks: ArrayLike<number>;
}

/** Column, its type, and where its value comes from. One list for the writing of runs everywhere. */
const COLUMNS: [column: string, type: string, of: (run: NewRun) => unknown][] = [
  ['dataset_id', 'uuid', (run) => run.datasetId],
  ['model', 'text', (run) => run.model],
  ['width', 'int', (run) => run.width],
  ['batch_size', 'int', (run) => run.batchSize],
  ['batch_schedule', 'jsonb', (run) => run.batchSchedule && JSON.stringify(run.batchSchedule)],
  ['base_learning_rate', 'float8', (run) => run.baseLearningRate],
  ['schedule', 'text', (run) => run.schedule],
  ['warm_up', 'bool', (run) => run.warmUp],
  ['momentum', 'float8', (run) => run.momentum],
  ['nesterov', 'bool', (run) => run.nesterov],
  ['weight_decay', 'float8', (run) => run.weightDecay],
  ['batch_norm', 'bool', (run) => run.batchNorm],
  ['batch_norm_scope', '"BatchNormScope"', (run) => run.batchNormScope],
  ['bn_batch', 'int', (run) => run.bnBatch],
  ['augmentation', 'bool', (run) => run.augmentation],
  ['budget_unit', '"BudgetUnit"', (run) => run.budgetUnit],
  ['budget_value', 'float8', (run) => run.budgetValue],
  ['budget_epochs', 'float8', (run) => run.budgetEpochs],
  ['evaluate_every', 'int', (run) => run.evaluateEvery],
  ['seed', 'int8', (run) => run.seed],
  ['hyper', 'jsonb', (run) => JSON.stringify(run.hyper)],
  ['configuration_hash', 'text', (run) => run.configurationHash],
  ['setting_hash', 'text', (run) => run.settingHash],
  ['trainer_version', 'text', (run) => run.trainerVersion],
  ['bundle_key', 'text', (run) => run.bundleKey],
  ['shape_key', 'text', (run) => run.shapeKey],
  ['memory_bytes', 'float8', (run) => run.memoryBytes],
  ['measures', 'text', (run) => run.measures],
  ['planned_steps', 'int8', (run) => run.plannedSteps],
];
export const RUN_COLUMNS = COLUMNS.map(([column]) => column).join(', ');
export const runArrays = (runs: readonly NewRun[]): unknown[] => COLUMNS.map(([, , of]) => runs.map(of));
export const runTypes = (from: number): string =>
  COLUMNS.map(([, type], i) => `$${from + i}::${type}[]`).join(', ');

/** `batch_size` → `batchSize`. */
const fieldOf = (column: string): string =>
  column.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
const RUN_FIELDS = COLUMNS.map(([column]) => `r.${column} AS "${fieldOf(column)}"`).join(', ');

/** The settings of a sweep, each as one of its runs (one that it created, where there is one), in the order of their first cells. */
export async function settingsOfSweep({ pool }: Db, sweepId: string): Promise<NewRun[]> {
  const { rows } = await pool.query(
    `/* settingsOfSweep */ SELECT r.* FROM (
       SELECT DISTINCT ON (r.setting_id) ${RUN_FIELDS}, min(c.position) OVER (PARTITION BY r.setting_id) AS first
       FROM cell c JOIN run r ON r.id = c.run_id WHERE c.sweep_id = $1
       ORDER BY r.setting_id, r.sweep_id IS NOT DISTINCT FROM c.sweep_id DESC, c.position) AS r ORDER BY r.first`,
    [sweepId],
  );
  return rows;
}

/** Statuses of a run that answers its configuration, or still can. */
export const ANSWERS = `('WAITING', 'RUNNING', 'DONE', 'PRUNED')`;

/** A run that answers a configuration already. */
export interface Answer {
  readonly configurationHash: string;
  readonly key: string;
  readonly status: RunStatus;
  /** Key of the member whose it is. */
  readonly member: string;
}

/** The runs of a team that answer these configurations, or still can. */
export async function answersOf({ pool }: Db, teamId: string, hashes: readonly string[]): Promise<Answer[]> {
  const { rows } = await pool.query(
    `/* answersOf */ SELECT r.configuration_hash AS "configurationHash", r.key, r.status::text, m.key AS member
     FROM run r JOIN member m ON m.id = r.member_id
     WHERE r.team_id = $1 AND r.configuration_hash = ANY ($2) AND NOT r.duplicate AND r.status IN ${ANSWERS}`,
    [teamId, hashes],
  );
  return rows;
}

const BATCH = 5000;
/** Ranks of one sweep stay below those of the next. */
const RANKS_PER_SWEEP = 2 ** 24;

export const slug = (name: string, otherwise = 'sweep'): string =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60) || otherwise;

/** A sweep that is there, or is being made, and cells that it is to have from position `first` on. */
export interface NewCells extends Pick<NewSweep, 'teamId' | 'memberId' | 'reuse' | 'cells' | 'ranks'> {
  readonly id: string;
  readonly number: number;
  readonly key: string;
  readonly first: number;
}

/** Writes cells down, each with the run that answers it: one that is there, or a new one. */
export async function writeCells(sql: pg.PoolClient, sweep: NewCells): Promise<void> {
  const { id, teamId, memberId, number, key, first, cells } = sweep;
  for (let from = 0; from < cells.length; from += BATCH) {
    const runs = cells.slice(from, from + BATCH);
    const positions = runs.map((_, i) => first + from + i);
    const written = await sql.query(
      `/* writeCells */ WITH given AS (
         SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::int8[], ${runTypes(9)}) AS n (id, position, key, queue_rank, ${RUN_COLUMNS})
       ), inserted AS (
         INSERT INTO run (id, key, queue_rank, ${RUN_COLUMNS}, team_id, member_id, sweep_id, duplicate)
         SELECT n.id, n.key, n.queue_rank, ${RUN_COLUMNS}, $5, $6, $7, NOT $8 AND EXISTS (
           SELECT FROM run r WHERE r.team_id = $5 AND r.configuration_hash = n.configuration_hash AND NOT r.duplicate AND r.status IN ${ANSWERS})
         FROM given AS n
         ON CONFLICT (team_id, configuration_hash) WHERE NOT duplicate AND status IN ${ANSWERS} DO NOTHING
         RETURNING id
       )
       INSERT INTO cell (sweep_id, position, team_id, run_id, configuration_hash)
       SELECT $7, n.position, $5, coalesce(i.id, r.id), n.configuration_hash FROM given AS n LEFT JOIN inserted AS i ON i.id = n.id
       LEFT JOIN run AS r ON i.id IS NULL AND r.team_id = $5 AND r.configuration_hash = n.configuration_hash AND NOT r.duplicate AND r.status IN ${ANSWERS}
       RETURNING run_id`,
      [
        runs.map(() => uuidv7()),
        positions,
        positions.map((position) => `${key}/${position}`),
        positions.map((position) => number * RANKS_PER_SWEEP + sweep.ranks[position - first]!),
        teamId,
        memberId,
        id,
        sweep.reuse,
        ...runArrays(runs),
      ],
    );
    if (written.rowCount !== runs.length)
      throw new Error(`a sweep of ${runs.length} cells wrote ${written.rowCount}`);
  }
}

/**
 * Writes a sweep down: all its cells at once, each answered by a run. With reuse, a run of the team that answers the
 * configuration (or still can) is taken; without, it is trained again, marked as a duplicate. Creations of one team follow each
 * other, so two of the same grid train nothing twice.
 */
export async function createSweep(
  db: Db,
  sweep: NewSweep,
): Promise<{ id: string; key: string; created: number; reused: number }> {
  const { teamId, memberId, cells } = sweep;
  const id = uuidv7();
  return transaction(db, async (sql) => {
    await sql.query('/* createSweep lock */ SELECT 1 FROM team WHERE id = $1 FOR NO KEY UPDATE', [teamId]);
    const numbered = await sql.query(
      '/* createSweep number */ SELECT coalesce(max(number), 0) + 1 AS number FROM sweep WHERE team_id = $1',
      [teamId],
    );
    const number: number = numbered.rows[0].number;
    const key = `${slug(sweep.name)}-${number}`;
    await sql.query(
      `/* createSweep */ INSERT INTO sweep (id, team_id, member_id, number, key, name, definition, strategy, "order", reuse, cell_count, stopping)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        id,
        teamId,
        memberId,
        number,
        key,
        sweep.name,
        JSON.stringify(sweep.definition),
        sweep.strategy,
        sweep.order,
        sweep.reuse,
        cells.length,
        sweep.stopping ? JSON.stringify(sweep.stopping) : null,
      ],
    );
    await writeCells(sql, { ...sweep, id, number, key, first: 1 });
    const made = await sql.query(
      '/* createSweep created */ SELECT count(*) AS created FROM run WHERE sweep_id = $1',
      [id],
    );
    const created: number = made.rows[0].created;
    await sql.query(
      `/* createSweep unhold */ UPDATE run SET held = false FROM cell WHERE cell.sweep_id = $1 AND cell.run_id = run.id AND run.held AND run.status = 'WAITING'`,
      [id],
    );
    return { id, key, created, reused: cells.length - created };
  });
}

export type SweepChange = 'pause' | 'resume' | 'cancel' | 'retry';

/** Runs of this sweep ($1) that no other sweep with one of the given intents wants. */
const wantedByNoOther = (intents: string): string => `NOT EXISTS (
  SELECT FROM cell o JOIN sweep s ON s.id = o.sweep_id WHERE o.run_id = run.id AND s.id <> $1 AND s.intent IN (${intents}))`;

/**
 * → how many runs changed, or undefined when the sweep was cancelled and the change is not its retry. It waits for the team's
 * lock, as creating a sweep does: else a cancel could end a run that a sweep being created has just taken, without seeing that.
 */
export async function changeSweep(db: Db, id: string, change: SweepChange): Promise<number | undefined> {
  return transaction(db, async (sql) => {
    await sql.query(
      '/* changeSweep lock */ SELECT FROM team WHERE id = (SELECT team_id FROM sweep WHERE id = $1) FOR NO KEY UPDATE',
      [id],
    );
    const { rows } = await sql.query('/* changeSweep intent */ SELECT intent FROM sweep WHERE id = $1', [id]);
    const { intent } = rows[0];
    if (intent === 'CANCELLED' && change !== 'retry') return undefined;
    const set = (next: string) =>
      sql.query('/* changeSweep */ UPDATE sweep SET intent = $2::"SweepIntent" WHERE id = $1', [id, next]);
    const mine = 'FROM cell WHERE cell.sweep_id = $1 AND cell.run_id = run.id';
    if (change === 'pause') {
      await set('PAUSED');
      const held = await sql.query(
        `/* pauseSweep */ UPDATE run SET held = true ${mine} AND run.status = 'WAITING' AND ${wantedByNoOther(`'OPEN'`)}`,
        [id],
      );
      return held.rowCount ?? 0;
    }
    if (change === 'resume') {
      await set('OPEN');
      const freed = await sql.query(
        `/* resumeSweep */ UPDATE run SET held = false ${mine} AND run.status = 'WAITING' AND run.held`,
        [id],
      );
      return freed.rowCount ?? 0;
    }
    if (change === 'cancel') {
      await set('CANCELLED');
      await sql.query(
        `/* cancelSweep attempts */ UPDATE attempt SET ended_at = now(), "end" = 'CANCELLED', reason = 'the sweep was cancelled' FROM run, cell
         WHERE cell.sweep_id = $1 AND cell.run_id = run.id AND run.status = 'RUNNING' AND attempt.run_id = run.id AND attempt.number = run.attempt
         AND ${wantedByNoOther(`'OPEN', 'PAUSED'`)}`,
        [id],
      );
      const ended = await sql.query(
        `/* cancelSweep */ UPDATE run SET status = 'CANCELLED', ended_at = now(), reason = 'the sweep was cancelled', lease_expires_at = NULL
         ${mine} AND run.status IN ('WAITING', 'RUNNING') AND ${wantedByNoOther(`'OPEN', 'PAUSED'`)}`,
        [id],
      );
      await sql.query(
        `/* cancelSweep hold */ UPDATE run SET held = true ${mine} AND run.status = 'WAITING' AND ${wantedByNoOther(`'OPEN'`)}`,
        [id],
      );
      return ended.rowCount ?? 0;
    }
    await set('OPEN');
    // A configuration that another run answers by now is not trained again: the cell takes that run.
    const taken = await sql.query(
      `/* retrySweep take */ UPDATE cell SET run_id = other.id FROM run AS old, run AS other
       WHERE cell.sweep_id = $1 AND cell.run_id = old.id AND old.status IN ('FAILED', 'CANCELLED') AND NOT old.duplicate
       AND other.team_id = old.team_id AND other.configuration_hash = old.configuration_hash AND NOT other.duplicate AND other.status IN ${ANSWERS}`,
      [id],
    );
    const again = await sql.query(
      `/* retrySweep */ UPDATE run SET status = 'WAITING', ended_at = NULL, reason = NULL, worker_id = NULL, lost = 0, held = false
       ${mine} AND run.status IN ('FAILED', 'CANCELLED')`,
      [id],
    );
    await sql.query(
      `/* retrySweep unhold */ UPDATE run SET held = false ${mine} AND run.status = 'WAITING' AND run.held`,
      [id],
    );
    return (taken.rowCount ?? 0) + (again.rowCount ?? 0);
  });
}
