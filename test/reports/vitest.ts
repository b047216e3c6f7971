import type { Reporter } from 'vitest/node';
import { firstLine, type Report, writeReport } from './report.ts';

/** A file that cannot be loaded, and an error outside every test, count as one failed test each. */
export default class VitestReport implements Reporter {
  onTestRunEnd: Reporter['onTestRunEnd'] = (modules, unhandledErrors) => {
    const report: Report = { passed: 0, failed: [], skipped: [] };
    const fail = (test: string, errors: readonly { message: string }[]): void => {
      for (const { message } of errors) report.failed.push({ test, reason: firstLine(message) });
    };
    fail('outside of any test', unhandledErrors);
    for (const module of modules) {
      fail(module.relativeModuleId, module.errors());
      for (const suite of module.children.allSuites())
        fail(`${module.relativeModuleId} › ${suite.fullName}`, suite.errors());
      for (const one of module.children.allTests()) {
        const result = one.result();
        const test = `${module.relativeModuleId} › ${one.fullName}`;
        if (result.state === 'passed') report.passed++;
        else if (result.state === 'failed') fail(test, result.errors.slice(0, 1));
        else
          report.skipped.push({
            test,
            reason: result.state === 'skipped' ? (result.note ?? '') : 'it never ran',
          });
      }
    }
    writeReport(report);
  };
}
