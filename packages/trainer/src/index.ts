/** Data sets, engines, the training loop and the worker; the one place that knows ONNX Runtime and TensorFlow.js. */
export * from './bench.ts';
export * from './bundle-size.ts';
export * from './calibration.ts';
export * from './checkpoints.ts';
export * from './datasets/index.ts';
export * from './engines/engine.ts';
export { openOnnx } from './engines/onnx/onnx.ts';
export * from './engines/report.ts';
export { type InstallOptions, installTensorflow } from './engines/tensorflow/install.ts';
export { tensorflowFolder } from './engines/tensorflow/place.ts';
export { openTensorflow, type TensorflowOptions } from './engines/tensorflow/tensorflow.ts';
export * from './gpu.ts';
export * from './measures.ts';
export * from './training.ts';
export * from './weights.ts';
export * from './worker.ts';
export * from './workers.ts';
