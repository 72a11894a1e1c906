// A reporter of vitest for scripts/test-counts.mjs: counts the tests of a run and keeps what failed, errors outside of tests too,
// and writes both as JSON to the file that VAIVEN_TEST_REPORT names.
import { writeFileSync } from "node:fs";
import { relative } from "node:path";

/** The lines of an error that are told. */
const ERROR_LINES = 12;

export default class TestReport {
  onTestRunEnd(modules, unhandledErrors) {
    const report = { passed: 0, failed: 0, skipped: 0, failures: [] };
    const fail = (name, errors) => {
      report.failed += 1;
      report.failures.push([name, ...errors.map(({ stack, message }) => shortened(stack ?? message ?? ""))].join("\n"));
    };
    for (const module of modules) {
      const file = relative(process.cwd(), module.moduleId);
      const failedBefore = report.failed;
      for (const test of module.children.allTests()) {
        const { state, errors = [] } = test.result();
        if (state === "failed") fail(`${file}: ${test.fullName}`, errors);
        else if (state === "passed") report.passed += 1;
        else report.skipped += 1;
      }
      // A file that does not load, or a hook that fails, leaves no failed test behind.
      if (!module.ok() && report.failed === failedBefore) fail(file, module.errors());
    }
    for (const error of unhandledErrors) fail("outside of the tests", [error]);
    writeFileSync(process.env.VAIVEN_TEST_REPORT, JSON.stringify(report));
  }
}

function shortened(text) {
  const lines = text.trim().split("\n").slice(0, ERROR_LINES);
  return lines.map((line) => `    ${line}`).join("\n");
}
