/// <reference lib="dom" />

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, type Page, test } from '@playwright/test';
import { type Dashboard, openDashboard } from './dashboard.ts';
import { fillSweep } from './filled-sweep.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RUNS = 3120;

let full: Dashboard;
let empty: Dashboard;
test.beforeAll(async () => {
  test.setTimeout(180_000);
  full = await openDashboard({ runs: RUNS, curves: true });
  await fillSweep(full);
  empty = await openDashboard();
});
test.afterAll(async () => {
  await full?.stop();
  await empty?.stop();
});

const json = (value: object): string => encodeURIComponent(JSON.stringify(value));
const bn = (eq: boolean) => ({ batchNorm: { eq } });

/** Every route, each kind of chart, and addresses that name nothing. */
const ROUTES = [
  '/',
  '/?chart=heat',
  '/?chart=seeds',
  '/?chart=pareto',
  '/?chart=importance',
  '/?chart=parallel',
  '/?tables=cifar10',
  '/pivot',
  '/compare',
  `/compare?a=${json(bn(true))}&b=${json(bn(false))}`,
  '/sweeps',
  '/sweeps/grid-1',
  '/sweeps/new',
  '/runs',
  `/runs?where=${json({ or: [bn(true), { batchSize: { gte: 64 } }] })}`,
  '/runs/run-0',
  '/team',
  '/audit',
  '/audit?outcome=REFUSED&since=2020-01-01',
  '/graphiql',
  '/sweeps/nothing',
  '/runs/nothing',
  '/nothing',
];
const EMPTY_ROUTES = ['/', '/pivot', '/compare', '/sweeps', '/sweeps/new', '/runs', '/team', '/audit'];

interface Finding {
  readonly id: string;
  readonly nodes: readonly string[];
}
const COLOURS = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };
/** What axe finds serious or critical in both themes: by all of its rules, and where the same page is dark by those of colours. */
async function findingsInBoth(page: Page): Promise<{ light: Finding[]; dark: Finding[] }> {
  await page.evaluate(axe);
  const light = await findings(page, {});
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
  // Colours on their way from one theme to the other are of neither.
  await page.waitForFunction(() =>
    document.getAnimations().every((one) => !(one instanceof CSSTransition) || one.playState !== 'running'),
  );
  return { light, dark: await findings(page, { runOnly: COLOURS }) };
}

async function findings(page: Page, options: object): Promise<Finding[]> {
  return page.evaluate(async (options) => {
    const { axe } = window as never as {
      axe: {
        run(options: object): Promise<{
          violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
        }>;
      };
    };
    const { violations } = await axe.run({ resultTypes: ['violations'], ...options });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => ({
        id,
        nodes: nodes.map(({ html, failureSummary }) => `${html.slice(0, 300)} ${failureSummary}`),
      }));
  }, options);
}

/** Requests to other origins, broken rules of the content security policy, errors of the page: none may happen. */
function watch(page: Page, origin: string): { none(): void } {
  const faults: string[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.origin !== origin) faults.push(`asked ${request.url()}`);
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // A page that is not there says so with its status.
    if (message.type() === 'error' && !/status of 404/.test(message.text())) faults.push(message.text());
  });
  return { none: () => expect(faults.splice(0)).toEqual([]) };
}

async function open(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await expect(page.getByRole('status').filter({ hasText: 'Loading' })).toHaveCount(0);
  if (url.endsWith('/graphiql')) await expect(page.locator('.graphiql-container')).toBeVisible();
  await page.evaluate(() => document.fonts.ready);
  // What a page asks for once it is there is drawn by then.
  await page.waitForLoadState('networkidle');
}

const pageIsNoWiderThan = async (page: Page, width: number, height: number, path: string): Promise<void> => {
  await page.setViewportSize({ width, height });
  await expect
    .poll(() => page.evaluate(() => document.documentElement.scrollWidth), {
      message: `${path} at ${width} px`,
    })
    .toBeLessThanOrEqual(width);
};

for (const [team, routes] of [
  ['a team with runs', ROUTES],
  ['an empty team', EMPTY_ROUTES],
] as const)
  for (const path of routes)
    test(`${path} of ${team} has no serious accessibility finding in light and dark, keeps to its origin and its policy, and fits a narrow screen`, async ({
      page,
    }) => {
      const own = routes === ROUTES ? full : empty;
      const faults = watch(page, own.url);
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
      await open(page, `${own.url}${path}`);
      // GraphiQL is not ours to mend.
      if (path !== '/graphiql') {
        expect(await findingsInBoth(page), path).toEqual({ light: [], dark: [] });
        await pageIsNoWiderThan(page, 390, 844, path);
        // 200 % zoom: half of the window's pixels.
        await pageIsNoWiderThan(page, 640, 450, path);
      }
      faults.none();
    });

const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();
const DIALOGS: readonly (readonly [
  name: string,
  path: string,
  open: readonly ((page: Page) => Promise<unknown>)[],
])[] = [
  ['the palette', '/', [(page) => page.keyboard.press('Control+k')]],
  ['the keys', '/', [(page) => page.keyboard.press('?')]],
  ['the filter editor', '/runs', [press(/^Runs: /)]],
  ['saving a view', '/runs', [press('Saved views'), press('Save as …')]],
  ['the columns', '/runs', [press('Columns and order')]],
  [
    'deleting runs',
    '/runs',
    [
      (page) =>
        page
          .getByLabel(/^Choose (grid|run)-/)
          .first()
          .check(),
      press('Delete …'),
    ],
  ],
  ['cancelling a sweep', '/sweeps/grid-1', [press('Cancel …')]],
];
for (const [name, path, steps] of DIALOGS)
  test(`${name} has no serious accessibility finding, has the focus, and Escape closes it`, async ({
    page,
  }) => {
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    await open(page, `${full.url}${path}`);
    for (const step of steps) await step(page);
    const dialog = page.getByRole('dialog').last();
    await expect(dialog).toBeVisible();
    await expect
      .poll(() => dialog.evaluate((element) => element.contains(document.activeElement)))
      .toBe(true);
    expect(await findingsInBoth(page), name).toEqual({ light: [], dark: [] });
    await page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);
  });

for (const path of ['/', '/runs', '/sweeps/grid-1', '/compare'])
  test(`Tab reaches the controls of ${path} one after the other, and each shows that it has the focus`, async ({
    page,
  }) => {
    await open(page, `${full.url}${path}`);
    const reached = new Set<string>();
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
        const box = element.getBoundingClientRect();
        return {
          name: `${element.tagName} ${element.getAttribute('aria-label') ?? element.textContent?.slice(0, 40)}`,
          inside: element !== document.body,
          // A field shows it by its border, which the kit colours.
          shown:
            (outlineStyle !== 'none' && outlineWidth !== '0px') ||
            boxShadow !== 'none' ||
            element.matches('input, textarea'),
          there: box.width > 0 && box.height > 0,
        };
      });
      if (!at.inside) break;
      reached.add(at.name);
      expect(at, at.name).toMatchObject({ shown: true, there: true });
    }
    expect(reached.size).toBeGreaterThan(12);
  });
