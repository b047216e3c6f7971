import type { Engine } from './engine.ts';
import { ONNX_DEVICES, type OnnxDevice, openOnnx } from './onnx/onnx.ts';
import { openTensorflow } from './tensorflow/tensorflow.ts';

/** An engine on a device of this machine. */
export interface EngineChoice {
  readonly engine: Engine['name'];
  readonly device: string;
}

/** Devices of each engine, those without a GPU first. */
export const ENGINES: Readonly<Record<Engine['name'], readonly string[]>> = {
  onnx: ONNX_DEVICES,
  tensorflow: ['cpu', 'gpu'],
};

export const CHOICES: readonly EngineChoice[] = Object.entries(ENGINES).flatMap(([engine, devices]) =>
  devices.map((device) => ({ engine: engine as Engine['name'], device })),
);

export interface OpenOptions extends EngineChoice {
  /** Lets the engine tell on standard error where it places each operator, where it can. */
  readonly verbose?: boolean;
  /** Of a CPU, that a step may use; one unless said. */
  readonly threads?: number | undefined;
  /** Tensor ids after which engine `tensorflow` begins no step; what its binding bears unless said. */
  readonly idLimit?: number | undefined;
}

/** Opens an engine on a device. Whether the device is there shows when a session is opened: see `tryEngine`. */
export async function openEngine({
  engine,
  device,
  verbose = false,
  threads = 1,
  idLimit,
}: OpenOptions): Promise<Engine> {
  if (!ENGINES[engine].includes(device)) {
    throw new Error(`engine ${engine} has no device "${device}": it has ${ENGINES[engine].join(', ')}`);
  }
  if (engine === 'onnx') return openOnnx({ device: device as OnnxDevice, threads, verbose });
  const limit = idLimit === undefined ? {} : { idLimit };
  return openTensorflow({ device: device as 'cpu' | 'gpu', threads, ...limit });
}
