import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { leftovers, startedWith } from '../../setup/processes.mjs';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'smallbatch-setup-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  code: number | null;
  said: string;
}

/** Runs a bare Node, as the set-up is run. */
function node(args: string[], env: NodeJS.ProcessEnv = {}): { pid: number; ended: Promise<Ended> } {
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  return {
    pid: child.pid!,
    ended: new Promise((done) => child.once('close', (code) => done({ code, said }))),
  };
}
const script = (code: string, env?: NodeJS.ProcessEnv) => node(['--input-type=module', '-e', code], env);

describe('the lock of the set-up', () => {
  const work = (file: string, log: string, ms: number) => `
    import { locked } from './setup/lock.mjs';
    import { appendFileSync } from 'node:fs';
    await locked(${JSON.stringify(file)}, async () => {
      appendFileSync(${JSON.stringify(log)}, 'in\\n');
      await new Promise((done) => setTimeout(done, ${ms}));
      appendFileSync(${JSON.stringify(log)}, 'out\\n');
    });`;

  test('lets one after the other in, however many start at once', async () => {
    const file = join(folder, 'a/lock');
    const log = join(folder, 'a.log');
    const all = Array.from({ length: 5 }, () => script(work(file, log, 100)).ended);
    expect((await Promise.all(all)).map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    expect(readFileSync(log, 'utf8')).toBe('in\nout\n'.repeat(5));
  });

  test('is taken over at once from a holder that was killed, by one of those who wait', async () => {
    const file = join(folder, 'b/lock');
    const log = join(folder, 'b.log');
    const holder = script(work(file, log, 60_000));
    while (!readFileSync(log, { encoding: 'utf8', flag: 'a+' }).includes('in')) await sleep(20);
    const waiting = Array.from({ length: 3 }, () => script(work(file, log, 50)).ended);
    await sleep(300);
    const killed = performance.now();
    process.kill(holder.pid, 'SIGKILL');
    await Promise.all(waiting);
    expect(performance.now() - killed).toBeLessThan(5_000);
    expect(readFileSync(log, 'utf8')).toBe(`in\n${'in\nout\n'.repeat(3)}`);
  });
});

test('a Node that is too old is told so in one sentence', async () => {
  const fake = (version: string) =>
    script(`Object.defineProperty(process, 'versions', { value: { node: '${version}' } });
      const { checkNode } = await import('./setup/node.mjs'); checkNode();`).ended;
  const old = await fake('20.18.3');
  expect(old.code).toBe(1);
  expect(old.said).toMatch(/^unsupported Node 20\.18\.3: Smallbatch needs Node 20\.19 or newer .*\n$/);
  for (const version of ['20.19.0', '22.1.0', '24.0.0'])
    expect(await fake(version)).toEqual({ code: 0, said: '' });
});

test('the state of sources changes with a file, and not with what is built from them', async () => {
  const place = join(root, 'test-results', randomUUID());
  mkdirSync(join(place, 'dist'), { recursive: true });
  writeFileSync(join(place, 'a.ts'), 'one');
  const relative = place.slice(root.length + 1);
  const state = async () =>
    (await script(`import { stateOf } from './setup/stamp.mjs'; console.log(stateOf(['${relative}']))`).ended)
      .said;
  try {
    const first = await state();
    expect(first).toMatch(/^[0-9a-f]{64}\n$/);
    writeFileSync(join(place, 'dist/a.js'), 'built');
    expect(await state()).toBe(first);
    writeFileSync(join(place, 'a.ts'), 'two!');
    expect(await state()).not.toBe(first);
  } finally {
    rmSync(place, { recursive: true });
  }
});

test('a process left behind by a process that has ended is found and ended', async () => {
  const mark = randomUUID();
  const orphan = `require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { detached: true, stdio: 'ignore' }).unref()`;
  await node(['-e', orphan], { SMALLBATCH_ORPHAN: mark }).ended;
  expect(startedWith('SMALLBATCH_ORPHAN', mark)).toHaveLength(1);
  const [left] = await leftovers('SMALLBATCH_ORPHAN', mark, 100);
  expect(left?.command).toContain('setTimeout');
  for (let tries = 0; tries < 50 && startedWith('SMALLBATCH_ORPHAN', mark).length > 0; tries++)
    await sleep(20);
  expect(startedWith('SMALLBATCH_ORPHAN', mark)).toEqual([]);
});

test.each([
  [[], /missing bench name[\s\S]*NAME one of: trainer/],
  [['traner'], /unknown bench "traner"[\s\S]*NAME one of: trainer/],
  [['trainer', '--jsn', 'x'], /Unknown option '--jsn'/],
])('npm run bench -- %j is wrong use, exit code 2', async (args, message) => {
  const { code, said } = await node(['setup/bench.mjs', ...args]).ended;
  expect(code).toBe(2);
  expect(said).toMatch(message);
});

test('the lock file names the packages of every platform, which npm leaves out when the registry at hand lacks them', () => {
  interface Entry {
    optionalDependencies?: Record<string, string>;
  }
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Entry>;
  };
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
    ),
  );
  expect(missing, 'npm ci refuses a lock file without them').toEqual([]);
});
