import { existsSync } from 'node:fs';
import { type Engine, openEngine, openTensorflow, tryEngine } from '@smallbatch/trainer';

export interface Candidate {
  /** Engine and device. */
  readonly name: string;
  readonly engine: Engine | undefined;
  /** Why there is none. */
  readonly reason: string;
}

/** Where Debian's chromium-common has SwiftShader, a Vulkan that runs on the CPU: slow, but it computes what a GPU would. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
export const onSwiftShader = process.env.VK_ICD_FILENAMES === undefined && existsSync(SWIFTSHADER);
if (onSwiftShader) {
  process.env.VK_ICD_FILENAMES = SWIFTSHADER;
  process.env.XDG_RUNTIME_DIR ??= '/tmp';
}

const open = (name: string, opened: Promise<Engine>): Promise<Candidate> =>
  opened.then(
    (engine) => ({ name, engine, reason: '' }),
    (error: Error) => ({ name, engine: undefined, reason: error.message }),
  );

/** A driver that fails takes its process along: it is tried in another first. */
async function openTried(device: 'webgpu' | 'cuda'): Promise<Engine> {
  await tryEngine({ engine: 'onnx', device });
  return openEngine({ engine: 'onnx', device });
}

/** On a GPU where its library finds one: a process has it on one device alone. */
export const tensorflow = await open('tensorflow', openTensorflow());

/** Every engine of Smallbatch on every device that one process can hold, with those that this machine has. */
export const everyEngine = (): Promise<readonly Candidate[]> =>
  Promise.all([
    open('onnx on cpu', openEngine({ engine: 'onnx', device: 'cpu' })),
    open('onnx on webgpu', openTried('webgpu')),
    open('onnx on cuda', openTried('cuda')),
    tensorflow,
  ]);
