import { graphql, pages, type ResultOf } from '@smallbatch/client';
import { Command } from 'commander';
import { connect } from '../api.ts';
import type { Value } from '../output/columns.ts';
import { csvCell } from '../output/csv.ts';
import { note } from '../output/print.ts';
import { type FilterOptions, filterOf, withFilter } from './filter.ts';
import { type ApiOptions, withFormat } from './options.ts';

const Page = graphql(`
  query ExportRuns($where: RunFilter, $after: String) {
    runs(where: $where, first: 100, after: $after, orderBy: [{ field: CREATED_AT, direction: ASC }]) {
      nodes {
        key status diverged divergedStep reason dataset { name hash } model width batchSize batchSchedule baseLearningRate
        learningRate schedule warmUp momentum nesterov weightDecay batchNorm batchNormScope bnBatch augmentation
        budget { unit value } seed hyper info configurationHash settingHash trainerVersion duplicate member { key }
        sweep { key } engine attempt step samplesSeen deviceSeconds createdAt startedAt endedAt
        metrics { name count nonFiniteCount last lastNonFinite lastStep min max mean best bestStep medianLast5 medianOf }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
`);
type Run = ResultOf<typeof Page>['runs']['nodes'][number];
type Flat = Record<string, Value>;

export function exportCommand(): Command {
  const command = new Command('export').description(
    'Every run with its settings and the summary of every metric, one row a run.',
  );
  return withFilter(withFormat(command, ['csv', 'json'], 'csv')).action(exportRuns);
}

/** Complete and in order of creation; never sampled, never cut. */
async function exportRuns(options: ApiOptions & FilterOptions & { format: 'csv' | 'json' }): Promise<void> {
  const client = connect(options);
  const where = filterOf(options);
  const page = async (after: string | null) => (await client.query(Page, { where, after })).runs;
  const count = options.format === 'json' ? await writeJson(pages(page)) : await writeCsv(pages(page));
  note(`${count} runs`);
}

/** One object a line inside one array: whole as JSON, and readable line by line; memory of one page. */
async function writeJson(runs: AsyncIterable<Run>): Promise<number> {
  let count = 0;
  for await (const run of runs) await write(`${count++ === 0 ? '[\n' : ',\n'}${JSON.stringify(flat(run))}`);
  await write(count === 0 ? '[]\n' : '\n]\n');
  return count;
}

/** The header names every param and metric that any run has, so all rows are read first: about 2 kB of memory a run. */
async function writeCsv(runs: AsyncIterable<Run>): Promise<number> {
  const rows: Flat[] = [];
  const names = new Set<string>();
  for await (const run of runs) {
    const row = flat(run);
    for (const name of Object.keys(row)) names.add(name);
    rows.push(row);
  }
  const fixed = [...names].filter((name) => !name.includes('.'));
  const header = [...fixed, ...[...names].filter((name) => name.includes('.')).sort()];
  await write(`${header.map(csvCell).join(',')}\r\n`);
  for (const row of rows) await write(`${header.map((name) => csvCell(row[name] ?? null)).join(',')}\r\n`);
  return rows.length;
}

/** One level deep: `hyper.NAME`, `info.NAME`, and `METRIC.last`, `METRIC.best`, … beside the settings. */
function flat(run: Run): Flat {
  const { dataset, member, sweep, budget, hyper, info, metrics, schedule, batchSchedule, ...rest } = run;
  const row: Flat = {
    ...(rest as Flat),
    dataset: dataset.name,
    datasetHash: dataset.hash,
    member: member.key,
    sweep: sweep?.key ?? null,
    budgetUnit: budget.unit,
    budgetValue: budget.value,
    schedule: JSON.stringify(schedule),
    batchSchedule: batchSchedule === null ? null : JSON.stringify(batchSchedule),
  };
  for (const [group, params] of Object.entries({ hyper, info })) {
    for (const [name, value] of Object.entries((params ?? {}) as Record<string, Value>))
      row[`${group}.${name}`] = value;
  }
  for (const { name, ...summary } of metrics) {
    for (const [part, value] of Object.entries(summary)) row[`${name}.${part}`] = value;
  }
  return row;
}

/** Waits when the reader is slower than we are. */
function write(text: string): Promise<void> {
  return new Promise((done) => {
    if (process.stdout.write(text)) done();
    else process.stdout.once('drain', done);
  });
}
