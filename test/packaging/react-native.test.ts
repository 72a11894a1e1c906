// Packaging: the client as Metro bundles it for React Native, in a world like Hermes's, and as an Electron page with Node in it loads it.
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createContext, Script } from "node:vm";
import { type InputOptions, rolldown } from "rolldown";
import type { Server as StockServer } from "socket.io";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { closeServer, listening } from "../support/scene.js";
import { inTime } from "../support/waiting.js";
import { ROOT } from "./installed-project.js";

const { Server } = createRequire(import.meta.url)("../../dist/index.js") as { Server: typeof StockServer };
const CLIENT = join(ROOT, "packages/client");

async function site(): Promise<string> {
  const httpServer = createServer();
  const io = new Server(httpServer);
  io.on("connection", (socket) => {
    socket.on("double", (number: number, answer: (double: number) => void) => answer(number * 2));
    socket.on("bytes", (bytes: Uint8Array, text: string) => socket.emit("bytes", bytes, text));
  });
  const port = await listening(httpServer);
  onTestFinished(() => {
    const closed = closeServer(io);
    httpServer.closeAllConnections();
    return closed;
  });
  return `http://127.0.0.1:${port}`;
}

/** A program that imports the client, as one script. The package is found as Metro finds it. */
async function bundle(code: string, resolve: NonNullable<InputOptions["resolve"]>): Promise<string> {
  const built = await rolldown({
    input: "program",
    platform: "neutral",
    resolve,
    plugins: [
      {
        name: "program",
        resolveId: (id) => (id === "program" ? join(ROOT, "program.js") : undefined),
        load: (id) => (id === join(ROOT, "program.js") ? code : undefined),
      },
    ],
  });
  const { output } = await built.generate({ format: "iife" });
  await built.close();
  return output[0].code;
}

const WAYS: Record<string, NonNullable<InputOptions["resolve"]>> = {
  "by exports, in modules": { conditionNames: ["react-native", "import", "default"] },
  "by exports, with require": { conditionNames: ["react-native", "require", "default"] },
  "by main fields": {
    exportsFields: [],
    conditionNames: [],
    mainFields: ["react-native", "browser", "main"],
    aliasFields: [["react-native"], ["browser"]],
  },
};

describe("in React Native", () => {
  it.each(Object.keys(WAYS))(
    "the client talks without TextDecoder, Buffer, URL, document or location: %s",
    async (way) => {
      const url = await site();
      const script = await bundle(
        `import { io } from "vaiven-client";
       const socket = io(${JSON.stringify(url)}, { transports: ["polling", "websocket"] });
       socket.on("connect_error", (error) => tell("error: " + error.message));
       socket.on("bytes", (bytes, text) => {
         socket.emit("double", 21, (double) => {
           tell([socket.io.engine.transport.name, double, [...new Uint8Array(bytes)].join(), text].join(" "));
           socket.disconnect();
         });
       });
       socket.emit("bytes", new Uint8Array([0, 128, 255]), "ñ€😀");`,
        WAYS[way] ?? {},
      );
      const told = new Promise<string>((tell) => {
        const world: Record<string, unknown> = {
          tell,
          WebSocket,
          console,
          setTimeout,
          clearTimeout,
          performance: { now: () => performance.now() },
          navigator: { product: "ReactNative" },
        };
        world["global"] = world["globalThis"] = world["self"] = world["window"] = world;
        new Script(script).runInContext(createContext(world));
      });
      expect(await inTime(told, "the client's report")).toBe("websocket 42 0,128,255 ñ€😀");
    },
  );
});

describe("in a page of Electron with Node in it", () => {
  it("require gives the client of Node, which window and document do not disturb", async () => {
    const url = await site();
    const program = `
      globalThis.window = globalThis.self = globalThis;
      globalThis.document = { addEventListener() {} };
      globalThis.location = { protocol: "file:", hostname: "", port: "", href: "file:///index.html" };
      Object.defineProperty(process.versions, "electron", { value: "33.0.0" });
      const { io } = require(${JSON.stringify(CLIENT)});
      const socket = io(${JSON.stringify(url)}, { extraHeaders: { "x-only": "Node" }, transports: ["websocket"] });
      socket.emit("double", 21, (double) => { console.log(double); socket.disconnect(); });`;
    const told = await new Promise<string>((resolve, reject) =>
      execFile(process.execPath, ["--eval", program], (error, stdout) =>
        error === null ? resolve(stdout) : reject(error),
      ),
    );
    expect(told).toBe("42\n");
  });
});
