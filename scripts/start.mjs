// `npm start`: installs, builds and runs the tutorial's program. What is up to date is not done again.
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { installPackages } from "./install.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

installPackages();
const build = spawnSync(process.execPath, ["scripts/build.mjs", "--if-stale"], { cwd: root, stdio: "inherit" });
if (build.status !== 0) process.exit(build.status ?? 1);

// The example runs on what was built, as it would in a project that installed the package: tsconfig.built.json maps no names.
const example = spawn(process.execPath, ["--import", "tsx", "examples/bienvenida/server.ts"], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, TSX_TSCONFIG_PATH: "tsconfig.built.json" },
});

// A terminal sends Ctrl+C to the whole group, so the example has it already: stay until it has ended.
let interrupted = false;
process.on("SIGINT", () => {
  interrupted = true;
});
// SIGTERM comes to this process alone.
process.on("SIGTERM", () => {
  interrupted = true;
  example.kill("SIGTERM");
});
example.on("exit", (code) => {
  process.exitCode = interrupted ? 0 : (code ?? 1);
});
