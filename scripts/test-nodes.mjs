// `npm run test:nodes`: unit tests, suites and interop under other releases of Node. The binaries are npm packages, kept in build/nodes/,
// outside of the repository's dependencies. `npm run test:nodes -- 22 24` runs the named releases only.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

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

/** Runs one kind of tests under a binary; what the tests spawn finds the same one first on its path. */
function run(binary, kind, more) {
  return new Promise((resolve) => {
    const child = spawn(binary, ["node_modules/vitest/vitest.mjs", "run", "--project", kind, ...more], {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, PATH: `${join(binary, "..")}:${process.env.PATH}` },
    });
    child.on("error", () => resolve(1));
    child.on("close", (code) => resolve(code ?? 1));
  });
}

const asked = process.argv.slice(2).filter((argument) => RELEASES.includes(argument));
const kinds = process.argv.slice(2).filter((argument) => KINDS.includes(argument));
const more = process.argv.slice(2).filter((argument) => !RELEASES.includes(argument) && !KINDS.includes(argument));
const results = [];
for (const release of asked.length > 0 ? asked : RELEASES) {
  const binary = nodeOf(release);
  const version = execFileSync(binary, ["--version"], { encoding: "utf8" }).trim();
  for (const kind of kinds.length > 0 ? kinds : KINDS) {
    console.log(`\n── Node ${version}: ${kind} ──`);
    results.push({ version, kind, code: await run(binary, kind, more) });
  }
}
console.log("");
for (const { version, kind, code } of results)
  console.log(`${code === 0 ? "ok    " : "FAILED"} Node ${version} ${kind}`);
process.exitCode = results.every(({ code }) => code === 0) ? 0 : 1;
