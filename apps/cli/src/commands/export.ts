import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { Argument, Command, Option } from 'commander';
import { download } from '../api.ts';
import { note } from '../output/print.ts';
import { many } from '../output/screen.ts';
import { Problem } from '../problem.ts';
import { type FilterOptions, filterOf, withFilter } from './filter.ts';
import { type ApiOptions, withUrl } from './options.ts';

const FORMATS = ['csv', 'parquet', 'ndjson', 'json'] as const;
type Format = (typeof FORMATS)[number];

interface Options extends ApiOptions, FilterOptions {
  readonly format?: Format;
  readonly output?: string;
  readonly metric: string[];
  readonly param: string[];
  readonly comments?: boolean;
}

export function exportCommand(): Command {
  const several = (one: string, before: string[]) => [...before, one];
  const command = new Command('export')
    .description(
      'Every run with its settings and the summary of every metric, one row a run; or every point of every curve.',
    )
    .addArgument(
      new Argument('[what]', 'runs, or the points of their curves')
        .choices(['runs', 'curves'])
        .default('runs'),
    )
    .addOption(new Option('--format <format>', 'csv unless said; curves: ndjson').choices(FORMATS))
    .option('--output <file>', 'write to this file, whole or not at all')
    .option('--metric <name>', 'only this metric; may be given several times', several, [])
    .option('--param <name>', 'only this free parameter; may be given several times', several, [])
    .option('--comments', 'a first line in CSV that says what the file is');
  return withFilter(withUrl(command)).action(exportRuns);
}

/** Complete and in order of creation, from one moment; never sampled, never cut, and in memory of a page. */
async function exportRuns(what: 'runs' | 'curves', options: Options): Promise<void> {
  const format = options.format ?? (what === 'curves' ? 'ndjson' : 'csv');
  if (what === 'curves' && format === 'csv')
    throw new Problem('invalid --format csv: curves are exported as parquet, ndjson or json', 2);
  if (options.comments && format !== 'csv')
    throw new Problem(`invalid --comments: only CSV has them, ${format} says what it is anyway`, 2);
  if (what === 'curves' && options.param.length > 0)
    throw new Problem('invalid --param: curves have none', 2);
  if (format === 'parquet' && !options.output && process.stdout.isTTY)
    throw new Problem('missing --output FILE: Parquet is not for a screen', 2);
  const parameters = {
    where: filterOf(options),
    ...(options.metric.length > 0 ? { metric: options.metric } : {}),
    ...(options.param.length > 0 ? { param: options.param } : {}),
    ...(options.comments ? { comments: true } : {}),
  };
  const body = await download(
    options,
    `/export/${what}.${format === 'json' ? 'ndjson' : format}`,
    parameters,
  );
  const parts = format === 'json' ? jsonOf(body) : body;
  if (!options.output) return void (await writeAll(parts, process.stdout));
  const partial = `${options.output}.partial`;
  try {
    const file = createWriteStream(partial);
    const failed = new Promise<never>((_, reject) => file.once('error', reject));
    const bytes = await Promise.race([writeAll(parts, file), failed]);
    file.end();
    await Promise.race([once(file, 'close'), failed]);
    await rename(partial, options.output);
    note(`${options.output}: ${many(bytes)} bytes`);
  } catch (error) {
    await rm(partial, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    if (code && ['ENOENT', 'EACCES', 'EISDIR', 'ENOSPC', 'EROFS'].includes(code))
      throw new Problem(`cannot write ${options.output}: ${message}`);
    throw error;
  }
}

/** Waits when the reader is slower than we are. */
async function writeAll(parts: AsyncIterable<Uint8Array | string>, to: Writable): Promise<number> {
  let bytes = 0;
  for await (const part of parts) {
    bytes += typeof part === 'string' ? Buffer.byteLength(part) : part.length;
    if (!to.write(part)) await once(to, 'drain');
  }
  return bytes;
}

/** One object a line inside one array: whole as JSON, and readable line by line. What the file says of itself is left out. */
async function* jsonOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let line = -1;
  for await (const part of body) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n');
    rest = lines.pop()!;
    let text = '';
    for (const one of lines) {
      line++;
      if (line > 0) text += `${line === 1 ? '[\n' : ',\n'}${one}`;
    }
    if (text) yield text;
  }
  yield line < 1 ? '[]\n' : '\n]\n';
}
