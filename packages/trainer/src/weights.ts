import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Axes, type DataShape, evaluation } from '@smallbatch/program';
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

/** Keeps final weights as `KEY.onnx` in a folder: a model that ONNX Runtime evaluates, images [n, C, H, W] → logits [n, classes]. */
export async function keepWeights(folder: string, kept: Kept): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = `${baseOf(folder, kept.run.key)}.onnx`;
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, exportModel(kept));
  await rename(draft, path);
  return path;
}

/** Images of one call of an exported model. */
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
