import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { DatasetError } from './dataset-error.ts';

/** An image of a folder: its path from there with "/", and its class. */
export interface Listed {
  readonly path: string;
  readonly label: number;
}

/** Images by class. Classes are numbered in the order of their names. */
export interface Listing {
  readonly classes: readonly string[];
  readonly train: readonly Listed[];
  /** undefined where the folder has no split of its own. */
  readonly test: readonly Listed[] | undefined;
}

const IMAGE = /\.(jpe?g|png)$/i;
const TEST_FOLDERS = ['val', 'test'];

/** By code units, so that the order is the same everywhere. */
const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

async function entries(folder: string): Promise<{ files: string[]; folders: string[] }> {
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const { name } = entry;
    if (name.startsWith('.')) continue;
    const kind = entry.isSymbolicLink() ? await stat(join(folder, name)) : entry;
    if (kind.isDirectory()) folders.push(name);
    else if (IMAGE.test(name)) {
      if (/[\r\n]/.test(name))
        throw new DatasetError(`invalid file name ${JSON.stringify(name)} in ${folder}`);
      files.push(name);
    }
  }
  return { files: files.sort(inOrder), folders: folders.sort(inOrder) };
}

/** Paths of all images below a folder of `root`. */
async function imagesBelow(root: string, folder: string): Promise<string[]> {
  const { files, folders } = await entries(join(root, folder));
  const below: string[] = [];
  for (const name of folders) below.push(...(await imagesBelow(root, `${folder}/${name}`)));
  return [...files.map((name) => `${folder}/${name}`), ...below];
}

/** Images of class folders, in the order of class and path. */
async function byClass(
  root: string,
  folder: string,
  folders: readonly string[],
  classes: readonly string[],
): Promise<Listed[]> {
  const found: Listed[] = [];
  for (const name of folders) {
    const label = classes.indexOf(name);
    if (label < 0) {
      throw new DatasetError(
        `unknown class ${JSON.stringify(name)} in ${join(root, folder)}: train has no folder of that name`,
      );
    }
    const paths = await imagesBelow(root, folder ? `${folder}/${name}` : name);
    for (const path of paths) found.push({ path, label });
  }
  return found;
}

/** Classes by file: lines of a file's name and its class, by name or by number; what follows on a line is not read. */
async function readClassMap(path: string, classes: readonly string[]): Promise<Map<string, number>> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new DatasetError(
      `missing class map ${path}: name a file with lines "file class" (--class-map FILE)`,
    );
  });
  const numbers = new Map(classes.map((name, i) => [name, i]));
  const map = new Map<string, number>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const [, file, name] = /^\s*([^\s,]+)[\s,]+([^\s,]+)/.exec(line) ?? [];
    if (!file || !name) continue;
    const number = /^\d+$/.test(name) && Number(name) < classes.length ? Number(name) : undefined;
    const label = numbers.get(name) ?? number;
    // The first line may say what the columns are.
    if (label === undefined && i > 0)
      throw new DatasetError(`unknown class ${JSON.stringify(name)} in line ${i + 1} of ${path}`);
    if (label !== undefined) map.set(file, label);
  }
  return map;
}

/** Images that lie in one folder, whatever their class, which the map tells. */
async function byMap(root: string, folder: string, map: ReadonlyMap<string, number>): Promise<Listed[]> {
  const unknown: string[] = [];
  const found = (await imagesBelow(root, folder)).map((path) => {
    const name = basename(path);
    const names = [path.slice(folder.length + 1), name, name.slice(0, -extname(name).length)];
    const label = names.map((one) => map.get(one)).find((one) => one !== undefined);
    if (label === undefined) unknown.push(path);
    return { path, label: label! };
  });
  if (unknown.length > 0) {
    throw new DatasetError(
      `missing class of ${unknown[0]}${unknown.length > 1 ? ` and ${unknown.length - 1} more` : ''}: the class map has no line of it`,
    );
  }
  return found;
}

/**
 * Lists a folder of images by class: train/CLASS/… with val/CLASS/… or test/CLASS/…; train/CLASS/… with a flat val and a class
 * map (`classMap`, else val.txt in the folder); or CLASS/… alone, without a split.
 */
export async function listImages(root: string, classMap?: string): Promise<Listing> {
  const top = await entries(root);
  const testFolder = TEST_FOLDERS.find((name) => top.folders.includes(name));
  const folder = top.folders.includes('train') ? 'train' : '';
  const classes = folder
    ? (await entries(join(root, folder))).folders
    : top.folders.filter((name) => name !== testFolder);
  if (classes.length > 2 ** 16)
    throw new DatasetError(`unsupported: ${classes.length} classes, 65536 at most`);
  const train = await byClass(root, folder, classes, classes);
  if (train.length === 0) {
    throw new DatasetError(
      `missing images in ${join(root, folder)}: give CIFAR's binary files, or JPEG or PNG files as train/CLASS/… and val/CLASS/…, or as CLASS/…`,
    );
  }
  // A class without images would be one that nothing is ever learnt of.
  const seen = new Set(train.map(({ label }) => label));
  const empty = classes.find((_, label) => !seen.has(label));
  if (empty !== undefined)
    throw new DatasetError(`missing images in ${join(root, folder, empty)}: remove the folder or fill it`);
  if (folder && !testFolder)
    throw new DatasetError(`missing val in ${root}: beside train, a folder val or test with the test images`);
  return {
    classes,
    train,
    test: testFolder ? await listTest(root, testFolder, classes, classMap) : undefined,
  };
}

async function listTest(
  root: string,
  folder: string,
  classes: readonly string[],
  classMap: string | undefined,
): Promise<Listed[]> {
  const { files, folders } = await entries(join(root, folder));
  const besides = await stat(join(root, 'val.txt')).catch(() => undefined);
  const map = classMap ?? (files.length > 0 && besides ? join(root, 'val.txt') : undefined);
  if (!map && files.length > 0) {
    throw new DatasetError(
      `missing class map: ${join(root, folder)} has images that lie in no class folder; name a file with lines "file class" (--class-map FILE)`,
    );
  }
  const test = map
    ? await byMap(root, folder, await readClassMap(map, classes))
    : await byClass(root, folder, folders, classes);
  if (test.length === 0) throw new DatasetError(`missing images in ${join(root, folder)}`);
  return test;
}
