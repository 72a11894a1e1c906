// `npm run build`: everything that is published, from src/.
//
//   dist/                    the server and Node's client: CommonJS, types, maps; index.mjs hands it on to ES modules
//   packages/client/build/   the client: cjs/ for Node and jsdom, esm/ for bundlers
//   packages/client/dist/    the browser files, under our names and Socket.IO's
//   client-dist/             the same, for the server to serve and for express.static
//
// With --if-stale it builds only if a source changed since the last build.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyUnderBothNames, writeBrowserFiles } from "./build/browser-files.mjs";
import { writeCallable, writeNamed } from "./build/callable.mjs";
import { INSTRUMENTED, writeOldPaths } from "./build/old-paths.mjs";
import { runStep } from "./check.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const at = (...path) => join(root, ...path);
const { version } = JSON.parse(readFileSync(at("package.json"), "utf8"));

const OUTPUT = ["dist", "client-dist", "packages/client/build", "packages/client/dist"];
const STAMP = at("build/stamp");

/** A digest of everything that the output depends on. */
function digestOfSources() {
  const hash = createHash("sha256");
  const files = ["src", "scripts/build"].flatMap((folder) =>
    readdirSync(at(folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  for (const file of [...files.sort(), at("scripts/build.mjs"), at("tsconfig.json"), at("package-lock.json")]) {
    hash.update(file.slice(root.length)).update("\0").update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex");
}

async function compile(project) {
  const { passed, output } = await runStep({
    command: [process.execPath, "node_modules/typescript/bin/tsc", "-p", `scripts/build/${project}.tsconfig.json`],
  });
  if (!passed) throw new Error(`${project} does not compile:\n${output}`);
}

async function build(digest) {
  const started = performance.now();
  for (const folder of OUTPUT) rmSync(at(folder), { recursive: true, force: true });

  await Promise.all([compile("server"), compile("client-cjs"), compile("client-esm")]);
  writeFileSync(at("packages/client/build/esm/package.json"), '{ "type": "module", "sideEffects": false }\n');

  const server = {
    call: "function vaiven(...args) { return new entry.Server(...args); }",
    signatures: "declare function callable(...args: ConstructorParameters<typeof Server>): Server;",
    shown: INSTRUMENTED,
  };
  const client = {
    call: "entry.io",
    signatures: `
declare function callable(opts?: Partial<ManagerOptions & SocketOptions>): Socket;
declare function callable(uri?: string, opts?: Partial<ManagerOptions & SocketOptions>): Socket;`,
  };
  const clientFolder = at("packages/client/build/cjs");
  writeCallable({ folder: at("dist"), entry: "server", index: "index", ...server });
  writeCallable({ folder: at("dist"), entry: "client", index: "client", ...client });
  writeNamed({ folder: at("dist"), entry: "websocket" });
  writeCallable({ folder: clientFolder, entry: "client", index: "index", ...client });
  writeCallable({ folder: clientFolder, entry: "client-browser", index: "browser", ...client });
  writeCallable({ folder: clientFolder, entry: "client-browser-debug", index: "browser-debug", ...client });
  writeOldPaths({ server: at("dist"), client: at("packages/client/build/esm") });

  writeNamed({ folder: clientFolder, entry: "client-delivery" });
  writeNamed({ folder: clientFolder, entry: "client-outbox" });
  // TypeScript does not know for what a bundler bundles: where it asks neither for Node nor for a browser it sees the stores of both.
  for (const folder of ["cjs", "esm"]) {
    writeFileSync(
      at(`packages/client/build/${folder}/entry/client-outbox-either.d.ts`),
      `import type { OutboxStore } from "./client-outbox-browser.js";
export * from "./client-outbox-browser.js";
/** On Node: a store for {@link openOutbox} in a file. */
export declare function fileStore(path: string): OutboxStore;
`,
    );
  }

  const browserFiles = at("packages/client/dist");
  await writeBrowserFiles({
    entries: at("src/entry"),
    to: browserFiles,
    module: at("dist/client-browser.mjs"),
    version,
  });
  copyUnderBothNames(browserFiles, browserFiles);
  copyUnderBothNames(browserFiles, at("client-dist"));

  mkdirSync(at("build"), { recursive: true });
  writeFileSync(STAMP, digest);
  console.log(`built in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

const digest = digestOfSources();
const upToDate =
  process.argv.includes("--if-stale") &&
  OUTPUT.every((folder) => existsSync(at(folder))) &&
  existsSync(STAMP) &&
  readFileSync(STAMP, "utf8") === digest;
if (!upToDate) {
  await build(digest).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
