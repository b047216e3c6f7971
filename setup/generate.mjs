import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePrisma } from './build.mjs';
import { command, root } from './command.mjs';
import { SetupError, step } from './step.mjs';

/** Written from the sources, committed for people to read, and compared in .ci/run: each by a script of the part that knows it. */
const OUTPUTS = [
  ['prisma/schema.sql', 'packages/db/generate.mjs'],
  ['schema.graphql, docs/graphql.md and docs/rights.md', 'apps/api/generate.mjs'],
];

try {
  await ensurePrisma();
  for (const [output, script] of OUTPUTS) {
    if (!existsSync(join(root, script))) throw new SetupError(`missing ${script}, which writes ${output}`);
    await step(`write ${output}`, () =>
      command(process.execPath, ['--import', 'tsx', '--conditions=source', script]).then(() => {}),
    );
  }
} catch (error) {
  console.error(error instanceof SetupError ? error.message : (error.stack ?? error));
  process.exit(1);
}
