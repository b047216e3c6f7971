export * from './cifar.ts';
export * from './dataset.ts';
export * from './download.ts';
export { type Files, type ImageOptions, readImages } from './images.ts';
export * from './shapes.ts';
