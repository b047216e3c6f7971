import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** Paths that a page names in backticks: they have a slash or an ending, and no placeholder in capitals or braces. */
function pathsIn(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  const inline = [...text.replace(/```[\s\S]*?```/g, '').matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);
  const links = [...text.matchAll(/\]\(([^):#\s]+)\)/g)].map((match) => match[1]!);
  return [...new Set([...inline, ...links])].filter((name) =>
    /^(apps|packages|clients|prisma|test|setup|docs|\.ci)\/[\w./-]*$|^[\w.-]+\.(md|json|graphql)$/.test(name),
  );
}

test.each(['ARCHITECTURE.md', 'README.md'])('every path that %s names exists', (page) => {
  const named = pathsIn(page);
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((name) => !existsSync(join(root, name)))).toEqual([]);
});

test('what scripts of setup import of a built package is built from a source', () => {
  const scripts = readdirSync(join(root, 'setup'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.mjs'))
    .map((name) => join('setup', name));
  const built = scripts.flatMap((script) =>
    [
      ...readFileSync(join(root, script), 'utf8').matchAll(/'((?:\.\.?\/)+(?:apps|packages)\/[^']+\.js)'/g),
    ].map((match) => resolve(root, dirname(script), match[1]!)),
  );
  expect(built.length).toBeGreaterThan(3);
  const sources = built.map((path) => path.replace('/dist/', '/src/').replace(/\.js$/, '.ts'));
  expect(sources.filter((path) => !existsSync(path))).toEqual([]);
});

test('ARCHITECTURE.md stays one page', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  expect(text.length).toBeLessThan(9_000);
});
