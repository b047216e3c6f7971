import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';
import { startApi } from './api.ts';
import { type Ended, root, smallbatch } from './smallbatch.ts';

const home = mkdtempSync(join(tmpdir(), 'smallbatch-cli-'));
let api: { url: string; stop(): Promise<void> };

const cli = (...args: string[]): Promise<Ended> =>
  smallbatch(args, { env: { SMALLBATCH_URL: api.url, SMALLBATCH_HOME: home } });
const rowsOf = ({ stdout }: Ended) => JSON.parse(stdout) as Record<string, unknown>[];
function sweepFile(content: string): string {
  const path = join(home, 'sweep.yaml');
  writeFileSync(path, content);
  return path;
}
const SMALL = `
name: small grid
dataset: shapes
model: resnet8
axes: { batchSize: [250, 500], baseLearningRate: [0.001], batchNorm: [false, true] }
fixed: { width: 1, epochs: 1 }
`;

beforeAll(async () => {
  const database = await testDatabase();
  api = await startApi(database.url);
});
afterAll(async () => {
  await api.stop();
  rmSync(home, { recursive: true });
});

describe('the command line', () => {
  test('adds a built-in data set once, and lists it with what this machine has', async () => {
    const added = await cli('dataset', 'add', 'shapes');
    expect(added).toMatchObject({ code: 0, stdout: '' });
    expect(added.stderr).toMatch(/^shapes: 1500 training and 1000 test images, hash [0-9a-f]{12}…\n$/);
    expect((await cli('dataset', 'add', 'shapes')).stderr).toContain('was there already');
    expect(rowsOf(await cli('dataset', 'list', '--format', 'json'))).toMatchObject([
      { name: 'shapes', trainCount: 1500, here: true },
    ]);
  });

  test('creates a sweep, trains it with a worker, and reads it back in every way with the same numbers', async () => {
    const created = await cli('sweep', 'create', sweepFile(SMALL));
    expect(created).toMatchObject({ code: 0, stdout: 'small-grid-1\n' });
    expect(created.stderr).toContain('4 cells: 4 new runs, 0 answered by runs that are there already');
    const again = await cli('sweep', 'create', sweepFile(SMALL));
    expect(again.stderr).toContain('4 cells: 0 new runs, 4 answered by runs that are there already');

    const worked = await cli('worker', '--once', '--processes', '1');
    expect(worked.code).toBe(0);
    expect(worked.stderr.match(/ (done|diverged)$/gm)).toHaveLength(4);
    const watched = await cli('sweep', 'show', 'small-grid-1', '--watch', '--format', 'json');
    expect(watched.stderr).toMatch(/small-grid-1 done: 4 of 4 runs, \d diverged, 0 failed/);
    const [sweep] = rowsOf(watched);
    expect(sweep).toMatchObject({ status: 'DONE', done: 4, total: 4, failed: 0 });

    const runs = rowsOf(await cli('runs', 'list', '--format', 'json', '--status', 'done'));
    expect(runs).toHaveLength(4);
    const csv = await cli('export', '--format', 'csv', '--sweep', 'small-grid-1');
    const [header, ...lines] = csv.stdout.trim().split('\r\n');
    expect(lines).toHaveLength(4);
    expect(header).toContain('test_accuracy.medianLast5');
    const exported = rowsOf(await cli('export', '--format', 'json'));
    expect(exported.map(({ key }) => key)).toEqual([1, 2, 3, 4].map((i) => `small-grid-1/${i}`));
    const lines2 = (await cli('export', '--format', 'ndjson', '--batch-norm', 'on')).stdout
      .trim()
      .split('\n');
    expect(JSON.parse(lines2[0]!).smallbatch.query).toEqual({ where: { batchNorm: { eq: true } } });
    expect(lines2).toHaveLength(3);
    const points = rowsOf(await cli('export', 'curves', '--metric', 'test_accuracy', '--format', 'json'));
    expect(points.map(({ run, metric }) => [run, metric])).toEqual(
      exported.filter((run) => run['test_accuracy.count']).map(({ key }) => [key, 'test_accuracy']),
    );
    const parquet = join(home, 'runs.parquet');
    const written = await cli('export', '--format', 'parquet', '--output', parquet);
    expect(written).toMatchObject({ code: 0, stdout: '' });
    expect(written.stderr).toMatch(/runs\.parquet: [\d.]+( k)? bytes/);
    expect(readFileSync(parquet).subarray(-4).toString()).toBe('PAR1');
    const nowhere = await cli('export', '--output', join(home, 'no', 'runs.csv'));
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringMatching(/^cannot write .*runs\.csv/) });
    const nothing = await cli('export', '--metric', 'nope');
    expect(nothing).toMatchObject({ code: 1, stdout: '' });
    expect(nothing.stderr).toMatch(/unknown metric "nope": the team has .*test_accuracy.*\(BAD_INPUT\)/);

    const groups = rowsOf(await cli('accuracy', '--by', 'batchSize,batchNorm', '--format', 'json'));
    expect(groups).toHaveLength(4);
    for (const group of groups) {
      const one = exported.find(
        (run) => run.batchSize === group.batchSize && run.batchNorm === group.batchNorm,
      );
      if (one?.diverged) expect(group).toMatchObject({ n: 0, mean: null, diverged: 1 });
      else expect(group).toMatchObject({ n: 1, mean: one?.['test_accuracy.medianLast5'] });
    }

    const key = String(runs[0]?.key);
    const shown = await cli('runs', 'show', key, '--format', 'json');
    expect(JSON.parse(shown.stdout)).toMatchObject({
      key,
      status: 'DONE',
      attempts: [{ number: 1, end: 'DONE' }],
    });
    expect((await cli('runs', 'show', key)).stdout).toMatch(/attempt +worker +engine/);
  }, 120_000);

  test('compares two sides over what they share, by an axis and in all, and says what was not matched', async () => {
    const compared = await cli(
      'compare',
      'batchNorm=on',
      'batchNorm=off',
      '--sweep',
      'small-grid-1',
      '--by',
      'batchSize',
      '--format',
      'json',
    );
    expect(compared.code).toBe(0);
    const rows = rowsOf(compared);
    const exported = rowsOf(await cli('export', '--format', 'json', '--sweep', 'small-grid-1'));
    const values = (on: boolean) =>
      new Map(
        exported
          .filter(({ batchNorm, diverged }) => batchNorm === on && !diverged)
          .map((run) => [Number(run.batchSize), Number(run['test_accuracy.medianLast5'])] as const),
      );
    const [on, off] = [values(true), values(false)];
    const shared = [...on.keys()].filter((m) => off.has(m));
    expect(rows.map(({ batchSize, n }) => [batchSize, n])).toEqual([
      ...shared.map((m) => [m, 1]),
      [null, shared.length],
    ]);
    const mean = shared.reduce((sum, m) => sum + on.get(m)! - off.get(m)!, 0) / shared.length;
    if (shared.length > 0) expect(rows.at(-1)!.mean).toBeCloseTo(mean, 12);
    expect(compared.stderr).toMatch(/not matched by: batch norm, batch norm scope, bn batch/);
    expect((await cli('compare', 'batchNorm=on', 'batchNorm=off')).stdout).toMatch(/pairs +a − b/);
  }, 60_000);

  test('repeats a run to the last bit, and writes its weights as a model that has the recorded accuracy', async () => {
    const runs = rowsOf(await cli('runs', 'list', '--format', 'json', '--status', 'done'));
    const key = String(runs.find(({ batchNorm }) => batchNorm)?.key);
    const repeated = await cli('runs', 'repeat', key, '--keep-weights', '--format', 'json');
    expect(repeated.stderr).toMatch(/the same to the last bit: 5 points of 5 metrics/);
    expect(repeated.code).toBe(0);
    const metrics = rowsOf(repeated);
    expect(metrics.map(({ metric }) => metric).sort()).toEqual(
      ['learning_rate', 'test_accuracy', 'test_loss', 'train_accuracy', 'train_loss'].sort(),
    );
    expect(metrics.every(({ points, equal, apart }) => points === equal && apart === 0)).toBe(true);

    const again = /is trained again as (\S+)/.exec(repeated.stderr)![1]!;
    const out = join(home, 'model.onnx');
    const written = await cli('runs', 'weights', again, '--out', out);
    expect(written).toMatchObject({ code: 0, stdout: `${out}\n` });
    expect(written.stderr).toMatch(/test accuracy [\d.]+ % by ONNX Runtime on shapes, as recorded/);
    const without = await cli('runs', 'weights', key);
    expect(without).toMatchObject({ code: 1, stdout: '' });
    expect(without.stderr).toMatch(/missing weights of .*--keep-weights/);
    const statistics = rowsOf(await cli('accuracy', '--by', 'batchSize,batchNorm', '--format', 'json'));
    expect(statistics.every(({ n }) => Number(n) <= 1)).toBe(true);
  }, 120_000);

  test('a preset is listed, tried dry with its cells and cost, printed as a file, and created', async () => {
    const presets = rowsOf(await cli('sweep', 'presets', '--format', 'json'));
    expect(presets.map(({ name }) => name)).toContain('figure-8');
    const preset = ['--preset', 'figure-4', '--scale', 'demo'];
    const dry = await cli('sweep', 'create', ...preset, '--dry-run', '--format', 'json');
    expect(rowsOf(dry).map(({ batchSize, baseLearningRate }) => [batchSize, baseLearningRate])).toEqual(
      [2, 8, 32, 128].map((m) => [m, 2 ** -8]),
    );
    expect(dry.stderr).toMatch(/4 cells: 4 new runs, 0 answered/);
    expect(dry.stderr).toMatch(/cost: \d\.\d·10¹² FLOPs, training and evaluation of the new runs/);
    expect(dry.stderr).toMatch(/time on this machine: [\d.]+ (s|min) with \w+ on \w+, \d+ processes/);
    const printed = await cli('sweep', 'create', ...preset, '--print');
    const fromFile = await cli('sweep', 'create', sweepFile(printed.stdout));
    expect(fromFile.stderr).toContain('4 cells: 4 new runs, 0 answered');
    const created = await cli('sweep', 'create', ...preset);
    expect(created.stdout).toMatch(/^figure-4-demo-\d+\n$/);
    expect(created.stderr).toContain('4 cells: 0 new runs, 4 answered');
    for (const key of [created.stdout, fromFile.stdout]) await cli('sweep', 'cancel', key.trim());
    const lacking = await cli('sweep', 'create', '--preset', 'figure-14', '--scale', 'demo');
    expect(lacking).toMatchObject({ code: 1, stdout: '' });
    expect(lacking.stderr).toMatch(
      /missing results of figure-12: .*\n +allowed: first smallbatch sweep create --preset figure-12 --scale demo/,
    );
  }, 120_000);

  test('names line, column, value and what is allowed in a wrong sweep file, and nothing is written', async () => {
    const before = (await cli('sweep', 'list', '--format', 'json')).stdout;
    const wrong = await cli(
      'sweep',
      'create',
      sweepFile(`
name: wrong
dataset: [shapes, nope]
model: resnet8
axes:
  batchsize: [2]
  batchSize: [2, 0]
  baseLearningRate: [-0.5]
strategy: sobol
`),
    );
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toMatch(/sweep\.yaml:6:3: unknown axis "batchsize": did you mean "batchSize"\?/);
    expect(wrong.stderr).toMatch(/missing cells for strategy sobol\n +allowed: a whole number from 1/);
    const strategy = await cli('sweep', 'create', sweepFile(`${SMALL}strategy: sobbol\n`));
    expect(strategy.stderr).toMatch(
      /sweep\.yaml:7:11: unknown strategy "sobbol": did you mean "sobol"\?\n +allowed: grid, random, sobol, halving/,
    );
    const settings = await cli(
      'sweep',
      'create',
      sweepFile(
        SMALL.replace('[250, 500]', '[250, 0]')
          .replace('[0.001]', '[-0.5]')
          .replace('width: 1', 'width: 1, batchNormScope: EVERYWHERE'),
      ),
    );
    expect(settings.code).toBe(1);
    expect(settings.stderr).toMatch(/sweep\.yaml:5:26: invalid batchSize.* \(0\)\n +allowed: /);
    expect(settings.stderr).toMatch(/sweep\.yaml:5:49: invalid baseLearningRate.* \(-0\.5\)/);
    expect(settings.stderr).toMatch(/sweep\.yaml:6:\d+: .*batchNormScope/);
    const huge = Array.from({ length: 250 }, (_, i) => i + 1).join(', ');
    const many = await cli(
      'sweep',
      'create',
      sweepFile(
        SMALL.replace('[250, 500]', `[${huge}]`).replace(
          'batchNorm: [false, true]',
          `seed: [${huge}], weightDecay: [${huge}]`,
        ),
      ),
    );
    expect(many.code).toBe(1);
    expect(many.stderr).toMatch(/15,625,000 cells[\s\S]*at most 100,000/);
    expect((await cli('sweep', 'list', '--format', 'json')).stdout).toBe(before);
  }, 60_000);

  test('pauses, resumes and cancels, and says what it cannot', async () => {
    const { stdout } = await cli(
      'sweep',
      'create',
      sweepFile(SMALL.replace('small grid', 'other').replace('[250, 500]', '[125]')),
    );
    const key = stdout.trim();
    expect((await cli('sweep', 'pause', key)).stderr).toContain(`${key} paused`);
    expect(rowsOf(await cli('sweep', 'show', key, '--format', 'json'))).toMatchObject([{ status: 'PAUSED' }]);
    expect((await cli('sweep', 'resume', key)).stderr).toContain(`${key} resumed`);
    expect((await cli('sweep', 'cancel', key)).stderr).toContain(`${key} cancelled`);
    const unknown = await cli('sweep', 'cancel', 'nope-1');
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toMatch(/nope-1/);
  }, 60_000);

  test('makes, lists and revokes tokens; the secret is shown once and alone on stdout', async () => {
    const { stdout, stderr } = await cli(
      'token',
      'create',
      'gpu',
      '--scopes',
      'work,read',
      '--expires',
      '30d',
    );
    expect(stdout).toMatch(/^sb_[\w-]{40,}\n$/);
    expect(stderr).not.toContain(stdout.trim());
    const [token] = rowsOf(await cli('token', 'list', '--format', 'json'));
    expect(token).toMatchObject({ name: 'gpu', scopes: 'work read', revokedAt: null });
    expect(stdout.startsWith(String(token?.prefix))).toBe(true);
    const list = () =>
      smallbatch(['runs', 'list'], { env: { SMALLBATCH_URL: api.url, SMALLBATCH_TOKEN: stdout.trim() } });
    expect((await list()).code).toBe(0);
    expect((await cli('token', 'revoke', 'gpu')).stderr).toContain('revoked gpu');
    expect(await list()).toMatchObject({ code: 1, stdout: '' });
    expect((await cli('token', 'revoke', 'gpu')).code).toBe(1);
  }, 60_000);

  test('says what a machine has, and what its engines can', async () => {
    const doctor = await cli('doctor', '--format', 'json');
    expect(rowsOf(doctor)).toContainEqual(
      expect.objectContaining({ what: 'engine onnx on cpu', state: 'good' }),
    );
    expect(rowsOf(doctor)).toContainEqual(expect.objectContaining({ what: 'engine tensorflow on cpu' }));
    expect(rowsOf(doctor)).toContainEqual(expect.objectContaining({ what: 'API', state: 'good' }));
    const check = await cli('engine', 'check', 'onnx');
    expect(check).toMatchObject({ code: 0, stdout: 'onnx works on cpu\n' });
    expect(check.stderr).toMatch(/loss [\d.]+ → /);
  });

  test('takes a sweep from stdin, and prints each format', async () => {
    const piped = await smallbatch(['sweep', 'create', '-'], {
      env: { SMALLBATCH_URL: api.url },
      input: SMALL.replace('small grid', 'piped'),
    });
    expect(piped).toMatchObject({ code: 0, stdout: expect.stringMatching(/^piped-\d+\n$/) });
    for (const [format, begins] of [
      ['table', /^key +status/],
      ['csv', /^key,status,/],
      ['markdown', /^\| key/],
      ['latex', /^% needs/],
      ['json', /^\[\n/],
    ] as const) {
      expect((await cli('sweep', 'list', '--format', format)).stdout).toMatch(begins);
    }
  }, 60_000);
});

