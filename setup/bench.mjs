// npm run bench -- NAME [--json FILE]: a table with medians and spread; one JSON line a row in FILE.
import { checkNode } from './node.mjs';

checkNode();
const { appendFileSync, writeFileSync } = await import('node:fs');
const { parseArgs } = await import('node:util');

/** Each bench by its name: loads what it measures, then runs it; `row` takes one measured row. */
const benches = {
  trainer: async (row) => {
    const { benchTrainer } = await import('../packages/trainer/dist/index.js');
    return benchTrainer({}, row);
  },
  query: async (row) => {
    const { benchQuery } = await fromSource('./bench/query.ts');
    return benchQuery(row);
  },
  dashboard: async (row) => {
    const { benchDashboard } = await fromSource('./bench/dashboard.ts');
    return benchDashboard(row);
  },
  'sign-in': async (row) => {
    const { benchSignIn } = await fromSource('./bench/sign-in.ts');
    return benchSignIn(row);
  },
  backup: async (row) => {
    const { benchBackup } = await fromSource('./bench/backup.ts');
    return benchBackup(row);
  },
  ingest: async (row) => {
    const { benchIngest } = await import('./bench/ingest.mjs');
    return benchIngest({}, row);
  },
};

/** A bench that is no part of the built product. */
async function fromSource(path) {
  const { register } = await import('tsx/esm/api');
  register();
  return import(path);
}

const { positionals, values } = readArguments();
const bench = benches[positionals[0]];
const { ensureSetup } = await import('./setup.mjs');
await ensureSetup({ browser: positionals[0] === 'dashboard' });

const file = values.json;
if (file) writeFileSync(file, '');
printLine(['case', 'median', 'unit', 'min', 'max', 'n', 'limit', 'of limit']);
await bench((row) => {
  if (file) appendFileSync(file, `${JSON.stringify(row)}\n`);
  printLine([
    row.case,
    number(row.value),
    row.unit,
    number(row.min),
    number(row.max),
    row.n,
    number(row.limit),
    row.limit ? (row.value / row.limit).toFixed(2) : '',
  ]);
});

function readArguments() {
  const known = Object.keys(benches).join(', ');
  const usage = (why) => {
    console.error(`${why}\nUse: npm run bench -- NAME [--json FILE], NAME one of: ${known}`);
    process.exit(2);
  };
  try {
    const read = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
    const [name] = read.positionals;
    if (name === undefined) usage('missing bench name');
    if (!Object.hasOwn(benches, name)) usage(`unknown bench "${name}"`);
    if (read.positionals.length > 1) usage(`invalid arguments: ${read.positionals.slice(1).join(' ')}`);
    return read;
  } catch (error) {
    return usage(error.message);
  }
}

function printLine([name, ...cells]) {
  console.log([String(name).padEnd(56), ...cells.map((cell) => String(cell ?? '').padStart(10))].join(' '));
}

function number(value) {
  if (typeof value !== 'number') return '';
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
