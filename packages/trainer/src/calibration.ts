import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { type Axes, cost, type DataShape, plannedSteps, shapeKey } from '@smallbatch/program';
import { type Engine, EngineExhausted } from './engines/engine.ts';
import { rateOf } from './rate.ts';

/** How fast a step of so many runs side by side is on a machine. */
export interface Size {
  readonly shape: string;
  /** Hash of the data set, whose images have a say in it. */
  readonly dataset: string;
  /** R of the fastest. */
  readonly runs: number;
  /** Samples a second by R, over all runs. */
  readonly rates: Readonly<Record<string, number>>;
}

/** How fast a machine is in each way of splitting its cores, with steps of one shape. */
export interface SplitRates {
  readonly shape: string;
  readonly dataset: string;
  /** Samples a second of all processes, by the name of the split. */
  readonly rates: Readonly<Record<string, number>>;
}

interface File {
  /** Processor, engine and versions that it was measured with; another machine measures anew. */
  readonly machine: string;
  readonly sizes: readonly Size[];
  readonly splits: readonly SplitRates[];
}

/** Samples of a step where R has not been measured: so many keep its working set in a CPU's cache. */
export const SAMPLES_PER_STEP = 8;
/** R that are tried. */
const TRIED = [1, 2, 4, 8, 16];
/** A step of more samples than this is tried with one run alone. */
const MOST_SAMPLES = 64;
const TRIAL_SECONDS = 0.4;
const LONGEST_TRIAL_SECONDS = 5;
/** R where it has not been measured. */
export const usualRuns = ({ batchSize }: Axes): number =>
  Math.max(1, Math.floor(SAMPLES_PER_STEP / batchSize));
/** Work below which measuring costs more than it gains, in FLOPs: about a minute of one core. */
const WORTH = 4e12;
/** What more runs must gain to be worth their memory. */
const GAIN = 1.02;

/** Whatever the number of its threads: rates of steps are compared, and a split says its own. */
function machineOf({ name, device, versions }: Engine): string {
  const { threads: _threads, ...others } = versions;
  return JSON.stringify({ cpu: cpus()[0]?.model, cores: cpus().length, name, device, versions: others });
}

/**
 * How many runs share a step (R), measured for each shape of a step and kept in `home` for this machine. It never changes what
 * a run computes, only how fast.
 */
export class Calibration {
  readonly #path: string;
  readonly #engine: Engine;
  readonly #machine: string;

  constructor(home: string, engine: Engine) {
    this.#path = join(home, `calibration-${engine.name}-${engine.device}.json`);
    this.#engine = engine;
    this.#machine = machineOf(engine);
  }

  async #read(): Promise<Omit<File, 'machine'>> {
    const nothing = { sizes: [], splits: [] };
    const text = await readFile(this.#path, 'utf8').catch(() => undefined);
    if (!text) return nothing;
    try {
      const { machine, sizes = [], splits = [] } = JSON.parse(text) as Partial<File>;
      return machine === this.#machine ? { sizes, splits } : nothing;
    } catch {
      return nothing;
    }
  }

  async #write(file: Omit<File, 'machine'>): Promise<void> {
    const draft = `${this.#path}.${process.pid}`;
    await mkdir(join(this.#path, '..'), { recursive: true });
    await writeFile(draft, JSON.stringify({ machine: this.#machine, ...file }, null, 1));
    await rename(draft, this.#path);
  }

  /** What is known of this machine. */
  async sizes(): Promise<readonly Size[]> {
    return (await this.#read()).sizes;
  }

  async splits(): Promise<readonly SplitRates[]> {
    return (await this.#read()).splits;
  }

  /** Remembers how fast the ways of splitting the cores are. */
  async keepSplit(rates: SplitRates): Promise<void> {
    const { sizes, splits } = await this.#read();
    const others = splits.filter(({ shape, dataset }) => shape !== rates.shape || dataset !== rates.dataset);
    await this.#write({ sizes, splits: [...others, rates] });
  }

  /** Whether a run of these axes trains long enough for a measurement to pay. */
  static isLong(axes: Axes, data: DataShape): boolean {
    const samples = plannedSteps(axes, data) * axes.batchSize;
    return samples * cost(axes, data).flopsPerSample > WORTH;
  }

  /** Whether it may train beside others too. */
  static isWorth(axes: Axes, data: DataShape): boolean {
    return axes.batchSize < MOST_SAMPLES && Calibration.isLong(axes, data);
  }

  /** Measures how many runs are good side by side, and remembers it. */
  async measure(axes: Axes, data: DataShape, dataset: string): Promise<Size> {
    const { runs, rates } = await fastestRuns(this.#engine, axes, data);
    const size = { shape: shapeKey(axes), dataset, runs, rates };
    const { sizes, splits } = await this.#read();
    const others = sizes.filter((one) => one.shape !== size.shape || one.dataset !== dataset);
    await this.#write({ sizes: [...others, size], splits });
    return size;
  }
}

/** Tries numbers of runs side by side until more of them are no faster. → R of the fastest, and the samples a second of each R. */
export async function fastestRuns(
  engine: Engine,
  axes: Axes,
  data: DataShape,
): Promise<Pick<Size, 'runs' | 'rates'>> {
  const rates: Record<string, number> = {};
  let best = { runs: 1, rate: 0 };
  for (const runs of TRIED) {
    if (runs > 1 && runs * axes.batchSize > MOST_SAMPLES) break;
    const start = performance.now();
    // What more runs would take too much of (memory, most of all) is known by their failing; one run must not.
    const trial = rateOf(engine, axes, data, runs, TRIAL_SECONDS);
    const rate = runs === 1 ? await trial : await trial.catch((error: Error) => error);
    if (rate instanceof EngineExhausted) throw rate;
    if (rate instanceof Error) break;
    rates[runs] = Math.round(rate);
    if (rate > best.rate * GAIN) best = { runs, rate };
    else if (rate < best.rate * 0.9) break;
    // Twice as many runs would take twice as long, and a lease is waiting.
    if (performance.now() - start > LONGEST_TRIAL_SECONDS * 1000) break;
  }
  return { runs: best.runs, rates };
}
