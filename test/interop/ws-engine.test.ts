// Interop: the option `wsEngine` with npm's `ws`, at both releases of its message event, and with what is no such class.
import type { IncomingMessage } from "node:http";
import type { Server as StockServer } from "socket.io";
import { Manager as StockManager, io as stockIo } from "socket.io-client";
import version2 from "socket.io-client2";
import { describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { Server } from "../../src/entry/server.js";
import { dial, refusedUpgrade } from "../support/raw-client.js";
import { type ClientLibrary, connected, pair, type ServerLibrary, stage } from "../support/scene.js";
import { collect, once, until } from "../support/waiting.js";
import { describeOlder } from "./older.js";
import { OURS } from "./pairs.js";

/** `ws` before its release 8: text arrives as a string, and nothing says whether it is one. */
class OldWebSocketServer extends WebSocketServer {
  override handleUpgrade(...[request, socket, head, done]: Parameters<WebSocketServer["handleUpgrade"]>): void {
    super.handleUpgrade(request, socket, head, (webSocket, from) => {
      const { on } = webSocket;
      webSocket.on = function (this: typeof webSocket, event: string, listener: (...args: never[]) => void) {
        const old = listener as unknown as (data: Buffer | string) => void;
        const adapted = (data: Buffer, isBinary: boolean): void => old(isBinary ? data : data.toString());
        return on.call(this, event, event === "message" ? adapted : (listener as never));
      } as typeof on;
      done(webSocket, from);
    });
  }
}

const over = (wsEngine: new (options: never) => unknown): ServerLibrary => ({
  Server: class extends Server {
    constructor(target: never, options: object) {
      super(target, { ...options, wsEngine: wsEngine as typeof WebSocketServer });
    }
  } as unknown as typeof StockServer,
});
const client2: ClientLibrary = { io: version2, Manager: version2.Manager };
const stockClient: ClientLibrary = { io: stockIo, Manager: StockManager };
const websocket = { transports: ["websocket"] };

describeOlder({
  name: "npm client, our server over ws",
  server: over(WebSocketServer),
  client: stockClient,
  recovers: true,
});
describeOlder({
  name: "our client, our server over an old ws",
  server: over(OldWebSocketServer),
  client: OURS.client,
  recovers: true,
});
describeOlder({
  name: "npm client 2, our server over ws",
  server: over(WebSocketServer),
  client: client2,
  version2: true,
});

describe("a server with wsEngine", () => {
  const library = over(WebSocketServer);

  it("gives ws its limits and compression, and the client the headers of listeners", async () => {
    const scene = await stage(library, { maxHttpBufferSize: 1000, perMessageDeflate: { threshold: 10 } });
    scene.io.engine.on("headers", (headers: Record<string, string>) => {
      headers["X-Answer"] = "yes";
    });
    const ws = new WebSocket(`ws://127.0.0.1:${scene.port}/socket.io/?EIO=4&transport=websocket`);
    const [answer] = await once<[IncomingMessage]>(ws, "upgrade");
    expect(answer.headers).toMatchObject({ "x-answer": "yes", "sec-websocket-extensions": "permessage-deflate" });
    ws.terminate();
    const { socket, peer } = await pair(scene, stockClient, websocket);
    const gone = once(socket, "disconnect");
    peer.emit("big", "x".repeat(2000));
    expect((await gone)[0]).toBe("transport error");
  });

  it("refuses a handshake that is none as ws does, and one with a foreign Origin as always", async () => {
    const scene = await stage(library);
    const headers = { "Sec-WebSocket-Protocol": "," };
    expect((await refusedUpgrade(scene.port, "EIO=4&transport=websocket", { headers })).status).toBe(400);
    const origin = { Origin: "https://elsewhere.example" };
    expect((await refusedUpgrade(scene.port, "EIO=4&transport=websocket", { headers: origin })).status).toBe(403);
    expect(scene.io.engine.clientsCount).toBe(0);
  });

  it("delivers what waits for a slow client, in order, and knows how much it is", async () => {
    const scene = await stage(library, { maxHttpBufferSize: 1e7 });
    const { socket, peer } = await pair(scene, stockClient, websocket);
    const heard = collect<[number, string]>(peer, "n", 40);
    for (let n = 0; n < 40; n++) socket.emit("n", n, "x".repeat(100_000));
    await new Promise((resolve) => process.nextTick(resolve));
    expect(
      (socket.conn as unknown as { transport: { bufferedAmount: number } }).transport.bufferedAmount,
    ).toBeGreaterThan(1_000_000);
    expect((await heard).map(([n]) => n)).toEqual(Array.from({ length: 40 }, (_, n) => n));
  });

  it("notices a client that is cut off", async () => {
    const scene = await stage(library);
    const raw = await dial(scene.port);
    expect(await raw.text()).toMatch(/^0/);
    expect(await raw.join()).toMatch(/^40/);
    const [socket] = scene.io.sockets.sockets.values();
    const gone = once(socket, "disconnect");
    raw.close();
    expect((await gone)[0]).toBe("transport close");
  });

  it("cuts a client off", async () => {
    const scene = await stage(library);
    const peer = await connected(stockClient, scene.url, websocket);
    const gone = once(peer, "disconnect");
    for (const { conn } of scene.io.sockets.sockets.values()) conn.close(true);
    expect((await gone)[0]).toBe("transport close");
    await until(() => scene.io.engine.clientsCount === 0, "the server has forgotten it");
  });

  it.each([{}, "ws", class {}])("is not made where that is no such class", (wsEngine) => {
    const make = (): unknown => new Server().attach(0, { wsEngine: wsEngine as never });
    expect(make).toThrow(expect.objectContaining({ code: "API_INVALID_OPTION" }));
  });
});
