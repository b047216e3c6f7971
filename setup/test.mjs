// npm test: all set-up, then every test; the last line is `N passed, N failed, N skipped`.
// npm test -- PATH … runs those of these files and folders.
import { checkNode } from './node.mjs';

checkNode();
const { randomUUID } = await import('node:crypto');
const { spawn } = await import('node:child_process');
const { existsSync, mkdtempSync, readFileSync, rmSync } = await import('node:fs');
const { tmpdir } = await import('node:os');
const { join } = await import('node:path');
const { ensureSetup } = await import('./setup.mjs');
const { quiet, root } = await import('./command.mjs');
const { leftovers } = await import('./processes.mjs');

await ensureSetup({ browser: true });

const MARK = 'SMALLBATCH_TEST_RUN';
const mark = randomUUID();
const folder = mkdtempSync(join(tmpdir(), 'smallbatch-test-'));
const total = { passed: 0, failed: [], skipped: [] };

/** One runner to its end; what it reports is added to `total`. A runner that ends badly without a failed test is one. */
async function run(name, script, args) {
  console.log(`\n${name}`);
  const file = join(folder, `${name}.json`);
  const code = await new Promise((done) => {
    const child = spawn(process.execPath, [join(root, 'node_modules', script), ...args], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, ...quiet, [MARK]: mark, SMALLBATCH_TEST_REPORT: file },
    });
    child.on('close', (code, signal) => done(signal ?? code));
  });
  const report = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { passed: 0, failed: [], skipped: [] };
  if (code !== 0 && report.failed.length === 0)
    report.failed.push({ test: name, reason: `it ended with ${code}` });
  total.passed += report.passed;
  total.failed.push(...report.failed);
  total.skipped.push(...report.skipped);
}

const only = process.argv.slice(2);
const vitest = ['run', '--reporter=default', '--reporter=./test/reports/vitest.ts', ...only];
// With some files asked for, one of the two runners may have none of them.
await run('vitest', 'vitest/vitest.mjs', only.length > 0 ? [...vitest, '--passWithNoTests'] : vitest);
await run('playwright', '@playwright/test/cli.js', [
  'test',
  ...only,
  ...(only.length > 0 ? ['--pass-with-no-tests'] : []),
]);
rmSync(folder, { recursive: true, force: true });

for (const { pid, command } of await leftovers(MARK, mark, 5_000))
  total.failed.push({ test: 'processes', reason: `left running (and now killed): ${pid} ${command}` });
for (const { test, reason } of total.skipped) {
  if (reason) console.log(`skipped: ${test}: ${reason}`);
  else total.failed.push({ test, reason: 'skipped without a reason' });
}
for (const { test, reason } of total.failed) console.log(`✗ ${test}: ${reason}`);
process.exitCode = total.failed.length > 0 || total.passed === 0 ? 1 : 0;
console.log(`${total.passed} passed, ${total.failed.length} failed, ${total.skipped.length} skipped`);
