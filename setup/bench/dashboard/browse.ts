import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, type BrowserContext, chromium, type Page } from '@playwright/test';
import { browser } from '../../../test/browser.ts';

export const SCREEN = { viewport: { width: 1280, height: 900 }, locale: 'en-GB' };

export const launch = (): Promise<Browser> => chromium.launch({ headless: true, ...browser() });

/**
 * A visit to an address, until `drawn` (an expression, looked at in every frame) is true and that frame has been painted.
 * → milliseconds since the navigation began.
 */
export async function visit(
  context: BrowserContext,
  url: string,
  drawn: string,
): Promise<{ page: Page; ms: number }> {
  const page = await context.newPage();
  await page.addInitScript(`window.bench = ${until(drawn)};`);
  await page.goto(url, { waitUntil: 'commit' });
  return { page, ms: await page.evaluate<number>('window.bench') };
}

/** From the last click, key or choice that `act` makes until `drawn` is true and painted. It must not be true before. */
export async function change(page: Page, act: () => Promise<unknown>, drawn: string): Promise<number> {
  if (await page.evaluate<boolean>(drawn)) throw new Error(`true before anything changed: ${drawn}`);
  await page.evaluate(`(() => {
    for (const kind of ['click', 'keydown', 'change']) addEventListener(kind, (event) => { window.benchActed = event.timeStamp; }, true);
    window.bench = ${until(drawn)};
  })()`);
  await act();
  return page.evaluate<number>('window.bench.then((ms) => ms - window.benchActed)');
}

/** A promise of the moment when a frame with `drawn` true has been painted: the first task after a frame's callbacks comes after its painting. */
const until = (drawn: string): string => `new Promise((resolve) => {
  const painted = () => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve(performance.now());
    port2.postMessage(0);
  };
  const look = () => {
    let there = false;
    try { there = Boolean(${drawn}); } catch {}
    if (there) painted();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})`;

/** Times between frames during `seconds`, while the script `every` (if any) runs in each of them. */
export const frames = (page: Page, seconds: number, every = ''): Promise<number[]> =>
  page.evaluate<number[]>(`new Promise((resolve) => {
    const deltas = [];
    let last;
    const begin = performance.now();
    const frame = (now) => {
      if (last !== undefined) deltas.push(now - last);
      last = now;
      if (now - begin > ${seconds * 1000}) return resolve(deltas);
      ${every}
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  })`);

/** Bytes of JavaScript objects that are alive, and of what lies outside the heap for them: the numbers of typed arrays. */
export async function heap(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  try {
    for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage');
    const usage = (await session.send('Runtime.getHeapUsage')) as {
      usedSize: number;
      backingStorageSize: number;
    };
    return usage.usedSize + usage.backingStorageSize;
  } finally {
    await session.detach();
  }
}

/** What a first visit transfers, by kind, as it came over the wire. */
export interface Weight {
  readonly bytes: Readonly<Record<string, number>>;
  readonly requests: number;
  /** Kinds of answers that came uncompressed although they are worth it. */
  readonly plain: readonly string[];
}

export async function weigh(browser: Browser, url: string, drawn: string): Promise<Weight> {
  const context = await browser.newContext(SCREEN);
  try {
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    const kinds = new Map<string, string>();
    const bytes: Record<string, number> = {};
    const plain = new Set<string>();
    session.on('Network.responseReceived', ({ requestId, type, response }) => {
      const { pathname } = new URL(response.url);
      kinds.set(requestId, pathname === '/graphql' ? 'GraphQL' : type);
      const encoding = Object.entries(response.headers).find(
        ([name]) => name.toLowerCase() === 'content-encoding',
      );
      if (!encoding && /javascript|css|html|json/.test(response.mimeType))
        plain.add(pathname === '/graphql' ? 'GraphQL' : type);
    });
    let requests = 0;
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      const kind = kinds.get(requestId) ?? 'Other';
      bytes[kind] = (bytes[kind] ?? 0) + encodedDataLength;
      requests++;
    });
    await page.addInitScript(`window.bench = ${until(drawn)};`);
    await page.goto(url, { waitUntil: 'commit' });
    await page.evaluate('window.bench');
    // What is asked for once the view is there.
    await sleep(2000);
    return { bytes, requests, plain: [...plain] };
  } finally {
    await context.close();
  }
}
