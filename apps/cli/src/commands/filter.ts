import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { listOf, wholeNumber, yesOrNo } from './options.ts';

const STATUSES = ['WAITING', 'RUNNING', 'DONE', 'PRUNED', 'FAILED', 'CANCELLED'] as const;
type Status = (typeof STATUSES)[number];

export interface FilterOptions {
  sweep?: string;
  member?: string;
  dataset?: string[];
  model?: string[];
  status?: Status[];
  batchSize?: number[];
  batchNorm?: boolean;
  seed?: number[];
}

/** Flags that choose runs, the same for every command that reads them. */
export function withFilter(command: Command): Command {
  const whole = listOf(wholeNumber(0, Number.MAX_SAFE_INTEGER));
  const text = listOf((part) => part);
  return command
    .option('--sweep <key>', 'runs that answer a cell of this sweep')
    .option('--member <key>', 'runs of this member')
    .option('--dataset <names>', 'by data set, several with commas', text)
    .option('--model <names>', 'by model, several with commas', text)
    .option('--status <statuses>', 'waiting, running, done, pruned, failed, cancelled', listOf(readStatus))
    .option('--batch-size <m>', 'by batch size, several with commas', whole)
    .option('--batch-norm <on|off>', 'with or without batch norm', yesOrNo)
    .option('--seed <seeds>', 'by seed, several with commas', whole);
}

/** The flags as the API's RunFilter; only what was given. */
export function filterOf(options: FilterOptions) {
  return {
    ...(options.sweep ? { sweep: { eq: options.sweep } } : {}),
    ...(options.member ? { member: { eq: options.member } } : {}),
    ...(options.dataset ? { dataset: { in: options.dataset } } : {}),
    ...(options.model ? { model: { in: options.model } } : {}),
    ...(options.status ? { status: options.status } : {}),
    ...(options.batchSize ? { batchSize: { in: options.batchSize } } : {}),
    ...(options.batchNorm === undefined ? {} : { batchNorm: { eq: options.batchNorm } }),
    ...(options.seed ? { seed: { in: options.seed } } : {}),
  };
}

function readStatus(text: string): Status {
  const status = STATUSES.find((one) => one === text.toUpperCase());
  if (status) return status;
  throw new InvalidArgumentError(`${STATUSES.map((one) => one.toLowerCase()).join(', ')} are allowed.`);
}
