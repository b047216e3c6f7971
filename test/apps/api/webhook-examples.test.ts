import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { receiver } from './receiver.ts';
import { testApi } from './server.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../../docs/webhooks.md'), 'utf8');
const block = (language: string): string => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(page)![1]!;
// Within the packages, so that Node finds them.
const folder = mkdtempSync(resolve(import.meta.dirname, '../../../node_modules/.webhooks-'));
afterAll(() => rmSync(folder, { recursive: true }));
const own = await testApi({ webhooks: { allowPrivate: true, everyMs: 40 } });

const PYTHON =
  'import sys\ngiven = json.load(sys.stdin)\nprint(read(given["secret"], given["headers"], given["body"].encode())["id"])';
const NODE =
  "import { readFileSync } from 'node:fs';\nconst { secret, headers, body } = JSON.parse(readFileSync(0, 'utf8'));\nconsole.log(read(secret, headers, body).id);";
const RUNS = [
  ['python', 'read.py', PYTHON, 'python3'],
  ['js', 'read.mjs', NODE, process.execPath],
] as const;

test.each(RUNS)(
  'the example in %s takes what is from us, and refuses all else',
  async (language, name, more, command) => {
    const to = await receiver();
    const ask = async (text: string) => (await own.ask(text)).data;
    const { addWebhook } = await ask(
      `mutation { addWebhook(url: "${to.url}", kinds: [MENTIONED]) { ... on WebhookAdded { secret webhook { id } } } }`,
    );
    // Signed with two secrets, of which the receiver knows the one before.
    await ask(`mutation { rotateWebhook(id: "${addWebhook.webhook.id}") { __typename } }`);
    await ask(`mutation { testWebhook(id: "${addWebhook.webhook.id}") { __typename } }`);
    await expect.poll(() => to.got.length, { timeout: 8000 }).toBe(1);
    const { headers, body } = to.got[0]!;
    writeFileSync(join(folder, name), `${block(language)}\n${more}\n`);
    const read = (given: { secret: string; headers: Record<string, string>; body: string }) => {
      const { status, stdout, stderr } = spawnSync(command, [join(folder, name)], {
        input: JSON.stringify(given),
        encoding: 'utf8',
      });
      return status === 0 ? stdout.trim() : stderr;
    };
    const { secret } = addWebhook;
    expect(read({ secret, headers, body })).toBe(headers['webhook-id']);
    const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    expect(read({ secret: other, headers, body })).toMatch(/not from us|No matching signature/);
    expect(read({ secret, headers, body: body.replace('"', ' "') })).toMatch(
      /not from us|No matching signature/,
    );
    const past = { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 600) };
    expect(read({ secret, headers: past, body })).toMatch(/too old/);
  },
  60_000,
);
