import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';
import { type Ended, root, smallbatch, start } from './smallbatch.ts';

const homes = mkdtempSync(join(tmpdir(), 'smallbatch-backup-'));
afterAll(() => rmSync(homes, { recursive: true, force: true }));
const place = (name: string): string => join(homes, name);
const resultOf = ({ stdout }: Ended) => (JSON.parse(stdout) as Record<string, unknown>[])[0]!;

async function ask(url: string, query: string): Promise<unknown> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return ((await response.json()) as { data: unknown }).data;
}
const ANSWERS = `{ sweeps(first: 10) { nodes { key name counts { total waiting } createdAt } } datasets { name hash }
  runs(first: 100) { nodes { key batchSize baseLearningRate seed createdAt } } tokens { name prefix scopes } }`;

describe('smallbatch backup and restore', () => {
  test('bring a running installation into another home, with the same answers', async (context) => {
    if (!existsSync(join(root, 'apps/dashboard/.next/BUILD_ID')))
      context.skip('the dashboard is not built: npm run build');
    const up = (home: string, ...flags: string[]) =>
      start(['up', '--home', place(home), '--no-worker', ...flags], { env: { LOG_LEVEL: 'warn' } });
    const one = up('one');
    const url = (await one.says(/Smallbatch is at (\S+)/))[1]!;
    const before = await ask(url, ANSWERS);
    expect(before).toMatchObject({ sweeps: { nodes: [{ counts: { waiting: expect.any(Number) } }] } });

    const written = await smallbatch(['backup', place('file'), '--home', place('one'), '--format', 'json']);
    expect(written).toMatchObject({ code: 0 });
    expect(written.stderr).toContain(`using the PostgreSQL that runs in ${place('one')}`);
    expect(written.stderr).toContain(
      'It holds password and token hashes: keep it where only you can read it.',
    );
    expect(written.stderr).toContain('Not in it, but in the home: data sets, checkpoints, kept weights');
    expect(resultOf(written)).toMatchObject({ file: place('file'), bytes: statSync(place('file')).size });
    expect(statSync(place('file')).mode & 0o777).toBe(0o600);
    expect(await ask(url, '{ __typename }')).toEqual({ __typename: 'Query' });

    const refused = await smallbatch(['restore', place('file'), '--home', place('one')]);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/is not empty \(rows: .*\): restore into a new one/);
    one.process.kill('SIGTERM');
    await one.ended;

    const restored = await smallbatch(['restore', place('file'), '--home', place('two'), '--format', 'json']);
    expect(restored).toMatchObject({ code: 0 });
    const { rows, tables, time, migration } = resultOf(written);
    expect(resultOf(restored)).toMatchObject({ rows, tables, time, migration });
    expect(restored.stderr).toContain(`smallbatch up --home ${place('two')}`);
    const two = up('two', '--no-demo');
    const again = (await two.says(/Smallbatch is at (\S+)/))[1]!;
    const after = (await ask(again, ANSWERS)) as { tokens: unknown[] };
    // The other home's workers get a token of their own.
    expect(after.tokens).toHaveLength((before as { tokens: unknown[] }).tokens.length + 1);
    expect({ ...after, tokens: undefined }).toEqual({ ...(before as object), tokens: undefined });
    two.process.kill('SIGTERM');
    await two.ended;

    const stopped = await smallbatch(['backup', place('later'), '--home', place('two'), '--format', 'csv']);
    expect(stopped.code).toBe(0);
    expect(stopped.stdout).toMatch(/^file,time,migration,tables,rows,bytes,seconds\r?\n/);
    expect(stopped.stderr).not.toContain('using the PostgreSQL');
  }, 180_000);

  test('take the database of DATABASE_URL, and stdout', async () => {
    const { url } = await testDatabase();
    const env = { DATABASE_URL: url };
    const written = await smallbatch(['backup', place('external')], { env });
    expect(written.code).toBe(0);
    expect(written.stdout).toMatch(/^file +time +migration +tables +rows +bytes +seconds\n/);
    const piped = await smallbatch(['backup', '-', '--format', 'json'], { env });
    expect(piped.code).toBe(0);
    expect(piped.stdout.length).toBeGreaterThan(500);
    expect(piped.stderr).toMatch(/"file": "-"/);
    const target = await testDatabase({ migrated: false });
    const restored = await smallbatch(['restore', place('external')], { env: { DATABASE_URL: target.url } });
    expect(restored).toMatchObject({ code: 0 });
    expect(await target.asOwner('SELECT FROM team')).toEqual([]);
  });

  test('that cannot be done say why in one sentence, and leave no half file', async () => {
    const { url } = await testDatabase();
    const env = { DATABASE_URL: url };
    mkdirSync(place('there'));
    const fails = async (args: string[], code: number, message: RegExp, more: NodeJS.ProcessEnv = env) => {
      const ended = await smallbatch(args, { env: more });
      expect(ended).toMatchObject({ code, stdout: '' });
      expect(ended.stderr).toMatch(message);
      expect(ended.stderr).not.toMatch(/\n\s+at /);
    };
    await fails(['backup', place('there')], 2, /^invalid FILE \S+: it is there already; name a new one\n$/);
    await fails(['backup', place('none/file')], 1, /^cannot write \S+: ENOENT/);
    await fails(['backup', place('x'), '--home', homes], 2, /--home and DATABASE_URL both name a database/);
    await fails(
      ['backup', place('x'), '--home', place('no')],
      1,
      /^missing database in \S+: name its home/,
      {},
    );
    await fails(['restore', place('none')], 1, /^missing FILE \S+: name a file of "smallbatch backup"\n$/);
    await fails(['restore', join(root, 'LICENSE')], 1, /^invalid backup \S+: it is no backup of Smallbatch/);
    await fails(['backup', place('x')], 1, /^unreachable PostgreSQL/, {
      DATABASE_URL: 'postgresql://a@127.0.0.1:9/x',
    });
    expect(readdirSync(homes).filter((name) => /^x|partial/.test(name))).toEqual([]);
  });
});

test('docs/operating.md names what the commands say and take', async () => {
  const page = readFileSync(join(root, 'docs/operating.md'), 'utf8');
  for (const command of ['backup', 'restore']) {
    expect(page).toContain(`npx smallbatch ${command} FILE`);
    const { stdout } = await smallbatch([command, '--help']);
    for (const [flag] of stdout.matchAll(/--(?!help|format)[a-z]+/g)) expect(page).toContain(flag);
  }
});
