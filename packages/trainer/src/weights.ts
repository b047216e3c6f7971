import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Axes, type DataShape, evaluation, score } from '@smallbatch/program';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Dataset } from './datasets/dataset.ts';
import type { State } from './engines/engine.ts';
import { compile } from './engines/onnx/compile.ts';

/** A trained model as it is kept: what it is, and the numbers of its parameters and running statistics. */
export interface Kept {
  readonly run: { readonly id: string; readonly key: string };
  readonly axes: Axes;
  readonly data: DataShape;
  readonly state: State;
}

const baseOf = (folder: string, key: string): string => join(folder, encodeURIComponent(key));

/** Keeps final weights as `KEY.onnx` in a folder: a model that ONNX Runtime evaluates, images [n, C, H, W] → logits [1, n, classes], n = EXPORTED_BATCH. */
export async function keepWeights(folder: string, kept: Kept): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = `${baseOf(folder, kept.run.key)}.onnx`;
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, exportModel(kept));
  await rename(draft, path);
  return path;
}

/** Images of one call of an exported model: its shapes are fixed. */
export const EXPORTED_BATCH = 100;

/** The evaluation of a run as an ONNX file, its weights inside. Batch norm uses the running statistics. */
export function exportModel({ axes, data, state }: Kept): Uint8Array {
  const program = evaluation(
    { ...axes, batchSchedule: null },
    data,
    Math.min(EXPORTED_BATCH, data.testCount),
  );
  return compile(program, 1, { constants: state }).bytes;
}

/** The exported model of a run, or undefined when its weights were not kept. */
export async function readWeights(folder: string, key: string): Promise<Uint8Array | undefined> {
  const bytes = await readFile(`${baseOf(folder, key)}.onnx`).catch(() => undefined);
  return bytes && new Uint8Array(bytes);
}

/** Test accuracy of an exported model, by ONNX Runtime on a data set's test split. */
export async function evaluateExported(model: Uint8Array, dataset: Dataset): Promise<number> {
  const { shape, labels } = dataset;
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  try {
    const batch = Math.min(EXPORTED_BATCH, shape.testCount);
    const each = shape.channels * shape.height * shape.width;
    const images = new Float32Array(batch * each);
    let correct = 0;
    for (let from = 0; from < shape.testCount; from += batch) {
      const count = Math.min(batch, shape.testCount - from);
      const first = shape.trainCount + from;
      await dataset.fill(
        images,
        Array.from({ length: count }, (_, i) => ({ sample: first + i, offset: i * each })),
      );
      const { logits } = await session.run({
        images: new Tensor('float32', images, [batch, shape.channels, shape.height, shape.width]),
      });
      const own = (logits!.data as Float32Array).subarray(0, count * shape.classes);
      correct += score(own, labels.subarray(first, first + count), shape.classes).correct;
    }
    return correct / shape.testCount;
  } finally {
    await session.release();
  }
}
