import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

interface Browser {
  executablePath: string;
  args: string[];
  env: Record<string, string>;
}

/**
 * The browser of the tests: what CHROME_PATH names, what the system has, or the one inside npm's package, unpacked when
 * it is not yet. As Playwright's `launchOptions`. As root Chromium needs to do without its sandbox.
 */
export function browser(): Browser {
  const script = join(import.meta.dirname, '../setup/browser.mjs');
  const found = execFileSync(process.execPath, [script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { executablePath, env } = JSON.parse(found) as {
    executablePath: string;
    env: Record<string, string>;
  };
  const inherited = Object.entries(process.env).filter(
    (one): one is [string, string] => one[1] !== undefined,
  );
  return {
    executablePath,
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    env: { ...Object.fromEntries(inherited), ...env },
  };
}
