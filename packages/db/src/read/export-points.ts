import type pg from 'pg';
import type { Db } from '../open.ts';
import { ColumnArrays, type ColumnValues, columnTypes } from './binary.ts';
import { SAMPLES_SEEN } from './curves.ts';
import type { ExportColumn, ExportPage } from './export-runs.ts';
import { type ExportQuery, fromSnapshot, type Snapshot } from './snapshot.ts';

export const POINT_COLUMNS: readonly ExportColumn[] = [
  { name: 'run', required: true, kind: 'text' },
  { name: 'metric', required: true, kind: 'text' },
  { name: 'step', required: true, kind: 'long' },
  { name: 'epoch', kind: 'float' },
  { name: 'samplesSeen', kind: 'long' },
  { name: 'wallTime', kind: 'float' },
  { name: 'value', required: true, kind: 'double' },
];

export interface ExportPointsQuery extends ExportQuery {
  /** Only these metrics; all unless said. */
  readonly metrics?: readonly string[] | undefined;
}

/** Points of a page, and runs whose chunks one statement reads. */
const PAGE = 16_384;
const RUNS = 64;

/**
 * All points of the runs of a filter, whole and from one moment, as pages of columns: by run in the filter's order, by the name of the
 * metric, by step. A curve may be longer than memory: it is put in order chunk by chunk.
 */
export async function exportPoints(
  db: Db,
  query: ExportPointsQuery,
): Promise<{ time: Date; columns: readonly ExportColumn[]; pages: AsyncGenerator<ExportPage> }> {
  const stream = fromSnapshot<Date | ExportPage>(db, query, async function* (snapshot) {
    yield snapshot.time;
    const page = new Page();
    for (;;) {
      const ids = await snapshot.next(RUNS);
      if (ids.length === 0) break;
      for await (const points of curvesOf(snapshot, ids, query.metrics)) {
        page.add(points);
        while (page.full) yield page.take();
      }
    }
    if (page.count > 0) yield page.take();
  });
  const time = (await stream.next()).value as Date;
  return { time, columns: POINT_COLUMNS, pages: stream as AsyncGenerator<ExportPage> };
}

/** Points of one curve, in order. */
interface Points {
  readonly run: string;
  readonly metric: string;
  readonly steps: ColumnValues;
  readonly epochs: ColumnValues;
  readonly samplesSeen: ColumnValues;
  readonly wallTimes: ColumnValues;
  readonly values: ColumnValues;
}
const CHUNK = ['long', 'float', 'long', 'float', 'double'] as const;
const COLUMNS = ['steps', 'epochs', 'samplesSeen', 'wallTimes', 'values'] as const;

/** The chunks of some runs by a cursor, each curve's points told as soon as no later chunk can come before them. */
async function* curvesOf(
  { sql }: Snapshot,
  ids: readonly string[],
  metrics: readonly string[] | undefined,
): AsyncGenerator<Points> {
  await sql.query(
    `/* exportChunks */ DECLARE chunks NO SCROLL CURSOR FOR
     SELECT r.key, k.name, c.first_step, array_send(c.steps), array_send(c.epochs), array_send(${SAMPLES_SEEN}), array_send(c.wall_times), array_send(c."values")
     FROM unnest($1::uuid[]) WITH ORDINALITY AS q (id, place) JOIN run r ON r.id = q.id
       CROSS JOIN LATERAL (SELECT * FROM chunk WHERE run_id = q.id OFFSET 0) AS c JOIN metric k ON k.id = c.metric_id
     WHERE $2::text[] IS NULL OR k.name = ANY ($2) ORDER BY q.place, k.name, c.first_step, c.attempt, c.sequence`,
    [ids, metrics ?? null],
  );
  const pending = new Pending();
  // Chunks differ in length by thousands: how many to fetch follows from those that came before.
  let fetch = 16;
  for (;;) {
    const { rows } = await sql.query<[string, string, string, ...ColumnValues[]]>({
      text: `/* exportChunksNext */ FETCH ${fetch} FROM chunks`,
      rowMode: 'array',
      // A chunk may have to wait for others: its arrays are its own.
      types: columnTypes(CHUNK, () => new ColumnArrays()),
    } satisfies pg.QueryArrayConfig);
    if (rows.length === 0) break;
    let points = 0;
    for (const [run, metric, firstStep, steps, epochs, samplesSeen, wallTimes, values] of rows) {
      const chunk: Points = {
        run,
        metric,
        steps: steps!,
        epochs: epochs!,
        samplesSeen: samplesSeen!,
        wallTimes: wallTimes!,
        values: values!,
      };
      points += chunk.steps.length;
      yield* pending.before(run, metric, Number(firstStep));
      pending.add(chunk);
    }
    fetch = Math.max(1, Math.min(2048, Math.floor((2 * PAGE * rows.length) / points)));
  }
  yield* pending.rest();
  await sql.query('/* exportChunksEnd */ CLOSE chunks');
}

