import { createSweep } from '@smallbatch/db';
import { beforeAll, describe, expect, test } from 'vitest';
import { addDataset, newRun, newSweep } from '../../packages/db/new-run.ts';
import { type Browser, person } from './browser.ts';
import { type TestApi, testApi } from './server.ts';

let own: TestApi;
let dataset: string;
let ada: Awaited<ReturnType<typeof person>>;
let grace: typeof ada;
let maintainer: Browser;
let owner: Browser;
beforeAll(async () => {
  own = await testApi({ host: '0.0.0.0' });
  dataset = (await addDataset(own.db, own.teamId)).id;
  ada = await person(own, 'MEMBER');
  grace = await person(own, 'MEMBER');
  maintainer = (await person(own, 'MAINTAINER')).browser;
  owner = (await person(own, 'OWNER')).browser;
});

let seed = 0;
/** A sweep of a member, whose runs have failed. → its key, also a filter for its runs. */
async function sweepOf({ memberId }: { memberId: string }, runs = 2): Promise<string> {
  const cells = Array.from({ length: runs }, () => newRun(dataset, { seed: seed++ }));
  const { key } = await createSweep(own.db, newSweep({ teamId: own.teamId, memberId }, cells));
  await own.asOwner(`UPDATE run SET status = 'FAILED', ended_at = now() WHERE starts_with(key, $1)`, [
    `${key}/`,
  ]);
  return key;
}
const of = (...sweeps: string[]): string => `where: { sweep: { in: ${JSON.stringify(sweeps)} } }`;
const count = async (...sweeps: string[]): Promise<number> =>
  (await owner.ask(`{ runs(${of(...sweeps)}) { totalCount } }`)).runs.totalCount;

describe("a member's change of many runs", () => {
  test('reaches their own, and says how many of others it left', async () => {
    const [mine, theirs] = [await sweepOf(ada, 3), await sweepOf(grace, 2)];
    const change = async (text: string) => (await ada.browser.ask(`mutation { it: ${text} }`)).it;
    const both = of(mine, theirs);
    const keys = `keys: ["${mine}/1", "${theirs}/1"]`;
    expect(
      await change(`tagRuns(${both}, add: ["x"]) { ... on RunsTagged { matched changed others } }`),
    ).toEqual({
      ...{ matched: 5, changed: 3, others: 2 },
    });
    expect(
      await change(`tagRuns(${keys}, add: ["y"]) { ... on RunsTagged { matched changed others } }`),
    ).toEqual({
      ...{ matched: 2, changed: 1, others: 1 },
    });
    expect(
      await change(
        `lockRuns(keys: ["${mine}/1", "${theirs}/1"], locked: true) { ... on RunsLocked { matched changed others } }`,
      ),
    ).toEqual({ matched: 2, changed: 1, others: 1 });
    expect(await change(`retryRuns(${both}) { ... on RunsRetried { matched runs others } }`)).toEqual({
      ...{ matched: 5, runs: 3, others: 2 },
    });
    expect(await change(`deleteRuns(${both}) { ... on RunsDeleted { matched runs locked others } }`)).toEqual(
      {
        ...{ matched: 5, runs: 2, locked: 1, others: 2 },
      },
    );
    const { runs } = await owner.ask(`{ runs(${of(theirs)}) { nodes { tags locked status } } }`);
    expect(runs.nodes).toEqual(Array(2).fill({ tags: [], locked: false, status: 'FAILED' }));
  });

  test('that is meant for others alone changes nothing, and says whose they are and who can do it', async () => {
    const theirs = await sweepOf(grace, 2);
    for (const meant of [of(theirs), `keys: ["${theirs}/1", "${theirs}/2"]`])
      expect(
        await ada.browser.ask(
          `mutation { deleteRuns(${meant}) { __typename ... on NotYours { member message } } }`,
        ),
      ).toEqual({
        deleteRuns: {
          __typename: 'NotYours',
          member: grace.key,
          message: `none of the 2 runs that are meant is yours: run "${theirs}/1" is ${grace.key}'s: ask ${grace.key}, or a maintainer or owner of the team, to do it`,
        },
      });
    expect(await count(theirs)).toBe(2);
    const all = await maintainer.ask(
      `mutation { deleteRuns(${of(theirs)}) { ... on RunsDeleted { runs others } } }`,
    );
    expect(all).toEqual({ deleteRuns: { runs: 2, others: 0 } });
  });

  test('is as many statements for many runs as for a few', async () => {
    const few = [await sweepOf(ada, 1), await sweepOf(grace, 1)];
    const many = [await sweepOf(ada, 30), await sweepOf(grace, 30)];
    const statements = async (sweeps: string[]): Promise<string[]> => {
      own.statements();
      await ada.browser.ask(
        `mutation { tagRuns(${of(...sweeps)}, add: ["z"]) { __typename } deleteRuns(${of(...sweeps)}) { __typename } }`,
      );
      await ada.browser.ask(`{ runs(${of(...sweeps)}, first: 60) { nodes { key mayChange } } }`);
      // Told when it is time, for several changes at once.
      return own.statements().filter((text) => !text.startsWith('/* notify */'));
    };
    const names = (texts: string[]) => texts.map((text) => text.slice(0, 30));
    expect(names(await statements(many))).toEqual(names(await statements(few)));
  });
});

