import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SetupError } from './step.mjs';

export const root = resolve(import.meta.dirname, '..');

/** What no child of the set-up may do on its own: report home, or ask questions. */
export const quiet = {
  NEXT_TELEMETRY_DISABLED: '1',
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
  CHECKPOINT_DISABLE: '1',
  PRISMA_HIDE_UPDATE_MESSAGE: '1',
};

/**
 * Runs a program to its end and keeps what it says for the case that it fails: then the last lines are shown, with the
 * command to repeat it.
 */
export function command(program, args, { cwd = root, env = {} } = {}) {
  return new Promise((done, failed) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...quiet, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    const keep = (chunk) => {
      said += chunk;
      if (said.length > 200_000) said = `${said.slice(0, 20_000)}\n…\n${said.slice(-20_000)}`;
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => failed(new SetupError(`Cannot run ${program}: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) return done(said);
      const last = ends(said.trimEnd().split('\n'));
      failed(
        new SetupError(
          `${last}\n\n"${[program, ...args].join(' ')}" in ${cwd} ended with ${signal ?? `code ${code}`}.`,
        ),
      );
    });
  });
}

/** npm says what is wrong first and how npm is used after it; others say it last. */
function ends(lines) {
  return (lines.length <= 45 ? lines : [...lines.slice(0, 20), '…', ...lines.slice(-25)]).join('\n');
}

/** npm as the one that runs us does it; else the npm of the path. */
export function npm(args) {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('.js') && existsSync(cli)
    ? command(process.execPath, [cli, ...args])
    : command('npm', args);
}

/** A program of node_modules by the path of its script, so that no shell and no npx is in between. */
export function tool(script, args, options) {
  return command(process.execPath, [join(root, 'node_modules', script), ...args], options);
}
