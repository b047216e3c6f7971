// Engine tensorflow for the tests: builds its binding against the tensorflow-cpu wheel, unless one works here already. Without
// pip, the wheel or a compiler it says so and ends well; the tests then skip the engine, by its name.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, root } from './command.mjs';
import { SetupError } from './step.mjs';

const engine = (...args) =>
  command(process.execPath, [
    '--import',
    'tsx',
    '--conditions=source',
    join(root, 'apps/cli/src/main.ts'),
    'engine',
    ...args,
  ]);

/** What a command ended with, or undefined when it went well. */
const failure = (running) =>
  running.then(
    () => undefined,
    (error) => {
      if (error instanceof SetupError) return error.message;
      throw error;
    },
  );

async function ensureTensorflow() {
  if ((await failure(engine('check', 'tensorflow'))) === undefined) return 'engine tensorflow works already';
  const folder = mkdtempSync(join(tmpdir(), 'smallbatch-wheel-'));
  try {
    const pip = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', 'tensorflow-cpu', '-d', folder];
    const unfetched = await failure(command('python3', pip));
    if (unfetched) return `engine tensorflow is not tested: pip cannot fetch its wheel\n${unfetched}`;
    const wheel = join(folder, readdirSync(folder)[0]);
    const unbuilt = await failure(engine('install', 'tensorflow', '--wheel', wheel));
    if (unbuilt === undefined) return 'engine tensorflow is built, and works';
    if (/^missing /m.test(unbuilt)) return `engine tensorflow is not tested: it cannot be built\n${unbuilt}`;
    throw new SetupError(unbuilt);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

try {
  console.log(await ensureTensorflow());
} catch (error) {
  console.error(error instanceof SetupError ? error.message : error);
  process.exitCode = 1;
}
