import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** The npm package whose binding is used: its C++ sources, and its published binaries. */
export const PACKAGE = '@tensorflow/tfjs-node-gpu';

const require = createRequire(import.meta.url);

/** The folder and version of the npm package, or undefined where it is not installed (it is optional). */
export function tensorflowPackage(): { folder: string; version: string } | undefined {
  try {
    const file = require.resolve(`${PACKAGE}/package.json`);
    return { folder: dirname(file), version: (require(file) as { version: string }).version };
  } catch {
    return undefined;
  }
}

/**
 * Where the binding and its libtensorflow live: SMALLBATCH_TENSORFLOW, else a folder of the user's cache. Outside of node_modules,
 * which every `npm ci` empties, and outside of the checkout, since it takes most of a gigabyte.
 */
export const tensorflowFolder = (): string =>
  process.env.SMALLBATCH_TENSORFLOW ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'smallbatch', 'tensorflow');

/** Newest Node-API version first. */
export function bindingIn(folder: string): string | undefined {
  const built = join(folder, 'tfjs_binding.node');
  if (existsSync(built)) return built;
  const lib = join(folder, 'lib');
  if (!existsSync(lib)) return undefined;
  return readdirSync(lib)
    .sort()
    .reverse()
    .map((version) => join(lib, version, 'tfjs_binding.node'))
    .find(existsSync);
}

/** The binding that was installed by `smallbatch engine install`, else one that the npm package's own install left behind. */
export function findBinding(folder = tensorflowFolder()): string | undefined {
  const installed = tensorflowPackage();
  return bindingIn(folder) ?? (installed && bindingIn(installed.folder));
}
