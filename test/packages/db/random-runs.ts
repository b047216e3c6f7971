import { randomUUID } from 'node:crypto';
import type { Db } from '@smallbatch/db';

/** Texts that are easily read as something else. */
export const ODD = [
  'a',
  'A',
  'ab',
  'a%b',
  '%',
  '_',
  '\\',
  "o'clock",
  '"',
  '$1',
  'É',
  'é',
  'ΣΑΣ',
  '日本',
  '😀',
  '\uffee',
  'null',
  '1',
  'true',
  '{}',
  ' ',
  'two words',
  'line\nbreak',
  'resnet8',
];
export const NUMBERS = [0, 1, 2, 1.5, 0.1, 1e-7, 2 ** -8, 1e300, Number.MAX_VALUE, -3, 1e-300];
export const WHOLES = [1, 2, 3, 4, 8, 2 ** 31 - 1];
export const LONG_WHOLES = [0, 1, 2, 2 ** 40, 2 ** 53 - 1];
export const PARAMS = ['a', 'é', 'constructor', "it's"];
export const METRICS = { accuracy: 'MAXIMISE', 'the loss': 'MINIMISE', odd_名: 'NONE' } as const;
export const SWEEPS = ['plain-1', 'É-2', 'a%b-3'];
const LOCKED_SWEEP = 'É-2';
const MOMENTS = [0, 1, 2, 1000, 86_400_000];
const EPOCH = Date.UTC(2026, 0, 1);

export interface Summary {
  readonly last: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly sum: number;
  readonly count: number;
  readonly nonFinite: number;
  readonly median: number;
}
type Scalar = string | number | boolean;

/** A run as plain data: what the database is compared with. Moments in microseconds since 2026. */
export interface RandomRun {
  readonly id: string;
  readonly key: string;
  readonly member: string;
  readonly dataset: string;
  readonly createdBy: string | null;
  readonly sweeps: readonly string[];
  readonly status: string;
  readonly diverged: boolean;
  readonly duplicate: boolean;
  readonly reason: string | null;
  readonly engine: string | null;
  readonly trainerVersion: string;
  readonly configurationHash: string;
  readonly settingHash: string;
  readonly model: string;
  readonly width: number;
  readonly batchSize: number;
  readonly batchSchedule: unknown;
  readonly baseLearningRate: number;
  readonly schedule: unknown;
  readonly warmUp: boolean;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  readonly batchNorm: boolean;
  readonly batchNormScope: string | null;
  readonly bnBatch: number | null;
  readonly augmentation: boolean;
  readonly evaluateEvery: number;
  readonly budget: { readonly unit: string; readonly value: number; readonly epochs: number | null };
  readonly seed: number;
  readonly deviceSeconds: number;
  readonly step: number;
  readonly plannedSteps: number;
  readonly samplesSeen: number;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly tags: readonly string[];
  readonly note: string | null;
  readonly lockedItself: boolean;
  /** By itself or by a sweep. */
  readonly locked: boolean;
  readonly hyper: Readonly<Record<string, Scalar>>;
  readonly info: Readonly<Record<string, Scalar>>;
  readonly metrics: Readonly<Partial<Record<string, Summary>>>;
}

export const SCHEDULES = [{ kind: 'constant' }, { kind: 'step', at: [0.5, 0.75], by: 0.1 }];
export const BATCH_SCHEDULES = [{ a: 1, b: [2, { c: null }] }, [1, 2], 'text'];

export interface World {
  readonly teamId: string;
  readonly runs: RandomRun[];
  /** Draws `count` more runs and writes them. */
  add(count: number): Promise<RandomRun[]>;
}

