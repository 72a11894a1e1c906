// Packaging: installers that let a package find only what it names. npm's adapters want the peer `socket.io-adapter`, which Socket.IO brings along.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installProgram } from "./installed-project.js";

const tools = mkdtempSync(join(tmpdir(), "vaiven-installers-"));
const npm = (...args: string[]): string =>
  execFileSync("npm", args, { cwd: tools, encoding: "utf8", timeout: 200_000 });

beforeAll(() => {
  writeFileSync(join(tools, "package.json"), '{ "private": true }\n');
  npm("install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "pnpm@10.34.8", "yarn@1.22.22");
});
afterAll(() => rmSync(tools, { recursive: true, force: true }));

const bin = (path: string): string => join(tools, "node_modules", path);
const INSTALLERS: Record<string, () => string[]> = {
  pnpm: () => [bin("pnpm/bin/pnpm.cjs"), "install", "--ignore-scripts"],
  "pnpm, which is told to add no peers by itself": () => [
    bin("pnpm/bin/pnpm.cjs"),
    "install",
    "--ignore-scripts",
    "--config.auto-install-peers=false",
  ],
  "Yarn 1": () => [
    bin("yarn/bin/yarn.js"),
    ..."install --ignore-scripts --non-interactive --no-lockfile".split(" "),
    "--registry",
    npm("config", "get", "registry").trim(),
  ],
};

describe("a program with an adapter of npm", () => {
  it.each(Object.keys(INSTALLERS))("starts and talks as installed by %s", (name) => {
    const install = INSTALLERS[name]?.() ?? [];
    const program = installProgram("strict-installers", [process.execPath, ...install]);
    try {
      expect(JSON.parse(program.run(process.execPath, "program.cjs"))).toEqual({
        createAdapter: "function",
        double: 42,
      });
    } finally {
      program.remove();
    }
  });
});
