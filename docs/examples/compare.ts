// Two members over the settings that both have trained: npx tsx docs/examples/compare.ts anna ben
import { createClient, graphql } from '@smallbatch/client';

const [a, b] = process.argv.slice(2);
const { compare } = await createClient().query(
  graphql(`query Compare($a: RunFilter!, $b: RunFilter!) { compare(a: $a, b: $b, best: [BASE_LEARNING_RATE]) {
    n mean ci95 { low high } verdict pairs { difference a { batchNorm batchSize } }
    unmatchedCountA unmatchedCountB } }`),
  { a: { member: { eq: a } }, b: { member: { eq: b } } },
);
for (const {
  difference,
  a: { batchNorm, batchSize },
} of compare.pairs)
  console.log(batchNorm ? 'BN' : 'no BN', `m=${batchSize}`, difference.toFixed(4));
const { n, mean, ci95, verdict, unmatchedCountA, unmatchedCountB } = compare;
const interval = ci95 ? `${ci95.low.toFixed(4)} to ${ci95.high.toFixed(4)}` : 'unknown';
console.log(
  `${a} - ${b}: ${mean?.toFixed(4) ?? 'unknown'}, 95 % ${interval}, n=${n}, ${verdict ?? 'no verdict'}`,
);
console.log(`without a match: ${unmatchedCountA} of ${a}, ${unmatchedCountB} of ${b}`);
