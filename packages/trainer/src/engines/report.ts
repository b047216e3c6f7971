import { createRequire } from 'node:module';
import { openOnnx } from './onnx/onnx.ts';

export interface EngineState {
  readonly name: string;
  readonly usable: boolean;
  readonly message: string;
}

const require = createRequire(import.meta.url);

/** Which engines this machine has, in words. */
export async function engineReport(): Promise<EngineState[]> {
  const onnx = await openOnnx().then(
    ({ versions, device }): EngineState => ({
      name: 'onnx',
      usable: true,
      message: `ONNX Runtime ${versions.onnxruntime} on ${device}`,
    }),
    (error: Error): EngineState => ({ name: 'onnx', usable: false, message: error.message }),
  );
  return [onnx, tensorflow()];
}

function tensorflow(): EngineState {
  const name = 'tensorflow';
  const unused = 'this version trains on onnx alone';
  let version: string;
  try {
    ({ version } = require('@tensorflow/tfjs-node-gpu/package.json') as { version: string });
  } catch {
    return {
      name,
      usable: false,
      message: `@tensorflow/tfjs-node-gpu is not installed (it is optional); ${unused}`,
    };
  }
  try {
    require('@tensorflow/tfjs-node-gpu');
    return {
      name,
      usable: false,
      message: `@tensorflow/tfjs-node-gpu ${version} is installed and its binding loads; ${unused}`,
    };
  } catch (error) {
    const [line] = (error as Error).message.split('\n');
    return {
      name,
      usable: false,
      message: `@tensorflow/tfjs-node-gpu ${version} is installed, but its native binding is not built (${line}); ${unused}`,
    };
  }
}
