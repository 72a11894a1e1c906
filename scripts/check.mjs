// `npm run check`: what to run before a commit. Format and lint, types, the import rule, dead code, links, unit tests.
// The steps do not depend on one another, and all of them run even if one fails. Exports its steps for scripts/test.mjs.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const node = (path, ...args) => [process.execPath, path, ...args];
const tsc = (project) => node("node_modules/typescript/bin/tsc", "-p", project);

/** The steps that are not tests: each passes or fails as a whole. */
export const STATIC_STEPS = [
  {
    name: "format and lint",
    command: node("node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", "."),
  },
  { name: "types: everything", command: tsc("tsconfig.json") },
  { name: "types: pure stages, no globals", command: tsc("tsconfig.pure.json") },
  { name: "types: browser, no Node", command: tsc("tsconfig.browser.json") },
  { name: "types: Node, no DOM", command: tsc("tsconfig.node.json") },
  { name: "import rule", command: node("scripts/check-imports.mjs") },
  { name: "dead code", command: node("node_modules/knip/bin/knip.js") },
  { name: "links of the documentation", command: node("scripts/check-links.mjs") },
];
const UNIT_TESTS = { name: "unit tests", command: node("node_modules/vitest/vitest.mjs", "run", "--project", "unit") };

/** Runs one step; its output is kept back and comes with the answer. */
export function runStep({ command: [file, ...args] }) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], env: process.env });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.on("error", (error) => resolve({ passed: false, output: String(error) }));
    child.on("close", (code) => resolve({ passed: code === 0, output }));
  });
}

/** Runs steps beside one another, as many as there are cores, and prints a line for each. Answers the number that failed. */
export async function runSteps(steps) {
  const waiting = [...steps];
  let failed = 0;
  const worker = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const started = performance.now();
      const { passed, output } = await runStep(step);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      if (!passed) failed += 1;
      console.log(`${passed ? "ok    " : "FAILED"} ${step.name} (${seconds} s)`);
      if (!passed) console.log(output.trimEnd());
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, worker));
  return failed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const failed = await runSteps([...STATIC_STEPS, UNIT_TESTS]);
  console.log(failed === 0 ? "check: all good" : `check: ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
