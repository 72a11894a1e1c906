// `npm test`: everything, on a machine with nothing but Node and npm. Installs, builds, runs each check and each kind of
// test, one after the other, and adds them up: the last line is `N passed, N failed`.
// `npm test -- unit interop` runs the named kinds only.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runSteps, STATIC_STEPS } from "./check.mjs";
import { installPackages, installSystemPackages } from "./install.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const KINDS = ["unit", "suites", "interop", "conformance", "packaging", "fuzz", "browser"];

/** Checks of what was built. */
const BUILT_STEPS = [
  { name: "browser files: syntax", command: [process.execPath, "scripts/check-syntax.mjs"] },
  { name: "browser files: size", command: [process.execPath, "scripts/check-sizes.mjs"] },
  { name: "packages: publint and attw", command: [process.execPath, "scripts/check-packages.mjs"] },
  { name: "dead code", command: [process.execPath, "node_modules/knip/bin/knip.js"] },
];

const total = { passed: 0, failed: 0, skipped: 0 };
const summary = [];
/** What failed, told once more at the end: a long log is read from there. */
const failures = [];

function count(name, { passed = 0, failed = 0, skipped = 0 }, started) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  summary.push(`${name.padEnd(12)}${result({ passed, failed, skipped })} (${seconds} s)`);
}

function result({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

async function countSteps(name, steps) {
  const started = performance.now();
  const failed = await runSteps(steps);
  count(name, { passed: steps.length - failed, failed }, started);
}

/** Runs a program with this terminal as its own; answers its exit code. */
function run(args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
    child.on("error", () => resolve(1));
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** One project of vitest.config.mts. A run that fails without saying why counts as a failure. */
async function countTests(kind, folder) {
  const started = performance.now();
  const report = join(folder, `${kind}.json`);
  const reporters = ["--reporter=default", "--reporter=./scripts/test-report.mjs"];
  const code = await run(["node_modules/vitest/vitest.mjs", "run", "--project", kind, ...reporters], {
    VAIVEN_TEST_REPORT: report,
  });
  const counted = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : { failures: [] };
  if (code !== 0 && counted.failures.length === 0) {
    counted.failed = 1;
    counted.failures.push(`the ${kind} tests ended with exit code ${code}`);
  }
  failures.push(...counted.failures);
  count(kind, counted, started);
}

async function main() {
  const asked = process.argv.slice(2);
  const unknown = asked.filter((kind) => !KINDS.includes(kind));
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(", ")}. The kinds of tests: ${KINDS.join(", ")}`);

  installPackages();
  installSystemPackages();
  if ((await run(["scripts/build.mjs", "--if-stale"])) !== 0) count("build", { failed: 1 }, performance.now());

  if (asked.length === 0) {
    await countSteps("checks", STATIC_STEPS);
    await countSteps("packages", BUILT_STEPS);
  }
  const folder = mkdtempSync(join(tmpdir(), "vaiven-test-"));
  try {
    for (const kind of asked.length > 0 ? asked : KINDS) {
      console.log(`\n── ${kind} tests ──`);
      await countTests(kind, folder);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main().catch((error) => {
  console.error(error.message);
  total.failed += 1;
});
if (failures.length > 0) console.log(`\nfailed:\n${failures.join("\n")}`);
console.log(`\n${summary.join("\n")}\n`);
console.log(result(total));
process.exitCode = total.failed === 0 ? 0 : 1;
