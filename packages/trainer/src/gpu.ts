import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What `nvidia-smi` says of one GPU. Memory in bytes, utilisation in 0…1. */
export interface Gpu {
  readonly uuid: string;
  readonly name: string;
  readonly utilisation: number | null;
  readonly memoryUsed: number | null;
  readonly memoryTotal: number | null;
}

const FIELDS = ['uuid', 'name', 'utilization.gpu', 'memory.used', 'memory.total', 'pci.bus_id', 'index'];

/** Lines of `nvidia-smi --query-gpu=… --format=csv,noheader,nounits`; a field that a GPU does not tell is "[N/A]". */
export function parseGpus(text: string): (Gpu & { readonly index: string })[] {
  const number = (field: string, factor: number): number | null =>
    Number.isFinite(Number.parseFloat(field)) ? Number.parseFloat(field) * factor : null;
  return text
    .split('\n')
    .map((line) => line.split(',').map((field) => field.trim()))
    .filter((fields) => fields.length === FIELDS.length)
    .map(([uuid = '', name = '', use = '', used = '', total = '', , index = '']) => ({
      uuid,
      name,
      utilisation: number(use, 1 / 100),
      memoryUsed: number(used, 2 ** 20),
      memoryTotal: number(total, 2 ** 20),
      index,
    }));
}

/** The GPUs that this process may use, by CUDA_VISIBLE_DEVICES (indices or UUIDs) where that is set; none without nvidia-smi. */
export async function visibleGpus(visible = process.env.CUDA_VISIBLE_DEVICES): Promise<Gpu[]> {
  let text: string;
  try {
    const { stdout } = await run(
      'nvidia-smi',
      [`--query-gpu=${FIELDS.join(',')}`, '--format=csv,noheader,nounits'],
      { timeout: 5000 },
    );
    text = stdout;
  } catch {
    return [];
  }
  const all = parseGpus(text);
  const wanted = visible === undefined ? undefined : visible.split(',').map((one) => one.trim());
  return all
    .filter(
      ({ uuid, index }) =>
        !wanted || wanted.some((one) => one === index || (one !== '' && uuid.startsWith(one))),
    )
    .map(({ index: _index, ...gpu }) => gpu);
}
