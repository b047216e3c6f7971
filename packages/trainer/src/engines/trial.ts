import { once } from 'node:events';
import { forkBeside } from '../processes.ts';
import type { EngineChoice } from './engines.ts';

/** What a few steps on an engine and a device showed. */
export interface EngineTrial extends EngineChoice {
  readonly versions: Readonly<Record<string, string>>;
  /** Training loss of five steps on one batch. */
  readonly losses: readonly number[];
  /** Samples a second of ResNet-8 with BN at m = 8, one run, one process. */
  readonly rate: number;
  /** Operators that the engine runs on the CPU instead, by how many of them a step has. */
  readonly fallback: Readonly<Record<string, number>>;
}

/** Why an engine cannot be used on a device here. */
export class EngineUnavailable extends Error {
  override readonly name = 'EngineUnavailable';
  readonly reason: string;
  constructor({ engine, device }: EngineChoice, reason: string) {
    super(`${engine} on ${device}: ${reason}`);
    this.reason = reason;
  }
}

export type TrialReply = Omit<EngineTrial, 'fallback'> | { readonly error: string };

/** Time for a few steps on the slowest device that is worth using. */
const PATIENCE_MS = 120_000;

/** On the CPU these would cost more than a GPU gains. */
const HEAVY = /^(Conv|ConvTranspose|FusedConv|MatMul|FusedMatMul|Gemm)$/;

/**
 * Tries an engine on a device: five steps whose loss must fall, the rate, and where each operator is placed. In a process of
 * its own, because a driver that fails takes its process along. Throws EngineUnavailable with the reason.
 */
export async function tryEngine(choice: EngineChoice): Promise<EngineTrial> {
  const child = forkBeside('trial-process', import.meta.url, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  let log = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  let reply: TrialReply | undefined;
  child.on('message', (message: TrialReply) => {
    reply = message;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  child.send(choice);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(timer);
  if (!reply) {
    const last = log.trim().split('\n').at(-1) ?? '';
    throw new EngineUnavailable(choice, `its process ended with ${signal ?? code} ${last}`.trim());
  }
  if ('error' in reply) throw new EngineUnavailable(choice, reply.error);
  const fallback = choice.engine === 'onnx' && choice.device !== 'cpu' ? placedOnCpu(log) : {};
  const heavy = Object.keys(fallback).filter((operator) => HEAVY.test(operator));
  if (heavy.length > 0) {
    throw new EngineUnavailable(
      choice,
      `${heavy.join(', ')} would run on the CPU, with a copy at every step`,
    );
  }
  const [first = Number.NaN] = reply.losses;
  const last = reply.losses.at(-1) ?? Number.NaN;
  if (!(last < first)) {
    const path = `${first.toFixed(4)} → ${last.toFixed(4)}`;
    throw new EngineUnavailable(choice, `the loss does not fall (${path}): it computes wrongly here`);
  }
  return { ...reply, fallback };
}

/** Operators by how many of them ONNX Runtime's log says are placed on the CPU. */
export function placedOnCpu(log: string): Record<string, number> {
  const counts: Record<string, number> = {};
  let onCpu = false;
  for (const line of log.split('\n')) {
    const text = line.slice(line.indexOf(']') + 1).trim();
    const place = /odes?(?:\(s\))? placed on \[(\w+)\]/.exec(line);
    if (place) {
      onCpu = place[1] === 'CPUExecutionProvider';
      continue;
    }
    const node = onCpu ? /^(\w+) \(/.exec(text) : null;
    if (node) counts[node[1]!] = (counts[node[1]!] ?? 0) + 1;
    else onCpu = false;
  }
  return counts;
}
