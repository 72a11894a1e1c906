// Packaging: NestJS 11, whose @nestjs/platform-socket.io brings a socket.io of its own, gets ours by npm's overrides.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ROOT } from "./installed-project.js";

const folder = mkdtempSync(join(tmpdir(), "vaiven-nestjs-"));
const run = (file: string, ...args: string[]): string =>
  execFileSync(file, args, { cwd: folder, encoding: "utf8", timeout: 200_000 });

beforeAll(() => {
  cpSync(join(ROOT, "test/packaging/projects/nestjs"), folder, { recursive: true });
  for (const [name, source] of Object.entries({ vaiven: ROOT, "vaiven-client": join(ROOT, "packages/client") })) {
    const [packed] = JSON.parse(run("npm", "pack", source, "--json", "--ignore-scripts")) as [{ filename: string }];
    renameSync(join(folder, packed.filename), join(folder, `${name}.tgz`));
  }
  run("npm", "install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("a NestJS gateway answers and broadcasts over ours", () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  expect(existsSync(join(folder, "node_modules/@nestjs/platform-socket.io/node_modules/socket.io"))).toBe(false);
  expect(existsSync(join(folder, "node_modules/engine.io"))).toBe(false);
  expect(JSON.parse(run(process.execPath, "program.cjs"))).toEqual({
    version,
    name: "Server",
    double: 42,
    shouted: "HOLA",
  });
});
