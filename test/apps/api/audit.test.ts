import { AUDITED, audited, schema, UNTOLD } from '@smallbatch/api';
import { auditPage, createSweep, createToken } from '@smallbatch/db';
import { isObjectType, isUnionType } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { addDataset, newRun, newSweep } from '../../packages/db/new-run.ts';
import { addPerson, addTeam } from '../../packages/db/people.ts';
import { ownRuns } from './own-runs.ts';
import { type Answer, type TestApi, testApi } from './server.ts';

let own: TestApi;
let owner: { teamId: string; memberId: string };
let sweep: { key: string; id: string };
let me: string;
beforeAll(async () => {
  own = await testApi();
  owner = { teamId: own.teamId, memberId: own.memberId };
  const dataset = await addDataset(own.db, own.teamId, 'other');
  const runs = Array.from({ length: 12 }, (_, seed) => newRun(dataset.id, { seed }));
  sweep = await createSweep(own.db, newSweep(owner, runs));
  me = (await own.ask('{ viewer { member { key } } }')).data.viewer.member.key;
});

const latest = async (count = 1, of: object = {}) =>
  (await auditPage(own.db, { teamId: null, count, ...of })).slice(0, count);
const mutate = async (text: string, variables = {}): Promise<Answer> => {
  const { data, errors } = await own.ask(text, variables);
  expect(errors).toEqual([]);
  return Object.values(data)[0];
};

