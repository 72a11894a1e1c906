// The client suite over the client of `vaiven.websocket.*`, with the parts of a page that it uses.
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { Server, type ServerOptions, type Socket as ServerSocket } from "socket.io";
import type { io as StockIo, Manager as StockManager } from "socket.io-client";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { io, Manager } from "../../src/entry/client-browser-websocket.js";
import { stubPage } from "../support/page.js";
import { connected, pair, stage } from "../support/scene.js";
import { collect, once } from "../support/waiting.js";
import { describeClient } from "./client-behaviour.js";

/** Writes each packet as bytes. */
const parser = {
  Encoder: class {
    encode = (packet: object): Buffer[] => [Buffer.from(JSON.stringify(packet))];
  },
  Decoder: class extends EventEmitter {
    add = (bytes: ArrayBuffer | Buffer): boolean =>
      this.emit("decoded", JSON.parse(Buffer.from(bytes as Buffer).toString()));
    destroy = (): void => {};
  },
} as unknown as NonNullable<ServerOptions["parser"]>;

beforeEach(stubPage);

describeClient("vaiven.websocket", {
  io: io as unknown as typeof StockIo,
  Manager: Manager as unknown as typeof StockManager,
  improved: false,
  isPage: true,
  isCompact: true,
});

const library = { io: io as unknown as typeof StockIo, Manager: Manager as unknown as typeof StockManager };
const stock = { Server };

