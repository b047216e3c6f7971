import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureLocalOwner, migrate, restoreBackup, writeBackup } from '@smallbatch/db';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inOrder } from '../../../packages/db/src/backup/catalogue.ts';
import { dumpSchema } from '../../../packages/db/src/dump.ts';
import { type TestDatabase, testDatabase } from '../../database.ts';
import { contents, failure, fillEveryTable, VALUES } from './every-table.ts';

const root = resolve(import.meta.dirname, '../../..');
const ALL = readdirSync(join(root, 'prisma/migrations'))
  .filter((name) => /^\d+_/.test(name))
  .sort();

const folder = mkdtempSync(join(tmpdir(), 'smallbatch-backup-'));
afterAll(() => rmSync(folder, { recursive: true }));
const place = (name: string): string => join(folder, name);
const empty = () => testDatabase({ migrated: false });
async function backUp({ url }: { url: string }, name: string): Promise<string> {
  await writeBackup(url, createWriteStream(place(name)));
  return place(name);
}
const sequences = ({ asOwner }: TestDatabase) =>
  asOwner("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1");

const source = await testDatabase();
const { db, ...owner } = await source.openOwned();
let file = '';
beforeAll(async () => {
  await fillEveryTable(source, db, owner);
  file = await backUp(source, 'all');
});

describe('a backup, restored into an empty database', () => {
  test('is every row of every table, its sequences and the same schema, and goes on from there', async () => {
    const before = await contents(source);
    expect([...before].filter(([, { rows }]) => rows === 0).map(([name]) => name)).toEqual([]);
    const target = await empty();
    const { rows, header, applied } = await restoreBackup(target.url, file);
    expect(header).toMatchObject({ migration: ALL.at(-1), tables: [...rows.keys()] });
    expect(applied).toEqual([]);
    expect(await contents(target)).toEqual(before);
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries([...before].map(([name, one]) => [name, one.rows])),
    );
    expect(await sequences(target)).toEqual(await sequences(source));
    // Arrays of our own types come over although each database numbers its types anew.
    const number = `SELECT '"Scope"'::regtype::oid, (SELECT max(cardinality(scopes)) FROM token)`;
    const [numbered, others] = [await target.asOwner(number), await source.asOwner(number)];
    expect(numbered).toMatchObject([{ max: 4 }]);
    expect(numbered).not.toEqual(others);

    const [there, here] = [
      await target.open({ applicationRole: false }),
      await source.open({ applicationRole: false }),
    ];
    expect(await dumpSchema(there.pool)).toBe(await dumpSchema(here.pool));
    const triggers = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'O'";
    expect(await target.asOwner(triggers)).toEqual([]);
    const restored = await target.open();
    expect(await ensureLocalOwner(restored)).toEqual(owner);
    const numbers = 'INSERT INTO metric (team_id, name) VALUES ($1, $2) RETURNING id';
    await restored.pool.query(numbers, [owner.teamId, 'the next']);
    await restored.pool.query("UPDATE sweep SET intent = 'PAUSED'");
    const told = await target.asOwner("SELECT FROM event WHERE kind = 'SWEEP_PAUSED'");
    expect(told).not.toEqual([]);
  });

  test('keeps −0, NaN, infinities and the last bit', async () => {
    const target = await empty();
    await restoreBackup(target.url, file);
    const { rows } = await (await target.open()).pool.query<{ values: number[] }>(
      'SELECT "values" FROM chunk',
    );
    expect(rows.length).toBeGreaterThan(3);
    for (const { values } of rows)
      expect(values.map((value) => [value, Object.is(value, -0)])).toEqual(
        VALUES.map((value) => [value, Object.is(value, -0)]),
      );
  });

  test('is of one moment, while others write', async () => {
    const { db: busy, ...who } = await (await testDatabase()).openOwned();
    let written = 0;
    let writing = true;
    // Each transaction writes one row into an early table of the file and one into a late one.
    const writer = (async () => {
      while (writing) {
        await busy.pool.query(
          `WITH a AS (INSERT INTO metric (team_id, name) VALUES ($1, $2)) INSERT INTO upload (team_id, id) VALUES ($1, $2)`,
          [who.teamId, `pair ${written}`],
        );
        written++;
        await sleep(1);
      }
    })();
    while (written < 20) await sleep(5);
    const parts: Buffer[] = [];
    const slow = new Writable({
      highWaterMark: 1,
      async write(part: Buffer, _, done) {
        parts.push(part);
        for (const until = written + 10; written < until; ) await sleep(5);
        done();
      },
    });
    const through = new PassThrough({ highWaterMark: 1 });
    through.pipe(slow);
    let heard = 0;
    const atTables = new Map<string, number>();
    await writeBackup(busy.url, through, {
      onProgress: ({ table, share }) => {
        expect(share).toBeGreaterThanOrEqual(heard);
        heard = share;
        atTables.set(table, written);
      },
    });
    if (!slow.writableFinished) await once(slow, 'finish');
    expect(heard).toBe(1);
    writing = false;
    await writer;
    writeFileSync(place('busy'), Buffer.concat(parts));
    const target = await empty();
    await restoreBackup(target.url, place('busy'));
    const names = (table: string, name: string) =>
      target.asOwner(`SELECT ${name} AS name FROM ${table} ORDER BY 1`);
    const metrics = await names('metric', 'name');
    expect(metrics.length).toBeGreaterThanOrEqual(20);
    expect(metrics.length).toBeLessThan(written);
    expect(await names('upload', 'id')).toEqual(metrics);
    await target.asOwner("INSERT INTO metric (team_id, name) SELECT id, 'new' FROM team");
  });

  test('of an older migration is brought up to the newest', async () => {
    const old = await empty();
    await migrate(old.url, undefined, ALL[0]);
    expect(await old.asOwner('SELECT migration_name FROM _prisma_migrations')).toHaveLength(1);
    await old.asOwner("INSERT INTO team (id, key, name) VALUES (gen_random_uuid(), 'old', 'Old')");
    const path = await backUp(old, 'old');
    const target = await empty();
    const { header, applied } = await restoreBackup(target.url, path);
    expect(header.migration).toBe(ALL[0]);
    expect(applied).toEqual(ALL.slice(1));
    expect(await target.asOwner('SELECT key FROM team')).toEqual([{ key: 'old' }]);

    const newer = await failure(restoreBackup((await testDatabase()).url, path));
    expect(newer).toMatchObject({ code: 'OLDER_BACKUP' });
    expect(newer.message).toMatch(
      /unsupported tables of migration \d+_\w+ at .*restore into a database without tables/,
    );
  });

  test('needs no superuser: the owner of the database backs up and restores', async () => {
    const user = `owner_${Math.random().toString(36).slice(2)}`;
    await source.asOwner(`CREATE ROLE ${user} LOGIN PASSWORD 'secret'; GRANT smallbatch_app TO ${user}`);
    const target = await empty();
    const name = new URL(target.url).pathname.slice(1);
    await source.asOwner(`ALTER DATABASE ${name} OWNER TO ${user}`);
    try {
      const url = new URL(target.url);
      [url.username, url.password] = [user, 'secret'];
      await restoreBackup(url.href, file);
      expect(await contents(target)).toEqual(await contents(source));
      const again = await backUp({ url: url.href }, 'by its owner');
      const other = await empty();
      await restoreBackup(other.url, again);
      expect(await contents(other)).toEqual(await contents(source));
    } finally {
      await target.asOwner(`REASSIGN OWNED BY ${user} TO CURRENT_USER; DROP OWNED BY ${user}`);
      await source.asOwner(`DROP ROLE ${user}`);
    }
  });
});