/** Points of the curve that is being read which a chunk to come could still go before. Chunks come by their first step. */
class Pending {
  private chunks: Points[] = [];

  /** What comes for certain before a chunk that begins at `firstStep`. */
  *before(run: string, metric: string, firstStep: number): Generator<Points> {
    const [one] = this.chunks;
    if (!one) return;
    if (one.run !== run || one.metric !== metric) return yield* this.rest();
    // Nearly always one chunk ends before the next begins: it is passed on as it is.
    if (
      this.chunks.length === 1 &&
      rising(one.steps) &&
      Number(one.steps[one.steps.length - 1]) <= firstStep
    ) {
      this.chunks = [];
      return yield one;
    }
    const sorted = inOrder(this.chunks);
    const steps = sorted.steps as ArrayLike<number>;
    let ready = 0;
    while (ready < steps.length && steps[ready]! <= firstStep) ready++;
    if (ready > 0) yield part(sorted, 0, ready);
    this.chunks = ready < steps.length ? [part(sorted, ready, steps.length)] : [];
  }

  add(chunk: Points): void {
    this.chunks.push(chunk);
  }

  *rest(): Generator<Points> {
    const { chunks } = this;
    this.chunks = [];
    if (chunks.length > 0) yield inOrder(chunks);
  }
}

const rising = (steps: ColumnValues): boolean => {
  for (let i = 1; i < steps.length; i++) if (steps[i]! < steps[i - 1]!) return false;
  return true;
};

/** Chunks of one curve as one, by step; points of one step stay in the order in which they arrived. */
function inOrder(chunks: readonly Points[]): Points {
  const [one] = chunks as [Points];
  if (chunks.length === 1 && rising(one.steps)) return one;
  const all = COLUMNS.map((name) => chunks.flatMap((chunk) => whole(chunk, name)));
  const steps = all[0] as number[];
  const order = steps.map((_, i) => i).sort((a, b) => steps[a]! - steps[b]! || a - b);
  const [sorted, epochs, samplesSeen, wallTimes, values] = all.map((column) => order.map((i) => column[i]!));
  return {
    run: one.run,
    metric: one.metric,
    steps: sorted!,
    epochs: epochs!,
    samplesSeen: samplesSeen!,
    wallTimes: wallTimes!,
    values: values!,
  };
}

/** A column of a chunk; epochs and samples seen may not have been told. */
const whole = (points: Points, name: (typeof COLUMNS)[number]): (string | number | boolean | null)[] =>
  points[name].length > 0 ? Array.from(points[name]) : new Array<null>(points.steps.length).fill(null);

function part(points: Points, from: number, to: number): Points {
  const cut = (name: (typeof COLUMNS)[number]) => whole(points, name).slice(from, to);
  return {
    run: points.run,
    metric: points.metric,
    steps: cut('steps'),
    epochs: cut('epochs'),
    samplesSeen: cut('samplesSeen'),
    wallTimes: cut('wallTimes'),
    values: cut('values'),
  };
}

/** Points gathered to a page. */
class Page {
  private columns: (string | number | boolean | null)[][] = POINT_COLUMNS.map(() => []);

  get count(): number {
    return this.columns[0]!.length;
  }
  get full(): boolean {
    return this.count >= PAGE;
  }
  add(points: Points): void {
    const [runs, metrics, ...rest] = this.columns;
    for (let i = 0; i < points.steps.length; i++) {
      runs!.push(points.run);
      metrics!.push(points.metric);
    }
    COLUMNS.forEach((name, c) => {
      const values = points[name];
      const into = rest[c]!;
      for (let i = 0; i < points.steps.length; i++) into.push(values[i] ?? null);
    });
  }
  /** The first points, as many as a page has. */
  take(): ExportPage {
    const count = Math.min(PAGE, this.count);
    if (count === this.count) {
      const columns = this.columns;
      this.columns = POINT_COLUMNS.map(() => []);
      return { count, columns };
    }
    return { count, columns: this.columns.map((column) => column.splice(0, count)) };
  }
}
