// The files without polling and with MessagePack, as a page runs them, against npm's server.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createContext, Script } from "node:vm";
import { Server, type ServerOptions } from "socket.io";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { listening } from "../support/scene.js";

const parser = createRequire(import.meta.url)("socket.io-msgpack-parser") as NonNullable<ServerOptions["parser"]>;

type Connect = (
  url: string,
  opts: object,
) => {
  timeout(ms: number): { emitWithAck(event: string, ...args: unknown[]): Promise<unknown> };
  disconnect(): void;
};

/** `io` of a browser file, on a page that has what these files use of a browser. */
function load(name: string): Connect {
  const itself = new EventTarget();
  const page: Record<string, unknown> = {
    self: itself,
    WebSocket,
    location: { protocol: "http:", host: "page.example" },
    addEventListener: itself.addEventListener.bind(itself),
    removeEventListener: itself.removeEventListener.bind(itself),
    performance,
    setTimeout,
    clearTimeout,
    ArrayBuffer,
    Blob,
    Uint8Array,
    DataView,
  };
  new Script(readFileSync(new URL(`../../client-dist/${name}`, import.meta.url), "utf8")).runInContext(
    createContext(page),
  );
  return page["io"] as Connect;
}

async function echo(name: string, options: Partial<ServerOptions>, value: unknown): Promise<unknown> {
  const http = createServer();
  const io = new Server(http, options);
  io.on("connection", (socket) => socket.on("echo", (sent: unknown, answer: (sent: unknown) => void) => answer(sent)));
  const port = await listening(http);
  const socket = load(name)(`http://127.0.0.1:${port}`, { transports: ["websocket"] });
  onTestFinished(async () => {
    socket.disconnect();
    await io.close();
  });
  return socket.timeout(60_000).emitWithAck("echo", value);
}

describe("a browser file", () => {
  it("talks without polling", async () => {
    expect(await echo("vaiven.websocket.min.js", {}, { numero: 7 })).toEqual({ numero: 7 });
  });

  it("talks MessagePack", async () => {
    expect(await echo("vaiven.msgpack.min.js", { parser }, { numero: 7, text: "ñ" })).toEqual({ numero: 7, text: "ñ" });
  });
});
