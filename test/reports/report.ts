import { writeFileSync } from 'node:fs';

/** What one test runner hands to setup/test.mjs, which sums them up. */
export interface Report {
  passed: number;
  failed: number;
  skipped: { test: string; reason: string }[];
}

/** Writes to the file that SMALLBATCH_TEST_REPORT names; run by hand, without it, there is nothing to sum up. */
export function writeReport(report: Report): void {
  const file = process.env.SMALLBATCH_TEST_REPORT;
  if (file) writeFileSync(file, JSON.stringify(report));
}
