import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { defineConfig, type Plugin } from 'vitest/config';
import { isBuilt } from './setup/build.mjs';

type Exports = Record<string, { source?: string; default?: string } | string>;

/**
 * Our own packages as they were built, where the build is of the sources as they are, which loads in a third of the time; else from
 * their sources, so that a test never sees an old build.
 */
const built = isBuilt();

/** Aliases, read from each package's exports, because the runner of a global set-up knows no own resolve conditions. */
const alias = ['packages', 'apps'].flatMap((folder) =>
  readdirSync(folder).flatMap((name) => {
    const place = resolve(folder, name);
    const { name: packageName, exports = {} } = JSON.parse(
      readFileSync(join(place, 'package.json'), 'utf8'),
    ) as {
      name: string;
      exports?: Exports;
    };
    return Object.entries(exports).flatMap(([path, entry]) => {
      const target = typeof entry === 'string' ? undefined : built ? entry.default : entry.source;
      return target
        ? [{ find: new RegExp(`^${packageName}${path.slice(1)}$`), replacement: join(place, target) }]
        : [];
    });
  }),
);

/** A test that imports a source by its path gets what was built of it: the same module that the packages have. */
const asBuilt: Plugin = {
  name: 'as-built',
  enforce: 'pre',
  resolveId(id, importer) {
    if (!built || !importer || !id.startsWith('.')) return null;
    const source = resolve(importer, '..', id);
    const output = source.replace(`${sep}src${sep}`, `${sep}dist${sep}`).replace(/\.ts$/, '.js');
    return output !== source && existsSync(output) ? output : null;
  },
};

export default defineConfig({
  plugins: [asBuilt],
  // One copy of graphql for our sources and for the libraries, which Node gives the CommonJS one.
  resolve: {
    alias: [...alias, { find: /^graphql$/, replacement: resolve('node_modules/graphql/index.js') }],
  },
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    globalSetup: ['test/global-setup.ts'],
    server: { deps: { external: [/\/(apps|packages)\/[a-z]+\/dist\//] } },
    pool: 'forks',
    // CI has two cores.
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 15_000,
  },
});
