import type { Reporter } from 'vitest/node';
import { type Report, writeReport } from './report.ts';

/** A file that cannot be loaded, and an error outside every test, count as one failed test each. */
export default class VitestReport implements Reporter {
  onTestRunEnd: Reporter['onTestRunEnd'] = (modules, unhandledErrors) => {
    const report: Report = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) {
      report.failed += module.errors().length;
      for (const suite of module.children.allSuites()) report.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') report.passed++;
        else if (result.state === 'failed') report.failed++;
        else {
          const reason = result.state === 'skipped' ? (result.note ?? '') : 'it never ran';
          report.skipped.push({ test: `${module.relativeModuleId} › ${test.fullName}`, reason });
        }
      }
    }
    writeReport(report);
  };
}
