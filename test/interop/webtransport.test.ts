// Interop: WebTransport, over sessions in memory: our ends with each other and with npm's, alone and by upgrade; and who gets no session.
import type { Server as HttpServer } from "node:http";
import { Server as StockServer } from "socket.io";
import { Manager as StockManager, io as stockIo } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Server } from "../../src/entry/server.js";
import { type MemorySession, sessionPair, webTransportClass } from "../support/memory-webtransport.js";
import { type ClientLibrary, connected, portOf, type ServerLibrary, type Stage, stage } from "../support/scene.js";
import { once, until } from "../support/waiting.js";
import { describeOlder } from "./older.js";
import { OURS } from "./pairs.js";

interface Engine {
  onWebTransportSession(session: MemorySession, request?: object): unknown;
}

/** The servers that listen, as a network would find them. */
const listening = new Map<string, Engine>();

function reachable(Base: typeof StockServer, options: object): ServerLibrary {
  return {
    Server: class extends Base {
      constructor(target: HttpServer, given: object) {
        super(target, { ...given, transports: ["polling", "websocket", "webtransport"], ...options });
        target.on("listening", () => listening.set(String(portOf(target)), this.engine as unknown as Engine));
        target.on("close", () => listening.clear());
      }
    } as typeof StockServer,
  };
}

const ours = Server as unknown as typeof StockServer;
const ourServer = reachable(ours, { cors: { origin: "*" } });
const stockServer = reachable(StockServer, {});
const stockClient: ClientLibrary = { io: stockIo, Manager: StockManager };
const ways = {
  webtransport: { transports: ["webtransport"] },
  "upgrade to webtransport": { transports: ["polling", "websocket", "webtransport"] },
};

beforeAll(() => {
  const reach = (session: MemorySession, url: string): void => {
    const engine = listening.get(new URL(url).port);
    if (engine === undefined) session.cut();
    else engine.onWebTransportSession(session);
  };
  (globalThis as { WebTransport?: unknown }).WebTransport = webTransportClass(reach, 1000);
});

afterAll(() => {
  delete (globalThis as { WebTransport?: unknown }).WebTransport;
});

describeOlder({ name: "npm client, npm server", server: stockServer, client: stockClient, recovers: true, ways });
describeOlder({ name: "npm client, our server", server: ourServer, client: stockClient, recovers: true, ways });
describeOlder({ name: "our client, npm server", server: stockServer, client: OURS.client, recovers: true, ways });
describeOlder({ name: "our client, our server", server: ourServer, client: OURS.client, recovers: true, ways });

/** A session by hand: packets are read and written by the test. */
class Raw {
  readonly session: MemorySession;
  private readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  private read: Buffer = Buffer.alloc(0);

  static async open(scene: Stage, request?: object): Promise<Raw> {
    const { client, server } = sessionPair();
    const { readable, writable } = await client.createBidirectionalStream();
    (scene.io.engine as unknown as Engine).onWebTransportSession(server, request);
    return new Raw(client, writable.getWriter(), readable.getReader());
  }

  private constructor(
    session: MemorySession,
    writer: WritableStreamDefaultWriter<Uint8Array>,
    reader: ReadableStreamDefaultReader<Uint8Array>,
  ) {
    this.session = session;
    this.writer = writer;
    this.reader = reader;
  }

  send(text: string, bytes: Uint8Array = Buffer.from(text)): void {
    this.writer.write(Buffer.concat([Buffer.from([bytes.length]), bytes])).catch(() => {});
  }

  /** The next packet, as bytes in hex with its header where it is binary, else as text. */
  async next(): Promise<string> {
    for (;;) {
      const [header = 0] = this.read;
      const isLong = (header & 127) === 126;
      const start = isLong ? 3 : 1;
      const size = isLong && this.read.length >= 3 ? this.read.readUInt16BE(1) : header & 127;
      if (this.read.length >= start && this.read.length >= start + size) {
        const packet = this.read.subarray(start, start + size);
        this.read = this.read.subarray(start + size);
        return packet.toString();
      }
      const { value, done } = await this.reader.read();
      if (done) throw new Error("the stream ended");
      this.read = Buffer.concat([this.read, value]);
    }
  }
}

const open = { transports: ["polling", "websocket", "webtransport"], cors: { origin: "*" } } as const;

