import type { Axes, DataShape } from './axes.ts';
import { multiplyAdds } from './program.ts';
import { size } from './shape.ts';
import { evaluation, trainingStep } from './training-step.ts';

export interface Cost {
  /** Trained numbers of one run. */
  readonly parameters: number;
  /** Of one sample. */
  readonly forwardMultiplyAdds: number;
  /** Of training one sample: forward and both gradients, 3 × 2 × multiply-adds, as the paper's own count has it. */
  readonly flopsPerSample: number;
  /** Bytes of one run in a step: every value of the program once, in single precision; an upper bound. */
  readonly memoryBytes: number;
}

/** What a run of these axes costs, counted on its program. */
export function cost(axes: Axes, data: DataShape): Cost {
  const { program, parameters } = trainingStep(axes, data);
  const forwardMultiplyAdds = multiplyAdds(evaluation(axes, data, 1));
  const values = [...program.inputs.values(), ...program.steps.flatMap(({ outputs }) => outputs)];
  return {
    parameters: parameters.reduce((sum, { shape, statistic }) => (statistic ? sum : sum + size(shape)), 0),
    forwardMultiplyAdds,
    flopsPerSample: 6 * forwardMultiplyAdds,
    memoryBytes: 4 * values.reduce((sum, { shape }) => sum + size(shape), 0),
  };
}
