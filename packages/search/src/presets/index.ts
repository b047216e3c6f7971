import { FIGURES } from './figures.ts';
import { FOLLOWERS } from './followers.ts';
import type { Preset } from './preset.ts';

export * from './preset.ts';

/** Every published experiment that can be had by name. */
export const PRESETS: readonly Preset[] = [...FIGURES, ...FOLLOWERS];
