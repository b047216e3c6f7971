export * from './cifar.ts';
export * from './dataset.ts';
export * from './shapes.ts';
