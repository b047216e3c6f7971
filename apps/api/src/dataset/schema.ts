import { addDataset, datasetsLike } from '@smallbatch/db';
import {
  builder,
  InvalidInput,
  invalidInput,
  isOutcome,
  type Outcome,
  outcome,
  type ProblemShape,
  resolveType,
} from '../builder.ts';

export const Dataset = builder.prismaNode('Dataset', {
  id: { field: 'id', description: 'Opaque.' },
  description: 'Named, content-hashed training data. It is its hash: a name never changes its hash.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name in the team.' }),
    hash: t.exposeString('hash', { description: 'SHA-256 of the content, in hex.' }),
    classes: t.exposeInt('classes', { description: 'Classes.' }),
    channels: t.exposeInt('channels', { description: 'Channels of an image.' }),
    height: t.exposeInt('height', { description: 'Height in pixels.' }),
    width: t.exposeInt('width', { description: 'Width in pixels.' }),
    trainCount: t.exposeInt('trainCount', { description: 'Training samples.' }),
    testCount: t.exposeInt('testCount', { description: 'Test samples.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it shows.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was added.' }),
  }),
});

const DatasetInput = builder.inputType('DatasetInput', {
  description: 'A data set that a machine has: its name, hash and shape. The content itself stays there.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Up to 80 letters, digits, ".", "_" or "-".' }),
    hash: t.string({ required: true, description: 'SHA-256 of the content, in hex.' }),
    classes: t.int({ required: true, description: 'Classes.' }),
    channels: t.int({ required: true, description: 'Channels of an image.' }),
    height: t.int({ required: true, description: 'Height in pixels.' }),
    width: t.int({ required: true, description: 'Width in pixels.' }),
    trainCount: t.int({ required: true, description: 'Training samples.' }),
    testCount: t.int({ required: true, description: 'Test samples.' }),
    description: t.string({ description: 'What it shows.' }),
  }),
});

type DatasetShape = typeof Dataset.$inferType;
const AddDatasetSuccess = builder
  .objectRef<Outcome<'AddDatasetSuccess', { dataset: DatasetShape; created: boolean }>>('AddDatasetSuccess')
  .implement({
    description: 'The data set is known to the team.',
    isTypeOf: isOutcome('AddDatasetSuccess'),
    fields: (t) => ({
      dataset: t.field({ type: Dataset, description: 'The data set.', resolve: ({ dataset }) => dataset }),
      created: t.exposeBoolean('created', { description: 'False when it was known before.' }),
    }),
  });
const NameTaken = builder
  .objectRef<Outcome<'NameTaken', { message: string; dataset: DatasetShape }>>('NameTaken')
  .implement({
    description: 'The name stands for other content already.',
    fields: (t) => ({
      message: t.exposeString('message', { description: 'What to do.' }),
      dataset: t.field({
        type: Dataset,
        description: 'What the name, or the hash, stands for.',
        resolve: ({ dataset }) => dataset,
      }),
    }),
  });
const AddDatasetResult = builder.unionType('AddDatasetResult', {
  description: 'What became of adding a data set.',
  types: [AddDatasetSuccess, NameTaken, InvalidInput],
  resolveType,
});

function problemsOf(input: typeof DatasetInput.$inferInput): ProblemShape[] {
  const problems: ProblemShape[] = [];
  const check = (field: keyof typeof input, fits: boolean, allowed: string): void => {
    if (!fits)
      problems.push({ path: ['input', field], value: input[field], message: `invalid ${field}`, allowed });
  };
  check(
    'name',
    /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,79}$/u.test(input.name),
    'up to 80 letters, digits, ".", "_" or "-"',
  );
  check('hash', /^[0-9a-f]{64}$/.test(input.hash), '64 hexadecimal digits');
  for (const field of ['classes', 'channels', 'height', 'width', 'trainCount', 'testCount'] as const) {
    check(field, input[field] >= 1, 'a whole number from 1');
  }
  return problems;
}

builder.queryFields((t) => ({
  datasets: t.prismaField({
    type: ['Dataset'],
    description: 'The data sets of the team.',
    resolve: (query, _root, _args, { db, viewer }) =>
      db.prisma.dataset.findMany({ ...query, where: { teamId: viewer!.teamId }, orderBy: { name: 'asc' } }),
  }),
}));

builder.mutationFields((t) => ({
  addDataset: t.field({
    type: AddDatasetResult,
    description: 'Makes a data set known to the team. Adding the same one again changes nothing.',
    args: { input: t.arg({ type: DatasetInput, required: true }) },
    resolve: async (_root, { input }, { db, viewer }) => {
      const problems = problemsOf(input);
      if (problems.length) return invalidInput(problems);
      const { teamId } = viewer!;
      const id = await addDataset(db, { ...input, ...viewer! });
      const found = await datasetsLike(db, { ...input, teamId });
      const exact = found.find(({ name, hash }) => name === input.name && hash === input.hash);
      if (exact) return outcome('AddDatasetSuccess', { dataset: exact, created: exact.id === id });
      const [other] = found;
      const message =
        other!.name === input.name
          ? `the name "${input.name}" stands for the content ${other!.hash.slice(0, 12)}… already: other content needs another name`
          : `this content is known as "${other!.name}" already: use that name`;
      return outcome('NameTaken', { message, dataset: other! });
    },
  }),
}));
