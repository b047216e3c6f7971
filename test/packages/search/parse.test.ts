import { parseSweep, type SweepDefinition } from '@smallbatch/search';
import { describe, expect, test } from 'vitest';

const AXES = [
  'width',
  'batchSize',
  'baseLearningRate',
  'batchNorm',
  'batchNormScope',
  'schedule',
  'epochs',
  'warmUp',
];
const least = { name: 'resnet8-bn', dataset: 'shapes', model: 'resnet8' };

function sweepOf(definition: unknown): SweepDefinition {
  const parsed = parseSweep(definition, AXES);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.sweep;
}

/** The messages of a definition that must be refused, by the dotted place they name. */
function refused(definition: unknown): Record<string, string> {
  const parsed = parseSweep(definition, AXES);
  if (parsed.ok) throw new Error('it was taken');
  for (const problem of parsed.problems) expect(problem.allowed).not.toBe('');
  return Object.fromEntries(parsed.problems.map(({ path, message }) => [path.join('.'), message]));
}

describe('a sweep file', () => {
  test('of SURFACE.md is read as it stands', () => {
    const sweep = sweepOf({
      name: 'resnet8-bn',
      dataset: ['cifar10'],
      model: 'resnet8',
      axes: {
        batchSize: [2, 4, 8, 16, 32],
        baseLearningRate: { powersOfTwo: [-12, 0] },
        batchNorm: [false, true],
        seed: [0, 1, 2],
      },
      fixed: { epochs: 82, warmUp: false },
      strategy: 'grid',
      order: 'shuffled',
      reuse: true,
    });
    expect(sweep.dimensions.map(({ name, values }) => [name, values.length])).toEqual([
      ['dataset', 1],
      ['model', 1],
      ['batchSize', 5],
      ['baseLearningRate', 13],
      ['batchNorm', 2],
      ['seed', 3],
    ]);
    expect(sweep.dimensions[3]!.values).toEqual(Array.from({ length: 13 }, (_, i) => 2 ** (i - 12)));
    expect(sweep.fixed).toEqual({ epochs: 82, warmUp: false });
  });

  test('that says the least has one seed, is shuffled, and reuses runs', () => {
    const sweep = sweepOf(least);
    expect(sweep).toMatchObject({
      strategy: 'grid',
      order: 'shuffled',
      orderSeed: 0,
      reuse: true,
      fixed: {},
    });
    expect(sweep.dimensions.at(-1)).toMatchObject({ kind: 'seed', values: [0] });
  });

  test('may fix the seed and the model, and vary a model, a schedule and hyper params', () => {
    expect(sweepOf({ ...least, fixed: { seed: 7 } }).dimensions.at(-1)!.values).toEqual([7]);
    expect(sweepOf({ name: 'a', dataset: 'shapes', fixed: { model: 'alexnet' } }).fixed).toEqual({
      model: 'alexnet',
    });
    const sweep = sweepOf({
      ...least,
      model: ['alexnet', 'resnet8'],
      axes: { schedule: [{ kind: 'constant' }, { kind: 'steps', at: [0.5], factor: 0.1 }] },
      hyper: { dropout: [0, 0.5], note: 'plain', wide: true },
    });
    expect(sweep.dimensions.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'dataset dataset',
      'axis model',
      'axis schedule',
      'hyper dropout',
      'hyper note',
      'hyper wide',
      'seed seed',
    ]);
  });

  test('that is not an object, or nested without end, is refused', () => {
    for (const wrong of [null, 3, 'x', [], true])
      expect(refused(wrong)['']).toMatch(/^invalid sweep: .* is not an object/);
    let nested: unknown = 1;
    for (let i = 0; i < 100_000; i++) nested = [nested];
    expect(refused({ ...least, axes: { batchSize: nested } })['']).toMatch(/nested deeper than 8 levels/);
  });

  test('has its missing parts named', () => {
    expect(refused({})).toEqual({ name: 'missing name', dataset: 'missing dataset', model: 'missing model' });
  });

  test('has its unknown names told apart from the nearest known ones', () => {
    expect(refused({ ...least, datset: 1, axes: { batchsize: [1], zzz: [1] }, fixed: { epoch: 3 } })).toEqual(
      {
        datset: 'unknown key "datset": did you mean "dataset"?',
        'axes.batchsize': 'unknown axis "batchsize": did you mean "batchSize"?',
        'axes.zzz': 'unknown axis "zzz"',
        'fixed.epoch': 'unknown setting "epoch": did you mean "epochs"?',
      },
    );
    const parsed = JSON.parse(
      '{"name":"a","dataset":"x","model":"m","axes":{"__proto__":[1]},"hyper":{"__proto__":1}}',
    );
    expect(Object.keys(refused(parsed))).toEqual(['axes.__proto__', 'hyper.__proto__']);
  });

  test('has an empty list, a value twice, and a range that is none refused with the value', () => {
    const found = refused({
      ...least,
      dataset: ['a', 'b', 'a'],
      axes: {
        width: [],
        batchSize: [2, 4, 2],
        schedule: [{ kind: 'cosine' }, { kind: 'cosine' }],
        baseLearningRate: { powersOfTwo: [0, -3] },
        warmUp: { powersOfTwo: [1.5, 2] },
        batchNorm: [[true]],
        seed: [0, -1, 1.5, 2 ** 53],
      },
    });
    expect(found).toEqual({
      'dataset.2': 'invalid dataset.2: "a" is already at index 0; no configuration is in a sweep twice',
      'axes.width': 'invalid axes.width: an empty list leaves no cell',
      'axes.batchSize.2':
        'invalid axes.batchSize.2: 2 is already at index 0; no configuration is in a sweep twice',
      'axes.schedule.1': expect.stringContaining('already at index 0'),
      'axes.baseLearningRate.powersOfTwo':
        'invalid axes.baseLearningRate.powersOfTwo: [0,-3] is empty, 0 is more than -3',
      'axes.warmUp.powersOfTwo': 'invalid axes.warmUp.powersOfTwo: [1.5,2]',
      'axes.batchNorm.0': 'invalid axes.batchNorm.0: [true]',
      'axes.seed.1': 'invalid axes.seed.1: -1',
      'axes.seed.2': 'invalid axes.seed.2: 1.5',
      'axes.seed.3': 'invalid axes.seed.3: 9007199254740992',
    });
  });

  test('may not say one thing in two places', () => {
    expect(
      refused({
        ...least,
        axes: { model: ['a'], epochs: [1, 2] },
        fixed: { epochs: 3, model: 'b', width: [1, 2] },
      }),
    ).toEqual({
      'axes.model': 'invalid axes.model: model is already set at the top',
      'fixed.epochs': 'invalid fixed.epochs: axes.epochs sets it too',
      'fixed.model': 'invalid fixed.model: axes.model sets it too',
      'fixed.width': 'invalid fixed.width: [1,2] is more than one value',
    });
  });

  test('may not ask for a strategy, an order or a reuse that there is not', () => {
    expect(refused({ ...least, strategy: 'bayes', order: 'random', reuse: 'yes', orderSeed: -1 })).toEqual({
      strategy: 'unknown strategy "bayes"',
      order: 'unknown order "random"',
      reuse: 'invalid reuse: "yes"',
      orderSeed: 'invalid orderSeed: -1',
    });
    expect(refused({ ...least, strategy: 'gird' }).strategy).toBe(
      'unknown strategy "gird": did you mean "grid"?',
    );
  });

  test('has names with NUL bytes, without letters, or of 10 kB refused without repeating all of them', () => {
    expect(refused({ ...least, name: 'a\0b' }).name).toBe('invalid name: "a\\u0000b"');
    expect(refused({ ...least, name: '--- ' }).name).toMatch(/^invalid name/);
    const long = refused({ ...least, name: 'x'.repeat(10_000) }).name!;
    expect(long).toMatch(/is 10000 characters long$/);
    expect(long.length).toBeLessThan(150);
    expect(refused({ ...least, dataset: '../etc/passwd' }).dataset).toMatch(/^invalid dataset: "\.\.\/etc/);
    expect(refused({ ...least, hyper: { 'a b': 1, ok: [1, null], t: 'x\0', width: 3 } })).toEqual({
      'hyper.width': 'invalid hyper name "width": it is an axis',
      'hyper.a b': 'invalid hyper name "a b"',
      'hyper.ok.1': 'invalid hyper.ok.1: null',
      'hyper.t': 'invalid hyper.t: "x\\u0000"',
    });
  });
});
