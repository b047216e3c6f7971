import type { TestApi } from './server.ts';

export const AXES = {
  model: 'resnet8',
  batchNorm: true,
  batchSize: 32,
  baseLearningRate: 2 ** -8,
  epochs: 2,
};

const CREATE = `mutation ($input: CreateRunInput!) { createRun(input: $input) {
  __typename ... on CreateRunSuccess { claim { run { id key } } } ... on RunExists { run { id key } } ... on InvalidInput { message } } }`;
const FINISH = `mutation ($input: FinishRunInput!) { finishRun(input: $input) { results { __typename ... on LeaseLost { message } ... on SequenceGap { expected } } } }`;

let seed = 0;

/** A data set and runs of somebody's own script, made as such a script makes them. */
export async function ownRuns(api: Pick<TestApi, 'ask' | 'db' | 'teamId'>) {
  await api.db.prisma.dataset.create({
    data: {
      id: crypto.randomUUID(),
      teamId: api.teamId,
      name: 'shapes',
      hash: 'a'.repeat(64),
      classes: 10,
      channels: 3,
      height: 32,
      width: 32,
      trainCount: 1500,
      testCount: 1000,
    },
  });
  const create = async (input: object = {}) => {
    const all = { name: 'own', dataset: 'shapes', axes: AXES, seed: seed++, ...input };
    const { data, errors } = await api.ask(CREATE, { input: all });
    if (errors.length > 0 || data.createRun.message)
      throw new Error(errors[0]?.message ?? data.createRun.message);
    return data.createRun;
  };
  return {
    create,
    /** The run with its UUID. */
    async run(input: object = {}): Promise<{ id: string; key: string; uuid: string }> {
      const { run } = (await create(input)).claim;
      return { ...run, uuid: Buffer.from(run.id, 'base64').toString().slice('Run:'.length) };
    },
    async finish(run: string, sequence = 0, more: object = {}) {
      const end = {
        run,
        attempt: 1,
        sequence,
        outcome: 'DONE',
        step: 1,
        samplesSeen: 1,
        deviceSeconds: 1,
        ...more,
      };
      const { data, errors } = await api.ask(FINISH, { input: { runs: [end] } });
      if (errors.length > 0) throw new Error(errors[0]!.message);
      return data.finishRun.results[0];
    },
  };
}
