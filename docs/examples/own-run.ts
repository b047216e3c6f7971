// Report a training script of one's own: npx tsx docs/examples/own-run.ts
import { createRun } from '@smallbatch/client/reporter';

const run = await createRun({
  name: 'own-script',
  dataset: 'shapes',
  axes: { model: 'resnet8', batchSize: 32, baseLearningRate: 2 ** -8, batchNorm: true, epochs: 5 },
  seed: 0,
});
for (let epoch = 1; epoch <= 5; epoch++) {
  run.log({ step: epoch * 46, epoch, train_loss: 2 / epoch, test_accuracy: 1 - 0.8 / epoch });
}
await run.finish();
console.log(run.key);