describe('what is written down', () => {
  const mutations = schema.getMutationType()!.getFields();

  test('is said of every mutation, by results that it has, or why it is not', () => {
    expect(Object.keys({ ...AUDITED, ...UNTOLD }).sort()).toEqual(Object.keys(mutations).sort());
    expect(Object.keys(AUDITED).filter((name) => name in UNTOLD)).toEqual([]);
    for (const [name, { done, refused }] of Object.entries(AUDITED)) {
      const type = mutations[name]!.type;
      const union = 'ofType' in type ? type.ofType : type;
      const results = isUnionType(union) ? union.getTypes().map((one) => one.name) : [];
      expect(results, name).toEqual(expect.arrayContaining(Object.keys({ ...done, ...refused })));
    }
  });

  test('is asked for of a mutation that nobody has thought of, when the server starts', () => {
    const { createToken: _left, ...others } = AUDITED;
    expect(() => audited(schema, others)).toThrow('what is written down of Mutation.createToken');
  });

  const token = () => createToken(own.db, { ...owner, name: 'old', scopes: ['READ'] });
  const idOf = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString('base64');
  const definition = (seed: number) => ({
    name: 'made',
    dataset: 'other',
    model: 'resnet8',
    axes: { batchSize: [2, 4], seed: [seed] },
    fixed: { baseLearningRate: 0.01, epochs: 1 },
  });
  type Deed = () => Promise<readonly [fields: string, entry: object]>;
  const of =
    (fields: string, entry: object): Deed =>
    async () => [fields, entry];
  const key = (i: number) => `${sweep.key}/${i}`;
  const webhook = async (): Promise<string> => (await own.ask('{ webhooks { id } }')).data.webhooks[0].id;
  const DEEDS: Readonly<Record<string, Deed>> = {
    createSweep: of(`definition: $definition`, {
      kind: 'sweep',
      count: 2,
      key: expect.stringMatching(/^made-\d+$/),
      detail: { created: 2, reused: 0 },
    }),
    pauseSweep: async () => [`key: "${sweep.key}"`, { kind: 'sweep', key: sweep.key }],
    resumeSweep: async () => [`key: "${sweep.key}"`, { kind: 'sweep', key: sweep.key }],
    addSeeds: async () => {
      const [made] = await latest(1, { action: ['CREATE_SWEEP'] });
      return [
        `key: "${made!.key}", seeds: [100, 101]`,
        { kind: 'sweep', count: 2, detail: { seeds: [100, 101] } },
      ];
    },
    lockSweep: async () => [
      `key: "${sweep.key}", locked: false`,
      { kind: 'sweep', detail: { locked: false } },
    ],
    tagSweep: async () => [`key: "${sweep.key}", add: ["a"]`, { kind: 'sweep', detail: { add: ['a'] } }],
    noteSweep: async () => [`key: "${sweep.key}", note: "my words"`, { kind: 'sweep', detail: {} }],
    addDataset: of(
      `input: { name: "new", hash: "${'b'.repeat(64)}", classes: 10, channels: 3, height: 32, width: 32, trainCount: 1, testCount: 1 }`,
      { kind: 'dataset', key: 'new', detail: { hash: 'b'.repeat(64) } },
    ),
    noteRun: async () => [`key: "${key(1)}", note: "my words"`, { kind: 'run', key: key(1), detail: {} }],
    setRunInfo: async () => [`key: "${key(1)}", info: $info`, { kind: 'run', detail: { names: ['gpu'] } }],
    tagRuns: async () => [
      `keys: ["${key(1)}", "${key(2)}"], add: ["a"]`,
      { kind: 'run', count: 2, detail: { keys: [key(1), key(2)], keysGiven: 2, matched: 2, add: ['a'] } },
    ],
    lockRuns: async () => [
      `where: { sweep: { eq: "${sweep.key}" } }, locked: false`,
      { kind: 'run', count: 0, detail: { matched: 12, where: { sweep: { eq: sweep.key } } } },
    ],
    deleteRun: async () => [
      `key: "${key(3)}"`,
      { kind: 'run', key: key(3), count: 1, detail: { points: 0, cells: 1 } },
    ],
    deleteRuns: async () => [
      `keys: ["${key(4)}", "${key(5)}"]`,
      { kind: 'run', count: 2, detail: { matched: 2, locked: 0, running: 0 } },
    ],
    restoreRuns: async () => {
      const { deletions } = (await own.ask('{ deletions { key } }')).data;
      return [`deletion: "${deletions[0].key}"`, { kind: 'deletion', key: deletions[0].key, count: 2 }];
    },
    cancelSweep: async () => [`key: "${sweep.key}"`, { kind: 'sweep', key: sweep.key }],
    retrySweep: async () => [`key: "${sweep.key}"`, { kind: 'sweep', key: sweep.key }],
    retryRuns: async () => [`keys: ["${key(1)}"]`, { kind: 'run', count: 0, detail: { matched: 1 } }],
    setMetricGoal: of('name: "m", goal: MAXIMISE', {
      kind: 'metric',
      key: 'm',
      detail: { goal: 'MAXIMISE' },
    }),
    saveView: of('input: { name: "mine", page: RUNS, query: "a=1", shared: true }', {
      kind: 'view',
      key: expect.stringMatching(/^mine-\d+$/),
      detail: { page: 'RUNS', shared: true, replaced: false },
    }),
    changeView: async () => {
      const [{ key }] = (await own.ask('{ savedViews { key } }')).data.savedViews;
      return [`key: "${key}", shared: false`, { kind: 'view', key, detail: { shared: false } }];
    },
    deleteView: async () => {
      const [{ key }] = (await own.ask('{ savedViews { key } }')).data.savedViews;
      return [`key: "${key}"`, { kind: 'view', key }];
    },
    createToken: of('name: "t", scopes: [WORK]', {
      kind: 'token',
      key: expect.stringMatching(/^sb_.{7}$/),
      detail: { name: 't', scopes: ['WORK'] },
    }),
    rotateToken: async () => {
      const { id } = await token();
      return [
        `id: "${idOf('Token', id)}", minutes: 5`,
        { kind: 'token', key: expect.stringMatching(/^sb_.{7}$/), detail: { minutes: 5 } },
      ];
    },
    revokeToken: async () => {
      const { id, prefix } = await token();
      return [`id: "${idOf('Token', id)}"`, { kind: 'token', key: prefix }];
    },
    revokeSession: async () => {
      const [one] = await own.asOwner<{ id: string }>(
        `INSERT INTO session (id, account_id, hash, expires_at, method, address, agent) VALUES (gen_random_uuid(), $1, '\\x05', 'infinity', 'LINK', '', '') RETURNING id`,
        [own.accountId],
      );
      return [`id: "${idOf('Session', one!.id)}"`, { kind: 'session', key: null }];
    },
    invite: of('role: VIEWER, name: "Ada"', { kind: 'invitation', key: 'Ada', detail: { role: 'VIEWER' } }),
    revokeInvitation: async () => {
      const [{ id }] = (await own.ask('{ invitations { id } }')).data.invitations;
      return [`id: "${id}"`, { kind: 'invitation', key: 'Ada' }];
    },
    addWebhook: of('url: "https://hooks.example.org/T0/secret", kinds: [MENTIONED]', {
      kind: 'webhook',
      key: null,
      detail: { kinds: ['MENTIONED'] },
    }),
    changeWebhook: async () => [
      `id: "${await webhook()}", url: "https://hooks.example.org/T1/secret", active: false`,
      { kind: 'webhook', key: null, detail: { address: true, active: false } },
    ],
    rotateWebhook: async () => [`id: "${await webhook()}"`, { kind: 'webhook', key: null }],
    removeWebhook: async () => [`id: "${await webhook()}"`, { kind: 'webhook', key: null }],
    changeRole: async () => {
      const { key } = await addPerson(own.db, { password: null, teamId: own.teamId });
      return [`member: "${key}", role: VIEWER`, { kind: 'member', key, detail: { role: 'VIEWER' } }];
    },
    disableAccount: async () => {
      const { key } = await addPerson(own.db, { password: null, teamId: own.teamId, role: 'VIEWER' });
      return [`member: "${key}"`, { kind: 'member', key }];
    },
    enableAccount: async () => {
      const { key } = await addPerson(own.db, { password: null, teamId: own.teamId, role: 'VIEWER' });
      await own.ask('mutation ($m: String!) { disableAccount(member: $m) { __typename } }', { m: key });
      return [`member: "${key}"`, { kind: 'member', key }];
    },
    passwordLink: async () => {
      const { key } = await addPerson(own.db, { password: null, teamId: own.teamId, role: 'VIEWER' });
      return [`member: "${key}"`, { kind: 'member', key }];
    },
    removeMember: async () => {
      const { key } = await addPerson(own.db, { password: null, teamId: own.teamId });
      return [`member: "${key}"`, { kind: 'member', key }];
    },
  };

  test('is one entry of each, in its own words, by one statement more', async () => {
    expect(Object.keys(DEEDS).sort()).toEqual(Object.keys(AUDITED).sort());
    for (const [name, deed] of Object.entries(DEEDS)) {
      const [fields, entry] = await deed();
      own.statements();
      const before = (await latest(1000)).length;
      own.statements();
      const { data, errors } = await own.ask(
        `mutation ($definition: JSON!, $info: JSON!) { ${name}(${fields}) { __typename } }`.replace(
          /\(\$definition: JSON!, \$info: JSON!\)/,
          fields.includes('$definition')
            ? '($definition: JSON!)'
            : fields.includes('$info')
              ? '($info: JSON!)'
              : '',
        ),
        fields.includes('$definition') ? { definition: definition(1) } : { info: { gpu: 'a' } },
        { 'user-agent': 'a script' },
      );
      expect(errors, name).toEqual([]);
      expect(
        own.statements().filter((text) => text.startsWith('/* writeAudit */')),
        name,
      ).toHaveLength(1);
      const entries = await latest(1000);
      expect(entries.length - before, `${name} ${JSON.stringify(data)}`).toBe(1);
      const { at, ...one } = entries[0]!;
      expect(one, name).toMatchObject({
        team: 'local',
        who: me,
        via: 'LOCAL',
        token: null,
        sessionId: null,
        outcome: 'DONE',
        action: name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(),
        address: expect.stringMatching(/127\.0\.0\.1|::1/),
        agent: 'a script',
        requestId: expect.stringMatching(/^[\w-]{36}$/),
        ...entry,
      });
      expect(Math.abs(at.getTime() - Date.now())).toBeLessThan(20_000);
      expect(JSON.stringify(one)).not.toContain('my words');
    }
  });

  test('is nothing where nothing was changed, and nothing of what workers and questions do', async () => {
    const before = (await latest(1000)).length;
    await mutate('mutation { deleteRun(key: "nothing") { __typename } }');
    await mutate('mutation { createToken(name: "", scopes: []) { __typename } }');
    await mutate(
      'mutation { addDataset(input: { name: "other", hash: "c", classes: 0, channels: 3, height: 32, width: 32, trainCount: 1, testCount: 1 }) { __typename } }',
    );
    const runs = await ownRuns(own);
    const { id } = await runs.run();
    await runs.finish(id);
    await own.ask('{ runs { nodes { key } } audit { nodes { action } } }');
    expect((await latest(1000)).length).toBe(before);
  });

  test('is also that a locked run was not deleted, and that a view is another’s', async () => {
    const key = `${sweep.key}/6`;
    await mutate('mutation ($k: [String!]) { lockRuns(keys: $k, locked: true) { __typename } }', {
      k: [key],
    });
    await mutate('mutation ($k: String!) { deleteRun(key: $k) { __typename } }', { k: key });
    expect(await latest()).toMatchObject([{ action: 'DELETE_RUN', outcome: 'REFUSED', key }]);
  });

  test('is undone with the deed, and the deed with it', async () => {
    const tokens = async () => (await own.asOwner('SELECT id FROM token')).length;
    const before = [await tokens(), (await latest(1000)).length];
    const make = () => own.ask('mutation { createToken(name: "x", scopes: [READ]) { __typename } }');
    await own.asOwner('REVOKE INSERT (via) ON audit_entry FROM smallbatch_app, smallbatch_team');
    expect((await make()).errors[0]!.extensions.code).toBe('INTERNAL');
    await own.asOwner('GRANT INSERT (via) ON audit_entry TO smallbatch_app, smallbatch_team');
    expect([await tokens(), (await latest(1000)).length]).toEqual(before);
    expect((await make()).errors).toEqual([]);
    expect(await tokens()).toBe(before[0]! + 1);
  });

  test('does not lose a deed of thirty that come at once', async () => {
    const before = (await latest(1000)).length;
    const made: Answer[] = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        mutate('mutation ($d: JSON!) { createSweep(definition: $d) { __typename } }', {
          d: definition(i + 10),
        }),
      ),
    );
    expect(made.every(({ __typename }) => __typename === 'CreateSweepSuccess')).toBe(true);
    expect((await latest(1000)).length).toBe(before + 30);
  });
});