test('a retry of own runs leaves a cancelled sweep of another member cancelled', async () => {
  const mine = await sweepOf(ada, 1);
  const set = (status: string) =>
    own.asOwner(
      `UPDATE run SET status = $2::"RunStatus", ended_at = CASE WHEN $2 = 'FAILED' THEN now() END WHERE key = $1`,
      [`${mine}/1`, status],
    );
  // Both want the run of Ada's.
  await set('WAITING');
  const cells = [newRun(dataset, { seed: seed - 1 })];
  const { key } = await createSweep(
    own.db,
    newSweep({ teamId: own.teamId, memberId: grace.memberId }, cells),
  );
  await grace.browser.ask(`mutation { cancelSweep(key: "${key}") { __typename } }`);
  await set('FAILED');
  const retry = `mutation { retryRuns(keys: ["${mine}/1"]) { ... on RunsRetried { runs } } }`;
  expect(await ada.browser.ask(retry)).toEqual({ retryRuns: { runs: 1 } });
  expect(await owner.ask(`{ sweep(key: "${key}") { status } }`)).toEqual({ sweep: { status: 'CANCELLED' } });
  await set('FAILED');
  expect(await maintainer.ask(retry)).toEqual({ retryRuns: { runs: 1 } });
  expect((await owner.ask(`{ sweep(key: "${key}") { status } }`)).sweep.status).not.toBe('CANCELLED');
});

test("a deletion of many members' runs gives each their own back, and a maintainer the rest", async () => {
  const [mine, theirs] = [await sweepOf(ada, 2), await sweepOf(grace, 1)];
  const { deleteRuns } = await maintainer.ask(
    `mutation { deleteRuns(${of(mine, theirs)}) { ... on RunsDeleted { runs deletion { key } } } }`,
  );
  expect(deleteRuns.runs).toBe(3);
  const restore = (browser: Browser) =>
    browser.ask(
      `mutation { restoreRuns(deletion: "${deleteRuns.deletion.key}") { __typename ... on RunsRestored { runs others } ... on NotYours { member } } }`,
    );
  expect(await restore(ada.browser)).toEqual({
    restoreRuns: { __typename: 'RunsRestored', runs: 2, others: 1 },
  });
  expect(await restore(ada.browser)).toEqual({ restoreRuns: { __typename: 'NotYours', member: grace.key } });
  expect(await restore(maintainer)).toEqual({
    restoreRuns: { __typename: 'RunsRestored', runs: 1, others: 0 },
  });
});

test('what is locked survives everybody, an owner too, until whose it is or a maintainer unlocks it', async () => {
  const [run, sweep] = [await sweepOf(ada, 1), await sweepOf(ada, 1)];
  const lock = (locked: boolean) =>
    `mutation { lockRuns(keys: ["${run}/1"], locked: ${locked}) { __typename } lockSweep(key: "${sweep}", locked: ${locked}) { __typename } }`;
  await ada.browser.ask(lock(true));
  const remove = `mutation { deleteRuns(${of(run, sweep)}) { __typename ... on RunsDeleted { runs locked } } }`;
  for (const browser of [owner, maintainer, ada.browser])
    expect(await browser.ask(remove)).toEqual({
      deleteRuns: { __typename: 'RunsDeleted', runs: 0, locked: 2 },
    });
  expect(await grace.browser.ask(lock(false))).toEqual({
    lockRuns: { __typename: 'NotYours' },
    lockSweep: { __typename: 'NotYours' },
  });
  expect(await count(run, sweep)).toBe(2);
  await ada.browser.ask(lock(false));
  await maintainer.ask(lock(true));
  await maintainer.ask(lock(false));
  expect(await owner.ask(remove)).toMatchObject({ deleteRuns: { runs: 2, locked: 0 } });
});

test("a run or a sweep that is named alone and another's is left as it was", async () => {
  const theirs = await sweepOf(grace, 1);
  const state = () =>
    owner.ask(
      `{ run(key: "${theirs}/1") { note info tags locked status } sweep(key: "${theirs}") { note tags locked status addedSeeds } }`,
    );
  const before = await state();
  const answers = await ada.browser.ask(`mutation {
    a: noteRun(key: "${theirs}/1", note: "x") { __typename }
    b: setRunInfo(key: "${theirs}/1", info: { x: 1 }) { __typename }
    c: deleteRun(key: "${theirs}/1") { __typename }
    d: noteSweep(key: "${theirs}", note: "x") { __typename }
    e: tagSweep(key: "${theirs}", add: ["x"]) { __typename }
    f: lockSweep(key: "${theirs}", locked: true) { __typename }
    g: cancelSweep(key: "${theirs}") { __typename }
    h: retrySweep(key: "${theirs}") { __typename }
    i: addSeeds(key: "${theirs}", seeds: [9]) { __typename }
  }`);
  expect(Object.values(answers)).toEqual(Array(9).fill({ __typename: 'NotYours' }));
  expect(await state()).toEqual(before);
});

test('a run and a sweep say whether who asks may change them', async () => {
  const mine = await sweepOf(ada, 1);
  const { browser: viewer } = await person(own, 'VIEWER');
  const text = `{ run(key: "${mine}/1") { mayChange } sweep(key: "${mine}") { mayChange } }`;
  for (const [browser, mayChange] of [
    [ada.browser, true],
    [grace.browser, false],
    [maintainer, true],
    [owner, true],
    [viewer, false],
  ] as const)
    expect(await browser.ask(text)).toEqual({ run: { mayChange }, sweep: { mayChange } });
  expect((await ada.browser.ask('{ viewer { may } }')).viewer.may).not.toContain('CHANGE_OTHERS');
  expect((await maintainer.ask('{ viewer { may } }')).viewer.may).toContain('CHANGE_OTHERS');
});