test.each([
  [['bogus'], /unknown command 'bogus'/],
  [['sweep'], /Usage: smallbatch sweep/],
  [['runs', 'list', '--format', 'xml'], /Allowed choices are table, json, csv, markdown, latex/],
  [['runs', 'list', '--batch-size', '-3'], /a whole number from 0/],
  [['accuracy', '--by', 'batchsizes'], /unknown axis "batchsizes"/],
  [['token', 'create', 'x', '--scopes', 'root'], /read, write, work, admin are allowed/],
  [['sweep', 'create', '/nope.yaml'], /missing sweep file/],
  [['sweep', 'create'], /missing sweep file: smallbatch sweep create FILE, or --preset NAME/],
  [['sweep', 'create', 'a.yaml', '--scale', 'demo'], /invalid --scale: it goes with --preset/],
  [['sweep', 'create', 'a.yaml', '--preset', 'figure-1'], /a file \(a\.yaml\) and --preset at once/],
  [['runs', 'list', '--url', 'ftp://x'], /invalid URL "ftp:\/\/x"/],
  [['compare', 'sweep=a', 'batchnorm=on'], /invalid side "batchnorm=on": FIELD=VALUE, FIELD one of sweep, /],
  [
    ['export', 'curves', '--format', 'csv'],
    /invalid --format csv: curves are exported as parquet, ndjson or json/,
  ],
  [['export', 'sweeps'], /Allowed choices are runs, curves/],
  [['dataset', 'add', 'mnist'], /missing --from PATH for "mnist"/],
])('%j is wrong use: exit code 2, with the way out', async (args, message) => {
  const ended = await smallbatch(args);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toMatch(message);
});

test('an API that is not there is said with its address, exit code 1', async () => {
  const ended = await smallbatch(['runs', 'list', '--url', 'http://127.0.0.1:9']);
  expect(ended).toMatchObject({ code: 1, stdout: '' });
  expect(ended.stderr).toMatch(/cannot reach the API at http:\/\/127\.0\.0\.1:9/);
});

test('the example file of the README and the demo are sweep files', async () => {
  const { readSweepFile } = await import('../../../apps/cli/src/sweep-file.ts');
  expect(readSweepFile(join(root, 'apps/cli/demo.yaml')).definition).toMatchObject({ name: 'demo' });
});
