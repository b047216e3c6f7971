import { ENGINES, runWorkers, type WorkerEvent } from '@smallbatch/trainer';
import { Command, Option } from 'commander';
import { apiUrl } from '../api.ts';
import { homeOf, prepareHome } from '../home.ts';
import { note } from '../output/print.ts';
import { plain } from '../output/screen.ts';
import { type ApiOptions, wholeNumber, withUrl } from './options.ts';

interface Options extends ApiOptions {
  home?: string;
  name?: string;
  processes?: number;
  engine?: 'onnx' | 'tensorflow';
  device?: string;
  max?: number;
  sweep?: string;
  once?: boolean;
  memory?: number;
  checkpointSeconds?: number;
  keepWeights?: boolean;
}

export function workerCommand(): Command {
  return withUrl(new Command('worker').description('Train: claim runs from the API, until Ctrl-C.'))
    .option('--home <dir>', 'data sets and spool (default: SMALLBATCH_HOME, else .smallbatch)')
    .option('--name <name>', "the workers' name (default: the host's)")
    .addOption(
      new Option('--engine <name>', 'what executes the steps (default: the fastest that works here)').choices(
        Object.keys(ENGINES),
      ),
    )
    .addOption(
      new Option('--device <name>', 'where: cpu, or a GPU by webgpu, cuda or gpu').choices([
        ...new Set(Object.values(ENGINES).flat()),
      ]),
    )
    .option(
      '--processes <n>',
      'processes of one thread (default: as measured for the work that waits)',
      wholeNumber(1, 1024),
    )
    .option('--max <r>', 'most runs side by side', wholeNumber(1, 64))
    .option('--sweep <key>', 'only runs of this sweep')
    .option('--memory <MiB>', 'most memory of a step, in MiB', wholeNumber(16, 2 ** 24))
    .option('--checkpoint-seconds <s>', 'time between checkpoints (default: 30)', wholeNumber(1, 86_400))
    .option('--keep-weights', 'keep the final weights of runs that are done (smallbatch runs weights KEY)')
    .option('--once', 'end when nothing is left to train')
    .action(worker);
}

async function worker(options: Options): Promise<void> {
  const home = homeOf(options.home);
  prepareHome(home);
  const controller = new AbortController();
  // The first signal lets runs be given back; a second one is for those who cannot wait.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => (controller.signal.aborted ? process.exit(1) : controller.abort()));
  }
  await runWorkers({
    url: apiUrl(options.url),
    ...(process.env.SMALLBATCH_TOKEN ? { token: process.env.SMALLBATCH_TOKEN } : {}),
    home,
    ...(options.processes ? { processes: options.processes } : {}),
    engine: options.engine,
    device: options.device,
    ...(options.name ? { name: options.name } : {}),
    ...(options.max ? { max: options.max } : {}),
    ...(options.sweep ? { sweep: options.sweep } : {}),
    ...(options.once ? { untilEmpty: true } : {}),
    ...(options.memory ? { memoryBytes: options.memory * 2 ** 20 } : {}),
    ...(options.checkpointSeconds ? { checkpointSeconds: options.checkpointSeconds } : {}),
    ...(options.keepWeights ? { keepWeights: true } : {}),
    signal: controller.signal,
    onEvent: (event) => note(`[${event.process + 1}] ${describeEvent(event)}`),
  });
}

/** What a worker does, in words. */
export function describeEvent(event: WorkerEvent): string {
  switch (event.kind) {
    case 'ready':
      return `ready on ${event.engine}`;
    case 'claimed':
      return `training ${plain(event.keys.join(', '))}`;
    case 'ended':
      return `${plain(event.key)} ${event.diverged ? 'diverged' : 'done'}`;
    case 'resumed':
      return `${plain(event.key)} goes on at step ${event.step.toLocaleString('en')}`;
    case 'pruned':
      return `${plain(event.key)} pruned: others of its sweep do better`;
    case 'released':
      return `${plain(event.key)} given back: ${plain(event.reason)}`;
    case 'calibrated': {
      const rates = Object.entries(event.size.rates).map(([runs, rate]) => `R=${runs} ${rate}`);
      return `measured ${plain(event.model)} at m = ${event.batchSize}: ${rates.join(', ')} samples/s; R = ${event.size.runs} from the next bundle on`;
    }
    case 'split': {
      const rates = Object.entries(event.rates).map(([split, rate]) => `${split} ${rate}`);
      return `measured ${plain(event.model)} at m = ${event.batchSize}, processes × threads: ${rates.join(', ')} samples/s`;
    }
    case 'exhausted':
      return `${plain(event.reason)}: starting anew`;
    case 'warning':
      return plain(event.message);
    case 'idle':
      return plain(event.message);
    case 'discarded':
      return `${plain(event.key)}: ${plain(event.reason)}`;
    case 'unreachable':
      return plain(event.message);
    case 'failed':
      return `${plain(event.key)} failed: ${plain(event.reason)}`;
  }
}
