// `npm test`: everything, on a machine with nothing but Node and npm. Installs, builds, runs each check and each kind of
// test, one after the other, and adds them up: the last line is `N passed, N failed`.
// `npm test -- unit interop` runs the named kinds only.
import { runSteps, STATIC_STEPS } from "./check.mjs";
import { installPackages, installSystemPackages } from "./install.mjs";
import { countTests, phrase, run } from "./test-counts.mjs";

const KINDS = ["unit", "suites", "interop", "conformance", "packaging", "fuzz", "browser"];

/** Checks of what was built. */
const BUILT_STEPS = [
  { name: "browser files: syntax", command: [process.execPath, "scripts/check-syntax.mjs"] },
  { name: "browser files: size", command: [process.execPath, "scripts/check-sizes.mjs"] },
  { name: "packages: publint and attw", command: [process.execPath, "scripts/check-packages.mjs"] },
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
  summary.push(`${name.padEnd(12)}${phrase({ passed, failed, skipped })} (${seconds} s)`);
}

async function countSteps(name, steps) {
  const started = performance.now();
  const failed = await runSteps(steps);
  count(name, { passed: steps.length - failed, failed }, started);
}

/** One kind of tests. */
async function runTests(kind) {
  const started = performance.now();
  console.log(`\n── ${kind} tests ──`);
  const counts = await countTests(kind);
  failures.push(...counts.failures);
  count(kind, counts, started);
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
  for (const kind of asked.length > 0 ? asked : KINDS) await runTests(kind);
}

await main().catch((error) => {
  console.error(error.message);
  total.failed += 1;
});
if (failures.length > 0) console.log(`\nfailed:\n${failures.join("\n")}`);
console.log(`\n${summary.join("\n")}\n`);
console.log(phrase(total));
process.exitCode = total.failed === 0 ? 0 : 1;
