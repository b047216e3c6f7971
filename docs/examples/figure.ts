// Accuracy against batch size, with bands of one deviation over seeds: npx tsx docs/examples/figure.ts shapes > figure.svg
import { createClient, graphql } from '@smallbatch/client';

const dataset = process.argv[2] ?? 'shapes';
const { aggregate } = await createClient().query(
  graphql(`query Figure($where: RunFilter) {
    aggregate(where: $where, by: [BATCH_NORM, BATCH_SIZE], best: [BASE_LEARNING_RATE]) { groups { batchNorm batchSize mean sd } } }`),
  { where: { dataset: { eq: dataset } } },
);
const groups = aggregate.groups.filter(({ mean }) => mean !== null);
const x = (m: number) => (50 + 60 * Math.log2(m)).toFixed(1);
const y = (accuracy: number) => (290 - 260 * accuracy).toFixed(1);
console.log(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 330" font-family="sans-serif" font-size="12">',
);
for (const [i, bn] of [true, false].entries()) {
  const colour = bn ? '#1f77b4' : '#d62728';
  const mine = groups.filter((g) => g.batchNorm === bn);
  const line = (sign: number) => mine.map((g) => `${x(g.batchSize!)},${y(g.mean! + sign * (g.sd ?? 0))}`);
  const band = [...line(1), ...line(-1).reverse()].join(' ');
  console.log(`<polygon points="${band}" fill="${colour}" opacity="0.25"/>`);
  console.log(`<polyline points="${line(0).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`);
  console.log(`<text x="560" y="${40 + 18 * i}" fill="${colour}">${bn ? 'BN' : 'no BN'}</text>`);
}
for (const m of new Set(groups.map(({ batchSize }) => batchSize!)))
  console.log(`<text x="${x(m)}" y="310">${m}</text>`);
for (const share of [0, 0.25, 0.5, 0.75, 1])
  console.log(`<text x="10" y="${y(share)}">${share.toFixed(2)}</text>`);
console.log('</svg>');
