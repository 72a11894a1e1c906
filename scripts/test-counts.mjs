// Runs one kind of tests (a project of vitest.config.mts) with this terminal as its own, and counts them. For scripts/test.mjs and scripts/test-nodes.mjs.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Runs a program of Node in the repository; answers its exit code. What it spawns as `node` is the same binary. */
export function run(args, { binary = process.execPath, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(binary, args, {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, PATH: `${dirname(binary)}:${process.env.PATH}`, ...env },
    });
    child.on("error", () => resolve(1));
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** The tests of a kind that passed, failed and were skipped, with the names and errors of what failed. A run that fails without saying why counts as a failure. */
export async function countTests(kind, { binary, more = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "vaiven-test-"));
  const report = join(folder, `${kind}.json`);
  try {
    const reporters = ["--reporter=default", "--reporter=./scripts/test-report.mjs"];
    const code = await run(["node_modules/vitest/vitest.mjs", "run", "--project", kind, ...reporters, ...more], {
      binary,
      env: { VAIVEN_TEST_REPORT: report },
    });
    const counts = existsSync(report)
      ? JSON.parse(readFileSync(report, "utf8"))
      : { passed: 0, failed: 0, skipped: 0, failures: [] };
    if (code !== 0 && counts.failures.length === 0) {
      counts.failed = 1;
      counts.failures.push(`the ${kind} tests ended with exit code ${code}`);
    }
    return counts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What was counted, as one phrase. */
export function phrase({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
