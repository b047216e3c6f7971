import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startApi } from '@smallbatch/api';
import { createSweep } from '@smallbatch/db';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { record } from '../apps/api/results.ts';
import { testDatabase } from '../database.ts';
import { addDataset, newRun, newSweep } from '../packages/db/new-run.ts';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);
const home = mkdtempSync(join(tmpdir(), 'smallbatch-examples-'));
const database = await testDatabase();
const { db, teamId } = await database.openOwned();
const { asOwner } = database;
const api = await startApi({ db, port: 0 });
const python = await run('python3', ['--version']).catch(() => undefined);

const SIZES = [2, 8, 32];
const SEEDS = [0, 1, 2];
/** What anna and ben have measured: better with batch norm, and anna a little better than ben. */
const accuracy = (
  member: number,
  batchNorm: boolean,
  batchSize: number,
  rate: number,
  seed: number,
): number =>
  0.9 -
  batchSize / 100 +
  (batchNorm ? 0.05 : 0) -
  member / 50 +
  seed ** 2 / 250 -
  rate / 10 -
  (member * seed) / 500;
const RATES = [0.125, 0.25];
const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
const sd = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, one) => sum + (one - mean(values)) ** 2, 0) / (values.length - 1));
/** The six runs of both members at the better rate. */
const values = (batchNorm: boolean, batchSize: number): number[] =>
  [0, 1].flatMap((member) => SEEDS.map((seed) => accuracy(member, batchNorm, batchSize, RATES[0]!, seed)));

beforeAll(async () => {
  const { id: datasetId } = await addDataset(db, teamId, 'some_images');
  await addDataset(db, teamId, 'shapes');
  for (const [member, key] of ['anna', 'ben'].entries()) {
    const [row] = await asOwner<{ id: string }>(
      `WITH a AS (INSERT INTO account (id, name) VALUES (gen_random_uuid(), $1) RETURNING id)
       INSERT INTO member (id, team_id, account_id, key, role) SELECT gen_random_uuid(), $2, id, $1, 'MEMBER' FROM a RETURNING id`,
      [key, teamId],
    );
    const cells = [true, false].flatMap((batchNorm) =>
      SIZES.flatMap((batchSize) =>
        RATES.flatMap((baseLearningRate) =>
          // A member's seeds are the member's own, or the second sweep would take the first one's runs.
          SEEDS.map((seed) => ({ batchNorm, batchSize, baseLearningRate, seed: seed + 10 * member })),
        ),
      ),
    );
    const owner = { teamId, memberId: row!.id };
    const runs = cells.map((cell) => newRun(datasetId, cell));
    const sweep = await createSweep(db, newSweep(owner, runs, { name: key }));
    for (const [i, { batchNorm, batchSize, baseLearningRate, seed }] of cells.entries())
      await record({ asOwner, teamId }, `${sweep.key}/${i + 1}`, {
        value: accuracy(member, batchNorm, batchSize, baseLearningRate, seed % 10),
      });
  }
});
afterAll(async () => {
  await api.stop();
  rmSync(home, { recursive: true, force: true });
});

const env = { ...process.env, SMALLBATCH_URL: `http://127.0.0.1:${api.port}`, SMALLBATCH_HOME: home };
const LANGUAGES = [
  ['TypeScript', 'ts', process.execPath, ['--import', 'tsx']],
  ['Python', 'py', 'python3', []],
] as const;

