import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Checkpoint, Checkpoints } from '@smallbatch/trainer';
import { afterAll, beforeAll, expect, test } from 'vitest';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'smallbatch-checkpoints-'));
});
afterAll(() => rm(home, { recursive: true }));

const at = (step: number): Checkpoint => ({
  snapshot: {
    step,
    samplesSeen: 4 * step,
    deviceSeconds: 1.5,
    sums: { loss: 0.1 + 0.2, correct: 3, steps: 7 },
    state: new Map([
      ['conv.weight', Float32Array.of(Math.fround(0.1), Number.NaN, -0, step)],
      ['conv.weight:velocity', new Float32Array(3)],
    ]),
  },
  points: [
    {
      step: 1,
      epoch: 0.5,
      samplesSeen: 4,
      wallTime: 2,
      values: { test_loss: Number.POSITIVE_INFINITY, a: 1 / 3 },
    },
  ],
});

test('a checkpoint is read as it was written, non-finite numbers included', async () => {
  const checkpoints = new Checkpoints(home);
  await checkpoints.write('run/1', at(30));
  expect(await checkpoints.read('run/1', 30)).toEqual(at(30));
  expect(await checkpoints.list()).toEqual(new Map([['run/1', [30]]]));
});

test('the newest and the one before are kept; a torn one is dropped, whatever is wrong with it', async () => {
  const checkpoints = new Checkpoints(home);
  for (const step of [10, 20, 30]) await checkpoints.write('torn', at(step));
  expect((await checkpoints.list()).get('torn')).toEqual([30, 20]);
  const file = join(home, 'checkpoints', 'torn.30.checkpoint');
  const whole = await readFile(file);
  for (let cut = 0; cut < whole.length; cut += 37) {
    await writeFile(file, whole);
    await truncate(file, cut);
    expect(await checkpoints.read('torn', 30), `cut at ${cut}`).toBeUndefined();
  }
  for (let place = 0; place < whole.length; place += 11) {
    const damaged = Buffer.from(whole);
    damaged[place]! ^= 1;
    await writeFile(file, damaged);
    expect(await checkpoints.read('torn', 30), `damaged at ${place}`).toBeUndefined();
  }
  expect((await checkpoints.list()).get('torn')).toEqual([20]);
  expect(await checkpoints.read('torn', 20)).toEqual(at(20));
  await checkpoints.drop('torn');
  expect((await checkpoints.list()).get('torn')).toBeUndefined();
  expect((await readdir(join(home, 'checkpoints'))).filter((name) => name.endsWith('.draft'))).toEqual([]);
});
