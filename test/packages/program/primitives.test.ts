import type { PrimitiveName, Shape } from '@smallbatch/program';
import { Builder, differentiate, fillNormal, primitives, runReference, size } from '@smallbatch/program';
import { describe, expect, test } from 'vitest';

interface Case {
  op: PrimitiveName;
  shapes: Shape[];
  attributes?: Record<string, number | boolean>;
  /** Inputs whose gradient is checked; all unless said. */
  wanted?: number[];
  /** Output that the loss is made of. */
  output?: number;
}

/** Every differentiable primitive, in shapes small enough for finite differences. */
const cases: Case[] = [
  {
    op: 'add',
    shapes: [
      [2, 3],
      [2, 3],
    ],
  },
  { op: 'addRow', shapes: [[3, 4], [4]] },
  { op: 'conv', shapes: [[2, 3, 6, 5], [4, 3, 3, 3], [4]], attributes: { stride: 1, pad: 1 } },
  {
    op: 'conv',
    shapes: [
      [2, 2, 6, 6],
      [3, 2, 3, 3],
    ],
    attributes: { stride: 2, pad: 1 },
  },
  { op: 'conv', shapes: [[1, 2, 7, 6], [3, 2, 5, 5], [3]], attributes: { stride: 1, pad: 2 } },
  { op: 'batchNorm', shapes: [[4, 3, 2, 2], [3], [3]], attributes: { groups: 1 } },
  { op: 'batchNorm', shapes: [[6, 2, 2, 3], [2], [2]], attributes: { groups: 3 } },
  { op: 'flatten', shapes: [[2, 3, 2, 2]] },
  { op: 'unflatten', shapes: [[2, 12]], attributes: { channels: 3, height: 2, width: 2 } },
  { op: 'globalAveragePool', shapes: [[2, 3, 4, 2]] },
  {
    op: 'matmul',
    shapes: [
      [3, 4],
      [4, 2],
    ],
  },
  { op: 'maxPool', shapes: [[2, 2, 6, 4]] },
  { op: 'relu', shapes: [[3, 5]] },
  { op: 'shortcut', shapes: [[2, 3, 4, 4]], attributes: { stride: 2, channels: 6 } },
  {
    op: 'softmaxCrossEntropy',
    shapes: [
      [3, 4],
      [3, 4],
    ],
    wanted: [0],
  },
];

const random = (shape: Shape, stream: number): Float64Array => {
  const values = new Float32Array(size(shape));
  fillNormal(values, 7, 'noise', stream);
  return Float64Array.from(values);
};

describe('the primitives', () => {
  test.each(cases)('the gradient rule of $op over $shapes agrees with finite differences', (one) => {
    const { op, shapes, attributes = {}, wanted = shapes.map((_, i) => i), output = 0 } = one;
    const build = new Builder();
    const inputs = shapes.map((shape, i) => build.input(`x${i}`, shape));
    const result = build.applyAll(op, inputs, attributes)[output]!;
    // A loss of a plain sum would hide errors that cancel: weigh every number of the output differently.
    let loss = result;
    if (result.shape.length > 0) {
      const row = result.shape.length === 4 ? build.apply('flatten', [result]) : result;
      const flat = build.apply('unflatten', [row], {
        channels: row.shape[1]!,
        height: 1,
        width: 1,
      });
      const rows = build.apply('flatten', [flat]);
      const perRow = build.input('per row', [row.shape[1]!, 1]);
      const column = build.apply('matmul', [rows, perRow]);
      const across = build.input('across', [1, row.shape[0]!]);
      loss = build.apply('matmul', [across, column]);
    }
    build.output('loss', loss);
    const seed = build.input('seed', loss.shape);
    const gradients = differentiate(
      build,
      loss,
      seed,
      wanted.map((i) => inputs[i]!),
    );
    gradients.forEach((gradient, i) => {
      build.output(`gradient ${wanted[i]}`, gradient);
    });

    const program = build.program();
    const given: Record<string, Float64Array> = {};
    let stream = 0;
    for (const [name, { shape }] of program.inputs) given[name] = random(shape, stream++);
    given.seed = Float64Array.of(1);
    if (op === 'softmaxCrossEntropy') given.x1 = Float64Array.of(1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
    const analytic = runReference(program, given);
    const step = 1e-5;
    for (const input of wanted) {
      const name = `x${input}`;
      for (let i = 0; i < given[name]!.length; i++) {
        const at = (moved: number): number => {
          const values = given[name]!.slice();
          values[i]! += moved;
          return runReference(program, { ...given, [name]: values }).loss![0]!;
        };
        const numeric = (at(step) - at(-step)) / (2 * step);
        expect(analytic[`gradient ${input}`]![i]).toBeCloseTo(numeric, 5);
      }
    }
  });

  test('every primitive is differentiated above, or is itself a gradient, an evaluation or an update', () => {
    const terminal = [
      'addStatistic',
      'batchNormInference',
      'momentum',
      'runningAverage',
      'sgd',
      'sumChannels',
      'sumRows',
    ];
    const tried = new Set(cases.map(({ op }) => op as string));
    const rest = Object.keys(primitives).filter((op) => !tried.has(op) && !op.endsWith('Gradient'));
    expect(rest.sort()).toEqual(terminal);
  });

  test('max pool agrees with its definition where windows overlap the border', () => {
    const x = Float64Array.from({ length: 16 }, (_, i) => i);
    expect([...primitives.maxPool.reference([x], [[1, 1, 4, 4]], {})[0]!]).toEqual([5, 7, 13, 15]);
  });

  test('a shape that does not fit is refused with both shapes', () => {
    expect(() =>
      new Builder().apply('matmul', [new Builder().input('a', [2, 3]), new Builder().input('b', [4, 2])]),
    ).toThrow('invalid matrix product: [2, 3] with [4, 2]');
  });
});
