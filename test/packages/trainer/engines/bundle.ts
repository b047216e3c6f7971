import type { Axes, DataShape } from '@smallbatch/program';
import { fillNormal } from '@smallbatch/program';
import type { Batch } from '@smallbatch/trainer';

/**
 * A batch for R runs: the run in `slot` always gets the same numbers, whatever R is. With `poison`, its neighbours get NaN.
 */
export function bundle(
  axes: Axes,
  data: DataShape,
  runs: number,
  step: number,
  slot = 0,
  poison = false,
): Batch {
  const m = axes.batchSize;
  const each = data.channels * data.height * data.width;
  const images = new Float32Array(m * runs * each);
  const labels = new Float32Array(runs * m * data.classes);
  for (let r = 0; r < runs; r++) {
    const seed = r === slot ? 1 : 50 + r;
    const own = new Float32Array(m * each);
    fillNormal(own, seed, 'images', step);
    if (poison && r !== slot) own.fill(Number.NaN);
    for (let i = 0; i < m; i++) {
      images.set(own.subarray(i * each, (i + 1) * each), (i * runs + r) * each);
      labels[(r * m + i) * data.classes + ((i * 3 + seed + step) % data.classes)] = 1;
    }
  }
  const perRun = (of: (r: number) => number): Float32Array =>
    Float32Array.from({ length: runs }, (_, r) => of(r === slot ? 0 : r + 1));
  return {
    images,
    labels,
    learningRate: perRun((r) => 0.05 + 0.01 * r),
    weightDecay: perRun((r) => 1e-3 * (r + 1)),
    momentum: perRun((r) => (axes.momentum ? axes.momentum - 0.01 * r : 0)),
  };
}

/** The images [m, C, H, W] of one run of a batch. */
export function take(
  images: Float32Array,
  m: number,
  data: DataShape,
  runs: number,
  run: number,
): Float64Array {
  const each = data.channels * data.height * data.width;
  const own = new Float64Array(m * each);
  for (let i = 0; i < m; i++) {
    const from = (i * runs + run) * each;
    own.set(images.subarray(from, from + each), i * each);
  }
  return own;
}

export function oneHot(batch: Batch, m: number, data: DataShape, run: number): Float64Array {
  const each = m * data.classes;
  return Float64Array.from(batch.labels.subarray(run * each, (run + 1) * each));
}

/** Class numbers of one-hot labels. */
export function classesOf(labels: Float64Array, classes: number): number[] {
  return Array.from({ length: labels.length / classes }, (_, i) =>
    labels.subarray(i * classes, (i + 1) * classes).indexOf(1),
  );
}
