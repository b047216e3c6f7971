import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './command.mjs';

const stamps = join(root, '.setup');
const OUTPUTS = new Set([
  'node_modules',
  'dist',
  '.next',
  '.turbo',
  'generated',
  'next-env.d.ts',
  'tsconfig.tsbuildinfo',
]);

/** What was the state when `name` was last done here; '' when it never was. */
export function stamped(name) {
  const file = join(stamps, `${name}.stamp`);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

export function stamp(name, state) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(join(stamps, `${name}.stamp`), state);
}

/**
 * One word for the state of files and folders: path, size and time of change of each, outputs left out. Costs a few
 * milliseconds for the whole tree, where reading it would cost a second.
 */
export function stateOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths) walk(path, hash);
  return hash.digest('hex');
}

function walk(path, hash) {
  const full = join(root, path);
  const stats = statSync(full, { throwIfNoEntry: false });
  if (!stats) return void hash.update(`${path} missing\n`);
  if (!stats.isDirectory()) return void hash.update(`${path} ${stats.size} ${stats.mtimeMs}\n`);
  for (const name of readdirSync(full).sort()) {
    if (!OUTPUTS.has(name) && !name.startsWith('.env')) walk(`${path}/${name}`, hash);
  }
}

/** One word for what is inside a few files. */
export function contentOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths)
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  return hash.digest('hex');
}
