import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { graphql } from '@smallbatch/client';
import { evaluateExported, openDataset, readWeights } from '@smallbatch/trainer';
import { Command } from 'commander';
import { connect } from '../api.ts';
import { homeOf } from '../home.ts';
import { note } from '../output/print.ts';
import { percent, plain } from '../output/screen.ts';
import { Problem } from '../problem.ts';
import { type ApiOptions, withUrl } from './options.ts';

const Recorded = graphql(`
  query RecordedAccuracy($key: String!) {
    run(key: $key) { key dataset { name hash } metrics(names: ["test_accuracy"]) { last } }
  }
`);

export function weightsCommand(): Command {
  return withUrl(
    new Command('weights')
      .argument('<key>', 'a run that a worker with --keep-weights has trained')
      .description(
        'Write the final weights of a run as an ONNX model, and show that it has the recorded accuracy.',
      ),
  )
    .option('--out <file>', 'where to (default: the key, with .onnx)')
    .option('--home <dir>', 'where the worker kept them (default: SMALLBATCH_HOME, else .smallbatch)')
    .action(weights);
}

async function weights(key: string, options: ApiOptions & { out?: string; home?: string }): Promise<void> {
  const { run } = await connect(options).query(Recorded, { key });
  if (!run)
    throw new Problem(`unknown run "${plain(key)}": "smallbatch runs list" names those that there are`);
  const home = homeOf(options.home);
  const model = await readWeights(join(home, 'weights'), run.key);
  if (!model) {
    throw new Problem(
      `missing weights of ${plain(run.key)} in ${plain(home)}: workers keep them with --keep-weights, and "smallbatch runs repeat" trains the run again`,
    );
  }
  const out = options.out ?? `${run.key.replaceAll('/', '-')}.onnx`;
  writeFileSync(out, model);
  process.stdout.write(`${out}\n`);
  const recorded = run.metrics[0]?.last ?? null;
  const dataset = await openDataset(home, run.dataset.hash);
  try {
    const accuracy = await evaluateExported(model, dataset);
    const shown = `test accuracy ${percent(accuracy)} by ONNX Runtime on ${plain(run.dataset.name)}`;
    // A sample on the border between two classes may fall to the other side in another order of sums.
    if (recorded === null || Math.abs(accuracy - recorded) > 1.5 / dataset.shape.testCount)
      throw new Problem(`${shown}; recorded is ${recorded === null ? 'none' : percent(recorded)}`);
    note(`${shown}, as recorded`);
  } finally {
    await dataset.close();
  }
}