describe("vaiven.websocket", () => {
  it("asks with the options that make its URL, and offers its subprotocols", async () => {
    const scene = await stage(stock, { path: "/live", addTrailingSlash: false } as Partial<ServerOptions>);
    const asked: IncomingMessage[] = [];
    scene.httpServer.prependListener("upgrade", (request: IncomingMessage) => asked.push(request));
    const path = { path: "live/", addTrailingSlash: false };
    await connected(library, scene.url, { ...path, query: { "k y": "v w&x" } });
    await connected(library, scene.url, { ...path, query: "a=1" as never });
    await connected(library, scene.url, { ...path, forceBase64: true, timestampRequests: true, timestampParam: "ts" });
    await connected(library, scene.url, { ...path, transportOptions: { websocket: { protocols: ["chat"] } } });
    const urls = asked.map(({ url }) => url?.replace(/ts=[\w.]+/, "ts=now"));
    expect(urls).toEqual([
      "/live?EIO=4&transport=websocket&k%20y=v%20w%26x",
      "/live?EIO=4&transport=websocket&a=1",
      "/live?EIO=4&transport=websocket&ts=now&b64=1",
      "/live?EIO=4&transport=websocket",
    ]);
    expect(asked.map(({ headers }) => headers["sec-websocket-protocol"])).toEqual([
      undefined,
      undefined,
      undefined,
      "chat",
    ]);
  });

  it("takes its options without a URL, for the page's own server", async () => {
    const scene = await stage(stock, { path: "/live" });
    vi.stubGlobal("location", { protocol: "http:", host: `127.0.0.1:${scene.port}` });
    const options = { path: "/live", forceNew: true, reconnection: false };
    for (const socket of [io(options), io(undefined, options), io("/", options)]) {
      onTestFinished(() => void socket.disconnect());
      await once(socket as never, "connect");
      expect(socket.io.opts.path).toBe("/live");
    }
  });

  it("passes over transports that are no WebSocket", async () => {
    const scene = await stage(stock);
    const socket = await connected(library, scene.url, { transports: ["polling"] });
    expect(socket.io.engine.transport.name).toBe("websocket");
  });

  it("carries bytes as text with forceBase64", async () => {
    const scene = await stage(stock);
    const { socket, peer } = await pair(scene, library, { forceBase64: true });
    const heard: unknown[] = [];
    socket.conn.on("packet", ({ data }: { data: unknown }) => heard.push(data));
    const there = collect<[Uint8Array]>(socket, "bytes", 3);
    peer.emit("bytes", Uint8Array.of(0, 1, 2, 255).subarray(1));
    peer.emit("bytes", Uint8Array.of(3).buffer);
    peer.emit("bytes", new DataView(Uint8Array.of(4, 5).buffer, 1));
    expect((await there).map(([bytes]) => [...bytes])).toEqual([[1, 2, 255], [3], [5]]);
    const back = once<[ArrayBuffer]>(peer, "bytes");
    socket.emit("bytes", Buffer.from([3, 4, 254]));
    expect([...new Uint8Array((await back)[0])]).toEqual([3, 4, 254]);
  });

  it("speaks through a parser of the program", async () => {
    const scene = await stage(stock, { parser });
    scene.io.on("connection", (socket) => socket.on("echo", (value: unknown, answer) => answer(value)));
    const socket = await connected(library, scene.url, { parser });
    expect(await socket.emitWithAck("echo", { n: 1, text: "ñ" })).toEqual({ n: 1, text: "ñ" });
  });

  it("sends again with retries, one after the other, what was not acknowledged in time", async () => {
    const scene = await stage(stock);
    const heard: [string, number][] = [];
    scene.io.on("connection", (socket) =>
      socket.on("n", (n: number, answer: (n: number) => void) => {
        heard.push([socket.id, n]);
        if (heard.length > 2) answer(n);
      }),
    );
    const socket = await connected(library, scene.url, { retries: 3, ackTimeout: 30 });
    const answers = [socket.emitWithAck("n", 1), socket.emitWithAck("n", 2)];
    expect(await Promise.all(answers)).toEqual([1, 2]);
    expect(heard.map(([, n]) => n)).toEqual([1, 1, 1, 2]);
  });

  it("gives an event up after its retries, and goes on with the next one", async () => {
    const scene = await stage(stock);
    const heard: unknown[] = [];
    scene.io.on("connection", (socket) => {
      socket.onAny((name: string) => heard.push(name));
      socket.on("answered", (answer: () => void) => answer());
    });
    const socket = await connected(library, scene.url, { retries: 1, ackTimeout: 20 });
    const failed = socket.emitWithAck("unheard").catch((error: { code: string }) => error.code);
    await socket.emitWithAck("answered");
    expect(await failed).toBe("ACK_TIMEOUT");
    expect(heard).toEqual(["unheard", "unheard", "answered"]);
  });

  it("keeps an event with retries over a connection that is lost", async () => {
    const scene = await stage(stock);
    let connections = 0;
    scene.io.on("connection", (socket) => {
      connections++;
      socket.on("n", (answer: (n: number) => void) => {
        if (connections === 1) socket.conn.close();
        else answer(connections);
      });
    });
    const socket = await connected(library, scene.url, {
      retries: 1,
      ackTimeout: 20_000,
      reconnection: true,
      reconnectionDelay: 1,
    });
    expect(await socket.emitWithAck("n")).toBe(2);
  });

  it("shows the packets of its engine", async () => {
    const scene = await stage(stock);
    const { socket, peer } = await pair(scene, library);
    const { engine } = peer.io;
    const seen: unknown[] = [];
    for (const event of ["packet", "packetCreate", "data", "message", "flush", "drain", "close"] as const)
      engine.on(event as "packet", (shown: unknown) => seen.push(shown === undefined ? event : [event, shown]));
    const heard = once(peer, "n");
    socket.emit("n", 1);
    await heard;
    const there = once(socket, "m");
    peer.emit("m", 2);
    await there;
    peer.disconnect();
    expect(seen).toEqual([
      ["packet", { type: "message", data: '2["n",1]' }],
      ["data", '2["n",1]'],
      ["message", '2["n",1]'],
      ["packetCreate", { type: "message", data: '2["m",2]' }],
      "flush",
      "drain",
      ["packetCreate", { type: "message", data: "1" }],
      ["close", "forced close"],
    ]);
  });

  it("leaves with the page where that is asked for, and gives up a network that is gone", async () => {
    const scene = await stage(stock);
    const reasons: unknown[] = [];
    const stays = await connected(library, scene.url);
    stays.on("disconnect", (reason) => reasons.push(["stays", reason]));
    const leaves = await connected(library, scene.url, { closeOnBeforeunload: true });
    leaves.on("disconnect", (reason) => reasons.push(["leaves", reason]));
    dispatchEvent(new Event("beforeunload"));
    dispatchEvent(new Event("offline"));
    expect(reasons).toEqual([
      ["leaves", "forced close"],
      ["stays", "transport close"],
    ]);
    leaves.disconnect();
  });

  it("throws what a handler throws when the turn is over, and hears what comes behind it", async () => {
    const scene = await stage(stock);
    const { socket, peer } = await pair(scene, library);
    const thrown: unknown[] = [];
    const later = vi.spyOn(globalThis, "setTimeout").mockImplementation(((fn: () => void) => {
      try {
        fn();
      } catch (error) {
        thrown.push((error as Error).message);
      }
    }) as never);
    onTestFinished(() => later.mockRestore());
    const heard = new Promise((resolve) => {
      peer.on("bad", () => {
        throw new Error("of the handler");
      });
      peer.on("good", resolve);
    });
    socket.emit("bad");
    socket.emit("good");
    await heard;
    expect(thrown).toContain("of the handler");
  });

  it("answers an event of a lost session in no other", async () => {
    const scene = await stage(stock);
    const arrival = once<[ServerSocket]>(scene.io, "connection");
    const socket = await connected(library, scene.url, { reconnection: true, reconnectionDelay: 1 });
    const [first] = await arrival;
    const asked = once<[(value: number) => void]>(socket, "ask");
    first.emit("ask", () => {});
    const [answer] = await asked;
    const again = once<[ServerSocket]>(scene.io, "connection");
    const back = once(socket, "connect");
    first.conn.close();
    const [second] = await again;
    await back;
    const acks: unknown[] = [];
    second.conn.on("packet", ({ data }: { data: string }) => acks.push(data));
    answer(7);
    const mark = once(second, "mark");
    socket.emit("mark");
    await mark;
    expect(acks).toEqual(['2["mark"]']);
  });
});
