import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { smallbatch } from '../apps/cli/smallbatch.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const UNITS = ['smallbatch.service', 'smallbatch-worker.service'];
const page = read('docs/operating.md');

/** All that is said by `--help` of a command, by its words. */
const help = new Map<string, Promise<string>>();
const helpOf = (...words: string[]): Promise<string> => {
  const key = words.join(' ');
  const said = help.get(key) ?? smallbatch([...words, '--help']).then(({ stdout }) => stdout);
  help.set(key, said);
  return said;
};

/** Words of a command line up to its first flag or value, and its flags. */
async function unknownIn(line: string): Promise<string[]> {
  const parts = line.split(/\s+/).filter(Boolean);
  const flags = parts.filter((part) => part.startsWith('--'));
  const words = parts.slice(0, parts.findIndex((part) => /^[^a-z]|[^a-z-]/.test(part)) >>> 0);
  const commands = words.slice(0, 2);
  const said = await helpOf(...commands);
  return [
    ...(said.startsWith(`Usage: smallbatch ${commands[0]}`) ? [] : [line]),
    ...flags.filter((flag) => !said.includes(flag)),
  ];
}

let sources = '';
beforeAll(() => {
  sources = execFileSync(
    'git',
    ['grep', '-hoE', '\\b(SMALLBATCH|OTEL)_[A-Z_]+|LOG_LEVEL|DATABASE_URL', '--', 'apps', 'packages'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
});

describe('docs/operating.md and the files beside it', () => {
  test('name commands and flags that there are', async () => {
    const lines = [
      ...[...page.matchAll(/npx smallbatch ([^\n#`]+)/g)].map(([, line]) => line!),
      ...UNITS.map((unit) => /smallbatch\.js (.+)/.exec(read(`docs/operating/${unit}`))![1]!),
      JSON.parse(/^CMD (\[.+\])$/m.exec(read('Containerfile'))![1]!).join(' ') as string,
    ];
    expect(lines.length).toBeGreaterThan(8);
    for (const line of lines) expect([line, await unknownIn(line)]).toEqual([line, []]);
  });

  test('name variables that the code reads, and paths that there are', () => {
    const files = [...UNITS.map((unit) => `docs/operating/${unit}`), 'Containerfile', 'docs/operating.md'];
    const named = files.flatMap((file) => read(file).match(/\bSMALLBATCH_[A-Z_]*[A-Z]\b/g) ?? []);
    expect(new Set(named).size).toBeGreaterThan(8);
    const known = new Set(sources.split('\n'));
    // A family is named by its beginning.
    const unknown = named.filter(
      (name) => ![...known].some((one) => one === name || one.startsWith(`${name}_`)),
    );
    expect(unknown).toEqual([]);
    const paths = files.flatMap(
      (file) => read(file).match(/\b(apps|setup|test)\/[\w./-]+\.(js|mjs|ts)\b/g) ?? [],
    );
    expect(paths).toContain('apps/cli/bin/smallbatch.js');
    const built = (path: string) => path.replace(/\/dist\/(.+)\.js$/, '/src/$1.ts');
    expect(paths.filter((path) => !existsSync(join(root, built(path))))).toEqual([]);
  });

  test('name every variable of the API’s process', () => {
    const main = read('apps/api/src/main.ts');
    const variables = /const \{([^}]+)\} = process\.env/.exec(main)![1]!.match(/[A-Z_]+\b(?=[ ,=])/g)!;
    expect(variables.length).toBeGreaterThan(8);
    const table = /## Settings of the API[\s\S]*?\n## /.exec(page)![0];
    expect(variables.filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
  });

  test('have units that systemd understands', ({ skip }) => {
    const none = spawnSync('systemd-analyze', ['--version']).error !== undefined;
    skip(none, 'no systemd-analyze on this machine: the units of docs/operating were not tried');
    const folder = mkdtempSync(join(tmpdir(), 'smallbatch-units-'));
    try {
      for (const unit of UNITS) {
        // What it starts has to be there for the check.
        const text = read(`docs/operating/${unit}`).replace(
          '/usr/bin/node /opt/smallbatch',
          `${process.execPath} ${root}`,
        );
        writeFileSync(join(folder, unit), text);
        const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', join(folder, unit)], {
          encoding: 'utf8',
          env: { ...process.env, SYSTEMD_LOG_LEVEL: 'warning' },
        });
        const about = stderr.split('\n').filter((line) => line.includes(unit));
        expect([unit, status, about]).toEqual([unit, 0, []]);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('give workers the time to stop that they may take, and the server too', () => {
    const seconds = (unit: string) => Number(/TimeoutStopSec=(\d+)/.exec(read(`docs/operating/${unit}`))![1]);
    expect(seconds('smallbatch.service')).toBeGreaterThan(5);
    expect(seconds('smallbatch-worker.service')).toBeGreaterThanOrEqual(30);
  });
});