describe('a refusal', () => {
  test('is written down with the token that asked, once a minute, by GraphQL, exports and ingest', async () => {
    const { id, secret, prefix } = await createToken(own.db, { ...owner, name: 'worker', scopes: ['WORK'] });
    const headers = { authorization: `Bearer ${secret}` };
    for (let i = 0; i < 3; i++) {
      expect((await own.ask('{ runs { nodes { key } } }', {}, headers)).errors[0]!.extensions.code).toBe(
        'FORBIDDEN',
      );
      expect(
        (await own.ask('mutation { deleteRun(key: "a") { __typename } }', {}, headers)).errors[0]!.extensions
          .code,
      ).toBe('FORBIDDEN');
      expect((await fetch(`${own.api.url}/export/runs.csv`, { headers })).status).toBe(403);
      expect((await fetch(`${own.api.url}/export/audit.csv`, { headers })).status).toBe(403);
    }
    const reader = await createToken(own.db, { ...owner, name: 'reader', scopes: ['READ'] });
    expect(
      (await fetch(`${own.api.url}/ingest/points`, { headers: { authorization: `Bearer ${reader.secret}` } }))
        .status,
    ).toBe(403);
    const told = await latest(5);
    expect(
      told
        .map(({ action, kind, key, outcome, token, who }) => [action, kind, key, outcome, token, who])
        .reverse(),
    ).toEqual([
      ['ASK', 'field', 'runs', 'REFUSED', prefix, me],
      ['ASK', 'field', 'deleteRun', 'REFUSED', prefix, me],
      ['EXPORT', 'export', 'runs.csv', 'REFUSED', prefix, me],
      ['EXPORT', 'export', 'audit.csv', 'REFUSED', prefix, me],
      ['ASK', 'field', 'ingest', 'REFUSED', reader.prefix, me],
    ]);
    const [row] = await own.asOwner<{ count: number }>(
      'SELECT count(*)::int AS count FROM audit_entry WHERE token_id = $1',
      [id],
    );
    expect(row!.count).toBe(4);
  });
});

