// Best test accuracy for each batch size, with and without batch norm: npx tsx docs/examples/accuracy.ts
import { createClient, graphql } from '@smallbatch/client';

const { aggregate } = await createClient().query(
  graphql(`query Accuracy { aggregate(by: [DATASET, BATCH_NORM, BATCH_SIZE], best: [BASE_LEARNING_RATE]) {
    groups { dataset batchNorm batchSize mean sd n best { baseLearningRate candidates } } } }`),
);
for (const g of aggregate.groups) {
  console.log(
    g.dataset,
    g.batchNorm ? 'BN' : 'no BN',
    `m=${g.batchSize}`,
    g.mean?.toFixed(4) ?? '-',
    `n=${g.n}`,
  );
}
