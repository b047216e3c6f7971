// npm run screenshots: the pictures that test/apps/dashboard/screenshots.spec.ts compares with, and those of docs/, made anew.
// Look at them before you commit them.
import { checkNode } from './node.mjs';

checkNode();
const { ensureSetup } = await import('./setup.mjs');
const { tool } = await import('./command.mjs');
const { step } = await import('./step.mjs');

await ensureSetup({ browser: true });
const spec = 'test/apps/dashboard/screenshots.spec.ts';
await step(`draw test/apps/dashboard/screenshots (those that changed beyond the tolerance)`, () =>
  tool('@playwright/test/cli.js', ['test', spec, '--update-snapshots=changed']),
);
const { register } = await import('tsx/esm/api');
register();
const { takePictures } = await import('./pictures.ts');
await step('train the demo and draw docs/*.png of it', takePictures);