// As they stand, with nothing installed beside.
describe.each(LANGUAGES)('the example scripts in %s', (language, ending, command, flags) => {
  const example = async (name: string, ...args: string[]): Promise<string[]> => {
    const file = `docs/examples/${name}.${ending}`;
    const { stdout } = await run(command, [...flags, file, ...args], { cwd: root, env });
    return stdout.trim().split('\n');
  };
  const available = (skip: (condition: boolean, note?: string) => void): void => {
    const none = language === 'Python' && !python;
    const why = 'no python3 on this machine: the Python scripts were not tried';
    if (none) console.log(why);
    skip(none, why);
  };

  test('report a run of their own', async ({ skip }) => {
    available(skip);
    const [key] = await example('own-run');
    expect(key).toMatch(/^own-script-\d+$/);
    const points = await asOwner(
      `SELECT s.count::int AS count, s.max FROM run r JOIN run_metric s ON s.run_id = r.id JOIN metric m ON m.id = s.metric_id
       WHERE r.key = $1 AND r.status = 'DONE' AND m.name = 'test_accuracy'`,
      [key],
    );
    expect(points).toEqual([{ count: 5, max: 0.84 }]);
  });

  test('say the best accuracy for each batch size', async ({ skip }) => {
    available(skip);
    const lines = await example('accuracy');
    for (const batchNorm of [true, false]) {
      for (const m of SIZES) {
        const best = mean(values(batchNorm, m)).toFixed(4);
        expect(lines).toContain(`some_images ${batchNorm ? 'BN' : 'no BN'} m=${m} ${best} n=6`);
      }
    }
    expect(lines.filter((line) => line.startsWith('shapes'))).toEqual([
      expect.stringMatching(/^shapes BN m=32 0\.7333 n=[12]$/),
    ]);
  });

  test('compare two members', async ({ skip }) => {
    available(skip);
    const lines = await example('compare', 'anna', 'ben');
    // anna's seeds lie one deviation of (member · seed) apart from ben's: the same in every pair.
    const difference = 1 / 50 + mean(SEEDS.map((seed) => seed / 500));
    expect(lines.slice(0, 6).sort()).toEqual(
      ['BN', 'no BN'].flatMap((bn) => SIZES.map((m) => `${bn} m=${m} ${difference.toFixed(4)}`)).sort(),
    );
    const all = difference.toFixed(4);
    expect(lines.slice(6)).toEqual([
      `anna - ben: ${all}, 95 % ${all} to ${all}, n=6, A`,
      'without a match: 0 of anna, 0 of ben',
    ]);
  });

  test('write a LaTeX table, its best in bold', async ({ skip }) => {
    available(skip);
    const lines = await example('latex-table');
    const percent = (share: number): string => (100 * share).toFixed(1);
    expect(lines).toContain('\\toprule');
    expect(lines.at(-1)).toBe('\\end{tabular}');
    const head = lines
      .find((line) => line.startsWith('$m$'))!
      .replace(' \\\\', '')
      .split(' & ');
    expect(head.slice(1).sort()).toEqual(['shapes, BN', 'some\\_images', 'some\\_images, BN']);
    for (const m of SIZES) {
      const cells = lines
        .find((line) => line.startsWith(`${m} & `))!
        .replace(' \\\\', '')
        .split(' & ');
      for (const batchNorm of [true, false]) {
        const six = values(batchNorm, m);
        // The smallest batch is the best of each column.
        const best = m === 2 ? `\\mathbf{${percent(mean(six))}}` : percent(mean(six));
        const column = head.indexOf(`some\\_images${batchNorm ? ', BN' : ''}`);
        expect(cells[column]).toBe(`$${best} \\pm ${percent(sd(six))}$ (6)`);
      }
      if (m < 32) expect(cells[head.indexOf('shapes, BN')]).toBe('--');
    }
  });

  test('draw a figure with error bands', async ({ skip }) => {
    available(skip);
    const svg = (await example('figure', 'some_images')).join('\n');
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^>]*>[\s\S]*<\/svg>$/);
    const at = (m: number, share: number): string =>
      `${(50 + 60 * Math.log2(m)).toFixed(1)},${(290 - 260 * share).toFixed(1)}`;
    const wanted = [true, false].map((batchNorm) => {
      const edge = (sign: number) =>
        SIZES.map((m) => at(m, mean(values(batchNorm, m)) + sign * sd(values(batchNorm, m))));
      return [...edge(1), ...edge(-1).reverse()].join(' ');
    });
    expect([...svg.matchAll(/<polygon points="([^"]+)"/g)].map(([, points]) => points)).toEqual(wanted);
    expect(svg.match(/<polyline/g)).toHaveLength(2);
  });
});
