import { CHOICES, type EngineChoice } from './engines.ts';
import { EngineUnavailable, tryEngine } from './trial.ts';

export interface EngineState extends EngineChoice {
  readonly usable: boolean;
  readonly message: string;
}

/** What each engine does on each device of this machine, tried by five steps, in words. */
export async function engineReport(): Promise<EngineState[]> {
  const states: EngineState[] = [];
  for (const choice of CHOICES) states.push(await stateOf(choice));
  return states;
}

async function stateOf(choice: EngineChoice): Promise<EngineState> {
  try {
    const { versions, rate, fallback } = await tryEngine(choice);
    const onCpu = Object.entries(fallback).map(([operator, times]) => `${times} ${operator}`);
    const aside = onCpu.length > 0 ? `; on the CPU: ${onCpu.join(', ')}` : '';
    const stated = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
    return {
      ...choice,
      usable: true,
      message: `${stated.join(', ')}; ${Math.round(rate)} samples/s of ResNet-8 a process${aside}`,
    };
  } catch (error) {
    if (!(error instanceof EngineUnavailable)) throw error;
    return { ...choice, usable: false, message: error.reason };
  }
}
