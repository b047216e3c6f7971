import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startApi } from '@smallbatch/api';
import { EventKind } from '@smallbatch/db';
import { expect, test } from 'vitest';
import { testDatabase } from '../database.ts';
import { addDataset } from '../packages/db/new-run.ts';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);

test('the example that watches a run shows all its points and ends with it', async ({ onTestFinished }) => {
  const database = await testDatabase();
  const { db, teamId } = await database.openOwned();
  await addDataset(db, teamId, 'shapes');
  const api = await startApi({ db, port: 0 });
  onTestFinished(() => api.stop());
  const env = { ...process.env, SMALLBATCH_URL: `http://127.0.0.1:${api.port}` };
  const script = (...words: string[]) =>
    run(process.execPath, ['--import', 'tsx', ...words], { cwd: root, env });
  const { stdout: key } = await script('docs/examples/own-run.ts');
  const { stdout } = await script('docs/examples/watch.ts', key.trim());
  expect(stdout.trim().split('\n').at(-1)).toBe('DONE test_accuracy: 5 points train_loss: 5 points');
});

test('docs/live.md names every kind of event', () => {
  const page = readFileSync(join(root, 'docs/live.md'), 'utf8');
  const named = [...page.matchAll(/`([A-Z…]+(?:_[A-Z]+)*)`/g)].map(([, name]) => name!.replace('…', 'SWEEP'));
  for (const kind of Object.keys(EventKind)) expect(named).toContain(kind);
});
