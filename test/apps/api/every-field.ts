import { schema } from '@smallbatch/api';
import { TRAINER_VERSION } from '@smallbatch/program';
import { type GraphQLObjectType, getNamedType, isLeafType, isObjectType, isRequiredArgument } from 'graphql';
import type { Caller, TwoTeams } from './two-teams.ts';

/** What is asked, of the things of whom. */
export interface Ask {
  readonly query: string;
  readonly variables?: object;
}
type Field = (world: TwoTeams, caller: Caller, whose: string) => Ask | Promise<Ask>;

const changing = (text: (key: string) => string, thing: 'run' | 'sweep' | 'view' | 'deletion'): Field =>
  async function ask(world, _caller, whose) {
    const key = await world[thing](whose);
    return { query: `mutation { ${text(JSON.stringify(key))} }` };
  };
const file = (word: string, seed: number) => ({
  ...{ name: 'mine', dataset: [`${word}-shapes`], model: 'resnet8', axes: { seed: [seed] } },
  fixed: { epochs: 1, batchSize: 4, baseLearningRate: 0.01, batchNorm: true },
});
let seed = 1000;
const plain =
  (query: string): Field =>
  () => ({ query });
const ofSteady =
  (text: (key: string) => string): Field =>
  ({ steady }) => ({ query: text(JSON.stringify(steady)) });

/** Root fields that change what is somebody's own: each is asked of one's own things, and of another member's. */
export const CHANGES: Readonly<Record<string, Field>> = {
  'Mutation.pauseSweep': changing((key) => `pauseSweep(key: ${key}) { __typename }`, 'sweep'),
  'Mutation.resumeSweep': changing((key) => `resumeSweep(key: ${key}) { __typename }`, 'sweep'),
  'Mutation.cancelSweep': changing((key) => `cancelSweep(key: ${key}) { __typename }`, 'sweep'),
  'Mutation.retrySweep': changing((key) => `retrySweep(key: ${key}) { __typename }`, 'sweep'),
  'Mutation.addSeeds': changing((key) => `addSeeds(key: ${key}, seeds: [77]) { __typename }`, 'sweep'),
  'Mutation.lockSweep': changing((key) => `lockSweep(key: ${key}, locked: true) { __typename }`, 'sweep'),
  'Mutation.tagSweep': changing((key) => `tagSweep(key: ${key}, add: ["t"]) { __typename }`, 'sweep'),
  'Mutation.noteSweep': changing((key) => `noteSweep(key: ${key}, note: "n") { __typename }`, 'sweep'),
  'Mutation.deleteRun': changing((key) => `deleteRun(key: ${key}) { __typename }`, 'run'),
  'Mutation.deleteRuns': changing((key) => `deleteRuns(keys: [${key}]) { __typename }`, 'run'),
  'Mutation.retryRuns': changing((key) => `retryRuns(keys: [${key}]) { __typename }`, 'run'),
  'Mutation.lockRuns': changing((key) => `lockRuns(keys: [${key}], locked: true) { __typename }`, 'run'),
  'Mutation.tagRuns': changing((key) => `tagRuns(keys: [${key}], add: ["t"]) { __typename }`, 'run'),
  'Mutation.noteRun': changing((key) => `noteRun(key: ${key}, note: "n") { __typename }`, 'run'),
  'Mutation.setRunInfo': changing((key) => `setRunInfo(key: ${key}, info: { a: 1 }) { __typename }`, 'run'),
  'Mutation.restoreRuns': changing((key) => `restoreRuns(deletion: ${key}) { __typename }`, 'deletion'),
  'Mutation.changeView': changing((key) => `changeView(key: ${key}, query: "a=b") { __typename }`, 'view'),
  'Mutation.deleteView': changing((key) => `deleteView(key: ${key}) { __typename }`, 'view'),
  'Mutation.rotateToken': async (world, _caller, whose) => ({
    query: `mutation { rotateToken(id: "${await world.token(whose)}") { __typename } }`,
  }),
  'Mutation.revokeToken': async (world, _caller, whose) => ({
    query: `mutation { revokeToken(id: "${await world.token(whose)}") { __typename } }`,
  }),
};

const worker = ({ ours }: TwoTeams): string => Buffer.from(`Worker:${ours.worker}`).toString('base64');
const ofMember =
  (field: string): Field =>
  async (world) => ({
    query: `mutation { ${field.replace('KEY', JSON.stringify(await world.member()))} { __typename } }`,
  });
const ofWebhook =
  (field: string, more = ''): Field =>
  async (world) => ({
    query: `mutation { ${field}(id: "${await world.webhook()}"${more}) { __typename } }`,
  });
const WHERE = `{ sweep: { eq: "none" } }`;

