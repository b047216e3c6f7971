import { createHash } from 'node:crypto';
import { type Db, type Identity, type NewRun, type NewSweep, registerWorker, uuidv7 } from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A run's columns with everything said that a test does not care about. */
export function newRun(datasetId: string, given: Partial<NewRun> = {}): NewRun {
  const run = {
    datasetId,
    model: 'resnet8',
    width: 16,
    batchSize: 2,
    batchSchedule: null,
    baseLearningRate: 2 ** -8,
    schedule: '{"kind":"constant"}',
    warmUp: false,
    momentum: 0,
    nesterov: false,
    weightDecay: 0,
    batchNorm: true,
    batchNormScope: null,
    bnBatch: null,
    augmentation: false,
    budgetUnit: 'EPOCHS' as const,
    budgetValue: 1,
    budgetEpochs: null,
    evaluateEvery: 1,
    seed: 0,
    hyper: {},
    trainerVersion: TRAINER_VERSION,
    bundleKey: 'b',
    shapeKey: 's',
    memoryBytes: 0,
    measures: '',
    plannedSteps: 100,
    ...given,
  };
  const { seed, ...setting } = run;
  return {
    configurationHash: sha(JSON.stringify(run)),
    settingHash: sha(JSON.stringify({ ...setting, seed: undefined })),
    ...run,
  };
}

export async function addDataset(
  db: Db,
  teamId: string,
  name = 'shapes',
): Promise<{ id: string; hash: string }> {
  const hash = sha(name);
  const { id } = await db.prisma.dataset.create({
    data: {
      id: uuidv7(),
      teamId,
      name,
      hash,
      classes: 10,
      channels: 3,
      height: 32,
      width: 32,
      trainCount: 1500,
      testCount: 1000,
    },
  });
  return { id, hash };
}

export const newSweep = (owner: Identity, cells: NewRun[], given: Partial<NewSweep> = {}): NewSweep => ({
  ...owner,
  name: 'grid',
  definition: {},
  strategy: 'grid',
  order: 'listed',
  reuse: true,
  cells,
  ranks: cells.map((_, i) => i),
  ...given,
});

export const addWorker = (db: Db, owner: Identity, name = 'w'): Promise<string> =>
  registerWorker(db, {
    ...owner,
    name,
    host: 'here',
    pid: 1,
    engine: 'onnx',
    device: 'cpu',
    versions: {},
    trainerVersion: TRAINER_VERSION,
  });
