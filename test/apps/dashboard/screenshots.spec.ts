import { expect, type Page, test } from '@playwright/test';
import { type Dashboard, openDashboard } from './dashboard.ts';
import { fillSweep } from './filled-sweep.ts';
import { OTHER_BROWSER, SAME_EVERYWHERE } from './rendering.ts';

// `npm run screenshots` makes them anew.
test.skip(OTHER_BROWSER !== undefined, OTHER_BROWSER);
test.use({
  launchOptions: SAME_EVERYWHERE,
  viewport: { width: 1280, height: 900 },
  timezoneId: 'UTC',
  contextOptions: { reducedMotion: 'reduce' },
});

/**
 * The same browser and fonts draw the same picture on any machine but for the last bit of a blended edge, as processors differ in how
 * they round. This is 0.2 % of the pixels, about two words of text: a line of a chart or a control that moved is more.
 */
const TOLERANCE = { maxDiffPixelRatio: 0.002, animations: 'disabled', caret: 'hide' } as const;
const NOW = '2025-03-01T15:00:00Z';

let own: Dashboard;
test.beforeAll(async () => {
  own = await openDashboard({ runs: 3120, curves: true });
  await fillSweep(own);
  await own.asOwner(atOnce);
});
test.afterAll(() => own?.stop());

/** Times that depend on the moment, and the owner's name, which is the machine's, are set to fixed ones. */
const atOnce = `SET session_replication_role = replica;
  UPDATE account SET name = 'anna' WHERE id = (SELECT account_id FROM member WHERE role = 'OWNER');
  UPDATE member SET key = 'anna' WHERE role = 'OWNER';
  DELETE FROM event WHERE run_id IS NOT NULL;
  UPDATE dataset SET created_at = '2025-03-01T12:00Z';
  UPDATE event SET at = '2025-03-01T13:00Z';
  UPDATE audit_entry SET at = '2025-03-01T13:00Z', who = 'anna';
  UPDATE run SET created_at = '2025-03-01T12:00Z'::timestamptz + make_interval(secs => (regexp_match(key, '\\d+$'))[1]::int), ended_at = CASE WHEN ended_at IS NOT NULL THEN '2025-03-01T14:00Z'::timestamptz END;
  UPDATE sweep SET created_at = '2025-03-01T13:00Z';
  UPDATE attempt SET started_at = '2025-03-01T13:30Z', ended_at = CASE WHEN ended_at IS NOT NULL THEN '2025-03-01T14:00Z'::timestamptz END;
  UPDATE worker SET started_at = '2025-03-01T13:00Z', last_seen_at = '2025-03-01T14:59Z'`;

const json = (value: object): string => encodeURIComponent(JSON.stringify(value));
const bn = (eq: boolean) => ({ batchNorm: { eq } });

const VIEWS: readonly (readonly [name: string, path: string, act?: (page: Page) => Promise<unknown>])[] = [
  ['explore', '/'],
  ['explore-table', '/?tables=cifar10'],
  ['heat', '/?chart=heat'],
  ['seeds', '/?chart=seeds'],
  ['pareto', '/?chart=pareto'],
  ['importance', '/?chart=importance'],
  ['parallel', `/?chart=parallel&where=${json({ dataset: { eq: 'svhn' } })}`],
  ['pivot', '/pivot'],
  ['compare', `/compare?a=${json(bn(true))}&b=${json(bn(false))}`],
  ['sweeps', '/sweeps'],
  ['sweep', '/sweeps/grid-1'],
  ['new-sweep', '/sweeps/new'],
  ['runs', '/runs'],
  ['run', '/runs/grid-1/9'],
  ['keys', '/', (page) => page.keyboard.press('?')],
  ['palette', '/', (page) => page.keyboard.press('Control+k')],
  ['team', '/team'],
  ['audit', '/audit'],
  ['nothing', '/runs/nothing'],
];

for (const [name, path, act] of VIEWS)
  test(`${name} looks as it did, in light and in dark`, async ({ page }) => {
    await page.clock.setFixedTime(NOW);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(`${own.url}${path}`);
    await expect(page.getByRole('status').filter({ hasText: 'Loading' })).toHaveCount(0);
    await page.waitForLoadState('networkidle');
    await expect(page.getByText(/on their way/)).toHaveCount(0);
    await page.waitForLoadState('networkidle');
    await act?.(page);
    await expect.soft(page).toHaveScreenshot(`${name}-light.png`, TOLERANCE);
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
    await expect.soft(page).toHaveScreenshot(`${name}-dark.png`, TOLERANCE);
  });
