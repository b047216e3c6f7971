/** Data sets, engines, the training loop and the worker; the one place that knows ONNX Runtime and TensorFlow.js. */
export * from './bench.ts';
export * from './bundle-size.ts';
export * from './calibration.ts';
export * from './checkpoints.ts';
export * from './datasets/index.ts';
export * from './engines/engine.ts';
export * from './engines/engines.ts';
export * from './engines/fastest.ts';
export { openOnnx } from './engines/onnx/onnx.ts';
export * from './engines/report.ts';
export * from './engines/trial.ts';
export * from './gpu.ts';
export * from './measures.ts';
export * from './training.ts';
export * from './weights.ts';
export * from './worker.ts';
export * from './workers.ts';
