import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

type Exports = Record<string, { source?: string } | string>;

/**
 * Our own packages from their sources, so that a test never sees an old build. Aliases, read from each package's exports,
 * because the runner of a global set-up knows no own resolve conditions.
 */
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
      const source = typeof entry === 'string' ? undefined : entry.source;
      return source
        ? [{ find: new RegExp(`^${packageName}${path.slice(1)}$`), replacement: join(place, source) }]
        : [];
    });
  }),
);

export default defineConfig({
  // One copy of graphql for our sources and for the libraries, which Node gives the CommonJS one.
  resolve: {
    alias: [...alias, { find: /^graphql$/, replacement: resolve('node_modules/graphql/index.js') }],
  },
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    globalSetup: ['test/global-setup.ts'],
    pool: 'forks',
    // CI has two cores.
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 15_000,
  },
});
