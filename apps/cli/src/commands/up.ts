import { isIP } from 'node:net';
import { Command } from 'commander';
import { connect } from '../api.ts';
import { sayFailure } from '../failure.ts';
import { homeOf, prepareHome } from '../home.ts';
import { note } from '../output/print.ts';
import { plain } from '../output/screen.ts';
import { Problem } from '../problem.ts';
import { watchNpm } from '../up/ancestor.ts';
import { openDatabase } from '../up/database.ts';
import { addBuiltIn, createDemo } from '../up/demo.ts';
import { choosePort } from '../up/port.ts';
import { startServers } from '../up/servers.ts';
import { showProgress } from '../up/show.ts';
import { step } from '../up/step.ts';
import { startTraining } from '../up/training.ts';
import { wholeNumber } from './options.ts';

interface Options {
  port?: number;
  home?: string;
  demo: boolean;
  worker: boolean;
  listen: string;
  trustProxy?: boolean;
  metricsListen?: string;
  logToStdout?: boolean;
}

/** Stopping takes at most this long, whatever hangs: what is left then is killed, and children end with us. */
const PATIENCE_MS = 4_500;

export function upCommand(): Command {
  return new Command('up')
    .description(
      'Everything on this machine: database, API, dashboard, workers; in an empty database the demo sweep.',
    )
    .option('--port <n>', 'where it listens (default: 4000, or the next free one)', wholeNumber(1, 65_535))
    .option('--home <dir>', 'state: database, data sets, logs (default: SMALLBATCH_HOME, else .smallbatch)')
    .option('--no-demo', 'create no demo sweep')
    .option('--no-worker', 'train nothing here')
    .option(
      '--listen <address>',
      'where it listens, perhaps with :PORT; beyond loopback people sign in',
      'localhost',
    )
    .option('--trust-proxy', 'a proxy with TLS stands before it: its X-Forwarded headers are believed')
    .option('--metrics-listen <address:port>', 'where metrics are served, for who watches the server alone')
    .option('--log-to-stdout', 'logs of API and dashboard to stdout, not into files of the home')
    .action(up);
}

async function up(options: Options): Promise<void> {
  const { host, port: listenPort } = readListen(options.listen);
  if (listenPort !== undefined && options.port !== undefined && listenPort !== options.port)
    throw new Problem(
      `invalid --port ${options.port}: --listen ${plain(options.listen)} says another one`,
      2,
    );
  if (options.metricsListen !== undefined && readListen(options.metricsListen, true).port === undefined)
    throw new Problem(
      `invalid --metrics-listen ${plain(options.metricsListen)}: say the port too, such as 127.0.0.1:9464`,
      2,
    );
  const trustProxy = options.trustProxy ?? false;
  const wide = trustProxy || !/^(127\.0\.0\.1|::1)$/.test(host);
  const home = homeOf(options.home);
  prepareHome(home);

  // What is started puts its stop here; they are stopped in the opposite order.
  const stops: (() => Promise<void>)[] = [];
  const end = ending();
  const ask = (why?: unknown) => end.resolve(why);
  let asked = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Under npm a Ctrl-C arrives twice, from the terminal and from npm; a third is impatience.
      if (++asked > 2) process.exit(1);
      ask();
    });
  }
  watchNpm(ask);

  const running = new AbortController();
  const start = async (): Promise<void> => {
    const port = await choosePort(host, options.port ?? listenPort);
    const database = await openDatabase(home, wide, (why) =>
      ask(new Problem(`PostgreSQL ended by itself: ${why}. Start again: it recovers.`)),
    );
    stops.push(() => database.stop());
    if (asked > 0) return;
    const servers = await startServers({
      home,
      host,
      port,
      trustProxy,
      databaseUrl: database.url,
      metricsListen: options.metricsListen,
      logToStdout: options.logToStdout ?? false,
      onFailure: ask,
    });
    stops.push(() => servers.stop());
    if (asked > 0) return;
    const { url } = servers;
    const client = connect(database.setUp ? { url, token: database.setUp.token } : { url });
    await step('make the built-in data sets', () => addBuiltIn(client, home));
    const demo = options.demo ? await createDemo(client) : undefined;
    await database.setUp?.end();
    if (options.worker && asked === 0) {
      const training = startTraining({ home, url, token: database.token });
      stops.push(() => training.stop());
    }
    note(`\n  Smallbatch is at ${servers.url}\n`);
    if (demo)
      note(`The demo sweep ${demo} has been created; its first results are on the page within a minute.`);
    if (!options.worker) note('No worker here (--no-worker): start some with "npx smallbatch worker".');
    // As a worker: who is the local owner now may have to sign in before this ends.
    showProgress(connect({ url, token: database.token }), running.signal).catch(ask);
  };

  const why = await Promise.race([
    start().then(
      () => end.promise,
      (error: unknown) => error ?? new Error('it did not start'),
    ),
    end.promise,
  ]);
  running.abort();
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  note(why === undefined ? 'stopping …' : 'stopping everything …');
  const late = setTimeout(() => process.exit(why === undefined ? 0 : 1), PATIENCE_MS);
  for (const stop of stops.reverse()) await stop().catch((error: Error) => note(`! ${error.message}`));
  clearTimeout(late);
  // What is still starting must not keep us: an exit, not a return. Every child ends with us.
  if (why !== undefined) process.exit(sayFailure(why));
  note('stopped; "npm start" goes on where this left off');
  process.exit(0);
}

/** `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`; localhost is IPv4's. */
function readListen(text: string, ofMetrics = false): { host: string; port?: number } {
  const [, six, four, digits] = /^(?:\[([\da-fA-F:.]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const given = six ?? four ?? text;
  const host = given === 'localhost' ? '127.0.0.1' : given;
  const port = digits === undefined ? undefined : Number(digits);
  if (isIP(host) === 0 || port === 0 || (port ?? 0) > 65_535)
    throw new Problem(
      `invalid ${ofMetrics ? '--metrics-listen' : '--listen'} ${plain(text)}: give localhost or an address such as 0.0.0.0, 192.168.1.5 or [::], perhaps with :PORT`,
      2,
    );
  return port === undefined ? { host } : { host, port };
}

function ending(): { promise: Promise<unknown>; resolve: (why: unknown) => void } {
  let resolve: (why: unknown) => void = () => {};
  const promise = new Promise<unknown>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
