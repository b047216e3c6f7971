import { graphql, pages, type ResultOf } from '@smallbatch/client';
import { Command } from 'commander';
import { connect } from '../api.ts';
import type { Column } from '../output/columns.ts';
import { note, print } from '../output/print.ts';
import { duration, many, plain } from '../output/screen.ts';
import { Problem } from '../problem.ts';
import { type ApiOptions, type ReadOptions, wholeNumber, withFormat, withUrl } from './options.ts';
import { createCommand, presetsCommand } from './sweep-create.ts';
import { watchSweep } from './watch.ts';

const SweepRow = graphql(`
  fragment SweepRow on Sweep {
    key name status createdAt
    member { key }
    counts { total waiting running done failed cancelled diverged reused }
    progress { done total samplesPerSecond secondsLeft workers }
  }
`);
type Row = ResultOf<typeof SweepRow>;

const List = graphql(
  `query SweepList($first: Int, $after: String) {
    sweeps(first: $first, after: $after) { nodes { ...SweepRow } pageInfo { hasNextPage endCursor } }
  }`,
  [SweepRow],
);
const Show = graphql(`query SweepShow($key: String!) { sweep(key: $key) { ...SweepRow } }`, [SweepRow]);

const Changed = graphql(`
  fragment Changed on ChangeSweepResult {
    __typename
    ... on SweepChanged { runs sweep { key status } }
    ... on SweepEnded { message }
    ... on NotYours { message } ... on NotFound { message }
  }
`);
const changes = {
  pause: graphql(`mutation PauseSweep($key: String!) { result: pauseSweep(key: $key) { ...Changed } }`, [
    Changed,
  ]),
  resume: graphql(`mutation ResumeSweep($key: String!) { result: resumeSweep(key: $key) { ...Changed } }`, [
    Changed,
  ]),
  cancel: graphql(`mutation CancelSweep($key: String!) { result: cancelSweep(key: $key) { ...Changed } }`, [
    Changed,
  ]),
  retry: graphql(`mutation RetrySweep($key: String!) { result: retrySweep(key: $key) { ...Changed } }`, [
    Changed,
  ]),
};
const SAYS = {
  pause: 'paused: its waiting runs are held',
  resume: 'resumed',
  cancel: 'cancelled: runs that another sweep wants go on',
  retry: 'again: failed runs wait for a worker',
};

const columns: Column<Row>[] = [
  { name: 'key', value: ({ key }) => key },
  { name: 'status', value: ({ status }) => status, show: (status) => String(status).toLowerCase() },
  { name: 'done', value: ({ progress }) => progress.done },
  { name: 'total', title: 'of', value: ({ progress }) => progress.total },
  { name: 'running', value: ({ counts }) => counts.running },
  { name: 'diverged', value: ({ counts }) => counts.diverged },
  { name: 'failed', value: ({ counts }) => counts.failed },
  { name: 'reused', value: ({ counts }) => counts.reused },
  {
    name: 'samplesPerSecond',
    title: 'samples/s',
    value: ({ progress }) => progress.samplesPerSecond,
    show: (rate) => many(Number(rate)),
  },
  {
    name: 'secondsLeft',
    title: 'left',
    value: ({ progress }) => progress.secondsLeft,
    show: (left) => duration(Number(left)),
    align: 'right',
  },
  { name: 'member', value: ({ member }) => member.key },
  {
    name: 'createdAt',
    title: 'created',
    value: ({ createdAt }) => createdAt,
    show: (at) => String(at).slice(0, 16).replace('T', ' '),
  },
];

export function sweepCommand(): Command {
  const sweep = new Command('sweep').description('Write sweeps down, watch them, stop them.');
  sweep.addCommand(createCommand()).addCommand(presetsCommand());
  withFormat(sweep.command('list').description('Sweeps, newest first.'))
    .option('--limit <n>', 'at most so many', wholeNumber(1, 100_000), 50)
    .action(list);
  withFormat(sweep.command('show <key>').description('One sweep.'))
    .option('--watch', 'stay and show its progress until it has ended')
    .action(show);
  for (const name of ['pause', 'resume', 'cancel', 'retry'] as const) {
    withUrl(
      sweep.command(`${name} <key>`).description(`${name[0]!.toUpperCase()}${name.slice(1)} a sweep.`),
    ).action((key: string, options: ApiOptions) => change(name, key, options));
  }
  return sweep;
}

async function list(options: ReadOptions & { limit: number }): Promise<void> {
  const client = connect(options);
  const page = async (after: string | null) =>
    (await client.query(List, { first: Math.min(100, options.limit), after })).sweeps;
  const rows: Row[] = [];
  for await (const row of pages(page)) {
    rows.push(row);
    if (rows.length === options.limit) break;
  }
  print(columns, rows, options.format);
  if (rows.length === 0) note('no sweep yet: create one with "smallbatch sweep create FILE"');
}

async function show(key: string, options: ReadOptions & { watch?: boolean }): Promise<void> {
  const client = connect(options);
  if (options.watch) await watchSweep(client, key);
  const { sweep } = await client.query(Show, { key });
  if (!sweep)
    throw new Problem(`unknown sweep "${plain(key)}": "smallbatch sweep list" names those that there are`);
  print(columns, [sweep], options.format);
}

async function change(name: keyof typeof changes, key: string, options: ApiOptions): Promise<void> {
  const { result } = await connect(options).mutate(changes[name], { key });
  if (result.__typename !== 'SweepChanged') throw new Problem(plain(result.message));
  note(`${plain(result.sweep.key)} ${SAYS[name]} (${result.runs} runs changed)`);
}
