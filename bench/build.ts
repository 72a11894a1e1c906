// Benchmarks: vaivén is measured as it is built; a build older than the sources is made again.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(__dirname, "..");

/** Builds where that is due. Gives the reason where there is nothing to measure. */
export function ensureBuilt(mayBuild: boolean): string | undefined {
  if (!existsSync(join(ROOT, "src/entry/server.ts"))) return "src/entry/server.ts does not exist";
  if (mayBuild) {
    const build = spawnSync(process.execPath, ["scripts/build.mjs", "--if-stale"], {
      cwd: ROOT,
      encoding: "utf8",
      timeout: 180_000,
    });
    // Figures of an older build would pass for those of the sources.
    if (build.status !== 0) throw new Error(`the build failed:\n${build.stdout}${build.stderr}`);
  }
  return existsSync(join(ROOT, "dist/index.js")) ? undefined : "dist/index.js does not exist";
}
