import { type Client, graphql, type ResultOf } from '@smallbatch/client';
import { ARCHIVES, DatasetError, describe, listDatasets, RECIPES, storeDataset } from '@smallbatch/trainer';
import { Command, InvalidArgumentError } from 'commander';
import { connect } from '../api.ts';
import { homeOf, prepareHome } from '../home.ts';
import type { Column } from '../output/columns.ts';
import { note, print } from '../output/print.ts';
import { plain } from '../output/screen.ts';
import { Problem } from '../problem.ts';
import { readSource, type Source } from './dataset-source.ts';
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
  withUrl(dataset.command('add [name]').description('Add a data set to this machine and to the team.'))
    .option('--name <name>', 'another name for it than that of its kind')
    .option(
      '--from <path>',
      "CIFAR's official binary files (a folder, .tar or .tar.gz), or a folder of JPEG or PNG files by class: train/CLASS/… with val/CLASS/…, or CLASS/…",
    )
    .option('--class-map <file>', 'lines "file class" for test images that lie in no class folder')
    .option('--size <pixels>', 'side that images of a folder are shown at (default: 224)', sizeOf)
    .option(
      '--mirror <address>',
      'where the official archives are fetched from (default: SMALLBATCH_MIRROR, else https://www.cs.toronto.edu/~kriz)',
    )
    .option('--home <dir>', 'where it is kept (default: SMALLBATCH_HOME, else .smallbatch)')
    .addHelpText(
      'after',
      `
${Object.keys(RECIPES).join(', ')} are made here; ${Object.keys(ARCHIVES).join(', ')} are fetched from their official address, unless --from
names them. Any other name needs --from. Archives stay in HOME/downloads, and one that broke off goes on where it was.

  smallbatch dataset add cifar10
  smallbatch dataset add cifar100-coarse --from cifar-100-binary.tar.gz
  smallbatch dataset add imagenet --from /data/imagenet --class-map /data/imagenet/val.txt`,
    )
    .action(add);
  withFormat(dataset.command('list').description("The team's data sets, and which of them this machine has."))
    .option('--home <dir>', 'where they are kept (default: SMALLBATCH_HOME, else .smallbatch)')
    .action(list);
  return dataset;
}

function sizeOf(text: string): number {
  const size = Number(text);
  if (!Number.isInteger(size) || size < 8 || size > 1024)
    throw new InvalidArgumentError('A whole number from 8 to 1024 is allowed.');
  return size;
}

interface AddOptions extends Source {
  readonly name?: string;
  readonly home?: string;
}

async function add(given: string | undefined, options: ApiOptions & AddOptions): Promise<void> {
  const name = options.name ?? given;
  if (!name) throw new Problem('missing name of the data set: smallbatch dataset add NAME', 2);
  const home = homeOf(options.home);
  prepareHome(home);
  const stored = await addDataset(connect(options), home, name, {
    ...options,
    kind: given ?? name,
    mirror: options.mirror ?? process.env.SMALLBATCH_MIRROR,
  });
  const { trainCount, testCount } = stored.shape;
  note(
    `${plain(name)}: ${trainCount} training and ${testCount} test images, hash ${stored.hash.slice(0, 12)}…${stored.created ? '' : ' (was there already)'}`,
  );
}

/** Keeps a data set in the home and tells the API of it. A built-in one needs no source; the same again changes nothing. */
export async function addDataset(client: Client, home: string, name: string, source: Source = {}) {
  // Names that cannot be registered are refused before anything is read or written.
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$/.test(name)) {
    throw new Problem(
      `invalid data set name "${plain(name).slice(0, 80)}": 1 … 80 letters, digits, "_", "." and "-" are allowed`,
      2,
    );
  }
  try {
    const kept = source.from ? undefined : (await listDatasets(home)).find((one) => one.name === name);
    const content = kept ? undefined : await readSource(home, name, source);
    const { shape, description, hash } = kept ?? describe(content!);
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
    const { code, path, message } = error as NodeJS.ErrnoException;
    // No room, no quota, or a limit on the size of files.
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
      throw new Problem(
        `missing disk space: "${plain(name)}" does not fit into ${home}; nothing of it was kept`,
      );
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR')
      throw new Problem(`missing data set files: ${plain(path ?? message)} cannot be read (${code})`);
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
