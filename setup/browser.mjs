// Finds a Chromium for the tests; run by itself it prints { executablePath, env } as JSON.

import { spawn, spawnSync } from 'node:child_process';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { chmod } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';
import { root } from './command.mjs';
import { SetupError, step } from './step.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const APPLICATIONS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** A browser that CHROME_PATH names, that the system has, or the one inside the npm package, unpacked once. */
export async function ensureBrowser() {
  const found = findBrowser();
  if (found) return found;
  const folder = join(root, 'node_modules/@sparticuz/chromium/bin');
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync(folder)) {
    throw new SetupError('missing browser: install Chromium or Chrome, or name one in CHROME_PATH.');
  }
  const target = packaged();
  await step('unpack Chromium for the tests', async () => {
    const aside = `${target.folder}.${process.pid}`;
    rmSync(aside, { recursive: true, force: true });
    mkdirSync(aside, { recursive: true });
    await pipeline(
      createReadStream(join(folder, 'chromium.br')),
      createBrotliDecompress(),
      createWriteStream(join(aside, 'chromium')),
    );
    await chmod(join(aside, 'chromium'), 0o755);
    // Fonts, the software GPU, and the NSS libraries for systems that lack them.
    for (const name of ['fonts', 'swiftshader', 'al2023']) await untar(join(folder, `${name}.tar.br`), aside);
    // Its Fontconfig file expects Amazon's folders: name ours instead.
    mkdirSync(join(aside, 'fonts'), { recursive: true });
    writeFileSync(
      join(aside, 'fonts/fonts.conf'),
      `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>/usr/share/fonts</dir><dir>${target.folder}/fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>\n`,
    );
    rmSync(target.folder, { recursive: true, force: true });
    renameSync(aside, target.folder);
  });
  return target.browser;
}

function findBrowser() {
  const named = process.env.CHROME_PATH;
  if (named) {
    if (existsSync(named)) return { executablePath: named, env: {} };
    throw new SetupError(`invalid CHROME_PATH: there is no ${named}.`);
  }
  for (const name of NAMES) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      if (folder && existsSync(join(folder, name))) return { executablePath: join(folder, name), env: {} };
    }
  }
  const application = APPLICATIONS.find((path) => existsSync(path));
  if (application) return { executablePath: application, env: {} };
  const target = packaged();
  return existsSync(target.browser.executablePath) ? target.browser : null;
}

function packaged() {
  const manifest = join(root, 'node_modules/@sparticuz/chromium/package.json');
  const version = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : 'none';
  const folder = join(root, '.setup', `chromium-${version}`);
  const libraries = hasNss() ? [] : [join(folder, 'lib')];
  const path = [...libraries, process.env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter);
  return {
    folder,
    browser: {
      executablePath: join(folder, 'chromium'),
      env: { ...(path ? { LD_LIBRARY_PATH: path } : {}), FONTCONFIG_FILE: join(folder, 'fonts/fonts.conf') },
    },
  };
}

function hasNss() {
  const listed = spawnSync('ldconfig', ['-p'], {
    encoding: 'utf8',
    env: { PATH: `${process.env.PATH}:/sbin:/usr/sbin` },
  });
  return ['libnss3.so', 'libnspr4.so'].every((name) => listed.stdout?.includes(name));
}

function untar(archive, into) {
  const tar = spawn('tar', ['-x', '-C', into], { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  tar.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const ended = new Promise((done, failed) => {
    tar.on('error', failed);
    tar.on('close', (code) =>
      code === 0 ? done() : failed(new SetupError(`tar could not unpack ${archive}: ${said}`)),
    );
  });
  // tar leaves at the end of the archive, before the padding behind it is read; its exit code says whether all was well.
  const fed = pipeline(createReadStream(archive), createBrotliDecompress(), tar.stdin).catch((error) => {
    if (!['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(error.code)) throw error;
  });
  return Promise.all([fed, ended]);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(JSON.stringify(await ensureBrowser()));
}
