import { defineConfig } from '@playwright/test';
import { browser } from './test/browser.ts';

export default defineConfig({
  testDir: 'test',
  globalSetup: './test/global-setup.ts',
  testMatch: '**/*.spec.ts',
  outputDir: 'test-results',
  // Two cores: the browser, the servers and the trainer share them.
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  // `npm run screenshots` draws them; a test never does.
  updateSnapshots: 'none',
  snapshotPathTemplate: '{testDir}/apps/dashboard/screenshots/{arg}{ext}',
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list'], ['./test/reports/playwright.ts']],
  use: {
    browserName: 'chromium',
    headless: true,
    locale: 'en-GB',
    launchOptions: browser(),
    screenshot: 'only-on-failure',
    // Recording each step takes longer than the step: only who looks for a fault asks for it.
    trace: process.env.SMALLBATCH_TRACE ? 'retain-on-failure' : 'off',
  },
});
