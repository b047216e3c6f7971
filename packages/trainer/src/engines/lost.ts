import type { Engine } from './engine.ts';
import { EngineUnavailable, tryEngine } from './trial.ts';

/** A device works no more (a GPU that fell off its bus, a driver that went away): its process can train nothing. */
export class DeviceLost extends Error {
  override readonly name = 'DeviceLost';
}

/**
 * Whether it was the device that failed, and not the step: a GPU is tried again by a few steps in a process of its own. → why it
 * cannot be used any more, or undefined where it works, so that the fault is the runs'.
 */
export async function lostDevice(
  { name: engine, device }: Pick<Engine, 'name' | 'device'>,
  trial: typeof tryEngine = tryEngine,
): Promise<string | undefined> {
  if (device === 'cpu') return undefined;
  try {
    await trial({ engine, device });
    return undefined;
  } catch (error) {
    if (error instanceof EngineUnavailable) return error.message;
    throw error;
  }
}
