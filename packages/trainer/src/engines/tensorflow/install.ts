import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { bindingIn, PACKAGE, tensorflowFolder, tensorflowPackage } from './place.ts';
import { unzip } from './unzip.ts';

const run = promisify(execFile);

const MINUTES = 60_000;

export interface InstallOptions {
  /** A Python wheel of tensorflow or tensorflow-cpu: the libraries in it are unpacked and the binding is built against them. */
  readonly wheel?: string;
  /** An unpacked libtensorflow, or the folder `tensorflow` of a Python environment: used where it lies. */
  readonly libtensorflow?: string;
  readonly folder?: string;
  readonly say?: (line: string) => void;
}

/**
 * Puts a binding of TensorFlow into `folder`. All of it happens in a folder beside it that takes its place at the end, so that
 * a failed install leaves what was there, and processes that use the old one keep it. → the path of the binding.
 */
export async function installTensorflow({
  wheel,
  libtensorflow,
  folder = tensorflowFolder(),
  say = () => {},
}: InstallOptions = {}): Promise<string> {
  const npm = tensorflowPackage();
  if (!npm) throw new Error(`missing ${PACKAGE}: install it with npm (it is an optional dependency)`);
  const draft = `${folder}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  try {
    if (wheel !== undefined) await fromWheel(resolve(wheel), npm.folder, draft, folder, say);
    else if (libtensorflow !== undefined) await fromLibrary(resolve(libtensorflow), npm.folder, draft, say);
    else await published(npm, draft, say);
    if (!bindingIn(draft)) throw new Error(`missing tfjs_binding.node after the install into ${draft}`);
    const old = `${draft}.old`;
    if (existsSync(folder)) await rename(folder, old);
    await rename(draft, folder);
    await rm(old, { recursive: true, force: true });
    return bindingIn(folder)!;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

const inWheel = /^tensorflow\/(libtensorflow_(?:cc|framework)\.(?:so\.2|2\.dylib)|include\/.*\.h)$/;

async function fromWheel(
  wheel: string,
  npmFolder: string,
  draft: string,
  folder: string,
  say: (line: string) => void,
): Promise<void> {
  if (!existsSync(wheel)) throw new Error(`missing wheel ${wheel}`);
  say(`unpacking the libraries of ${basename(wheel)} …`);
  await unzip(wheel, draft, (name) => inWheel.exec(name)?.[1]);
  const libraries = librariesIn(draft);
  if (!libraries)
    throw new Error(
      `invalid wheel ${wheel}: it has no libtensorflow_cc (is it one of tensorflow, for Linux?)`,
    );
  await build({ ...libraries, home: folder }, npmFolder, draft, say);
  await rm(join(draft, 'include'), { recursive: true });
}

async function fromLibrary(
  given: string,
  npmFolder: string,
  draft: string,
  say: (line: string) => void,
): Promise<void> {
  const libraries = librariesIn(given);
  if (!libraries) {
    throw new Error(
      `invalid libtensorflow folder ${given}: it has no include/tensorflow/c/c_api.h with libtensorflow.so.2 or libtensorflow_cc.so.2`,
    );
  }
  await build({ ...libraries, home: libraries.folder }, npmFolder, draft, say);
}

interface Libraries {
  /** Where the libraries are now. */
  readonly folder: string;
  readonly include: string;
  readonly files: readonly string[];
}

/** The layouts of libtensorflow's archive (include, lib) and of a Python package (include beside the libraries). */
function librariesIn(folder: string): Libraries | undefined {
  const include = join(folder, 'include');
  if (!existsSync(join(include, 'tensorflow/c/c_api.h'))) return undefined;
  for (const place of [join(folder, 'lib'), folder]) {
    for (const main of ['libtensorflow_cc', 'libtensorflow']) {
      for (const end of ['.so.2', '.2.dylib']) {
        const files = [main, 'libtensorflow_framework'].map((name) => `${name}${end}`);
        if (files.every((file) => existsSync(join(place, file)))) return { folder: place, include, files };
      }
    }
  }
  return undefined;
}

/** Where Node's own headers may be; the binding needs node_api.h alone, which is the same for all versions of Node. */
function nodeHeaders(): string {
  const prefix = dirname(dirname(process.execPath));
  const named = process.env.npm_config_nodedir;
  const places = [named && join(named, 'include/node'), join(prefix, 'include/node'), '/usr/include/node'];
  const found = places.find((place) => place && existsSync(join(place, 'node_api.h')));
  if (found) return found;
  throw new Error(
    `missing node_api.h (looked in ${places.filter(Boolean).join(', ')}): install Node's headers (Debian: libnode-dev) or name a folder that has include/node with npm_config_nodedir`,
  );
}

/** Compiles the two files of the binding: `home` is where the libraries will lie when the binding looks for them. */
async function build(
  { folder, include, files, home }: Libraries & { home: string },
  npmFolder: string,
  draft: string,
  say: (line: string) => void,
): Promise<void> {
  if (process.platform === 'win32')
    throw new Error('unsupported on Windows: building the binding; install the published one');
  const compiler = process.env.CXX ?? 'c++';
  say(`compiling the binding with ${compiler} …`);
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(npmFolder, 'binding', file));
  const undefinedLater = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : [];
  const options = ['-std=c++17', '-O2', '-w', '-fPIC', '-shared', '-DNAPI_VERSION=8', ...undefinedLater];
  const args = [
    ...options,
    ...[nodeHeaders(), include].map((place) => `-I${place}`),
    ...sources,
    ...files.map((file) => join(folder, file)),
    `-Wl,-rpath,${home}`,
    '-o',
    join(draft, 'tfjs_binding.node'),
  ];
  await run(compiler, args, { timeout: 10 * MINUTES, maxBuffer: 1e8 }).catch((error) => {
    if (error.code === 'ENOENT')
      throw new Error(`missing C++ compiler "${compiler}": install one (Debian: g++) or name it with CXX`);
    throw new Error(`the binding does not compile:\n${error.stderr || error.message}`);
  });
}

/** Runs the npm package's own install in a copy of it, which downloads libtensorflow and the binding. */
async function published(
  npm: { folder: string; version: string },
  draft: string,
  say: (line: string) => void,
): Promise<void> {
  say(`downloading the published binary of ${PACKAGE} ${npm.version} …`);
  for (const part of ['package.json', 'binding.gyp', 'binding', 'scripts']) {
    await cp(join(npm.folder, part), join(draft, part), { recursive: true });
  }
  // What the script requires, and node-pre-gyp's command, are beside the package, not beside the copy.
  const modules = [join(npm.folder, 'node_modules'), dirname(dirname(npm.folder))];
  const env = {
    ...process.env,
    NODE_PATH: modules.join(delimiter),
    PATH: [...modules.map((place) => join(place, '.bin')), process.env.PATH].join(delimiter),
  };
  const script = [join(draft, 'scripts/install.js'), 'gpu', 'download'];
  const failure = await run(process.execPath, script, { cwd: draft, env, timeout: 20 * MINUTES }).then(
    () => undefined,
    (error) => String(error.stderr || error.message),
  );
  if (failure === undefined && bindingIn(draft)) return;
  const reason = failure?.split('\n').find((line) => /^\w*Error: /.test(line)) ?? 'it left no binding behind';
  throw new Error(
    `the published binary cannot be had (${reason.trim()}): build the binding with --wheel FILE (of "pip download --no-deps tensorflow-cpu", or tensorflow for a GPU) or --libtensorflow DIR`,
  );
}
