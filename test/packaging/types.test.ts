// Packaging: programs typed for Socket.IO 4.8 compile unchanged, and those that must not compile do not. The same files are held
// against npm's packages, which checks the programs, and against ours as installed under their names, with all libraries checked.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMPILERS, diagnosticsOf, installCompilers, type Resolution } from "./compilers.js";
import { type InstalledProject, installProject, ROOT } from "./installed-project.js";

let project: InstalledProject;

beforeAll(() => {
  installCompilers();
  project = installProject();
});
afterAll(() => project.remove());

const inFolder = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(ROOT, "test/packaging/projects", folder))
    .filter((name) => ending.test(name))
    .map((name) => `${folder}/${name}`);

const PROGRAMS = inFolder("types", /\.ts$/);
const MIXED = inFolder("types-mixed", /\.[cm]ts$/);
const OLD_PATHS = inFolder("types-old-paths", /\.ts$/);

describe("the programs, held against npm's socket.io and socket.io-client", () => {
  for (const resolution of ["node16", "bundler"] as const) {
    it(`compile under ${resolution}`, () => {
      const programs = PROGRAMS.map((name) => join("test/packaging/projects", name));
      expect(diagnosticsOf("5.9", ROOT, resolution, ["--skipLibCheck", ...programs])).toBe("");
    });
  }

  it("name old paths that exist there", () => {
    const programs = OLD_PATHS.map((name) => join("test/packaging/projects", name));
    expect(diagnosticsOf("5.9", ROOT, "node", ["--skipLibCheck", ...programs])).toBe("");
  });
});

describe.each(Object.keys(COMPILERS))("under TypeScript %s", (compiler) => {
  const compiles = (resolution: Resolution, files: string[]): void =>
    expect(diagnosticsOf(compiler, project.folder, resolution, ["--skipLibCheck", "false", ...files])).toBe("");

  it.each(["node16", "nodenext", "bundler"] as const)("the programs compile with ours under %s", (resolution) => {
    compiles(resolution, resolution === "bundler" ? PROGRAMS : [...PROGRAMS, ...MIXED]);
  });

  // TypeScript 7 has no resolution of before exports maps.
  if (compiler !== "7.0") {
    it("type imports by paths inside the packages compile under node", () => {
      compiles("node", OLD_PATHS);
    });
  }
});
