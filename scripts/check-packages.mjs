// `npm run pack:check`: are the two packages as npm, bundlers and TypeScript expect them? publint reads the exports maps,
// attw resolves the types as each kind of program would. Both look at the tarballs that would be published.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const to = mkdtempSync(join(tmpdir(), "vaiven-pack-"));
const run = (file, args, cwd) =>
  execFileSync(file, args, { cwd, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });

/** node10 knows no exports map, so it cannot find ./client. The files for script tags are paths for servers to find, not modules. */
const SCRIPT_FILES = ["socket.io.js", "socket.io.min.js", "vaiven.js", "vaiven.min.js"];
const ATTW_OPTIONS = [
  ...["--profile", "node16"],
  ...["--exclude-entrypoints", ...SCRIPT_FILES.map((name) => `./dist/${name}`)],
];

let failed = 0;
try {
  run(process.execPath, ["scripts/build.mjs", "--if-stale"], root);
  for (const folder of [".", "packages/client"]) {
    const cwd = join(root, folder);
    const [{ filename, name }] = JSON.parse(
      run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", to], cwd),
    );
    const checks = {
      publint: ["node_modules/publint/src/cli.js", "run", "--strict", join(to, filename)],
      attw: ["node_modules/@arethetypeswrong/cli/dist/index.js", join(to, filename), ...ATTW_OPTIONS],
    };
    for (const [check, args] of Object.entries(checks)) {
      try {
        run(process.execPath, args, root);
        console.log(`ok     ${check} ${name}`);
      } catch (error) {
        failed += 1;
        console.log(`FAILED ${check} ${name}\n${error.stdout ?? error.message}`);
      }
    }
  }
} catch (error) {
  // Nothing to look at: the build or npm pack has said why.
  failed += 1;
  console.error(error.message);
} finally {
  rmSync(to, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
