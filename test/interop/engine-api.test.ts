// Interop: the engine below the events: npm's engine.io bound to our server, several HTTP servers, and `socket.conn`.
import { createServer } from "node:http";
import { Server as StockEngine } from "engine.io";
import type { Server as StockServer } from "socket.io";
import { Manager as StockManager, io as stockIo } from "socket.io-client";
import version2 from "socket.io-client2";
import { describe, expect, it } from "vitest";
import { Server } from "../../src/entry/server.js";
import {
  type ClientLibrary,
  closeLater,
  closeServer,
  connected,
  listening,
  pair,
  type ServerLibrary,
  stage,
} from "../support/scene.js";
import { collect, once } from "../support/waiting.js";
import { describeOlder } from "./older.js";
import { OURS } from "./pairs.js";

/** Our server over npm's engine. */
const bound: ServerLibrary = {
  Server: class extends Server {
    constructor(target: ReturnType<typeof createServer>, options: object) {
      super(undefined, options);
      const engine = new StockEngine(options);
      engine.attach(target, { path: "/socket.io" });
      this.bind(engine as never);
      this.httpServer = target;
    }

    /** The HTTP server is not ours to close. */
    override async close(done?: (error?: Error) => void): Promise<void> {
      await super.close();
      this.httpServer.close(done);
    }
  } as unknown as typeof StockServer,
};
const stockClient: ClientLibrary = { io: stockIo, Manager: StockManager };
const client2: ClientLibrary = { io: version2, Manager: version2.Manager };

describeOlder({ name: "npm client, our server over npm's engine", server: bound, client: stockClient, recovers: true });
describeOlder({ name: "our client, our server over npm's engine", server: bound, client: OURS.client, recovers: true });
describeOlder({ name: "npm client 2, our server over npm's engine", server: bound, client: client2, version2: true });

describe("our server over npm's engine", () => {
  it("drops a volatile event that would have to wait", async () => {
    const scene = await stage(bound);
    const { socket, peer } = await pair(scene, stockClient, { transports: ["websocket"] });
    const heard: string[] = [];
    peer.on("v", (text: string) => heard.push(text));
    for (const text of ["first", "second", "third"]) socket.volatile.emit("v", text);
    const last = once(peer, "last");
    socket.emit("last");
    await last;
    expect(heard).toEqual(["first"]);
  });
});

describe("several HTTP servers", () => {
  it("all take up options that are set after they were attached", async () => {
    const io = new Server();
    const servers = [createServer(), createServer()];
    for (const httpServer of servers) io.attach(httpServer);
    io.path("/live");
    for (const httpServer of servers) {
      const port = await listening(httpServer);
      closeLater(httpServer);
      await connected(stockClient, `http://127.0.0.1:${port}`, { path: "/live" });
    }
    // Once somebody has come it is too late, and nothing is taken of it.
    expect(() => io.path("/later")).toThrow(expect.objectContaining({ code: "API_UNAVAILABLE" }));
    expect(io.path()).toBe("/live");
    await closeServer(io as unknown as StockServer);
    expect(servers.map(({ listening: isListening }) => isListening)).toEqual([false, false]);
  });

  it("lead to one server, and are closed with it", async () => {
    const io = new Server();
    const servers = [createServer(), createServer()];
    const ports: number[] = [];
    for (const httpServer of servers) {
      io.attach(httpServer);
      ports.push(await listening(httpServer));
      closeLater(httpServer);
    }
    expect(io.httpServer).toBe(servers[1]);
    const peers = await Promise.all(ports.map((port) => connected(stockClient, `http://127.0.0.1:${port}`)));
    const heard = Promise.all(peers.map((peer) => once(peer, "all")));
    io.emit("all", 1);
    expect(await heard).toEqual([[1], [1]]);
    const gone = Promise.all(peers.map((peer) => once(peer, "disconnect")));
    await closeServer(io as unknown as StockServer);
    await gone;
    expect(servers.map((httpServer) => httpServer.listening)).toEqual([false, false]);
  });

  it("are none of uWebSockets.js", () => {
    expect(() => new Server().attachApp()).toThrow(expect.objectContaining({ code: "API_UNAVAILABLE" }));
  });
});

describe("socket.conn", () => {
  interface Packet {
    readonly type: string;
    readonly data?: string | Uint8Array;
  }

  it("shows what waits, and tells of what leaves, attachments too", async () => {
    const scene = await stage(OURS.server);
    const { socket } = await pair(scene, stockClient, { transports: ["websocket"] });
    const conn = socket.conn as unknown as { readyState: string; writeBuffer: Packet[] };
    const flushed = once<[Packet[]]>(conn, "flush");
    const created = collect<[Packet]>(conn, "packetCreate", 3);
    socket.emit("a", 1);
    socket.emit("b", Buffer.from([7]));
    const expected = [
      { type: "message", data: '2["a",1]' },
      { type: "message", data: '51-["b",{"_placeholder":true,"num":0}]' },
      { type: "message", data: Buffer.from([7]) },
    ].map((packet) => ({ ...packet, options: { compress: true } }));
    expect(conn.readyState).toBe("open");
    expect(conn.writeBuffer).toEqual(expected);
    expect((await flushed)[0]).toEqual(expected);
    expect((await created).map(([packet]) => packet)).toEqual(expected);
    expect(conn.writeBuffer).toEqual([]);
    const closed = once(conn, "close");
    socket.disconnect(true);
    expect((await closed)[0]).toBe("forced close");
    expect(conn.readyState).toBe("closed");
  });
});
