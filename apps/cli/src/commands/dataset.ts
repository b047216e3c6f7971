import { type Client, graphql, type ResultOf } from '@smallbatch/client';
import {
  DatasetError,
  generateShapes,
  hashOf,
  listDatasets,
  RECIPES,
  readCifar10,
  storeDataset,
} from '@smallbatch/trainer';
import { Command } from 'commander';
import { connect } from '../api.ts';
import { homeOf, prepareHome } from '../home.ts';
import type { Column } from '../output/columns.ts';
import { note, print } from '../output/print.ts';
import { plain } from '../output/screen.ts';
import { Problem } from '../problem.ts';
import { type ApiOptions, type ReadOptions, withFormat, withUrl } from './options.ts';

const Datasets = graphql(`
  query Datasets { datasets { name hash classes channels height width trainCount testCount description } }
`);
const Add = graphql(`
  mutation AddDataset($input: DatasetInput!) {
    addDataset(input: $input) {
      __typename
      ... on AddDatasetSuccess { created dataset { name hash } }
      ... on NameTaken { message }
      ... on InvalidInput { message problems { message allowed } }
    }
  }
`);
type Row = ResultOf<typeof Datasets>['datasets'][number] & { here: boolean };

const columns: Column<Row>[] = [
  { name: 'name', value: ({ name }) => name },
  { name: 'hash', value: ({ hash }) => hash, show: (hash) => String(hash).slice(0, 12) },
  { name: 'trainCount', title: 'training', value: ({ trainCount }) => trainCount },
  { name: 'testCount', title: 'test', value: ({ testCount }) => testCount },
  { name: 'classes', value: ({ classes }) => classes },
  { name: 'shape', value: ({ channels, height, width }) => `${channels}×${height}×${width}` },
  { name: 'here', value: ({ here }) => here },
  { name: 'description', value: ({ description }) => description },
];

export function datasetCommand(): Command {
  const dataset = new Command('dataset').description('Data sets, known by the hash of their content.');
  withUrl(dataset.command('add <name>').description('Add a data set to this machine and to the team.'))
    .option('--from <path>', "CIFAR-10's official binary files: a folder, a .tar or a .tar.gz")
    .option('--home <dir>', 'where it is kept (default: SMALLBATCH_HOME, else .smallbatch)')
    .action(add);
  withFormat(dataset.command('list').description("The team's data sets, and which of them this machine has."))
    .option('--home <dir>', 'where they are kept (default: SMALLBATCH_HOME, else .smallbatch)')
    .action(list);
  return dataset;
}

async function add(name: string, options: ApiOptions & { from?: string; home?: string }): Promise<void> {
  const home = homeOf(options.home);
  prepareHome(home);
  const stored = await addDataset(connect(options), home, name, options.from);
  const { trainCount, testCount } = stored.shape;
  note(
    `${plain(name)}: ${trainCount} training and ${testCount} test images, hash ${stored.hash.slice(0, 12)}…${stored.created ? '' : ' (was there already)'}`,
  );
}

/** Keeps a data set in the home and tells the API of it. A built-in one needs no `from`; the same again changes nothing. */
export async function addDataset(client: Client, home: string, name: string, from?: string) {
  const recipe = Object.hasOwn(RECIPES, name) ? RECIPES[name] : undefined;
  if (!from && !recipe) {
    throw new Problem(
      `missing --from PATH for "${plain(name)}": only ${Object.keys(RECIPES).join(', ')} are made here; name the folder or tar of CIFAR-10's binary files`,
      2,
    );
  }
  if (from && recipe)
    throw new Problem(`invalid --from: "${plain(name)}" is made here, and is never read from a file`, 2);
  // Names that cannot be registered are refused before anything is read or written.
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(name)) {
    throw new Problem(
      `invalid data set name "${plain(name).slice(0, 80)}": 1 … 100 letters, digits, "_", "." and "-" are allowed`,
      2,
    );
  }
  const kept = recipe ? (await listDatasets(home)).find((one) => one.name === name) : undefined;
  try {
    const content = kept ? undefined : recipe ? generateShapes(recipe) : await readCifar10(from!, name);
    const { shape, description, hash } = kept ?? { ...content!, hash: hashOf(content!) };
    // A name that has other bytes already is refused before anything is written.
    const { datasets } = await client.query(Datasets, {});
    const taken = datasets.find((one) => one.name === name && one.hash !== hash);
    if (taken) {
      throw new Problem(
        `invalid name "${plain(name)}": it belongs to other bytes (hash ${taken.hash.slice(0, 12)}…, these have ${hash.slice(0, 12)}…), and a name never changes its data; choose another name`,
      );
    }
    if (content) await storeDataset(home, content);
    const { addDataset: result } = await client.mutate(
      Add,
      { input: { name, hash, description, ...shape } },
      { idempotent: true },
    );
    if (result.__typename === 'NameTaken') throw new Problem(plain(result.message));
    if (result.__typename === 'InvalidInput') {
      throw new Problem(
        result.problems.map((one) => `${plain(one.message)} (allowed: ${plain(one.allowed)})`).join('\n'),
      );
    }
    return { shape, hash, created: result.created };
  } catch (error) {
    if (error instanceof DatasetError) throw new Problem(plain(error.message));
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Problem(`missing data set files: there is no ${plain(String(from))}`);
    throw error;
  }
}

async function list(options: ReadOptions & { home?: string }): Promise<void> {
  const { datasets } = await connect(options).query(Datasets, {});
  const here = new Set((await listDatasets(homeOf(options.home))).map(({ hash }) => hash));
  print(
    columns,
    datasets.map((row) => ({ ...row, here: here.has(row.hash) })),
    options.format,
  );
}
