// Makes schema.graphql the released one, which later changes are held against: a step of making a release, and of nothing else.
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePrisma } from './build.mjs';
import { command, root } from './command.mjs';
import { SetupError } from './step.mjs';

const released = join(root, 'docs/graphql/released.graphql');
try {
  await ensurePrisma();
  if (existsSync(released)) {
    const check = ['--import', 'tsx', '--conditions=source', 'apps/api/released.mjs'];
    process.stdout.write(await command(process.execPath, check));
  }
  copyFileSync(join(root, 'schema.graphql'), released);
  console.log('docs/graphql/released.graphql is schema.graphql now; commit it with the release');
} catch (error) {
  console.error(error instanceof SetupError ? error.message : (error.stack ?? error));
  process.exit(1);
}
