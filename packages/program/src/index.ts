/** Models and updates as step programs, and which axes are valid together. Pure: runs anywhere. */
export * from './axes.ts';
export * from './cost.ts';
export * from './differentiate.ts';
export * from './initial.ts';
export * from './learning-rate.ts';
export * from './models.ts';
export * from './plan.ts';
export * from './primitives/batch-norm.ts';
export { type PrimitiveName, primitives } from './primitives/index.ts';
export * from './program.ts';
export * from './random.ts';
export * from './reference.ts';
export * from './score.ts';
export * from './shape.ts';
export * from './training-step.ts';
