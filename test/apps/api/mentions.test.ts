import { mentionsIn } from '@smallbatch/db';
import { describe, expect, test } from 'vitest';
import { piecesOf } from '../../../apps/dashboard/src/mention/mentions.ts';
import { addDataset } from '../../packages/db/new-run.ts';
import { person } from './browser.ts';
import { type Answer, testApi } from './server.ts';

/** Notes, and the keys that they name. */
const NOTES: readonly (readonly [string | null, string[]])[] = [
  [null, []],
  ['', []],
  ['@ada', ['ada']],
  ['look, @ada: and @grace-hopper-2.', ['ada', 'grace-hopper-2']],
  ['(@ada) "@Ada" @ADA', ['ada']],
  ['@ada@grace', ['ada']],
  ['mail ada@grace.org or x.@ada or x-@ada', []],
  ['@@ada', []],
  ['@ada_x', []],
  ['@ada-', ['ada']],
  ['@jörg and @李', ['jörg', '李']],
  ['@', []],
  ['a\n@ada\r\n@grace', ['ada', 'grace']],
];

test.each(NOTES)('the note %j names whom it names, for the API and for the dashboard alike', (note, keys) => {
  expect(mentionsIn(note)).toEqual(keys);
  const members = ['ada', 'grace', 'grace-hopper-2', 'jörg', '李'].map((key) => ({ key, name: key }));
  const pieces = piecesOf(note ?? '', members);
  const named = pieces.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.key]));
  expect([...new Set(named)]).toEqual(keys.filter((key) => members.some((one) => one.key === key)));
  expect(piecesOf(note ?? '', []).join('')).toBe(note ?? '');
});

describe('a note that names a member', () => {
  test('tells of it once, again only where the note before did not, and never of who is not in the team', async () => {
    const own = await testApi({ host: '0.0.0.0' });
    const other = await testApi({ host: '0.0.0.0' });
    await addDataset(own.db, own.teamId);
    const [ada, grace, gone] = [await person(own), await person(own), await person(own)];
    const foreign = (await person(other)).key;
    await own.asOwner(`UPDATE member SET left_at = now() WHERE key = $1`, [gone.key]);
    // A team of the same database too.
    await own.asOwner(
      `WITH t AS (INSERT INTO team (id, key, name) VALUES (gen_random_uuid(), 'theirs', 'Theirs') RETURNING id),
         a AS (INSERT INTO account (id, name) VALUES (gen_random_uuid(), 'Stranger') RETURNING id)
       INSERT INTO member (id, team_id, account_id, key, role) SELECT gen_random_uuid(), t.id, a.id, 'stranger', 'OWNER' FROM t, a`,
    );
    const ask = async (text: string): Promise<Answer> => {
      const answer = await ada.browser.ask(text);
      expect(typeof answer, String(answer)).toBe('object');
      return answer;
    };
    const { createSweep } = await ask(
      `mutation { createSweep(definition: { name: "n", dataset: ["shapes"], model: "resnet8", axes: { batchSize: [2], baseLearningRate: [0.001], seed: [0] }, fixed: { epochs: 1 } }) { ... on CreateSweepSuccess { sweep { key } } } }`,
    );
    const sweep = createSweep.sweep.key;
    const run = `${sweep}/1`;
    const told = async (args = ''): Promise<Answer[]> =>
      (
        await ask(`{ activity(kinds: [MENTIONED]${args}) { nodes { kind member mentioned run sweep } } }`)
      ).activity.nodes.toReversed();
    const note = (text: string) =>
      ask(`mutation { noteRun(key: "${run}", note: ${JSON.stringify(text)}) { __typename } }`);
    await note(`@${grace.key} and @${grace.key}, @nobody, @stranger, @${gone.key}, @${foreign}-x`);
    const first = { kind: 'MENTIONED', member: ada.key, mentioned: grace.key, run, sweep: null };
    expect(await told()).toEqual([first]);
    await note(`@${grace.key}, edited`);
    expect(await told()).toEqual([first]);
    await note(`@${grace.key}, and @${ada.key}`);
    const second = { ...first, mentioned: ada.key };
    expect(await told()).toEqual([first, second]);
    await ask(`mutation { noteSweep(key: "${sweep}", note: "@${grace.key}") { __typename } }`);
    const third = { ...first, run: null, sweep };
    expect(await told()).toEqual([first, second, third]);
    expect(await told(`, mentioned: "${grace.key}"`)).toEqual([first, third]);
    expect(await told(`, mentioned: "stranger"`)).toEqual([]);
    // Taken out and written again it is new.
    await note('nobody');
    await note(`@${grace.key}`);
    expect(await told(`, mentioned: "${grace.key}"`)).toEqual([first, third, first]);
  });

  test('tells of it where a script makes its run with the note, once however often it is sent', async () => {
    const own = await testApi();
    await addDataset(own.db, own.teamId);
    const { data } = await own.ask('{ viewer { member { key } } }');
    const { key } = data.viewer.member;
    for (let i = 0; i < 2; i++) {
      const { errors } = await own.ask(
        'mutation ($i: CreateRunInput!) { createRun(input: $i) { __typename } }',
        {
          i: {
            name: 'script',
            dataset: 'shapes',
            axes: { model: 'resnet8', batchSize: 2, baseLearningRate: 0.1, epochs: 1 },
            seed: 0,
            note: `for @${key}`,
            idempotencyKey: 'one',
          },
        },
      );
      expect(errors).toEqual([]);
    }
    const { data: told } = await own.ask('{ activity(kinds: [MENTIONED]) { nodes { mentioned run } } }');
    expect(told.activity.nodes).toEqual([{ mentioned: key, run: 'script-1' }]);
  });
});

test('the activity of one member is what they did, and nobody finds that of an unknown one', async () => {
  const own = await testApi();
  const { data } = await own.ask('{ viewer { member { key } } }');
  await own.ask('mutation ($i: RegisterWorkerInput!) { registerWorker(input: $i) { id } }', {
    i: { name: 'w', host: 'h', pid: 1, engine: 'onnx', device: 'cpu', versions: {}, trainerVersion: '1.0.0' },
  });
  const kinds = async (member: string) =>
    (await own.ask('query ($m: String) { activity(member: $m) { nodes { kind } } }', { m: member })).data
      .activity.nodes;
  expect(await kinds(data.viewer.member.key)).toEqual([{ kind: 'WORKER_STARTED' }]);
  expect(await kinds('nobody')).toEqual([]);
});
