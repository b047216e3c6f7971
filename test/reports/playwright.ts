import { relative } from 'node:path';
import type { FullConfig, FullResult, Reporter, Suite, TestError } from '@playwright/test/reporter';
import { firstLine, type Report, writeReport } from './report.ts';

/** A test that passes only when tried again counts as failed. */
export default class PlaywrightReport implements Reporter {
  private all: Suite | undefined;
  private readonly errors: Report['failed'] = [];

  onBegin(_config: FullConfig, suite: Suite): void {
    this.all = suite;
  }

  onError(error: TestError): void {
    this.errors.push({ test: 'outside of any test', reason: firstLine(error.message) });
  }

  onEnd(_result: FullResult): void {
    const report: Report = { passed: 0, failed: [...this.errors], skipped: [] };
    for (const test of this.all?.allTests() ?? []) {
      const outcome = test.outcome();
      const name = `${relative(process.cwd(), test.location.file)} › ${test.titlePath().slice(3).join(' › ')}`;
      if (outcome === 'expected') report.passed++;
      else if (outcome === 'skipped') {
        const reason =
          test.annotations.find(({ type }) => type === 'skip' || type === 'fixme')?.description ?? '';
        report.skipped.push({ test: name, reason });
      } else report.failed.push({ test: name, reason: firstLine(test.results.at(-1)?.error?.message) });
    }
    writeReport(report);
  }

  printsToStdio(): boolean {
    return false;
  }
}
