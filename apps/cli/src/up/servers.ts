import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkout } from '../home.ts';
import { note } from '../output/print.ts';
import { Problem } from '../problem.ts';
import { Child } from './child.ts';
import { anyPort } from './port.ts';
import { step } from './step.ts';

/** A process that has run this long before it ended starts anew from the shortest pause. */
const STEADY_MS = 60_000;
const MOST_RESTARTS = 5;

export interface ServersOptions {
  home: string;
  host: string;
  port: number;
  trustProxy: boolean;
  databaseUrl: string;
  /** `ADDRESS:PORT` of metrics. */
  metricsListen: string | undefined;
  /** Where their logs go: into files of the home otherwise. */
  logToStdout: boolean;
  /** Called when one of them cannot be kept alive. */
  onFailure: (problem: unknown) => void;
}

export interface Servers {
  url: string;
  stop(): Promise<void>;
}

/** The dashboard on a port of its own, and the API before it on the one origin that people see. */
export async function startServers(options: ServersOptions): Promise<Servers> {
  const { home, host, port, trustProxy, databaseUrl, metricsListen, logToStdout } = options;
  const internal = await anyPort();
  // Where the API is for processes of this machine, whatever it listens on.
  const reached = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  const own = `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
  let stopping = false;
  const children = new Map<string, Child>();

  const keep = async (name: string, start: () => Promise<Child>): Promise<void> => {
    let started = Date.now();
    let child = await start();
    children.set(name, child);
    const watch = async (): Promise<void> => {
      for (let restarts = 0; ; ) {
        const end = await child.exited;
        if (stopping) return;
        if (Date.now() - started > STEADY_MS) restarts = 0;
        if (restarts++ === MOST_RESTARTS) child.fail(end);
        note(
          `! the ${name} ended with ${end}; starting it again (its log: ${logToStdout ? 'stdout' : logOf(home, name)})`,
        );
        await sleep(250 * 2 ** restarts);
        if (stopping) return;
        started = Date.now();
        child = await start();
        children.set(name, child);
      }
    };
    void watch().catch((problem) => stopping || options.onFailure(problem));
  };

  const dashboard = join(checkout, 'apps/dashboard/server.mjs');
  if (!existsSync(dashboard))
    throw new Problem(`missing dashboard: there is no ${dashboard}; run "npm start" in a whole checkout`);
  // Next takes seconds to be ready; the API says meanwhile that the dashboard is starting.
  await keep(
    'dashboard',
    async () =>
      new Child({
        name: 'dashboard',
        script: dashboard,
        log: logToStdout ? undefined : logOf(home, 'dashboard'),
        env: { NODE_ENV: 'production', PORT: String(internal), SMALLBATCH_URL: own },
      }),
  );
  const source = import.meta.url.endsWith('.ts');
  const script = join(checkout, source ? 'apps/api/src/main.ts' : 'apps/api/dist/main.js');
  const env = {
    NODE_ENV: 'production',
    DATABASE_URL: databaseUrl,
    HOST: host,
    PORT: String(port),
    SMALLBATCH_TRUST_PROXY: trustProxy ? '1' : '',
    SMALLBATCH_DASHBOARD_URL: `http://127.0.0.1:${internal}`,
    // It is killed soon after it is asked to stop.
    SMALLBATCH_STOP_SECONDS: '1',
    ...(metricsListen ? { SMALLBATCH_METRICS_LISTEN: metricsListen } : {}),
    ...(logToStdout ? {} : { SMALLBATCH_LOG_FILE: logOf(home, 'api') }),
  };
  const stop = async (): Promise<void> => {
    stopping = true;
    await Promise.all([...children.values()].map((child) => child.stop(1_200)));
  };
  try {
    await step('start the API', () =>
      keep('api', async () => {
        const child = new Child({
          name: 'api',
          script,
          log: logToStdout ? undefined : logOf(home, 'api'),
          env,
        });
        await child.message((message) => (message as { listening?: string }).listening);
        return child;
      }),
    );
    const url = /^(127\.0\.0\.1|::1)$/.test(reached) ? `http://localhost:${port}` : own;
    await step('start the dashboard', () => ready(`http://127.0.0.1:${internal}/`));
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const logOf = (home: string, name: string): string => join(home, 'logs', `${name}.log`);

/** Waits until the page answers; a dashboard that never does is not worth waiting longer than this for. */
async function ready(url: string): Promise<void> {
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(20_000) }).catch(
      () => undefined,
    );
    if (answer && answer.status < 500) return;
    await sleep(100);
  }
  throw new Problem('the dashboard did not answer within 60 s; its log is logs/dashboard.log in the home');
}
