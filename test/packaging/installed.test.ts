// Packaging: what users get from npm, under Socket.IO's names.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { basename, join } from "node:path";
import { createContext, Script } from "node:vm";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importsOf } from "../../scripts/check-imports.mjs";
import { type InstalledProject, installProject, ROOT } from "./installed-project.js";

let project: InstalledProject;

beforeAll(() => {
  project = installProject();
});
afterAll(() => project.remove());

const installed = (...path: string[]): string => join(project.folder, "node_modules", ...path);
const read = (path: string): string => readFileSync(path, "utf8");

const SCRIPT_NAMES = ["vaiven", "socket.io"].flatMap((name) =>
  [".js", ".min.js", ".esm.min.js", ".websocket.min.js", ".websocket.esm.min.js", ".msgpack.min.js"].flatMap(
    (ending) => [name + ending, `${name}${ending}.map`],
  ),
);

describe("the installed packages", () => {
  it("answer require() with a function that carries the classes", () => {
    expect(JSON.parse(project.node("commonjs.cjs"))).toEqual({
      callable: "function",
      listen: "function",
      calledMakesServer: true,
      namespaceClass: true,
      socketClass: "function",
      default: true,
      client: "function",
      clientConnect: "function",
      clientClasses: ["function", "function"],
      protocol: 5,
      webTransport: "webtransport",
      clientModules: [["delivery"], ["fileStore", "openOutbox"]],
      webSockets: ["VaivenError", "WebSocketPeer", "WebSocketServer", "connect"],
      version: JSON.parse(read(join(ROOT, "package.json"))).version,
    });
  });

  it("give ES modules and CommonJS the same classes", () => {
    expect(JSON.parse(project.node("esm.mjs"))).toEqual({
      esmServerIsCommonJs: true,
      commonJsServerIsEsm: true,
      sameNamespace: true,
      sameSocket: true,
      sameFunction: true,
      sameManager: true,
      sameWebSocketServer: true,
      sameClientSocket: true,
      client: ["function", "function", "function"],
      transports: ["polling", "polling", "polling", "websocket", "websocket", "webtransport"],
      protocol: 5,
    });
  });

  it("show instrumentation Socket.IO's classes in Socket.IO's files, and every way to emit passes through them", () => {
    expect(JSON.parse(project.node("instrumented.cjs"))).toEqual({
      files: ["dist/broadcast-operator.js", "dist/namespace.js", "dist/socket.js"],
      emitted: ["Socket one", "BroadcastOperator room", "BroadcastOperator all", "BroadcastOperator others"],
      listened: ["disconnect", "ask"],
    });
  });

  it("give bundlers for browsers the modules of the client without anything of Node's", async () => {
    const program = join(project.folder, "browser.mjs");
    writeFileSync(
      program,
      `import { io } from "socket.io-client"; import { delivery } from "socket.io-client/delivery";
       import { indexedDbStore, openOutbox } from "socket.io-client/outbox";
       globalThis.page = { io, delivery, indexedDbStore, openOutbox };`,
    );
    const bundle = await rolldown({ input: program, platform: "browser" });
    const { output } = await bundle.generate({ format: "iife" });
    await bundle.close();
    const { imports, code } = output[0];
    expect(imports).toEqual([]);
    const page = createContext({ setTimeout, clearTimeout });
    new Script(code).runInContext(page);
    expect(new Script("Object.values(page).map((part) => typeof part).join()").runInContext(page)).toBe(
      "function,function,function,function",
    );
  });

  it("exchange an event and its acknowledgement, and let the process end", () => {
    expect(project.node("exchange.cjs")).toBe("42\n");
  });

  const strict = ["--noEmit", "--strict", "--skipLibCheck", "false", "--types", "node", "--target", "es2022"];
  for (const [resolution, files] of [
    ["node16", ["program.ts", "program.mts", "callable.cts"]],
    ["nodenext", ["program.ts", "program.mts", "callable.cts"]],
    ["bundler", ["program.ts"]],
  ] as const) {
    it(`compile in a strict TypeScript program under ${resolution}, libraries checked`, () => {
      const module = resolution === "bundler" ? "esnext" : resolution;
      project.tsc(...strict, "--module", module, "--moduleResolution", resolution, ...files);
    });
  }

  it("carry the browser files under both names, each with its map", () => {
    for (const folder of [installed("socket.io/client-dist"), installed("socket.io-client/dist")]) {
      expect(readdirSync(folder).sort()).toEqual(expect.arrayContaining([...SCRIPT_NAMES].sort()));
      for (const name of SCRIPT_NAMES.filter((script) => script.endsWith(".js"))) {
        expect(read(join(folder, name)).trimEnd().split("\n").at(-1)).toBe(`//# sourceMappingURL=${name}.map`);
      }
    }
  });

  it("have a verbose client at socket.io-client/debug, for both kinds of module", () => {
    const ask = (code: string): string =>
      project.node("--conditions=browser", "--input-type=module", "--eval", code).trim();
    expect(ask(`import { io } from "socket.io-client/debug"; console.log(typeof io.Manager)`)).toBe("function");
    const required = `import { createRequire } from "node:module";
      const debug = createRequire(process.cwd() + "/")("socket.io-client/debug"); console.log(typeof debug.Manager)`;
    expect(ask(required)).toBe("function");
    expect(project.node("--print", `typeof require("socket.io-client/debug").Manager`)).toBe("function\n");
  });

  it("put a callable io with its classes on a page", () => {
    const window: Record<string, unknown> = { console };
    window["window"] = window["self"] = window;
    const page = createContext(window);
    new Script(read(installed("socket.io/client-dist/socket.io.min.js"))).runInContext(page);
    const found = new Script("[typeof io, typeof io.connect, typeof io.Manager, typeof io.Socket, io.protocol].join()");
    expect(found.runInContext(page)).toBe("function,function,function,function,5");
  });

  it("carry licence, readme and types, and no sources or tests", () => {
    for (const name of ["socket.io", "socket.io-client"]) {
      expect(existsSync(installed(name, "LICENSE"))).toBe(true);
      expect(existsSync(installed(name, "README.md"))).toBe(true);
      const files = readdirSync(installed(name), { recursive: true }).map(String);
      expect(files.filter((file) => /(^|\/)(src|test|bench)\/|\.build-stamp|(?<!\.d)\.ts$/.test(file))).toEqual([]);
    }
  });

  it("declare every package that their code and their types import", () => {
    for (const name of ["socket.io", "socket.io-client"]) {
      const { dependencies = {} } = JSON.parse(read(installed(name, "package.json")));
      const undeclared = packagesImportedBy(installed(name)).filter((wanted) => !(wanted in dependencies));
      expect(undeclared, name).toEqual([]);
    }
  });
});

