import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from '@playwright/test';
import { SAME_EVERYWHERE } from '../test/apps/dashboard/rendering.ts';
import { startUp } from '../test/end-to-end/smallbatch.ts';

const FOLDER = join(import.meta.dirname, '../docs');

/** Pictures of the readme: of the demo sweep as `npm start` trains it, to its end. Takes some minutes of all cores. */
export async function takePictures(): Promise<void> {
  const own = await startUp();
  const browser = await chromium.launch({ headless: true, ...SAME_EVERYWHERE });
  try {
    for (;;) {
      const { sweep } = await own.ask<{ sweep: { status: string } }>('{ sweep(key: "demo-1") { status } }');
      if (sweep.status === 'DONE') break;
      await sleep(2000);
    }
    const page = await browser.newPage({
      viewport: { width: 1280, height: 900 },
      colorScheme: 'light',
      locale: 'en-GB',
      timezoneId: 'UTC',
    });
    const bn = (eq: boolean): string => encodeURIComponent(JSON.stringify({ batchNorm: { eq } }));
    for (const [name, path] of [
      ['explore', '/'],
      ['sweep', '/sweeps/demo-1'],
      ['compare', `/compare?a=${bn(true)}&b=${bn(false)}`],
      ['runs', '/runs'],
    ] as const) {
      await page.goto(`${own.url}${path}`);
      await page.waitForLoadState('networkidle');
      await page.screenshot({ path: join(FOLDER, `${name}.png`) });
    }
  } finally {
    await browser.close();
    await own.stop();
  }
}