/** A team of its own with members, data sets, sweeps and metrics, and runs drawn by `next` (numbers in [0, 1)). */
export async function randomWorld({ pool }: Db, next: () => number, teamKey: string): Promise<World> {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  const maybe = <T>(value: () => T, share = 0.6): T | null => (next() < share ? value() : null);
  const some = <T>(list: readonly T[], share = 0.4): T[] => list.filter(() => next() < share);
  const teamId = randomUUID();
  await pool.query('INSERT INTO team (id, key, name) VALUES ($1, $2, $2)', [teamId, teamKey]);
  const ids = {
    member: new Map<string, string>(),
    dataset: new Map<string, string>(),
    sweep: new Map<string, string>(),
  };
  for (const key of ['ada', 'É', 'a%b']) {
    const [account, id] = [randomUUID(), randomUUID()];
    await pool.query(`INSERT INTO account (id, name) VALUES ($1, 'x')`, [account]);
    await pool.query(
      `INSERT INTO member (id, team_id, account_id, key, role) VALUES ($1, $2, $3, $4, 'MEMBER')`,
      [id, teamId, account, key],
    );
    ids.member.set(key, id);
  }
  for (const [i, name] of ['shapes', '日本', "o'clock"].entries()) {
    const id = randomUUID();
    await pool.query(
      `INSERT INTO dataset (id, team_id, name, hash, classes, channels, height, width, train_count, test_count) VALUES ($1, $2, $3, repeat($4, 64), 10, 3, 8, 8, 1, 1)`,
      [id, teamId, name, String(i)],
    );
    ids.dataset.set(name, id);
  }
  for (const [i, key] of SWEEPS.entries()) {
    const id = randomUUID();
    await pool.query(
      `INSERT INTO sweep (id, team_id, member_id, number, key, name, definition, strategy, "order", reuse, cell_count, locked) VALUES ($1, $2, $3, $4, $5, $6, '{}', 'grid', 'listed', true, 1, $7)`,
      [id, teamId, [...ids.member.values()][0], i + 1, key, sweepName(key), key === LOCKED_SWEEP],
    );
    ids.sweep.set(key, id);
  }
  for (const [name, goal] of Object.entries(METRICS))
    await pool.query('INSERT INTO metric (team_id, name, goal) VALUES ($1, $2, $3::"Goal")', [
      teamId,
      name,
      goal,
    ]);

  let number = 0;
  const params = (): Record<string, Scalar> =>
    Object.fromEntries(
      some(PARAMS).map((name) => [name, pick<Scalar>([...NUMBERS, ...ODD, '1', true, false])]),
    );
  const moment = (): number => pick(MOMENTS) * 1000 + pick([0, 1, 999]);
  const metricNumber = (): number => pick([...NUMBERS, Number.NaN, Infinity, -Infinity]);
  const draw = (): RandomRun => {
    const status = pick(['WAITING', 'RUNNING', 'DONE', 'DONE', 'PRUNED', 'FAILED', 'CANCELLED']);
    const batchNorm = next() < 0.6;
    const batchSize = pick(WHOLES);
    const i = ++number;
    const [sweeps, lockedItself] = [some(SWEEPS), next() < 0.3];
    return {
      id: randomUUID(),
      key: `${pick(ODD)}/${i}`,
      member: pick([...ids.member.keys()]),
      dataset: pick([...ids.dataset.keys()]),
      createdBy: maybe(() => pick(SWEEPS)),
      sweeps,
      lockedItself,
      locked: lockedItself || sweeps.includes(LOCKED_SWEEP),
      status,
      diverged: status === 'DONE' && next() < 0.3,
      duplicate: next() < 0.3,
      reason: maybe(() => pick(ODD), 0.3),
      engine: maybe(() => pick(ODD)),
      trainerVersion: pick(ODD),
      configurationHash: `${pick(ODD)} ${i}`,
      settingHash: pick(ODD),
      model: pick(ODD),
      width: pick(WHOLES),
      batchSize,
      batchSchedule: maybe(() => pick(BATCH_SCHEDULES), 0.3),
      baseLearningRate: Math.abs(pick(NUMBERS)) || 0.25,
      schedule: pick(SCHEDULES),
      warmUp: next() < 0.5,
      momentum: Math.abs(pick(NUMBERS)),
      nesterov: next() < 0.5,
      weightDecay: Math.abs(pick(NUMBERS)),
      batchNorm,
      batchNormScope: batchNorm ? maybe(() => pick(['CONV', 'ALL'])) : null,
      bnBatch: batchNorm ? maybe(() => pick(WHOLES.filter((b) => batchSize % b === 0))) : null,
      augmentation: next() < 0.5,
      evaluateEvery: pick(WHOLES),
      budget: {
        unit: pick(['EPOCHS', 'STEPS', 'GOAL_ERROR']),
        value: Math.abs(pick(NUMBERS)) || 0.25,
        epochs: maybe(() => pick(NUMBERS), 0.4),
      },
      seed: pick(LONG_WHOLES),
      deviceSeconds: Math.abs(pick(NUMBERS)),
      step: pick(LONG_WHOLES),
      plannedSteps: pick(LONG_WHOLES),
      samplesSeen: pick(LONG_WHOLES),
      createdAt: moment(),
      startedAt: maybe(moment),
      endedAt: status === 'WAITING' || status === 'RUNNING' ? null : moment(),
      tags: some(ODD, 0.08).sort(),
      note: maybe(() => `${pick(ODD)} and ${pick(ODD)}`, 0.3),
      hyper: params(),
      info: params(),
      metrics: Object.fromEntries(
        some(Object.keys(METRICS), 0.7).map((name) => {
          const count = pick([1, 2, 5]);
          const nonFinite = Math.min(count, pick([0, 0, 1, 5]));
          return [
            name,
            {
              last: metricNumber(),
              min: maybe(() => pick(NUMBERS)),
              max: maybe(() => pick(NUMBERS)),
              sum: pick(NUMBERS),
              count,
              nonFinite,
              median: metricNumber(),
            },
          ];
        }),
      ),
    };
  };
  const at = (micros: number | null): string | null =>
    micros === null
      ? null
      : new Date(EPOCH + Math.floor(micros / 1000))
          .toISOString()
          .replace('Z', `${String(micros % 1000).padStart(3, '0')}Z`);

  const runs: RandomRun[] = [];
  const add = async (count: number): Promise<RandomRun[]> => {
    const fresh = Array.from({ length: count }, draw);
    const rows = fresh.map((run, i) => ({
      id: run.id,
      team_id: teamId,
      member_id: ids.member.get(run.member),
      key: run.key,
      sweep_id: run.createdBy === null ? null : ids.sweep.get(run.createdBy),
      dataset_id: ids.dataset.get(run.dataset),
      model: run.model,
      width: run.width,
      batch_size: run.batchSize,
      batch_schedule: run.batchSchedule,
      base_learning_rate: run.baseLearningRate,
      schedule: JSON.stringify(run.schedule),
      warm_up: run.warmUp,
      momentum: run.momentum,
      nesterov: run.nesterov,
      weight_decay: run.weightDecay,
      batch_norm: run.batchNorm,
      batch_norm_scope: run.batchNormScope,
      bn_batch: run.bnBatch,
      augmentation: run.augmentation,
      budget_unit: run.budget.unit,
      budget_value: run.budget.value,
      budget_epochs: run.budget.epochs,
      evaluate_every: run.evaluateEvery,
      seed: run.seed,
      hyper: run.hyper,
      info: run.info,
      configuration_hash: run.configurationHash,
      setting_hash: run.settingHash,
      trainer_version: run.trainerVersion,
      duplicate: run.duplicate,
      status: run.status,
      diverged: run.diverged,
      diverged_step: run.diverged ? 7 : null,
      reason: run.reason,
      bundle_key: 'b',
      queue_rank: i,
      lease_expires_at: run.status === 'RUNNING' ? at(0) : null,
      engine: run.engine,
      step: run.step,
      planned_steps: run.plannedSteps,
      samples_seen: run.samplesSeen,
      device_seconds: run.deviceSeconds,
      created_at: at(run.createdAt),
      started_at: at(run.startedAt),
      ended_at: at(run.endedAt),
      tags: run.tags,
      note: run.note,
      locked: run.lockedItself,
      held: false,
      attempt: 0,
      sequence: 0,
      lost: 0,
      shape_key: '',
      memory_bytes: 0,
      measures: '',
    }));
    await pool.query('INSERT INTO run SELECT * FROM jsonb_populate_recordset(NULL::run, $1)', [
      JSON.stringify(rows),
    ]);
    const cells = fresh.flatMap((run) =>
      run.sweeps.map((key) => ({ sweep: ids.sweep.get(key), run: run.id, hash: run.configurationHash })),
    );
    await pool.query(
      `INSERT INTO cell (sweep_id, position, team_id, run_id, configuration_hash)
       SELECT s, (SELECT coalesce(max(position), 0) FROM cell WHERE sweep_id = s) + row_number() OVER (PARTITION BY s), $1, r, h
       FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS t (s, r, h)`,
      [teamId, cells.map(({ sweep }) => sweep), cells.map(({ run }) => run), cells.map(({ hash }) => hash)],
    );
    const summaries = fresh.flatMap((run) =>
      Object.entries(run.metrics).map(([name, s]) => ({ id: run.id, name, ...s! })),
    );
    const column = (of: (one: (typeof summaries)[number]) => unknown) => summaries.map(of);
    await pool.query(
      `INSERT INTO run_metric (run_id, metric_id, team_id, count, non_finite_count, last, last_step, min, max, sum, tail, median_last_5)
       SELECT t.id, m.id, $1, t.count, t.non_finite, t.last, 1, t.min, t.max, t.sum, ARRAY[t.last], t.median
       FROM unnest($2::uuid[], $3::text[], $4::int8[], $5::int8[], $6::float8[], $7::float8[], $8::float8[], $9::float8[], $10::float8[])
         AS t (id, name, count, non_finite, last, min, max, sum, median) JOIN metric m ON m.team_id = $1 AND m.name = t.name`,
      [
        teamId,
        column(({ id }) => id),
        column(({ name }) => name),
        column(({ count }) => count),
        column(({ nonFinite }) => nonFinite),
        column(({ last }) => last),
        column(({ min }) => min),
        column(({ max }) => max),
        column(({ sum }) => sum),
        column(({ median }) => median),
      ],
    );
    runs.push(...fresh);
    return fresh;
  };
  return { teamId, runs, add };
}

