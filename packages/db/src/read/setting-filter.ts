import type { RunFilter } from './filter.ts';

/** Fields of a filter that say something of a run's setting alone. */
const OF_SETTINGS = new Set([
  'dataset',
  'model',
  'width',
  'batchSize',
  'baseLearningRate',
  'warmUp',
  'momentum',
  'nesterov',
  'weightDecay',
  'batchNorm',
  'batchNormScope',
  'bnBatch',
  'augmentation',
  'epochs',
  'evaluateEvery',
]);

/** Whether runs of one setting all match a filter, or none of them. */
export function onlySettings(filter: RunFilter | null | undefined): boolean {
  return Object.entries(filter ?? {}).every(([field, given]) => {
    if (given === undefined || given === null) return true;
    if (field === 'and' || field === 'or') return (given as RunFilter[]).every(onlySettings);
    return field === 'not' ? onlySettings(given as RunFilter) : OF_SETTINGS.has(field);
  });
}