describe("a WebTransport session at our server", () => {
  it("is opened by 0, and has a handshake without a request", async () => {
    const scene = await stage(OURS.server, open as object);
    const raw = await Raw.open(scene);
    raw.send("0");
    const data = JSON.parse((await raw.next()).slice(1)) as { sid: string; upgrades: string[]; maxPayload: number };
    expect(data).toMatchObject({ upgrades: [], maxPayload: 1e6 });
    raw.send("40");
    expect(await raw.next()).toMatch(/^40\{"sid"/);
    const [socket] = scene.io.sockets.sockets.values();
    expect([socket?.conn.transport.name, socket?.handshake.query, socket?.handshake.headers]).toEqual([
      "webtransport",
      { EIO: "4", transport: "webtransport" },
      {},
    ]);
    const gone = once(socket, "disconnect");
    raw.session.cut();
    expect((await gone)[0]).toBe("transport close");
    expect(scene.io.engine.clientsCount).toBe(0);
  });

  it("carries its request into the handshake, and through middlewares and allowRequest", async () => {
    const seen: unknown[] = [];
    const scene = await stage(OURS.server, {
      transports: ["webtransport"],
      allowRequest: (req, done) => {
        seen.push(["allowRequest", req.url]);
        done(null, req.headers["x-token"] === "yes");
      },
    });
    scene.io.engine.use((req: { headers: object; method: string }, _res: unknown, next: () => void) => {
      seen.push(["middleware", req.method]);
      next();
    });
    const headers = { host: "example.com", origin: "https://example.com", "x-token": "yes" };
    const request = { url: "/socket.io/?a=b", headers, socket: { remoteAddress: "10.0.0.7" } };
    const raw = await Raw.open(scene, request);
    raw.send("0");
    await raw.next();
    raw.send("40");
    await raw.next();
    const [socket] = scene.io.sockets.sockets.values();
    expect(socket?.handshake).toMatchObject({ address: "10.0.0.7", secure: true, query: { a: "b" }, headers });
    expect(seen).toEqual([
      ["middleware", "CONNECT"],
      ["allowRequest", "/socket.io/?a=b"],
    ]);
    const refused = await Raw.open(scene, { headers: { ...headers, "x-token": "no" } });
    refused.send("0");
    await refused.session.closed;
    const foreign = await Raw.open(scene, { headers: { ...headers, origin: "https://elsewhere.example" } });
    await foreign.session.closed;
    expect(scene.io.engine.clientsCount).toBe(1);
  });

  it.each([
    ["no cors", {}],
    ["one origin", { cors: { origin: "https://example.com" } }],
    [
      "allowRequest",
      { ...open, allowRequest: (_req: unknown, done: (e: null, ok: boolean) => void) => done(null, true) },
    ],
  ])("is refused without its request, with %s", async (_name, options) => {
    const scene = await stage(OURS.server, { transports: ["webtransport"], ...options } as object);
    const error = once<[{ code: number }]>(scene.io.engine, "connection_error");
    const raw = await Raw.open(scene);
    await raw.session.closed;
    expect((await error)[0].code).toBe(4);
  });

  it("is refused without its request where a middleware is set, and where the transport is off", async () => {
    const scene = await stage(OURS.server, open as object);
    scene.io.engine.use((_req: unknown, _res: unknown, next: () => void) => next());
    await (await Raw.open(scene)).session.closed;
    const without = await stage(OURS.server, { cors: { origin: "*" } });
    const error = once<[{ code: number }]>(without.io.engine, "connection_error");
    await (await Raw.open(without)).session.closed;
    expect((await error)[0].code).toBe(0);
  });

  it.each([
    "1",
    "40",
    "0[]",
    "0{",
    '0{"sid":1}',
    '0{"sid":"unknown"}',
    '0{"sid":"__proto__"}',
    '0{"sid":"constructor"}',
    "x",
  ])("is closed where its first packet is %s", async (packet) => {
    const scene = await stage(OURS.server, open as object);
    const raw = await Raw.open(scene);
    raw.send(packet);
    await raw.session.closed;
    expect(scene.io.engine.clientsCount).toBe(0);
  });

  it("is closed where nothing comes, where no stream comes, and for bytes first", async () => {
    const scene = await stage(OURS.server, { ...open, upgradeTimeout: 30 } as object);
    await (await Raw.open(scene)).session.closed;
    const { client, server } = sessionPair();
    (scene.io.engine as unknown as Engine).onWebTransportSession(server);
    await client.closed;
    const raw = await Raw.open(scene);
    raw.send("", Buffer.from([1]));
    await raw.session.closed;
  });

  it("ends by a packet that is too long, and by text that is no UTF-8", async () => {
    const scene = await stage(OURS.server, { ...open, maxHttpBufferSize: 100 } as object);
    for (const [bytes, reason] of [
      [Buffer.alloc(101, "4"), "parse error"],
      [Buffer.from([0x34, 0xc0]), "parse error"],
    ] as const) {
      const raw = await Raw.open(scene);
      raw.send("0");
      await raw.next();
      raw.send("40");
      await raw.next();
      const [socket] = scene.io.sockets.sockets.values();
      const gone = once(socket, "disconnect");
      raw.send("", bytes);
      expect((await gone)[0]).toBe(reason);
      await raw.session.closed;
    }
  });

  it("waits for an id that takes its time, with what comes meanwhile", async () => {
    const scene = await stage(OURS.server, open as object);
    let give = (_id: string): void => {};
    scene.io.engine.generateId = (() => new Promise<string>((resolve) => (give = resolve))) as never;
    const raw = await Raw.open(scene);
    raw.send("0");
    raw.send("40");
    await until(() => give.length === 1 && give.name !== "give", "an id is asked for");
    give("slow");
    expect(await raw.next()).toContain('"sid":"slow"');
    expect(await raw.next()).toMatch(/^40/);
  });

  it("delivers what was sent before the server closes it", async () => {
    const scene = await stage(ourServer);
    const peer = await connected(OURS.client, scene.url, { transports: ["webtransport"] });
    const texts: string[] = [];
    peer.on("n", (text: string) => texts.push(text));
    const gone = once(peer, "disconnect");
    for (let n = 0; n < 50; n++) scene.io.emit("n", `${n} ${"x".repeat(3000)}`);
    scene.io.disconnectSockets(true);
    await gone;
    expect(texts).toHaveLength(50);
  });
});

describe("our client", () => {
  it("goes over to WebSocket where WebTransport fails", async () => {
    const library = reachable(ours, {});
    const scene = await stage(library, { cors: { origin: "https://example.com" } });
    const peer = await connected(OURS.client, scene.url, { transports: ["polling", "websocket", "webtransport"] });
    if (peer.io.engine.transport.name !== "websocket") await once(peer.io.engine, "upgrade");
    expect(peer.io.engine.transport.name).toBe("websocket");
  });
});
