import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The git commit that this code is of, and whether the tree was clean; nothing outside a checkout. */
export async function origin(): Promise<Record<string, string>> {
  const git = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('git', args, {
      cwd: dirname(fileURLToPath(import.meta.url)),
      timeout: 5000,
    });
    return stdout.trim();
  };
  try {
    const commit = await git('rev-parse', 'HEAD');
    const changed = await git('status', '--porcelain', '--untracked-files=no');
    return { commit, tree: changed === '' ? 'clean' : 'changed' };
  } catch {
    return {};
  }
}
