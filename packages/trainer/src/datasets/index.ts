export * from './cifar.ts';
export * from './dataset.ts';
export * from './download.ts';
export * from './shapes.ts';
