import { type DataShape, type Phase, type Plan, placeOf } from '@smallbatch/program';
import { epochOrder } from './datasets/batches.ts';
import type { Dataset, SampleRequest } from './datasets/dataset.ts';
import type { Member } from './training.ts';

/** A step's samples for R runs side by side. */
export interface StepBatch {
  /** [m, R·C, H, W], normalised; run r owns the channels from r·C. */
  readonly images: Float32Array;
  /** [R, m, classes], one-hot. */
  readonly labels: Float32Array;
  /** Class of each sample, by run. */
  readonly classes: readonly Uint16Array[];
}

/** Where the samples of a batch are written to, and their requests, made once and filled anew for every step. */
class Buffer implements StepBatch {
  readonly images: Float32Array;
  readonly labels: Float32Array;
  readonly classes: Uint16Array[];
  readonly requests: { sample: number; offset: number; augment?: { seed: number; epoch: number } }[];
  readonly #shape: DataShape;

  constructor(shape: DataShape, m: number, members: readonly Member[]) {
    const each = shape.channels * shape.height * shape.width;
    const runs = members.length;
    this.#shape = shape;
    this.images = new Float32Array(m * runs * each);
    this.labels = new Float32Array(runs * m * shape.classes);
    this.classes = members.map(() => new Uint16Array(m));
    this.requests = Array.from({ length: m * runs }, (_, place) => {
      const { axes, seed } = members[place % runs]!;
      const request = { sample: 0, offset: place * each };
      return axes.augmentation ? { ...request, augment: { seed, epoch: 0 } } : request;
    });
  }

  /** Asks for sample `sample` as the i-th of run r. */
  ask(i: number, r: number, sample: number, epoch: number, label: number): void {
    const { classes } = this.#shape;
    const m = this.classes[0]!.length;
    const request = this.requests[i * this.classes.length + r]!;
    request.sample = sample;
    if (request.augment) request.augment.epoch = epoch;
    this.classes[r]![i] = label;
    this.labels[(r * m + i) * classes + label] = 1;
  }
}

/** Samples that are asked for ahead at least, so that steps of few samples too keep every decoding thread busy. */
const AHEAD = 64;

/** Gives the batches of a phase, one step after the other; the next one is asked for ahead, so that slow sources decode meanwhile. */
export class Feed {
  readonly #dataset: Dataset;
  readonly #plan: Plan;
  readonly #members: readonly Member[];
  #buffers: [Buffer, Buffer];
  /** Requests of the steps after the one that is prepared. */
  readonly #soon: Buffer['requests'];
  #ready: { step: number; filled: void | Promise<void> } | undefined;
  #orders: { epoch: number; by: Uint32Array[] } | undefined;

  constructor(dataset: Dataset, plan: Plan, phase: Phase, members: readonly Member[]) {
    this.#dataset = dataset;
    this.#plan = plan;
    this.#members = members;
    const make = (): Buffer => new Buffer(dataset.shape, phase.batchSize, members);
    this.#buffers = [make(), make()];
    const { requests } = this.#buffers[0];
    const steps = Math.ceil(AHEAD / requests.length);
    this.#soon = Array.from({ length: steps }, () => structuredClone(requests)).flat();
  }

  #prepare(step: number): void {
    const { phase, epoch, inEpoch } = placeOf(this.#plan, step);
    const { labels } = this.#dataset;
    if (this.#orders?.epoch !== epoch) {
      this.#orders = { epoch, by: this.#members.map(({ seed }) => epochOrder(this.#dataset, seed, epoch)) };
    }
    const { by } = this.#orders;
    const [, buffer] = this.#buffers;
    buffer.labels.fill(0);
    this.#members.forEach((_, r) => {
      for (let i = 0; i < phase.batchSize; i++) {
        const sample = by[r]![inEpoch * phase.batchSize + i]!;
        buffer.ask(i, r, sample, epoch, labels[sample]!);
      }
    });
    this.#ready = { step, filled: this.#dataset.fill(buffer.images, buffer.requests) };
    this.#announce(step + 1);
  }

  /** Tells the data set of the steps after the prepared one, within the epoch. */
  #announce(step: number): void {
    if (step >= this.#plan.totalSteps) return;
    const { phase, epoch, inEpoch } = placeOf(this.#plan, step);
    if (epoch !== this.#orders!.epoch) return;
    const runs = this.#members.length;
    const perStep = phase.batchSize * runs;
    const left = Math.min(phase.stepsPerEpoch - inEpoch, this.#plan.totalSteps - step);
    const count = Math.min(this.#soon.length, left * perStep);
    for (let place = 0; place < count; place++) {
      const request = this.#soon[place]!;
      const inOrder = inEpoch * phase.batchSize + Math.floor(place / runs);
      request.sample = this.#orders!.by[place % runs]![inOrder]!;
      if (request.augment) request.augment.epoch = epoch;
    }
    this.#dataset.ahead(count === this.#soon.length ? this.#soon : this.#soon.slice(0, count));
  }

  /** The batch of a step. It stays as it is until the next is taken. */
  async take(step: number): Promise<StepBatch> {
    if (this.#ready?.step !== step) this.#prepare(step);
    await this.#ready!.filled;
    this.#ready = undefined;
    this.#buffers = [this.#buffers[1], this.#buffers[0]];
    return this.#buffers[0];
  }

  /** Begins with the batch of a step while another is trained on. */
  ahead(step: number): void {
    if (step < this.#plan.totalSteps) this.#prepare(step);
  }

  /** A batch of given samples by run, for measures; it takes the place of one that was prepared. */
  async of(samples: readonly Uint32Array[], epoch: number): Promise<StepBatch> {
    await this.#ready?.filled;
    this.#ready = undefined;
    const [, buffer] = this.#buffers;
    buffer.labels.fill(0);
    samples.forEach((own, r) => {
      own.forEach((sample, i) => {
        buffer.ask(i, r, sample, epoch, this.#dataset.labels[sample]!);
      });
    });
    await this.#dataset.fill(buffer.images, buffer.requests as SampleRequest[]);
    return buffer;
  }
}
