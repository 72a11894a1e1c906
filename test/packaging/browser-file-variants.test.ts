// The files without polling and with MessagePack, as a page runs them, against npm's server.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createContext, Script } from "node:vm";
import { Server, type ServerOptions, type Socket } from "socket.io";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { listening } from "../support/scene.js";
import { once } from "../support/waiting.js";

const parser = createRequire(import.meta.url)("socket.io-msgpack-parser") as NonNullable<ServerOptions["parser"]>;

/** The built package, as a CommonJS program gets it. */
const { Server: Own } = createRequire(import.meta.url)("../../dist/index.js") as { Server: typeof Server };

type Connect = (
  url: string,
  opts: object,
) => {
  timeout(ms: number): { emitWithAck(event: string, ...args: unknown[]): Promise<unknown> };
  disconnect(): void;
};

/** `io` of a browser file, on a page that has what these files use of a browser, and `more`. */
function load(name: string, more: object = {}): Connect {
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
    ...more,
  };
  new Script(readFileSync(new URL(`../../client-dist/${name}`, import.meta.url), "utf8")).runInContext(
    createContext(page),
  );
  return (itself as unknown as { io: Connect }).io;
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

type Page = ReturnType<Connect> & {
  readonly recovered: boolean;
  once(event: string, listener: () => void): void;
};

/** A socket of a browser file, and its server, which is closed when the test ends. */
async function visit(name: string, Library: typeof Server, options: Partial<ServerOptions>) {
  const http = createServer();
  const io = new Library(http, options);
  const arrival = once<[Socket]>(io, "connection");
  const port = await listening(http);
  const page = load(name)(`http://127.0.0.1:${port}`, { transports: ["websocket"], reconnectionDelay: 1 }) as Page;
  onTestFinished(async () => {
    page.disconnect();
    await io.close();
  });
  await once(page as never, "connect");
  return { page, socket: (await arrival)[0] };
}

describe("a browser file", () => {
  // Private names are shortened in it. These are not private: they travel.
  it.each(["vaiven.min.js", "vaiven.websocket.min.js"])("has its state recovered: %s", async (name) => {
    const { page, socket } = await visit(name, Server, { connectionStateRecovery: {} });
    const heard = once(page as never, "first");
    socket.emit("first");
    await heard;
    const back = once(page as never, "connect");
    socket.conn.close();
    await back;
    expect(page.recovered).toBe(true);
  });

  it("is told of a handler's error by a server of ours", async () => {
    const { page, socket } = await visit("vaiven.min.js", Own, {});
    socket.on("fail", () => {
      throw Object.assign(new Error("of the handler"), { code: "NO" });
    });
    (socket.nsp.server as unknown as { onError(fn: () => void): void }).onError(() => {});
    await expect(page.timeout(60_000).emitWithAck("fail")).rejects.toMatchObject({
      message: "of the handler",
      code: "NO",
    });
  });

  it("has its events delivered over another connection by a server of ours, both ways", async () => {
    const { page, socket } = await visit("vaiven.min.js", Own, { connectionStateRecovery: {} });
    const talk = page as unknown as Socket;
    const { id } = talk;
    const asked = once<[number, (n: number) => void]>(socket, "ask");
    const answer = new Promise((resolve) => talk.emit("ask", 1, resolve));
    const [, reply] = await asked;
    const back = once(page as never, "connect");
    const heard = once<[string]>(page as never, "meanwhile");
    socket.conn.close();
    socket.emit("meanwhile", "kept");
    reply(2);
    await back;
    expect([page.recovered, talk.id]).toEqual([true, id]);
    expect(await heard).toEqual(["kept"]);
    expect(await answer).toBe(2);
  });

  it("talks without polling", async () => {
    expect(await echo("vaiven.websocket.min.js", {}, { numero: 7 })).toEqual({ numero: 7 });
  });

  it("talks MessagePack", async () => {
    expect(await echo("vaiven.msgpack.min.js", { parser }, { numero: 7, text: "ñ" })).toEqual({ numero: 7, text: "ñ" });
  });
});

describe("the script of a page", () => {
  // The id of an element is a global of its page, and programs have been told to write `var exports = {}`.
  for (const more of [{ module: {} }, { exports: {} }]) {
    it(`makes io a global where there is also ${Object.keys(more)}`, () => {
      expect(typeof load("vaiven.websocket.min.js", more)).toBe("function");
    });
  }

  it("is a CommonJS module where there are both", () => {
    const module = { exports: {} };
    expect(load("vaiven.min.js", { module, exports: module.exports })).toBeUndefined();
    expect(module.exports).toHaveProperty("io");
  });
});
