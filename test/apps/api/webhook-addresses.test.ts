import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { receiver } from './receiver.ts';
import { type Answer, testApi } from './server.ts';

const asked: string[] = [];
let answers: string[] = [];
const own = await testApi({
  webhooks: {
    everyMs: 40,
    pauses: [0.05],
    timeoutMs: 2000,
    resolve: (host, _options, done) => {
      asked.push(host);
      done(
        null,
        answers.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    },
  },
});
const ask = async (text: string): Promise<Answer> => {
  const { data, errors } = await own.ask(text);
  expect(errors).toEqual([]);
  return data;
};

/** Sends a test to a name that leads to these addresses as the connection is made. → what became of it, and the connections to this machine. */
async function sendTo(addresses: string[]) {
  const here = await receiver();
  answers = addresses;
  asked.length = 0;
  const url = `https://rebind.example.org:${new URL(here.url).port}/`;
  const { addWebhook } = await ask(
    `mutation { addWebhook(url: "${url}", kinds: [MENTIONED]) { ... on WebhookAdded { webhook { id } } } }`,
  );
  const { id } = addWebhook.webhook;
  await ask(`mutation { testWebhook(id: "${id}") { __typename } }`);
  for (;;) {
    const { webhooks } = await ask('{ webhooks { deliveries { status tries error } } }');
    const [one] = webhooks[0].deliveries;
    if (one.status === 'WAITING') await sleep(25);
    else {
      await ask(`mutation { removeWebhook(id: "${id}") { __typename } }`);
      return { ...one, connections: here.connections, looked: asked.length };
    }
  }
}

test.each([
  [['127.0.0.1']],
  [['::1']],
  [['::ffff:127.0.0.1']],
  [['10.0.0.1']],
  [['169.254.169.254']],
  // One of the two would be enough for an attacker.
  [['93.184.215.14', '127.0.0.1']],
])('a name that leads to %j when the connection is made opens none', async (addresses) => {
  expect(await sendTo(addresses)).toEqual({
    status: 'GIVEN_UP',
    tries: 2,
    error: `rebind.example.org leads to ${addresses.at(-1)}, of this machine or a private network: the operator may allow it (SMALLBATCH_WEBHOOK_PRIVATE=1)`,
    connections: 0,
    // Once a try: there is no second look that could say something else.
    looked: 2,
  });
});

test('an address that was written into the database past the check opens none either', async () => {
  const here = await receiver();
  const { addWebhook } = await ask(
    'mutation { addWebhook(url: "https://hooks.example.org/", kinds: [MENTIONED]) { ... on WebhookAdded { webhook { id } } } }',
  );
  const { id } = addWebhook.webhook;
  const { port } = new URL(here.url);
  for (const [url, why] of [
    [`https://127.0.0.1:${port}/`, '127.0.0.1 leads to 127.0.0.1'],
    [`http://rebind.example.org:${port}/`, 'http: is not allowed'],
  ] as const) {
    await own.asOwner('UPDATE webhook SET url = $1', [url]);
    await ask(`mutation { testWebhook(id: "${id}") { __typename } }`);
    for (;;) {
      const { webhooks } = await ask('{ webhooks { deliveries { status error } } }');
      const [{ status, error }] = webhooks[0].deliveries;
      if (status === 'WAITING') await sleep(25);
      else {
        expect(error).toContain(why);
        break;
      }
    }
  }
  expect(here.connections).toBe(0);
});
