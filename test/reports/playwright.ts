import { relative } from 'node:path';
import type { FullConfig, FullResult, Reporter, Suite, TestError } from '@playwright/test/reporter';
import { type Report, writeReport } from './report.ts';

/** A test that passes only when tried again counts as failed. */
export default class PlaywrightReport implements Reporter {
  private all: Suite | undefined;
  private errors = 0;

  onBegin(_config: FullConfig, suite: Suite): void {
    this.all = suite;
  }

  onError(_error: TestError): void {
    this.errors++;
  }

  onEnd(_result: FullResult): void {
    const report: Report = { passed: 0, failed: this.errors, skipped: [] };
    for (const test of this.all?.allTests() ?? []) {
      const outcome = test.outcome();
      if (outcome === 'expected') report.passed++;
      else if (outcome === 'skipped') {
        const reason =
          test.annotations.find(({ type }) => type === 'skip' || type === 'fixme')?.description ?? '';
        const name = test.titlePath().slice(3).join(' › ');
        report.skipped.push({ test: `${relative(process.cwd(), test.location.file)} › ${name}`, reason });
      } else report.failed++;
    }
    writeReport(report);
  }

  printsToStdio(): boolean {
    return false;
  }
}