export const sweepName = (key: string): string => `Name of ${key}`;

/** A run's value of a metric, or null where it has none; NaN is none. Worked out here anew, not read from the database. */
export function metricOf(run: RandomRun, name: string, value: string): number | null {
  const summary = Object.hasOwn(run.metrics, name) ? run.metrics[name] : undefined;
  if (!summary) return null;
  const finite = summary.count - summary.nonFinite;
  const goal = METRICS[name as keyof typeof METRICS];
  const found = {
    LAST: summary.last,
    MIN: summary.min,
    MAX: summary.max,
    MEAN: finite === 0 ? null : summary.sum / finite,
    BEST: goal === 'MAXIMISE' ? summary.max : goal === 'MINIMISE' ? summary.min : null,
    MEDIAN_LAST_5: summary.median,
  }[value]!;
  return found === null || Number.isNaN(found) ? null : found;
}

export function paramOf(run: RandomRun, name: string): Scalar | null {
  if (Object.hasOwn(run.hyper, name)) return run.hyper[name]!;
  return Object.hasOwn(run.info, name) ? run.info[name]! : null;
}

/** As the database tells it: whole milliseconds since 2026. */
export const told = (micros: number | null): number | null =>
  micros === null ? null : Math.floor(micros / 1000);
export const momentOf = (millis: number): Date => new Date(EPOCH + millis);
