import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root, tool } from './command.mjs';
import { stamp, stamped, stateOf } from './stamp.mjs';
import { step } from './step.mjs';

const SOURCES = [
  'apps',
  'packages',
  'prisma/schema.prisma',
  'schema.graphql',
  'tsconfig.json',
  'turbo.json',
  'package-lock.json',
];

/** The Prisma client, when the data model has changed or it is missing. */
export async function ensurePrisma() {
  const state = stateOf(['prisma/schema.prisma', 'package-lock.json']);
  if (stamped('prisma') === state && existsSync(join(root, 'packages/db/src/generated'))) return;
  await step('generate the Prisma client', () =>
    // Generating needs no schema engine, but Prisma wants a file to be where one would be, else it downloads it.
    tool('prisma/build/index.js', ['generate', '--schema', 'prisma/schema.prisma'], {
      // Prisma starts the other generator by its name, from the path.
      env: {
        PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
        PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH ?? ''}`,
      },
    }).then(() => {}),
  );
  stamp('prisma', state);
}

/** Whether what was built last is of the sources as they are now. */
export const isBuilt = () => stamped('build') === stateOf(SOURCES) && missingOutputs().length === 0;

/** Builds what has changed. Nothing changed: not even Turborepo is asked, so that a second start is quick. */
export async function ensureBuilt() {
  if (isBuilt()) return;
  await step('build', () =>
    tool('turbo/bin/turbo', ['run', 'build', '--output-logs=errors-only', '--no-color']).then(() => {}),
  );
  const missing = missingOutputs();
  if (missing.length > 0) throw new Error(`The build left no ${missing.join(', ')}.`);
  // Generators may have written sources: the state after the build is the one that was built.
  stamp('build', stateOf(SOURCES));
}

function missingOutputs() {
  const outputs = ['apps/api/dist/main.js', 'apps/cli/dist/main.js', 'apps/dashboard/.next/BUILD_ID'];
  for (const name of readdirSync(join(root, 'packages'))) outputs.push(`packages/${name}/dist/index.js`);
  return outputs.filter((output) => !existsSync(join(root, output)));
}
