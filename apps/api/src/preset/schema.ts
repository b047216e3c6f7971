import { PRESET_SCALES, PRESETS, type Preset as PresetShape, type SweepFile } from '@smallbatch/search';
import {
  builder,
  InvalidInput,
  invalidInput,
  isOutcome,
  NotFound,
  notFound,
  type Outcome,
  outcome,
  resolveType,
} from '../builder.ts';
import { presetOf, sweepsOf } from './preset.ts';

export const PresetScaleEnum = builder.enumType('PresetScale', {
  description:
    'How much of an experiment is run. PAPER: its whole grid and epochs. SMALL: an evening of one GPU. DEMO: minutes of a laptop, on generated data.',
  values: Object.fromEntries(PRESET_SCALES.map((scale) => [scale.toUpperCase(), { value: scale }])) as Record<
    Uppercase<(typeof PRESET_SCALES)[number]>,
    { value: (typeof PRESET_SCALES)[number] }
  >,
});

const Preset = builder.objectRef<PresetShape>('Preset').implement({
  description: 'A published experiment that can be had as sweeps.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'For `preset` and the command line.' }),
    title: t.exposeString('title', { description: 'What is trained.' }),
    reports: t.exposeString('reports', { description: 'What its authors report.' }),
    after: t.exposeStringList('after', {
      description: 'Presets whose results it rests on: they have to be trained before, at the same scale.',
    }),
  }),
});
const PresetSweeps = builder
  .objectRef<Outcome<'PresetSweeps', { sweeps: SweepFile[] }>>('PresetSweeps')
  .implement({
    description: "A preset as sweep files' contents, for createSweep and previewSweep.",
    isTypeOf: isOutcome('PresetSweeps'),
    fields: (t) => ({
      sweeps: t.field({ type: ['JSON'], description: 'The sweep files.', resolve: ({ sweeps }) => sweeps }),
    }),
  });
const PresetResult = builder.unionType('PresetResult', {
  description: 'A preset at a scale, or what it lacks.',
  types: [PresetSweeps, InvalidInput, NotFound],
  resolveType,
});

builder.queryFields((t) => ({
  presets: t.field({
    type: [Preset],
    description: "Published experiments: the paper's figures, and the claims by others that they can check.",
    resolve: () => [...PRESETS],
  }),
  preset: t.field({
    type: PresetResult,
    description: 'The sweep files of a preset.',
    args: {
      name: t.arg.string({ required: true, description: 'Its name.' }),
      scale: t.arg({ type: PresetScaleEnum, required: true, defaultValue: 'paper' }),
      dataset: t.arg.string({ description: "Name of a data set in place of the preset's own." }),
    },
    resolve: async (_root, { name, scale, dataset }, { db, viewer }) => {
      const preset = presetOf(name);
      if (!preset) {
        const names = PRESETS.map((one) => one.name).join(', ');
        return notFound(`unknown preset "${name.slice(0, 60)}": one of ${names}`);
      }
      const found = await sweepsOf(db, viewer!, preset, { scale, ...(dataset ? { dataset } : {}) });
      return 'problems' in found ? invalidInput(found.problems) : outcome('PresetSweeps', { sweeps: found });
    },
  }),
}));
