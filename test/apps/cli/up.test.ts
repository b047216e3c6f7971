import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, type TestContext, test } from 'vitest';
import { leftovers, startedWith } from '../../../setup/processes.mjs';
import { program, root, type Started, smallbatch, start } from './smallbatch.ts';

const homes = mkdtempSync(join(tmpdir(), 'smallbatch-up-'));
const MARK = 'SMALLBATCH_UP_TEST';
const mark = randomUUID();
let count = 0;
const freshHome = () => join(homes, String(count++));

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
});
afterAll(async () => {
  expect(await leftovers(MARK, mark, 3_000)).toEqual([]);
  rmSync(homes, { recursive: true, force: true });
});

const env = { [MARK]: mark, LOG_LEVEL: 'warn' };
const up = (home: string, ...flags: string[]): Started =>
  start(['up', '--home', home, '--no-demo', ...flags], { env });
const upFails = (flags: string[], more: NodeJS.ProcessEnv = {}) =>
  smallbatch(['up', '--no-demo', '--no-worker', ...flags], { env: { ...env, ...more } });

/** Listens on a port of loopback, a free one unless it is said. */
function listen(port = 0): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => {
      servers.push(server);
      done((server.address() as { port: number }).port);
    });
  });
}

async function freePort(): Promise<number> {
  const port = await listen();
  await new Promise((done) => servers.pop()!.close(done));
  return port;
}

async function ask(url: string, query: string, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return ((await response.json()) as { data: unknown }).data;
}

function needsDashboard(context: TestContext): void {
  if (!existsSync(join(root, 'apps/dashboard/.next/BUILD_ID')))
    context.skip('the dashboard is not built: npm run build');
}

