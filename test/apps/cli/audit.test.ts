import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createToken, ensureLocalOwner, writeAudit } from '@smallbatch/db';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../database.ts';
import { startApi } from './api.ts';
import { smallbatch } from './smallbatch.ts';

const home = mkdtempSync(join(tmpdir(), 'smallbatch-audit-'));
let database: TestDatabase;
let api: { url: string; stop(): Promise<void> };
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  database = await testDatabase();
  const db = await database.open();
  const owner = await ensureLocalOwner(db);
  const { secret } = await createToken(db, { ...owner, name: 't', scopes: ['ADMIN', 'READ'] });
  for (let i = 0; i < 120; i++)
    await writeAudit(
      db.pool,
      { via: 'LOCAL', ...owner },
      { action: 'NOTE_RUN', outcome: 'DONE', kind: 'run', key: `r-${i}` },
    );
  await writeAudit(
    db.pool,
    { via: 'NOBODY', agent: '\u001b[31mred' },
    { action: 'SIGN_IN', outcome: 'REFUSED' },
  );
  api = await startApi(database.url);
  env = { SMALLBATCH_URL: api.url, SMALLBATCH_HOME: home, SMALLBATCH_TOKEN: secret };
});
afterAll(async () => {
  await api.stop();
  rmSync(home, { recursive: true });
});
const cli = (...args: string[]) => smallbatch(args, { env });
const inDatabase = (...args: string[]) =>
  smallbatch(args, { env: { SMALLBATCH_HOME: home, DATABASE_URL: database.url } });
const json = (text: string) => JSON.parse(text);

describe('smallbatch audit', () => {
  test('lists what was done in the team, says how much more there is, and asks page by page', async () => {
    const few = await cli('audit');
    expect(few.stdout.trim().split('\n')).toHaveLength(51);
    expect(few.stdout).toMatch(/note run\s+done\s+run\s+r-119/);
    expect(few.stderr).toContain('50 of 120: ask for more with --limit');
    const all = await cli('audit', '--limit', '1000', '--format', 'json');
    expect(json(all.stdout).map(({ key }: { key: string }) => key)).toEqual(
      Array.from({ length: 120 }, (_, i) => `r-${119 - i}`),
    );
    expect(json((await cli('audit', '--action', 'sign_in', '--format', 'json')).stdout)).toEqual([]);
    expect(json((await cli('audit', '--until', '1d', '--format', 'json')).stdout)).toEqual([]);
    expect(await cli('audit', '--action', 'eat')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('sign_in'),
    });
    expect((await cli('audit', '--team', 'local')).code).toBe(2);
  });

  test('lists in the database itself what is of no team too, and what the operator does there', async () => {
    const url = 'https://lab.example.org';
    expect(
      (await inDatabase('member', 'add', 'Ada', '--role', 'owner', '--database', '--url', url)).code,
    ).toBe(0);
    const file = join(home, 'b.backup');
    expect((await inDatabase('backup', file)).code).toBe(0);
    const listed = json((await inDatabase('audit', '--database', '--limit', '3', '--format', 'json')).stdout);
    const who = userInfo().username;
    expect(listed).toMatchObject([
      { team: null, who, via: 'OPERATOR', action: 'BACKUP', kind: 'database', key: file },
      { team: 'local', who, via: 'OPERATOR', action: 'INVITE', key: 'Ada', detail: '{"role":"OWNER"}' },
      { team: null, who: null, via: 'NOBODY', action: 'SIGN_IN', outcome: 'REFUSED' },
    ]);
    const ofTeam = json(
      (await inDatabase('audit', '--database', '--team', 'local', '--limit', '1000', '--format', 'json'))
        .stdout,
    );
    expect(ofTeam).toHaveLength(121);
    expect((await inDatabase('audit', '--database', '--team', 'none')).stderr).toContain(
      'unknown team "none"',
    );
  });

  test('drops what is older than it is kept, and writes that down', async () => {
    await database.asOwner("UPDATE audit_entry SET at = at - interval '30 days' WHERE key = 'r-7'");
    expect((await inDatabase('audit', 'purge')).stderr).toContain(
      'dropped 0 entries that were older than 400 days',
    );
    expect((await inDatabase('audit', 'purge', '--days', '20')).stderr).toContain('dropped 1 entries');
    const [last] = json((await inDatabase('audit', '--database', '--limit', '1', '--format', 'json')).stdout);
    expect(last).toMatchObject({ action: 'PURGE_AUDIT', count: 1, detail: '{"days":20}' });
  });
});
