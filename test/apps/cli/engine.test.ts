import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tensorflow } from '../../packages/trainer/engines/present.ts';
import { root, smallbatch } from './smallbatch.ts';

test('tensorflow is checked against onnx, and what no GPU could show is called unverified', async ({
  skip,
}) => {
  skip(!tensorflow.engine, tensorflow.reason);
  const check = await smallbatch(['engine', 'check', 'tensorflow'], { env: { CUDA_VISIBLE_DEVICES: '' } });
  expect(check).toMatchObject({ code: 0, stdout: 'tensorflow works on cpu\n' });
  expect(check.stderr).toMatch(/tensorflow on cpu \(tensorflow 2\.[\d.]+, tfjs-node-gpu [\d.]+, node /);
  expect(check.stderr).toContain('unverified: tensorflow on gpu');
  expect(check.stderr).toMatch(/the losses agree with those of onnx/);
});

test('an engine that is not here says how to get it', async () => {
  const env = { SMALLBATCH_TENSORFLOW: join(root, 'nowhere') };
  const check = await smallbatch(['engine', 'check', 'tensorflow'], { env });
  expect(check).toMatchObject({ code: 1, stdout: '' });
  expect(check.stderr).toContain('smallbatch engine install tensorflow');
  // All engines: the one that is missing is no failure.
  const all = await smallbatch(['engine', 'check', '--device', 'cpu'], { env });
  expect(all).toMatchObject({ code: 0, stdout: 'onnx works on cpu\n' });
  expect(all.stderr).toContain('not here: tensorflow on cpu');
});

test('an install that cannot be done fails with what is wrong; wrong use is 2', async () => {
  const env = { SMALLBATCH_TENSORFLOW: join(root, 'nowhere') };
  const install = (...options: string[]) => smallbatch(['engine', 'install', ...options], { env });
  expect(await install('tensorflow', '--wheel', '/no.whl')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('missing wheel /no.whl'),
  });
  expect((await install('tensorflow', '--wheel', '/no.whl', '--libtensorflow', '/')).code).toBe(2);
  expect((await install('onnx')).code).toBe(2);
});
