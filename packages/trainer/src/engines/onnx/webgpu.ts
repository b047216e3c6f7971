import type { StepProgram } from '@smallbatch/program';

/**
 * Convolutions that ONNX Runtime 1.30 computes wrongly on WebGPU, found beside its own CPU kernels: grouped ones whose outputs
 * a group, and single ones whose inputs beyond four, are no multiple of four. → the widths that are refused, in words.
 */
export function wrongOnWebGpu(program: StepProgram): string | undefined {
  for (const { op, inputs } of program.steps) {
    if (op !== 'conv') continue;
    const [filters = 0, channels = 0] = inputs[1]!.shape;
    if (filters % 4 !== 0 || (channels > 4 && channels % 4 !== 0)) {
      return `a convolution from ${channels} to ${filters} channels: on webgpu both must be multiples of 4 (width)`;
    }
  }
  return undefined;
}
