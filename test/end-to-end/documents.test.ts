import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startApi } from '@smallbatch/api';
import { expect, test } from 'vitest';
import { testDatabase } from '../database.ts';
import { addDataset } from '../packages/db/new-run.ts';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);

test('the example scripts of the README run as they stand, in TypeScript and in Python', async ({
  skip,
  onTestFinished,
}) => {
  const database = await testDatabase();
  const { db, teamId } = await database.openOwned();
  await addDataset(db, teamId, 'shapes');
  const api = await startApi({ db, port: 0 });
  onTestFinished(() => api.stop());
  const env = { ...process.env, SMALLBATCH_URL: `http://127.0.0.1:${api.port}` };
  const typescript = (file: string) => run(process.execPath, ['--import', 'tsx', file], { cwd: root, env });

  const { stdout: key } = await typescript('docs/examples/own-run.ts');
  expect(key.trim()).toBe('own-script-1');
  const [point] = await database.asOwner(
    'SELECT s.count::int AS count, s.max FROM run_metric s JOIN metric m ON m.id = s.metric_id WHERE m.name = $1',
    ['test_accuracy'],
  );
  expect(point).toEqual({ count: 5, max: 0.84 });

  const wanted = 'shapes BN m=32 0.7333 n=1';
  expect((await typescript('docs/examples/accuracy.ts')).stdout.trim()).toBe(wanted);
  const python = await run('python3', ['--version']).catch(() => undefined);
  if (!python) skip('no python3 on this machine: the Python script was not tried');
  expect((await run('python3', ['docs/examples/accuracy.py'], { cwd: root, env })).stdout.trim()).toBe(
    wanted,
  );
});