/** All the others. */
export const FIELDS: Readonly<Record<string, Field>> = {
  'Query.viewer': plain('{ viewer { member { key name } role may scopes teams { key } } }'),
  'Query.node': async (world, caller) => ({
    query: `{ node(id: "${await world.idOf('Run', caller)}") { id } }`,
  }),
  'Query.run': ofSteady((key) => `{ run(key: ${key.replace(/"$/, '/1"')}) { key note member { key } } }`),
  'Query.runs': plain('{ runs { totalCount nodes { key note member { name } dataset { name } } } }'),
  'Query.sweep': ofSteady(
    (key) => `{ sweep(key: ${key}) { key name member { name } runs { nodes { key } } } }`,
  ),
  'Query.sweeps': plain('{ sweeps { totalCount nodes { key name } } }'),
  'Query.presets': plain('{ presets { name } }'),
  'Query.preset': ({ ours, theirs }, caller) => ({
    query: `{ preset(name: "goyal", dataset: "${(caller.theirs ? theirs : ours).word}-shapes", scale: DEMO) { __typename } }`,
  }),
  'Query.previewSweep': ({ ours }) => ({
    query: 'query ($file: JSON!) { previewSweep(definition: $file) { __typename } }',
    variables: { file: file(ours.word, 1) },
  }),
  'Query.aggregate': plain(
    '{ aggregate(by: [MEMBER, SWEEP, DATASET], metric: "test_accuracy") { groups { member sweep dataset } } }',
  ),
  'Query.pivot': plain(
    '{ pivot(rows: [MEMBER], columns: [DATASET], metric: "test_accuracy") { rows { member } columns { dataset } } }',
  ),
  'Query.compare': plain(`{ compare(a: ${WHERE}, b: ${WHERE}, metric: "test_accuracy") { n } }`),
  'Query.coverage': plain('{ coverage(by: [DATASET]) { total cells { dataset } } }'),
  'Query.pareto': plain('{ pareto(cost: GPU_SECONDS, metric: "test_accuracy") { settings } }'),
  'Query.importance': plain('{ importance(metric: "test_accuracy", seed: 1) { n } }'),
  'Query.curves': ({ ours }) => ({
    query: `{ curves(where: {}, metric: "${ours.word}_loss") { of curves { run { key } } } }`,
  }),
  'Query.curveBands': ({ ours }) => ({
    query: `{ curveBands(where: {}, metric: "${ours.word}_loss", by: [DATASET]) { of bands { dataset } } }`,
  }),
  'Query.datasets': plain('{ datasets { name hash } }'),
  'Query.members': plain('{ members(left: true) { key name account { name email } } }'),
  'Query.workers': plain('{ workers { name host member { key } } }'),
  'Query.waitingWork': ({ ours }) => ({
    query: `{ waitingWork(datasets: ["${ours.dataset.hash}"], trainerVersion: "${TRAINER_VERSION}") { runs run { key } } }`,
  }),
  'Query.tokens': plain('{ tokens { id name prefix } }'),
  'Query.sessions': plain('{ sessions { id } }'),
  'Query.invitations': plain('{ invitations { id name } }'),
  'Query.webhooks': plain('{ webhooks { url deliveries { body } } }'),
  'Query.metrics': plain('{ metrics { name } }'),
  'Query.activity': plain('{ activity { edges { node { member sweep run worker dataset } } } }'),
  'Query.notices': plain('{ notices { message } }'),
  'Query.deletions': plain('{ deletions { key member { name } } }'),
  'Query.savedViews': plain('{ savedViews { key name } }'),
  'Query.savedView': async (world) => ({
    query: `{ savedView(key: "${await world.view(world.ours.someone.memberId)}") { name member { name } } }`,
  }),
  'Query.audit': plain('{ audit(first: 50) { nodes { action kind key who } } }'),
  'Query.serverInfo': plain('{ serverInfo { version } }'),
  'Mutation.createSweep': ({ ours }) => ({
    query: 'mutation ($file: JSON!) { createSweep(definition: $file) { __typename } }',
    variables: { file: file(ours.word, seed++) },
  }),
  'Mutation.addDataset': plain(
    `mutation { addDataset(input: { name: "other", hash: "${'0'.repeat(64)}", classes: 2, channels: 1, height: 4, width: 4, trainCount: 8, testCount: 8 }) { __typename } }`,
  ),
  'Mutation.createRun': ({ ours }) => ({
    query: 'mutation ($input: CreateRunInput!) { createRun(input: $input) { __typename } }',
    variables: {
      input: {
        ...{ name: 'mine', dataset: `${ours.word}-shapes`, seed: seed++ },
        axes: { model: 'resnet8', batchSize: 32, baseLearningRate: 0.001, budget: { epochs: 2 } },
      },
    },
  }),
  'Mutation.setMetricGoal': plain('mutation { setMetricGoal(name: "of_nobody", goal: NONE) { __typename } }'),
  'Mutation.saveView': plain(
    'mutation { saveView(input: { name: "v", page: RUNS, query: "", replace: true }) { __typename } }',
  ),
  'Mutation.registerWorker': plain(
    `mutation { registerWorker(input: { name: "w", host: "h", pid: 1, engine: "onnx", device: "cpu", versions: {}, trainerVersion: "${TRAINER_VERSION}" }) { id name } }`,
  ),
  'Mutation.claimRuns': async (world) => {
    const sweep = await world.sweep(world.ours.someone.memberId);
    return {
      query:
        'mutation ($input: ClaimRunsInput!) { claimRuns(input: $input) { __typename ... on Bundle { claims { run { key dataset { name } } } } } }',
      variables: {
        input: { worker: worker(world), datasets: [world.ours.dataset.hash], max: 1, sweep },
      },
    };
  },
  'Mutation.heartbeat': (world) => ({
    query: `mutation { heartbeat(input: { worker: "${worker(world)}", runs: [] }) { __typename } }`,
  }),
  'Mutation.reportMetrics': (world) => ({
    query:
      'mutation ($r: ReportInput!) { reportMetrics(input: { reports: [$r] }) { results { __typename } } }',
    variables: { r: { ...world.claim(), sequence: 1, series: [{ metric: 'm', steps: [1], values: [1] }] } },
  }),
  'Mutation.finishRun': (world) => ({
    query: 'mutation ($r: FinishInput!) { finishRun(input: { runs: [$r] }) { results { __typename } } }',
    variables: {
      r: { ...world.claim(), ...{ sequence: 0, outcome: 'DONE', step: 1, samplesSeen: 1, deviceSeconds: 1 } },
    },
  }),
  'Mutation.createToken': plain('mutation { createToken(name: "t", scopes: [READ]) { __typename } }'),
  'Mutation.revokeSession': async (world, { accountId }) => ({
    query: `mutation { revokeSession(id: "${await world.sessionOf(accountId)}") { __typename } }`,
  }),
  'Mutation.invite': plain('mutation { invite(role: VIEWER) { __typename } }'),
  'Mutation.revokeInvitation': async (world) => ({
    query: `mutation { revokeInvitation(id: "${await world.invitation()}") { __typename } }`,
  }),
  'Mutation.addWebhook': plain(
    'mutation { addWebhook(url: "https://hooks.example.org/", kinds: [MENTIONED]) { __typename } }',
  ),
  'Mutation.changeWebhook': ofWebhook('changeWebhook', ', active: false'),
  'Mutation.rotateWebhook': ofWebhook('rotateWebhook'),
  'Mutation.removeWebhook': ofWebhook('removeWebhook'),
  'Mutation.testWebhook': ofWebhook('testWebhook'),
  'Mutation.redeliver': async (world) => ({
    query: `mutation { redeliver(id: "${await world.delivery()}") { __typename } }`,
  }),
  'Mutation.changeRole': ofMember('changeRole(member: KEY, role: VIEWER)'),
  'Mutation.removeMember': ofMember('removeMember(member: KEY)'),
  'Mutation.passwordLink': ofMember('passwordLink(member: KEY)'),
  'Mutation.disableAccount': ofMember('disableAccount(member: KEY)'),
  'Mutation.enableAccount': ofMember('enableAccount(member: KEY)'),
  'Subscription.sweepProgress': ofSteady(
    (key) => `subscription { sweepProgress(key: ${key}) { sweep { key name } changed { runs } } }`,
  ),
  'Subscription.runMetrics': ofSteady(
    (key) => `subscription { runMetrics(key: ${key.replace(/"$/, '/1"')}) { run { key } } }`,
  ),
  'Subscription.activity': plain('subscription { activity { cursor events { member sweep } } }'),
};

/** Types that are found by an id. */
export const NODE_TYPES: readonly string[] = Object.values(schema.getTypeMap())
  .filter((type) => isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Node'))
  .map(({ name }) => name)
  .sort();

/** Asks for a thing by its id, and for all that its edges lead to, and theirs: so also for the way back. */
export function followed(type: string, id: string): Ask {
  const select = ({ name }: { name: string }, depth: number): string =>
    Object.values((schema.getType(name) as GraphQLObjectType).getFields())
      .filter(({ args }) => !args.some(isRequiredArgument))
      .flatMap((field) => {
        const of = getNamedType(field.type);
        if (isLeafType(of)) return [field.name];
        return isObjectType(of) && depth > 0 && !/Connection$/.test(of.name)
          ? [`${field.name} { ${select(of, depth - 1)} }`]
          : [];
      })
      .join(' ');
  return { query: `{ node(id: "${id}") { ... on ${type} { ${select({ name: type }, 2)} } } }` };
}
