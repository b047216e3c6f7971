import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { testApi } from '../../apps/api/server.ts';
import { addDataset } from '../db/new-run.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../../..');
const { api, db, teamId } = await testApi();

interface Manifest {
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

/** The folders here of what a package needs, and of what that needs: an install from them asks no registry. */
function needed(folder: string, found = new Set<string>()): Set<string> {
  const { dependencies, peerDependencies }: Manifest = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    const place = join(root, 'node_modules', name);
    if (found.has(place) || !existsSync(place)) continue;
    found.add(place);
    needed(place, found);
  }
  return found;
}

const SCRIPT = `
import { createClient, curves, runs } from '@smallbatch/client';
import { createRun } from '@smallbatch/client/reporter';
const axes = { model: 'resnet8', batchSize: 4, baseLearningRate: 0.01, epochs: 1 };
const run = await createRun({ name: 'outside', dataset: 'shapes', axes });
for (let step = 1; step <= 5; step++) run.log({ step, test_loss: step === 3 ? NaN : 1 / step });
await run.finish();
const client = createClient();
for await (const { key, status, batchSize } of runs(client)) console.log(key, status, batchSize);
const [{ steps, values }] = (await curves(client, { where: {}, metric: 'test_loss' })).curves;
console.log(steps.constructor.name, steps.join(' '), values.join(' '));
`;
const TYPED = `
import { createClient, graphql, type Run, runs } from '@smallbatch/client';
const client = createClient();
const { serverInfo } = await client.query(graphql('{ serverInfo { version } }'));
export const version: string = serverInfo.version;
// @ts-expect-error a version is a text
export const number: number = serverInfo.version;
for await (const run of runs(client)) console.log(run.batchSize satisfies Run['batchSize'] & number);
`;

test('packed and installed in an empty folder, the client reports, reads, and has its types', async ({
  onTestFinished,
}) => {
  await addDataset(db, teamId);
  const home = mkdtempSync(join(tmpdir(), 'smallbatch-pack-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const folder = join(home, 'somewhere');
  mkdirSync(folder);
  const client = join(root, 'packages/client');
  const { stdout: packed } = await run('npm', ['pack', '--json', '--pack-destination', home], {
    cwd: client,
  });
  const [{ filename }] = JSON.parse(packed);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const cache = ['--cache', join(home, 'cache')];
  const flags = ['--offline', '--install-links', '--ignore-scripts', '--no-audit', '--no-fund', ...cache];
  await run('npm', ['install', ...flags, join(home, filename), ...needed(client)], { cwd: folder });

  const env = {
    ...process.env,
    SMALLBATCH_URL: `http://127.0.0.1:${api.port}`,
    SMALLBATCH_HOME: join(home, 'state'),
  };
  writeFileSync(join(folder, 'script.js'), SCRIPT);
  const { stdout } = await run(process.execPath, ['script.js'], { cwd: folder, env });
  expect(stdout.trim().split('\n')).toEqual([
    'outside-1 DONE 4',
    'Float64Array 1 2 3 4 5 1 0.5 NaN 0.25 0.2',
  ]);

  writeFileSync(join(folder, 'typed.ts'), TYPED);
  const options = {
    module: 'NodeNext',
    target: 'ES2023',
    strict: true,
    noEmit: true,
    types: [],
    lib: ['ES2023', 'DOM'],
  };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: options, include: ['typed.ts'] }),
  );
  await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], { cwd: folder });
});