describe("the repository", () => {
  it("gives both packages one version and one licence", () => {
    const [server, client] = ["", "packages/client"].map((folder) =>
      JSON.parse(read(join(ROOT, folder, "package.json"))),
    );
    expect(client.version).toBe(server.version);
    expect(read(join(ROOT, "packages/client/LICENSE"))).toBe(read(join(ROOT, "LICENSE")));
  });

  it("names no registry in its lock file", () => {
    const { packages } = JSON.parse(read(join(ROOT, "package-lock.json"))) as {
      packages: Record<string, { resolved?: string }>;
    };
    const resolved = Object.values(packages).flatMap((entry) => entry.resolved ?? []);
    expect(resolved.filter((from) => /^[a-z+]+:/.test(from))).toEqual([]);
  });
});

/** The packages, Node's own apart, that the JavaScript and the declarations below a folder import. */
function packagesImportedBy(folder: string): string[] {
  const found = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true }).map(String)) {
    if (!/\.(js|mjs|d\.ts|d\.mts)$/.test(file) || SCRIPT_NAMES.includes(basename(file))) continue;
    for (const { specifier } of importsOf(join(folder, file))) {
      if (specifier.startsWith(".") || isBuiltin(specifier)) continue;
      found.add(
        specifier
          .split("/")
          .slice(0, specifier.startsWith("@") ? 2 : 1)
          .join("/"),
      );
    }
  }
  return [...found].sort();
}
