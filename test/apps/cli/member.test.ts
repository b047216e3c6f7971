import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createToken } from '@smallbatch/db';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../database.ts';
import { startApi } from './api.ts';
import { type Ended, smallbatch } from './smallbatch.ts';

const home = mkdtempSync(join(tmpdir(), 'smallbatch-member-'));
let database: TestDatabase;
let api: { url: string; stop(): Promise<void> };
beforeAll(async () => {
  database = await testDatabase();
  api = await startApi(database.url);
});
afterAll(async () => {
  await api.stop();
  rmSync(home, { recursive: true });
});

const cli = (args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  smallbatch(['member', ...args], { env: { SMALLBATCH_URL: api.url, SMALLBATCH_HOME: home, ...env } });
const post = (path: string, body: object) =>
  fetch(api.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const secretOf = ({ stdout }: Ended) => stdout.trim().split('#')[1];
const ADA = { name: 'Ada', email: 'ada@example.org', password: 'a mill of numbers' };

describe('smallbatch member', () => {
  test('adds the first owner in the database, by a link that it prints alone', async () => {
    const inDatabase = { DATABASE_URL: database.url };
    const added = await cli(['add', 'Ada', '--role', 'owner', '--email', ADA.email], inDatabase);
    expect(added).toMatchObject({ code: 0 });
    expect(added.stdout).toMatch(/^http:\/\/localhost:\d+\/invitation#inv_[\w-]{43}\n$/);
    expect(added.stderr).toMatch(/give this to Ada alone: it lets one person in as owner, within a week/);
    expect((await post('/auth/invitation', { secret: secretOf(added), ...ADA })).status).toBe(200);

    // From now on the database is not asked without being told to, and the API wants to know who asks.
    const next = await cli(['add', 'Grace'], inDatabase);
    expect(next).toMatchObject({ code: 1, stdout: '' });
    expect(next.stderr).toMatch(/missing or invalid token.*\(UNAUTHENTICATED\)/);
    const told = await cli(['add', 'Grace', '--database'], inDatabase);
    expect(told.stderr).toMatch(/as member/);
    expect(
      (
        await post('/auth/invitation', {
          secret: secretOf(told),
          ...ADA,
          email: 'grace@example.org',
          name: 'Grace',
        })
      ).status,
    ).toBe(200);
  });

  test('says how the first owner comes where no API answers yet', async () => {
    const none = await cli(['add', 'Ada', '--role', 'owner', '--url', 'http://127.0.0.1:1']);
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toMatch(/cannot reach the API at http:\/\/127.0.0.1:1: .*add --database/);
  });

  test('adds, lists, changes, resets and removes over the API with an owner’s token', async () => {
    const db = await database.open();
    const [ada] = await database.asOwner<{ id: string; team_id: string }>(
      "SELECT id, team_id FROM member WHERE key = 'ada'",
    );
    const { secret } = await createToken(db, {
      teamId: ada!.team_id,
      memberId: ada!.id,
      name: 't',
      scopes: ['READ', 'WRITE', 'ADMIN'],
    });
    const env = { SMALLBATCH_TOKEN: secret };
    const added = await cli(['add', 'Joan', '--role', 'viewer'], env);
    expect(added.stdout).toMatch(/^http:\/\/localhost:\d+\/invitation#inv_[\w-]{43}\n$/);
    const wrong = await cli(['add', 'Joan', '--email', 'nobody'], env);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('invalid e-mail address "nobody"');

    const listed = JSON.parse((await cli(['list', '--format', 'json'], env)).stdout);
    expect(listed).toMatchObject([
      { role: 'owner', email: null },
      { key: 'ada', name: 'Ada', role: 'owner', email: ADA.email },
      { key: 'grace', role: 'member' },
    ]);
    expect((await cli(['role', 'grace', 'maintainer'], env)).stderr).toBe('grace is maintainer now\n');
    const last = await cli(['role', 'ada', 'member'], env);
    expect(last).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ada is the last owner who can sign in'),
    });
    expect((await cli(['role', 'grace', 'boss'], env)).code).toBe(2);

    const reset = await cli(['reset', 'grace'], env);
    expect(reset.stdout).toMatch(/^http:\/\/localhost:\d+\/password#pwl_[\w-]{43}\n$/);
    expect((await post('/auth/password', { secret: secretOf(reset), password: 'another mill' })).status).toBe(
      200,
    );
    expect((await cli(['remove', 'grace'], env)).stderr).toBe('removed grace; the runs stay\n');
    expect(await cli(['remove', 'grace'], env)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('unknown member "grace"'),
    });
  });

  test('resets in the database for an owner who cannot sign in, and begins a team with its first owner', async () => {
    const inDatabase = { DATABASE_URL: database.url };
    const reset = await cli(['reset', 'ada', '--database', '--url', 'https://lab.example.org/'], inDatabase);
    expect(reset.stdout).toMatch(/^https:\/\/lab\.example\.org\/password#pwl_/);
    expect(await cli(['reset', 'nobody', '--database'], inDatabase)).toMatchObject({
      code: 1,
      stderr: 'unknown member "nobody" of the team local\n',
    });
    const team = ['--database', '--team', 'vision'];
    expect(await cli(['add', 'Ada', ...team], inDatabase)).toMatchObject({
      code: 1,
      stderr: 'unknown team "vision": it begins with its first owner (--role owner)\n',
    });
    const owner = await cli(['add', 'Ada', '--role', 'owner', ...team], inDatabase);
    expect(owner.stderr).toContain('made the team vision');
    const shown = await fetch(`${api.url}/auth/invitation/look`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ secret: secretOf(owner) }),
    });
    expect(await shown.json()).toMatchObject({ team: 'vision', role: 'OWNER', name: 'Ada' });
    const both = await cli(['add', 'Ada', '--team', 'vision'], { SMALLBATCH_TOKEN: 'sb_any' });
    expect(both).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('for another one give --database'),
    });
  });
});
