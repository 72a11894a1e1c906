// `npm run test:nodes`: unit tests, suites and interop under Node 20, 22, 24 and 26, one release after the other. The binaries are npm packages,
// kept in build/nodes/, outside of the repository's dependencies. `npm run test:nodes -- 22 24 unit` runs the named releases and kinds only.
// Not here: conformance, fuzz, packaging and browser tests, which `npm test` runs under the Node that it is started with.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installPackages, installSystemPackages } from "./install.mjs";
import { countTests, phrase, run } from "./test-counts.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const RELEASES = ["20", "22", "24", "26"];
const KINDS = ["unit", "suites", "interop"];

/** The binary of a release; installed where it is missing. */
function nodeOf(release) {
  const folder = join(root, "build/nodes", release);
  const binary = join(folder, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
    const wanted = `node-${process.platform}-${process.arch}@${release}`;
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel", "error", wanted], {
      cwd: folder,
      stdio: "inherit",
    });
  }
  return binary;
}

/** The given arguments by what they are: releases, kinds, and the rest, which is for vitest. No release or kind means all. */
function readArguments(given) {
  const named = (known) => {
    const asked = known.filter((name) => given.includes(name));
    return asked.length > 0 ? asked : known;
  };
  const more = given.filter((argument) => !RELEASES.includes(argument) && !KINDS.includes(argument));
  return { releases: named(RELEASES), kinds: named(KINDS), more };
}

/** Runs the kinds under one release; answers the release's line of the summary, and what failed. */
async function runRelease(release, kinds, more) {
  const binary = nodeOf(release);
  const version = execFileSync(binary, ["--version"], { encoding: "utf8" }).trim();
  const parts = [];
  const failures = [];
  for (const kind of kinds) {
    console.log(`\n── Node ${version}: ${kind} tests ──`);
    const started = performance.now();
    const counts = await countTests(kind, { binary, more });
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    parts.push(`${kind} ${phrase(counts)} (${seconds} s)`);
    failures.push(...counts.failures.map((failure) => `Node ${version} ${failure}`));
  }
  return { line: `${failures.length === 0 ? "ok    " : "FAILED"} Node ${version}: ${parts.join("; ")}`, failures };
}

const { releases, kinds, more } = readArguments(process.argv.slice(2));
installPackages();
installSystemPackages();
const results = [];
// Some tests start what was built.
if ((await run(["scripts/build.mjs", "--if-stale"])) !== 0) results.push({ line: "FAILED build", failures: ["build"] });
for (const release of releases) results.push(await runRelease(release, kinds, more));
const failures = results.flatMap((result) => result.failures);
if (failures.length > 0) console.log(`\nfailed:\n${failures.join("\n")}`);
console.log(`\n${results.map(({ line }) => line).join("\n")}`);
process.exitCode = failures.length === 0 ? 0 : 1;