describe('an export', () => {
  test('has its end only when who took it, and how many rows, is written down', async () => {
    const where = { sweep: { eq: sweep.key } };
    const response = await fetch(
      `${own.api.url}/export/runs.csv?where=${encodeURIComponent(JSON.stringify(where))}`,
    );
    const rows = (await response.text()).trim().split('\r\n').length - 1;
    expect(rows).toBeGreaterThan(11);
    expect(await latest()).toMatchObject([
      {
        action: 'EXPORT',
        outcome: 'DONE',
        kind: 'export',
        key: 'runs.csv',
        count: rows,
        detail: { where, whole: true },
      },
    ]);
    await own.asOwner('REVOKE INSERT (via) ON audit_entry FROM smallbatch_app, smallbatch_team');
    const cut = await fetch(`${own.api.url}/export/runs.csv`)
      .then((one) => one.text())
      .then(
        () => 'whole',
        () => 'cut',
      );
    await own.asOwner('GRANT INSERT (via) ON audit_entry TO smallbatch_app, smallbatch_team');
    expect(cut).toBe('cut');
  });
});

describe('what was written down', () => {
  const LIST = `query ($by: String, $action: [AuditAction!], $outcome: AuditOutcome, $since: DateTime, $until: DateTime, $first: Int, $after: String, $last: Int, $before: String) {
    audit(by: $by, action: $action, outcome: $outcome, since: $since, until: $until, first: $first, after: $after, last: $last, before: $before) {
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { id at who via token session address agent action outcome kind key count detail requestId } } }`;
  const list = async (variables = {}, headers = {}) => own.ask(LIST, variables, headers);

  test('is walked page by page, in both directions, and narrowed by who, what and when', async () => {
    const all: Answer[] = [];
    for (let after: string | null = null; ; ) {
      const { audit }: Answer = (await list({ first: 17, after })).data;
      all.push(...audit.nodes);
      if (!audit.pageInfo.hasNextPage) {
        expect(all).toHaveLength(audit.totalCount);
        break;
      }
      after = audit.pageInfo.endCursor;
    }
    const { audit } = (await list({ last: 10 })).data;
    expect(audit.nodes).toEqual(all.slice(-10));
    const { startCursor } = audit.pageInfo;
    expect((await list({ last: 5, before: startCursor })).data.audit.nodes).toEqual(all.slice(-15, -10));
    const deleted = (
      await list({ action: ['DELETE_RUN', 'DELETE_RUNS'], by: me, outcome: 'DONE', first: 100 })
    ).data.audit;
    expect(deleted.nodes).toEqual(
      all.filter(({ action, outcome }) => /DELETE_RUN/.test(action) && outcome === 'DONE'),
    );
    expect(deleted.totalCount).toBe(deleted.nodes.length);
    const since = all[5].at;
    expect((await list({ since, first: 100 })).data.audit.totalCount).toBe(
      all.filter(({ at }) => at >= since).length,
    );
    expect((await list({ until: all.at(-1).at })).data.audit.totalCount).toBe(0);
    expect((await list({ since, until: since })).errors[0]!.extensions.code).toBe('BAD_INPUT');
    expect((await list({ first: 101 })).errors[0]!.extensions.code).toBe('PAGE_TOO_LARGE');
    expect((await list({ after: 'nothing' })).errors[0]!.extensions.code).toBe('BAD_CURSOR');
  });

  test('costs one statement a page, and is shown to owners of the team alone', async () => {
    own.statements();
    await own.ask('{ audit(first: 100) { nodes { who key detail } } }');
    expect(own.statements()).toHaveLength(1);
    for (const role of ['VIEWER', 'MEMBER', 'MAINTAINER'] as const) {
      const { memberId } = await addPerson(own.db, { password: null, teamId: own.teamId, role });
      const { secret } = await createToken(own.db, {
        teamId: own.teamId,
        memberId,
        name: 't',
        scopes: ['READ', 'WRITE', 'ADMIN'],
      });
      expect((await list({}, { authorization: `Bearer ${secret}` })).errors[0]!.extensions.code, role).toBe(
        'FORBIDDEN',
      );
    }
    const other = await addTeam(own.db);
    const { memberId } = await addPerson(own.db, { password: null, teamId: other.id, role: 'OWNER' });
    const { secret } = await createToken(own.db, {
      teamId: other.id,
      memberId,
      name: 't',
      scopes: ['ADMIN'],
    });
    const headers = { authorization: `Bearer ${secret}` };
    expect((await list({}, headers)).data.audit.totalCount).toBe(0);
    expect(
      (await (await fetch(`${own.api.url}/export/audit.ndjson`, { headers })).text()).trim().split('\n'),
    ).toHaveLength(1);
  });

  test('is exported as CSV and NDJSON, as it is listed', async () => {
    const listed = await list({ first: 100, action: ['CREATE_SWEEP', 'TAG_RUNS'] });
    expect(listed.errors).toEqual([]);
    const { audit } = listed.data;
    const text = await (
      await fetch(`${own.api.url}/export/audit.ndjson?action=CREATE_SWEEP,TAG_RUNS`)
    ).text();
    const [head, ...lines] = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(head.smallbatch).toMatchObject({ export: 'audit.ndjson', team: 'local' });
    expect(lines).toEqual(
      audit.nodes.map((one: Answer) => ({ ...one, at: expect.stringMatching(one.at.replace(/Z$/, '')) })),
    );
    const csv = await (
      await fetch(`${own.api.url}/export/audit.csv?by=${me}&since=2020-01-01T00:00:00Z`)
    ).text();
    expect(csv.split('\r\n')[0]).toBe(
      'at,who,via,token,session,address,agent,action,outcome,kind,key,count,detail,requestId,id',
    );
    const refused = await fetch(`${own.api.url}/export/audit.csv?since=yesterday`);
    expect(refused.status).toBe(400);
    expect(isObjectType(schema.getType('AuditEntry'))).toBe(true);
  });
});