const postmaster = (home: string) =>
  Number(readFileSync(join(home, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
/** Whether a process ends within a second. One that has ended, but that the system has not taken note of yet, is gone too. */
async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 20; tries++) {
    try {
      process.kill(pid, 0);
      if (process.platform === 'linux' && / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return true;
    } catch {
      return true;
    }
    await new Promise((next) => setTimeout(next, 50));
  }
  return false;
}

/** What the system knows of a process that should be gone, for the failure's message. */
function readState(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').slice(0, 100);
  } catch {
    return 'gone';
  }
}

describe('smallbatch up', () => {
  test('serves API, dashboard and health on one origin, starts a killed API again, and stops within 5 s of Ctrl-C', async (context) => {
    needsDashboard(context);
    const home = freshHome();
    const one = up(home);
    const url = (await one.says(/Smallbatch is at (http:\/\/localhost:\d+)/))[1]!;
    expect(await ask(url, '{ datasets { name } viewer { member { role } } }')).toMatchObject({
      datasets: [{ name: 'shapes' }, { name: 'shapes-hard' }],
      viewer: { member: { role: 'OWNER' } },
    });
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    const page = await fetch(url);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(statSync(join(home, 'worker.token')).mode & 0o777).toBe(0o600);
    expect(statSync(home).mode & 0o077).toBeLessThanOrEqual(0o11);

    const server = startedWith(MARK, mark).find(({ command }) =>
      /apps\/api\/(src|dist)\/main\./.test(command),
    );
    process.kill(server!.pid, 'SIGKILL');
    await one.says(/the api ended with SIGKILL; starting it again/);
    await expect
      .poll(() => ask(url, '{ __typename }').catch(() => 'away'), { timeout: 20_000 })
      .toEqual({ __typename: 'Query' });

    const pid = postmaster(home);
    const asked = performance.now();
    one.process.kill('SIGINT');
    const { code } = await one.ended;
    expect(code).toBe(0);
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect(await leftovers(MARK, mark, 500)).toEqual([]);
    expect(await gone(pid), readState(pid)).toBe(true);
    expect(one.said()).toContain('stopped; "npm start" goes on where this left off');
  }, 90_000);

  test('leaves no child behind when it is killed, and the next start recovers in under 10 s with what was there', async (context) => {
    needsDashboard(context);
    const home = freshHome();
    const first = up(home);
    const url = (await first.says(/Smallbatch is at (\S+)/))[1]!;
    await ask(url, 'mutation { createToken(name: "kept", scopes: [READ]) { __typename } }');
    const pid = postmaster(home);
    first.process.kill('SIGKILL');
    expect(await leftovers(MARK, mark, 5_000)).toEqual([]);
    expect(await gone(pid)).toBe(true);

    const started = performance.now();
    const second = up(home, '--no-worker');
    const again = (await second.says(/Smallbatch is at (\S+)/))[1]!;
    expect(performance.now() - started).toBeLessThan(10_000);
    const { tokens } = (await ask(again, '{ tokens { name } }')) as { tokens: { name: string }[] };
    expect(tokens.map(({ name }) => name).sort()).toEqual(['kept', 'workers of smallbatch up']);

    const third = await upFails(['--home', home]);
    expect(third.code).toBe(1);
    expect(third.stderr).toMatch(/home \S+ is in use by process \d+/);
    second.process.kill('SIGTERM');
    expect((await second.ended).code).toBe(0);
  }, 120_000);

  test('ends with one sentence, and leaves nothing running, when its PostgreSQL is killed', async (context) => {
    needsDashboard(context);
    const home = freshHome();
    const one = up(home, '--no-worker');
    await one.says(/Smallbatch is at/);
    process.kill(postmaster(home), 'SIGKILL');
    const { code, stderr } = await one.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/PostgreSQL ended by itself: .*Start again: it recovers\./s);
    expect(await leftovers(MARK, mark, 3_000)).toEqual([]);
  }, 90_000);

  test('under npm start it ends with everything when npm is killed, which no signal tells it', async (context) => {
    needsDashboard(context);
    const place = join(homes, 'npm');
    mkdirSync(place);
    const command = `cd ${root} && node ${program('cli').join(' ')} up --no-demo --no-worker --home ${freshHome()} 2> ${place}/said`;
    writeFileSync(join(place, 'package.json'), JSON.stringify({ scripts: { start: command } }));
    const npm = spawn('npm', ['start', '--silent'], {
      cwd: place,
      stdio: 'ignore',
      env: { ...process.env, ...env },
    });
    await expect
      .poll(() => readFileSync(join(place, 'said'), { encoding: 'utf8', flag: 'a+' }), { timeout: 60_000 })
      .toContain('Smallbatch is at');
    npm.kill('SIGKILL');
    expect(await leftovers(MARK, mark, 8_000)).toEqual([]);
  }, 90_000);

  test('a taken --port is an error; a taken default port is passed over, and that is said', async (context) => {
    const taken = await listen();
    const refused = await upFails(['--home', freshHome(), '--port', String(taken)]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`invalid --port ${taken}: another program listens there`);

    needsDashboard(context);
    await listen(4000).catch(() => {});
    const one = up(freshHome(), '--no-worker');
    expect((await one.says(/port 4000 is taken by another program: using (\d+)/))[1]).not.toBe('4000');
    await one.says(/Smallbatch is at http:\/\/localhost:(?!4000)\d+/);
    one.process.kill('SIGTERM');
    expect((await one.ended).code).toBe(0);
  }, 90_000);

  test.each([
    [
      'postgresql://nobody@127.0.0.1:9/x',
      /unreachable PostgreSQL at postgresql:\/\/nobody@127\.0\.0\.1:9\/x/,
    ],
    ['mysql://x', /invalid .*DATABASE_URL|invalid database URL/i],
  ])('a wrong DATABASE_URL (%s) is one sentence and exit code 1', async (url, message) => {
    const { code, stderr } = await upFails(['--home', freshHome()], { DATABASE_URL: url });
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('a home that cannot be used, and an address that is none, are refused with the way out', async () => {
    const file = join(homes, 'a-file');
    writeFileSync(file, '');
    const home = await upFails(['--home', join(file, 'inside')]);
    expect(home.code).toBe(1);
    expect(home.stderr).toMatch(/invalid home \S+ \(ENOTDIR\): name a folder that you may write/);
    for (const address of ['example.org', '10.0.0', '[::1', '127.0.0.1:0', '127.0.0.1:70000']) {
      const wrong = await upFails(['--home', freshHome(), '--listen', address]);
      expect(wrong.code).toBe(2);
      expect(wrong.stderr).toMatch(/invalid --listen .*give localhost or an address such as 0\.0\.0\.0/);
    }
    const two = await upFails(['--home', freshHome(), '--listen', '127.0.0.1:4100', '--port', '4200']);
    expect(two).toMatchObject({ code: 2, stderr: expect.stringContaining('says another one') });
  });

  test('beyond loopback nothing starts before an owner may come, who then is let in, and nobody else', async (context) => {
    needsDashboard(context);
    const home = freshHome();
    for (const flags of [['--listen', '127.0.0.2'], ['--trust-proxy']]) {
      const refused = await upFails(['--home', home, ...flags]);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toMatch(/missing owner: .*npx smallbatch member add NAME --role owner/);
    }
    const at = `127.0.0.2:${await freePort()}`;
    const member = (...args: string[]) => smallbatch(['member', ...args, '--home', home], { env });
    const added = await member('add', 'Ada', '--role', 'owner', '--url', `http://${at}`);
    expect(added.stdout).toMatch(/^http:\/\/127\.0\.0\.2:\d+\/invitation#inv_[\w-]{43}\n$/);

    const one = up(home, '--listen', at, '--no-worker');
    await one.says(new RegExp(`Smallbatch is at http://${at}`));
    const url = `http://${at}`;
    expect(await ask(url, '{ datasets { name } }')).toBeNull();
    const secret = added.stdout.trim().split('#')[1];
    const form = { secret, name: 'Ada', email: 'ada@example.org', password: 'a mill of numbers' };
    const accepted = await fetch(`${url}/auth/invitation`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(form),
    });
    expect(accepted.status).toBe(200);
    const cookie = accepted.headers.getSetCookie()[0]!.split(';')[0]!;
    expect(await ask(url, '{ datasets { name } viewer { role } }', { cookie })).toEqual({
      datasets: [{ name: 'shapes' }, { name: 'shapes-hard' }],
      viewer: { role: 'OWNER' },
    });
    expect(await ask(url, '{ tokens { name revokedAt } }', { cookie })).toEqual({
      tokens: [
        { name: 'set-up of smallbatch up', revokedAt: expect.anything() },
        { name: 'workers of smallbatch up', revokedAt: null },
      ],
    });
    // The database that runs is found, for an owner who forgot the password.
    const reset = await member('reset', 'ada', '--database');
    expect(reset.stdout).toMatch(/\/password#pwl_/);
    one.process.kill('SIGTERM');
    expect((await one.ended).code).toBe(0);
  }, 120_000);
});
