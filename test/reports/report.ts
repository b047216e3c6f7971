import { writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

/** What one test runner hands to setup/test.mjs, which sums them up. */
export interface Report {
  passed: number;
  /** Told again at the end, where nobody has to search a long output for them. */
  failed: { test: string; reason: string }[];
  skipped: { test: string; reason: string }[];
}

/** Writes to the file that SMALLBATCH_TEST_REPORT names; run by hand, without it, there is nothing to sum up. */
export function writeReport(report: Report): void {
  const file = process.env.SMALLBATCH_TEST_REPORT;
  if (file) writeFileSync(file, JSON.stringify(report));
}

export const firstLine = (message: string | undefined): string =>
  stripVTControlCharacters(message ?? 'it says nothing')
    .trim()
    .split('\n', 1)[0]!;
