import type { Engine } from './engine.ts';
import { openOnnx } from './onnx/onnx.ts';
import { openTensorflow } from './tensorflow/tensorflow.ts';

export interface EngineState {
  readonly name: Engine['name'];
  readonly usable: boolean;
  readonly message: string;
}

/** Which engines this machine has, in words. */
export async function engineReport(): Promise<EngineState[]> {
  const usable = ({ name, versions, device }: Engine, title: string, version: string): EngineState => ({
    name,
    usable: true,
    message: `${title} ${versions[version]} on ${device}`,
  });
  const unusable =
    (name: Engine['name']) =>
    (error: Error): EngineState => ({ name, usable: false, message: error.message });
  return Promise.all([
    openOnnx().then((engine) => usable(engine, 'ONNX Runtime', 'onnxruntime'), unusable('onnx')),
    openTensorflow().then((engine) => usable(engine, 'TensorFlow', 'tensorflow'), unusable('tensorflow')),
  ]);
}
