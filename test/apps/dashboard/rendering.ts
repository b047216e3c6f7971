import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { browser } from '../../browser.ts';

const found = browser();
const folder = dirname(found.executablePath);

/**
 * Pictures can be compared only where the browser and its fonts are those that they were made with: the Chromium of the npm package,
 * whatever the system has. Undefined there, else why not.
 */
export const OTHER_BROWSER = /[\\/]\.setup[\\/]chromium-/.test(folder)
  ? undefined
  : `pictures are compared in the Chromium of the npm package alone; this machine uses ${found.executablePath}`;

/** The package's fonts and no other, whatever the system has beside; letters in shades of grey, not of a screen's colours. */
export const SAME_EVERYWHERE = {
  executablePath: found.executablePath,
  args: [
    ...found.args,
    '--font-render-hinting=none',
    '--disable-lcd-text',
    '--force-color-profile=srgb',
    '--hide-scrollbars',
  ],
  env: { ...found.env, ...(OTHER_BROWSER ? {} : { FONTCONFIG_FILE: onlyItsFonts() }) },
};

function onlyItsFonts(): string {
  const file = join(folder, 'fonts/only.conf');
  writeFileSync(
    file,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>${folder}/fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>\n`,
  );
  return file;
}
