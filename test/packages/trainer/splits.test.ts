import { EngineUnavailable, lostDevice, nameOf, soonest, splitsOf } from '@smallbatch/trainer';
import { expect, test } from 'vitest';

const cpu = { engine: 'onnx', device: 'cpu' } as const;
const gpu = { engine: 'onnx', device: 'webgpu' } as const;

test('the cores of a CPU are split into processes of one thread, of two, and into one of all; a GPU is one process or two', () => {
  expect(splitsOf(cpu, 8, 0).map(nameOf)).toEqual(['8×1', '4×2', '1×8']);
  expect(splitsOf(cpu, 2, 0).map(nameOf)).toEqual(['2×1', '1×2']);
  expect(splitsOf(cpu, 1, 0).map(nameOf)).toEqual(['1×1']);
  expect(splitsOf(gpu, 8, 2).map(nameOf)).toEqual(['2×1', '4×1']);
});

test('the split is the one in which all of the waiting work is done soonest, the usual one unless another is clearly faster', () => {
  const splits = splitsOf(cpu, 2, 0);
  const small = { samples: 1e6, rates: { '2×1': 3000, '1×2': 1500 } };
  const large = { samples: 1e6, rates: { '2×1': 1000, '1×2': 2000 } };
  expect(nameOf(soonest(splits, [small]))).toBe('2×1');
  expect(nameOf(soonest(splits, [large]))).toBe('1×2');
  // 1333 s against 1167 s together; with little of the large ones the small ones decide.
  expect(nameOf(soonest(splits, [small, large]))).toBe('1×2');
  expect(nameOf(soonest(splits, [small, { ...large, samples: 1e5 }]))).toBe('2×1');
  expect(nameOf(soonest(splits, [{ samples: 1, rates: { '2×1': 1000, '1×2': 1050 } }]))).toBe('2×1');
  // A split that cannot run a shape at all is never taken.
  expect(nameOf(soonest(splits, [{ samples: 1, rates: { '2×1': 1000, '1×2': 0 } }]))).toBe('2×1');
});

test('a step that fails on a GPU that still works is the fault of its runs; on one that does not, the device is lost', async () => {
  const works = async () => ({ ...gpu, versions: {}, losses: [], rate: 1, fallback: {} });
  const gone = async () => {
    throw new EngineUnavailable(gpu, 'the adapter is gone');
  };
  const engine = { name: 'onnx', device: 'webgpu' } as const;
  expect(await lostDevice(engine, works)).toBeUndefined();
  expect(await lostDevice(engine, gone)).toBe('onnx on webgpu: the adapter is gone');
  expect(await lostDevice({ name: 'onnx', device: 'cpu' }, gone)).toBeUndefined();
});
