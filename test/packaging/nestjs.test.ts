// Packaging: NestJS 11, whose @nestjs/platform-socket.io brings a socket.io of its own, gets ours by npm's overrides.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type InstalledProgram, installProgram, ROOT } from "./installed-project.js";

let program: InstalledProgram;
beforeAll(() => {
  program = installProgram("nestjs");
});
afterAll(() => program?.remove());

it("a NestJS gateway answers and broadcasts over ours", () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  const installed = (path: string): boolean => existsSync(join(program.folder, "node_modules", path));
  expect(installed("@nestjs/platform-socket.io/node_modules/socket.io")).toBe(false);
  expect(installed("engine.io")).toBe(false);
  expect(JSON.parse(program.run(process.execPath, "program.cjs"))).toEqual({
    version,
    name: "Server",
    double: 42,
    shouted: "HOLA",
  });
});
