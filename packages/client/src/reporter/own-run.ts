import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type ClientOptions, createClient, fromEnvironment } from '../client.ts';
import { Beat, CreateRun } from './documents.ts';
import { Reporter } from './reporter.ts';

/** A run that cannot be made, or cannot be reported on any more: RUN_EXISTS, INVALID_INPUT, LEASE_LOST, REFUSED, NOT_DELIVERED, ENDED. */
export class RunError extends Error {
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

export interface OwnRunOptions extends Partial<Pick<ClientOptions, 'url' | 'token'>> {
  readonly name: string;
  readonly dataset: string;
  /** As in a sweep file. */
  readonly axes: Readonly<Record<string, unknown>>;
  readonly hyper?: Readonly<Record<string, string | number | boolean>>;
  readonly info?: Readonly<Record<string, string | number | boolean>>;
  readonly seed?: number;
  readonly duplicate?: boolean;
  /** Folder of the spool; one of the API's own in SMALLBATCH_HOME or ~/.smallbatch unless said. */
  readonly spool?: string | undefined;
}

export interface OwnRun {
  readonly key: string;
  /** Why nothing is taken any more: the run is another's, was cancelled, or was refused. */
  readonly lost: string | undefined;
  /** Notes metrics at a step; returns at once. Durable on this machine half a second later. */
  log(point: { step: number; epoch?: number; samplesSeen?: number } & Record<string, number>): void;
  /** Ends the run when all its points are delivered. */
  finish(options?: { failed?: string }): Promise<void>;
}

/** Where scripts leave what they could not deliver to an API: what they leave for one is not sent to another. */
export const spoolOf = (url: string): string =>
  join(
    process.env.SMALLBATCH_HOME || join(homedir(), '.smallbatch'),
    'spool',
    encodeURIComponent(new URL(url).host),
  );

function check(step: number, values: Readonly<Record<string, unknown>>): void {
  if (!Number.isSafeInteger(step) || step < 0)
    throw new RunError(`invalid step: ${step}; a whole number from 0`, 'INVALID_INPUT');
  for (const [metric, value] of Object.entries(values))
    if (typeof value !== 'number')
      throw new RunError(`invalid value of ${metric}: ${String(value)}; a number`, 'INVALID_INPUT');
}

/** A run of one's own training script, from its creation to its end. */
export async function createRun(options: OwnRunOptions): Promise<OwnRun> {
  const environment = fromEnvironment();
  const {
    url = environment.url,
    token = environment.token,
    spool = spoolOf(url),
    seed = 0,
    ...given
  } = options;
  const client = createClient({ url, token });
  let run: string | undefined;
  let key = given.name;
  let lost: RunError | undefined;
  const lose = (reason: string, code: string): void => {
    if (lost) return;
    lost = new RunError(`${key}: ${reason}; what was not delivered is discarded`, code);
    console.error(lost.message);
  };
  const reporter = new Reporter({
    client,
    spool,
    onDiscard({ run: whose, batches, code, reason, kept }) {
      const where = kept ? `; they are kept in ${kept}` : '';
      if (whose === run) lose(`${reason}${where}`, code === 'LeaseLost' ? 'LEASE_LOST' : 'REFUSED');
      else console.error(`${batches} batches that an earlier process left were refused: ${reason}${where}`);
    },
    onProblem: ({ message }) => console.error(`${key}: ${message} What is logged waits in ${spool}.`),
  });
  // What an earlier process left comes first: a run that is not delivered yet could be this one.
  if (!reporter.empty) await reporter.flush();

  const input = { ...given, seed, idempotencyKey: randomUUID() };
  const made = await client.mutate(CreateRun, { input }, { idempotent: true }).then(
    ({ createRun: answer }) => answer,
    async (error: unknown) => {
      await reporter.close(0);
      throw error;
    },
  );
  if (made.__typename !== 'CreateRunSuccess') {
    await reporter.close();
    if (made.__typename === 'RunExists')
      throw new RunError(`${made.message} (${made.run.key})`, 'RUN_EXISTS');
    const problems = made.problems.map(
      ({ path, message, allowed }) => `${path.slice(1).join('.')}: ${message}; ${allowed}`,
    );
    throw new RunError(problems.join('\n'), 'INVALID_INPUT');
  }
  const { claim, worker, heartbeatSeconds } = made;
  const { id, key: itsKey } = claim.run;
  run = id;
  key = itsKey;
  const { attempt } = claim;
  const start = performance.now();
  let ended = false;
  let last = { step: 0, samplesSeen: 0 };
  const beat = setInterval(() => {
    const runs = [{ run: id, attempt, ...last }];
    client.mutate(Beat, { input: { worker: worker.id, runs } }, { idempotent: true }).then(
      ({ heartbeat }) => {
        if (heartbeat.__typename !== 'HeartbeatSuccess') return;
        for (const { command } of heartbeat.commands) {
          if (command === 'LOST') lose('another has taken it over, or it has ended', 'LEASE_LOST');
          if (command === 'STOP') lose('it was cancelled', 'LEASE_LOST');
        }
      },
      // The next one may arrive; what is logged is told by the reporter.
      () => {},
    );
  }, heartbeatSeconds * 1000);
  beat.unref();
  return {
    key,
    get lost() {
      return lost?.message;
    },
    log({ step, epoch, samplesSeen, ...values }) {
      if (ended) throw new RunError(`${key}: it has ended: nothing more can be logged`, 'ENDED');
      check(step, values);
      if (lost) return;
      last = { step, samplesSeen: samplesSeen ?? last.samplesSeen };
      reporter.log(id, attempt, {
        step,
        wallTime: (performance.now() - start) / 1000,
        values: values as Record<string, number>,
        ...(epoch === undefined ? {} : { epoch }),
        ...(samplesSeen === undefined ? {} : { samplesSeen }),
      });
    },
    async finish({ failed } = {}) {
      if (ended) throw new RunError(`${key}: it has ended already`, 'ENDED');
      ended = true;
      clearInterval(beat);
      const deviceSeconds = (performance.now() - start) / 1000;
      const outcome = failed === undefined ? 'DONE' : 'FAILED';
      reporter.finish({ run: id, attempt, outcome, reason: failed ?? null, ...last, deviceSeconds });
      await reporter.close(30);
      client.close();
      if (lost) throw lost;
      if (!reporter.empty)
        throw new RunError(
          `${key}: not delivered: ${reporter.problem?.message} What was logged lies in ${spool}; the next run that is created there delivers it.`,
          'NOT_DELIVERED',
        );
    },
  };
}
