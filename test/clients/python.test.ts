import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createSweep } from '@smallbatch/db';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { record } from '../apps/api/results.ts';
import { testApi } from '../apps/api/server.ts';
import { addDataset, newRun, newSweep } from '../packages/db/new-run.ts';
import { missing } from './clients.ts';

// What only the Python client has; what both have is in conformance.test.ts.
const run = promisify(execFile);
const { api, db, asOwner, ask, ...owner } = await testApi();
const home = mkdtempSync(join(tmpdir(), 'smallbatch-python-'));
const stand = join(home, 'stand-in');
if (missing.Python) console.log(missing.Python);

beforeAll(async () => {
  const { id } = await addDataset(db, owner.teamId);
  const cells = [2, 4].flatMap((batchSize) => [0, 1].map((seed) => newRun(id, { batchSize, seed })));
  const { key } = await createSweep(db, newSweep(owner, cells));
  for (const [i, { seed }] of cells.entries())
    await record({ asOwner, teamId: owner.teamId }, `${key}/${i + 1}`, { value: 0.5 + seed / 10 });
  // What the client asks of pandas, where there is none.
  mkdirSync(stand);
  writeFileSync(
    join(stand, 'pandas.py'),
    `class DataFrame:
    def __init__(self, data):
        rows = data if isinstance(data, list) else [dict(zip(data, row)) for row in zip(*data.values())]
        self.rows = rows
    def to_dict(self, orient):
        return self.rows
`,
  );
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const python = async (
  script: string,
  paths: readonly string[] = [],
): Promise<{ stdout: string; stderr: string }> => {
  const client = resolve(import.meta.dirname, '../../clients/python');
  const env = {
    ...process.env,
    PYTHONPATH: [client, ...paths].join(':'),
    SMALLBATCH_URL: `http://127.0.0.1:${api.port}`,
    SMALLBATCH_HOME: home,
  };
  return run(
    'python3',
    ['-c', `import json, math, sys\nfrom smallbatch import *\nclient = Client()\n${script}`],
    { env },
  );
};
const hasPandas = (() => {
  try {
    execFileSync('python3', ['-c', 'import pandas'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

const create = (seed: number): string => `client.create_run(name="own", dataset="shapes", seed=${seed},
  axes=dict(model="resnet8", batchSize=8, baseLearningRate=0.01, epochs=1))`;
const frames = (seed: number): string => `
with ${create(seed)} as run:
    run.log(step=1, epoch=0.5, test_loss=math.inf)
    run.log(step=2, epoch=1, test_loss=0.25)
groups = client.aggregate(by="batchSize", where={"status": "DONE", "batchSize": {"lt": 8}})
print(json.dumps([
    [{k: r[k] for k in ("batchSize", "n", "mean", "ci95.low")} for r in groups.to_pandas().to_dict("records")],
    [[r["run"], r["step"], r["epoch"], str(r["value"])] for r in client.curves("test_loss", {"seed": {"eq": ${seed}}}).to_pandas().to_dict("records")],
    [[r["key"], r["dataset.name"], r["metrics.test_accuracy.last"]] for r in
     client.runs({"batchSize": {"eq": 2}}, [{"field": "SEED"}], ["test_accuracy"]).to_pandas().to_dict("records")],
]))
`;
const framesOf = (stdout: string): void => {
  const [groups, curves, runs] = JSON.parse(stdout);
  expect(groups).toEqual(
    [2, 4].map((batchSize) => ({
      batchSize,
      n: 2,
      mean: expect.closeTo(0.55, 10),
      'ci95.low': expect.closeTo(0.55 - 12.706204736 * 0.05, 5),
    })),
  );
  expect(curves.map(([, ...rest]: unknown[]) => rest)).toEqual([
    [1, 0.5, 'inf'],
    [2, 1, '0.25'],
  ]);
  expect(runs.map(([, ...rest]: unknown[]) => rest)).toEqual([
    ['shapes', 0.5],
    ['shapes', 0.6],
  ]);
};

describe('the Python client', () => {
  beforeEach(({ skip }) => skip(missing.Python !== undefined, missing.Python));

  test('makes data frames of groups, curves and runs, nested names with dots', async () => {
    framesOf((await python(frames(2), [stand])).stdout);
  });

  test('makes the same with the real pandas', async ({ skip }) => {
    const why = 'no pandas for python3 on this machine: data frames were tried with a stand-in alone';
    if (!hasPandas) console.log(why);
    skip(!hasPandas, why);
    framesOf((await python(frames(3))).stdout);
  });

  test('says what to do where there is no pandas', async () => {
    const { stdout } = await python(`
sys.modules["pandas"] = None
try:
    client.aggregate(by=["batchSize"]).to_pandas()
except ImportError as error:
    print(error.code, isinstance(error, SmallbatchError), error)
`);
    expect(stdout.trim()).toBe(
      'PANDAS_MISSING True to_pandas() needs pandas, which is not installed here: pip install pandas',
    );
  });

  test("ends a run as failed when its script raises, and the error stays the script's", async () => {
    const raised = await python(`
with ${create(5)} as run:
    run.log(step=1, test_loss=1)
    raise ValueError("no such layer")
`).catch((error: { stderr: string }) => error.stderr);
    expect(raised).toContain('ValueError: no such layer');
    const { data } = await ask('{ runs(where: { seed: { eq: 5 } }) { nodes { status reason step } } }');
    expect(data.runs.nodes).toEqual([{ status: 'FAILED', reason: 'ValueError: no such layer', step: 1 }]);
  });

  test('delivers what was logged when its script forgets to end the run', async () => {
    await python(`${create(6)}.log(step=7, test_loss=1)`);
    const { data } = await ask(
      '{ curves(where: { seed: { eq: 6 } }, metric: "test_loss") { curves { steps run { status } } } }',
    );
    expect(data.curves.curves).toEqual([{ steps: [7], run: { status: 'RUNNING' } }]);
    expect(existsSync(join(home, 'spool', `127.0.0.1%3A${api.port}`))).toBe(false);
  });

  test('takes for a number what has one, and names what has none', async () => {
    const { stdout } = await python(`
class Tensor:
    def __float__(self): return 0.5
with ${create(7)} as run:
    run.log(step=3.0, test_loss=Tensor())
    for wrong in (dict(step=1, loss="0.5"), dict(step=1, loss=None), dict(step=True, loss=1), dict(step=-1, loss=1)):
        try:
            run.log(**wrong)
        except RunError as error:
            print(error.code, error)
curve, = client.curves("test_loss", {"seed": {"eq": 7}})
print(list(curve.steps), list(curve.values), [math.isnan(e) for e in curve.epochs])
`);
    expect(stdout.trim().split('\n')).toEqual([
      "INVALID_INPUT invalid values: {'loss': '0.5'}; a number for each metric",
      "INVALID_INPUT invalid values: {'loss': None}; a number for each metric",
      'INVALID_INPUT invalid step: True; a whole number from 0',
      'INVALID_INPUT invalid step: -1; a whole number from 0',
      '[3] [0.5] [True]',
    ]);
  });
});
