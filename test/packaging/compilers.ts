// The TypeScript releases under which the published types must compile: the repository's own, and those in compilers/.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./installed-project.js";

const FOLDER = join(ROOT, "test/packaging/compilers");

/** From the name of a release to its compiler. */
export const COMPILERS: Record<string, string> = {
  "5.0": join(FOLDER, "node_modules/typescript50/bin/tsc"),
  "5.4": join(FOLDER, "node_modules/typescript54/bin/tsc"),
  "5.9": join(FOLDER, "node_modules/typescript59/bin/tsc"),
  "7.0": join(ROOT, "node_modules/typescript/bin/tsc"),
};

/** Installs the releases in compilers/ where they are missing. */
export function installCompilers(): void {
  if (Object.values(COMPILERS).every((path) => existsSync(path))) return;
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel", "error"], { cwd: FOLDER, timeout: 120_000 });
}

/** Compiles files of a folder, strictly; answers the diagnostics, which are empty if it compiles. */
export function diagnosticsOf(compiler: string, folder: string, resolution: Resolution, args: string[]): string {
  const module = { node: "commonjs", node16: "node16", nodenext: "nodenext", bundler: "esnext" }[resolution];
  const options = [
    ...["--noEmit", "--strict", "--esModuleInterop", "--target", "es2022", "--types", "node"],
    ...["--module", module, "--moduleResolution", resolution],
    ...(compiler === "7.0" ? ["--ignoreConfig"] : []),
  ];
  try {
    execFileSync(process.execPath, [COMPILERS[compiler] as string, ...options, ...args], {
      cwd: folder,
      encoding: "utf8",
      timeout: 120_000,
    });
    return "";
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    return stdout || String(error);
  }
}

export type Resolution = "node" | "node16" | "nodenext" | "bundler";