describe('writing a backup', () => {
  test('of a database that is not ours is refused', async () => {
    const error = await failure(writeBackup((await empty()).url, new PassThrough()));
    expect(error).toMatchObject({ code: 'MISSING_MIGRATION' });
    expect(error.message).toMatch(/missing Smallbatch database at \S+: there is nothing to back up/);
  });

  test('by a user who may not read the tables says whose it is to do', async () => {
    const user = `reader_${Math.random().toString(36).slice(2)}`;
    await source.asOwner(`CREATE ROLE ${user} LOGIN PASSWORD 'secret'`);
    const url = new URL(source.url);
    [url.username, url.password] = [user, 'secret'];
    const error = await failure(writeBackup(url.href, new PassThrough())).finally(() =>
      source.asOwner(`DROP ROLE ${user}`),
    );
    expect(error).toMatchObject({ code: 'MISSING_PRIVILEGE' });
    expect(error.message).toMatch(
      /permission denied for table \w+; back up as the user that owns the tables$/,
    );
    expect(error.message).not.toContain('secret');
  });

  test('ends with its signal, and with a stream that takes no more', async () => {
    const stopping = new AbortController();
    const stream = new PassThrough({ highWaterMark: 1 });
    const stopped = failure(writeBackup(source.url, stream, { signal: stopping.signal }));
    await once(stream, 'readable');
    stopping.abort();
    expect(await stopped).toMatchObject({ name: 'AbortError' });
    const full = new Writable({ write: (_, __, done) => done(new Error('ENOSPC: no space left')) });
    expect((await failure(writeBackup(source.url, full))).message).toContain('no space left');
  });

  test('orders tables by their foreign keys, and says where they go in a circle', () => {
    const table = (name: string, ...refers: string[]) => ({ name, refers });
    const names = inOrder([table('b', 'c'), table('a', 'b'), table('d'), table('c')]).map(({ name }) => name);
    expect(names).toEqual(['c', 'b', 'a', 'd']);
    expect(() => inOrder([table('a', 'b'), table('b', 'a'), table('c')])).toThrow(/in a circle: a, b/);
  });
});
