// npm start: all set-up, then everything on one machine. Flags after `--` go to `smallbatch up`.
import { checkNode } from './node.mjs';

checkNode();
const { ensureSetup } = await import('./setup.mjs');
const main = new URL('../apps/cli/dist/main.js', import.meta.url);
const flags = process.argv.slice(2);
if (!flags.includes('--help')) await ensureSetup();
// In this same process, not a child of it: who kills it kills what watches all the others.
process.argv = [process.execPath, main.pathname, 'up', ...flags];
await import(main.href);
