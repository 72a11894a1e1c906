// `vaiven/websocket` over real sockets: its server and its client against npm's `ws`, against each other, and against bytes by hand.
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect as connectTcp, createServer as createTcpServer, type Socket } from "node:net";
import {
  connect,
  type WebSocketClientOptions,
  WebSocketPeer,
  WebSocketServer,
  type WebSocketServerOptions,
} from "vaiven/websocket";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { WebSocketServer as StockServer, WebSocket as StockSocket } from "ws";
import type { VaivenError } from "../../src/errors.js";
import { CERTIFICATE, KEY } from "../support/certificate.js";
import { closeLater, listening } from "../support/scene.js";
import { collect, inTime, Ledger, once, until } from "../support/waiting.js";

const GUID_KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const HANDSHAKE_LINES = [
  "Host: 127.0.0.1",
  "Upgrade: websocket",
  "Connection: keep-alive, Upgrade",
  `Sec-WebSocket-Key: ${GUID_KEY}`,
  "Sec-WebSocket-Version: 13",
];

interface Stage {
  readonly server: WebSocketServer;
  readonly port: number;
  readonly url: string;
  /** What each peer ended with, in order. */
  readonly endings: Ledger<{ code: number; reason: string; wasClean: boolean; error: string | undefined }>;
}

/** A server that echoes, on a port of its own. */
async function echoServer(options: WebSocketServerOptions = {}): Promise<Stage> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", ...options });
  onTestFinished(async () => {
    for (const peer of server.clients) peer.terminate();
    await server.close();
  });
  const endings: Stage["endings"] = new Ledger();
  server.on("connection", (peer) => {
    peer.on("message", (data) => peer.send(data));
    peer.on("close", () => {
      const { code, reason, wasClean, error } = peer.ending!;
      endings.add({ code, reason, wasClean, error: error?.code });
    });
  });
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { server, port, url: `ws://127.0.0.1:${port}/`, endings };
}

async function open(url: string, options?: WebSocketClientOptions): Promise<WebSocketPeer> {
  const peer = await connect(url, options);
  onTestFinished(() => peer.terminate());
  return peer;
}

async function openStock(url: string, options: object = {}, protocols: string[] = []): Promise<StockSocket> {
  const ws = new StockSocket(url, protocols, { perMessageDeflate: false, maxPayload: 1e9, ...options });
  onTestFinished(() => ws.terminate());
  ws.on("error", () => {});
  await once(ws, "open");
  return ws;
}

async function refusal(attempt: Promise<unknown>): Promise<VaivenError> {
  try {
    await attempt;
  } catch (error) {
    return error as VaivenError;
  }
  throw new Error("expected a refusal");
}

/** A TCP connection whose bytes are the test's. */
class Raw {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  received: Buffer = Buffer.alloc(0);

  constructor(port: number) {
    this.socket = connectTcp({ port, host: "127.0.0.1", noDelay: true });
    onTestFinished(() => void this.socket.destroy());
    this.closed = new Promise((resolve) => this.socket.on("close", () => resolve()));
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
  }

  get text(): string {
    return this.received.toString("latin1");
  }

  request(lines: readonly string[], method = "GET", target = "/", version = "1.1"): this {
    this.socket.write(`${method} ${target} HTTP/${version}\r\n${lines.join("\r\n")}\r\n\r\n`);
    return this;
  }

  async upgraded(): Promise<this> {
    this.request(HANDSHAKE_LINES);
    await until(() => this.text.includes("\r\n\r\n"), "the handshake was answered");
    expect(this.text).toMatch(/^HTTP\/1\.1 101 /);
    this.received = this.received.subarray(this.received.indexOf("\r\n\r\n") + 4);
    return this;
  }

  /** The whole answer to a refused request. */
  async answer(): Promise<string> {
    await inTime(this.closed, "the end of a refused connection");
    return this.text;
  }

  hex(...frames: string[]): this {
    this.socket.write(Buffer.from(frames.join(""), "hex"));
    return this;
  }
}

/** A masked frame with the key 00000000, in hex. `first` is the first byte. */
function masked(first: number, payload: Buffer | string = ""): string {
  const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
  const head =
    bytes.length < 126
      ? Buffer.from([first, 0x80 | bytes.length])
      : bytes.length < 65_536
        ? Buffer.from([first, 0xfe, bytes.length >> 8, bytes.length & 0xff])
        : Buffer.concat([Buffer.from([first, 0xff, 0, 0, 0, 0]), uint32(bytes.length)]);
  return Buffer.concat([head, Buffer.alloc(4), bytes]).toString("hex");
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const CLOSE_1000 = masked(0x88, Buffer.from("03e8", "hex"));

describe("the server with npm's client", () => {
  it.each([
    ["plain", false],
    ["compressed", true],
    ["compressed with context", { serverNoContextTakeover: false, clientNoContextTakeover: false, threshold: 0 }],
  ] as const)("echoes texts and bytes of every length class: %s", async (_name, perMessageDeflate) => {
    const { url } = await echoServer({ perMessageDeflate, maxMessageBytes: 2 ** 20 });
    const ws = await openStock(url, { perMessageDeflate: perMessageDeflate !== false });
    const sent: (string | Buffer)[] = [0, 1, 125, 126, 65_535, 65_536, 300_000].flatMap((size) => [
      "ñ€𝄞x".repeat(size / 10 + 1).slice(0, size),
      Buffer.alloc(size, "vaivén"),
    ]);
    const coming = collect<[Buffer, boolean]>(ws, "message", sent.length);
    for (const message of sent) ws.send(message);
    const received = (await coming).map(([data, isBinary]) => (isBinary ? data : data.toString("utf8")));
    expect(received.length).toBe(sent.length);
    for (const [index, message] of received.entries()) expect(message).toEqual(sent[index]);
    expect(ws.extensions !== "").toBe(perMessageDeflate !== false);
  });

  it("gives the text as a string and bytes as a Buffer", async () => {
    const { server, url } = await echoServer();
    const peers = once<[WebSocketPeer, IncomingMessage]>(server, "connection");
    const ws = await openStock(url);
    const [peer, request] = await peers;
    expect(request.url).toBe("/");
    const messages = collect<[string | Buffer]>(peer, "message", 2);
    ws.send("a");
    ws.send(Buffer.from("b"));
    expect(await messages).toEqual([["a"], [Buffer.from("b")]]);
    expect(server.clients.has(peer)).toBe(true);
  });

  it("echoes a message of 20 MB in both directions", async () => {
    const { url } = await echoServer({ maxMessageBytes: 32 * 2 ** 20, maxBufferedBytes: 2 ** 30 });
    const ws = await openStock(url);
    const big = Buffer.alloc(20_000_000, "0123456789");
    const coming = once<[Buffer, boolean]>(ws, "message", 30_000);
    ws.send(big);
    const [data, isBinary] = await coming;
    expect(isBinary).toBe(true);
    expect(data.equals(big)).toBe(true);
  });

  it("answers pings, and hears pongs", async () => {
    const { server, url } = await echoServer();
    const peers = once<[WebSocketPeer]>(server, "connection");
    const ws = await openStock(url);
    const [peer] = await peers;
    const heard = once<[Buffer]>(peer, "ping");
    const answered = once<[Buffer]>(ws, "pong");
    ws.ping("p1");
    expect((await heard)[0].toString()).toBe("p1");
    expect((await answered)[0].toString()).toBe("p1");
    const pong = once<[Buffer]>(peer, "pong");
    peer.ping("p2");
    expect((await pong)[0].toString()).toBe("p2");
    const unasked = once<[Buffer]>(ws, "pong");
    peer.pong(Buffer.from("p3"));
    expect((await unasked)[0].toString()).toBe("p3");
  });

  it("chooses the client's first subprotocol that it speaks", async () => {
    const { url } = await echoServer({ protocols: ["b", "c"] });
    expect((await openStock(url, {}, ["a", "c", "b"])).protocol).toBe("c");
  });

  it("lets selectProtocol choose, with the request at hand", async () => {
    const { url, server } = await echoServer({
      selectProtocol: (offered, request) => (request.url === "/x" ? offered.at(-1) : undefined),
    });
    const peers = once<[WebSocketPeer]>(server, "connection");
    expect((await openStock(`${url}x`, {}, ["a", "b"])).protocol).toBe("b");
    expect((await peers)[0].protocol).toBe("b");
  });

  it("closes with code and reason from either side", async () => {
    const { url, server, endings } = await echoServer();
    const first = await openStock(url);
    first.close(4001, "adiós");
    expect((await endings.reaches(1))[0]).toEqual({ code: 4001, reason: "adiós", wasClean: true, error: undefined });
    const peers = once<[WebSocketPeer]>(server, "connection");
    const second = await openStock(url);
    const closed = once<[number, Buffer]>(second, "close");
    (await peers)[0].close(4002, "hasta luego");
    const [code, reason] = await closed;
    expect([code, reason.toString()]).toEqual([4002, "hasta luego"]);
    expect((await endings.reaches(2))[1]).toMatchObject({ code: 4002, wasClean: true });
    expect(server.clients.size).toBe(0);
  });

  it("delivers what was sent before close", async () => {
    const { url, server } = await echoServer();
    server.on("connection", (peer) => {
      for (let index = 0; index < 1000; index++) peer.send(String(index));
      peer.close();
    });
    const ws = new StockSocket(url);
    const messages: string[] = [];
    ws.on("message", (data) => messages.push(String(data)));
    const [code] = await once<[number]>(ws, "close");
    expect(code).toBe(1000);
    expect(messages).toEqual(Array.from({ length: 1000 }, (_, index) => String(index)));
  });

  it("carries 300 connections at once", async () => {
    const { url, server } = await echoServer();
    const sockets = await Promise.all(Array.from({ length: 300 }, () => openStock(url)));
    expect(server.clients.size).toBe(300);
    const echoes = Promise.all(sockets.map((ws) => once<[Buffer]>(ws, "message", 20_000)));
    for (const [index, ws] of sockets.entries()) ws.send(`n${index}`);
    expect((await echoes).map(([data]) => data.toString())).toEqual(sockets.map((_, index) => `n${index}`));
    for (const ws of sockets) ws.close();
    await until(() => server.clients.size === 0, "all had closed", 20_000);
  });
});

describe("the client with npm's server", () => {
  async function stock(options: object = {}): Promise<{ url: string; server: StockServer }> {
    const server = new StockServer({ port: 0, host: "127.0.0.1", maxPayload: 1e9, ...options });
    onTestFinished(() => {
      for (const ws of server.clients) ws.terminate();
      server.close();
    });
    server.on("connection", (ws) => ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary })));
    await once(server, "listening");
    return { server, url: `ws://127.0.0.1:${(server.address() as { port: number }).port}` };
  }

  it.each([false, true])("exchanges texts and bytes, compression %s", async (perMessageDeflate) => {
    const { url } = await stock({ perMessageDeflate });
    const peer = await open(url, { perMessageDeflate, maxMessageBytes: 2 ** 20 });
    expect(peer.isCompressing).toBe(perMessageDeflate);
    const sent = ["", "ñ", "x".repeat(70_000), Buffer.alloc(0), Buffer.alloc(300_000, 7)];
    const coming = collect<[string | Buffer]>(peer, "message", sent.length);
    for (const message of sent) expect(peer.send(message)).toBe(true);
    expect((await coming).map(([data]) => data)).toEqual(sent);
  });

  it("echoes 20 MB", async () => {
    const { url } = await stock();
    const peer = await open(url, { maxMessageBytes: 32 * 2 ** 20 });
    const big = Buffer.alloc(20_000_000, "abc");
    const coming = once<[Buffer]>(peer, "message", 30_000);
    peer.send(big);
    expect((await coming)[0].equals(big)).toBe(true);
  });

  it("negotiates the subprotocol and sends headers, but not over its own", async () => {
    const { url, server } = await stock();
    const requests = once<[unknown, IncomingMessage]>(server, "connection");
    const headers = { "x-mine": "1", "sec-websocket-key": "AAAA", cookie: ["a=1", "b=2"] };
    const peer = await open(`${url}/chat?x=1`, { protocols: ["a", "b"], headers });
    const [, request] = await requests;
    expect(peer.protocol).toBe("a");
    expect(request.url).toBe("/chat?x=1");
    expect(request.headers).toMatchObject({ "x-mine": "1", cookie: "a=1; b=2" });
    expect(request.headers["sec-websocket-key"]).not.toBe("AAAA");
  });

  it("hears what the server sends with its handshake", async () => {
    const { url, server } = await stock();
    server.on("connection", (ws) => ws.send("at once"));
    const peer = await connect(url);
    const [data] = await once<[string]>(peer, "message");
    expect(data).toBe("at once");
    const closed = once(peer, "close");
    peer.close(4000, "bye");
    expect(await closed).toEqual([4000, "bye", true]); // which `ws` repeats
    expect(peer.state).toBe("closed");
    expect(peer.send("late")).toBe(false);
    expect(await peer.drain()).toBe(false);
  });

  it("connects over TLS with the options of https.request", async () => {
    const httpsServer = createHttpsServer({ key: KEY, cert: CERTIFICATE });
    closeLater(httpsServer);
    const ours = new WebSocketServer({ server: httpsServer });
    ours.on("connection", (peer) => peer.on("message", (data) => peer.send(data)));
    const port = await listening(httpsServer);
    expect(await refusal(connect(`wss://localhost:${port}`))).toMatchObject({ code: "SESSION_TRANSPORT_ERROR" });
    const peer = await open(`wss://localhost:${port}`, { request: { ca: CERTIFICATE, family: 4 } });
    const coming = once(peer, "message");
    peer.send("secret");
    expect(await coming).toEqual(["secret"]);
  });
});

describe("a refused handshake", () => {
  const without = (name: string): string[] => HANDSHAKE_LINES.filter((line) => !line.startsWith(name));
  it.each([
    [
      "another version",
      426,
      /\r\nSec-WebSocket-Version: 13\r\n/,
      [...without("Sec-WebSocket-Version"), "Sec-WebSocket-Version: 8"],
      "GET",
      "1.1",
    ],
    ["no version", 426, /\r\nSec-WebSocket-Version: 13\r\n/, without("Sec-WebSocket-Version"), "GET", "1.1"],
    ["no key", 400, /Sec-WebSocket-Key/, without("Sec-WebSocket-Key"), "GET", "1.1"],
    [
      "a short key",
      400,
      /Sec-WebSocket-Key/,
      [...without("Sec-WebSocket-Key"), "Sec-WebSocket-Key: AAAA"],
      "GET",
      "1.1",
    ],
    ["another upgrade", 400, /Upgrade: websocket/, [...without("Upgrade"), "Upgrade: h2c"], "GET", "1.1"],
    ["POST", 405, /\r\nAllow: GET\r\n/, [...HANDSHAKE_LINES, "Content-Length: 0"], "POST", "1.1"],
    ["HTTP/1.0", 400, /HTTP\/1\.1/, HANDSHAKE_LINES, "GET", "1.0"],
    [
      "a broken subprotocol",
      400,
      /Sec-WebSocket-Protocol/,
      [...HANDSHAKE_LINES, "Sec-WebSocket-Protocol: a b"],
      "GET",
      "1.1",
    ],
    [
      "a broken extension",
      400,
      /Sec-WebSocket-Extensions/,
      [...HANDSHAKE_LINES, "Sec-WebSocket-Extensions: ;;"],
      "GET",
      "1.1",
    ],
  ])("with %s is answered %i, and the server goes on", async (_what, status, why, lines, method, version) => {
    const { port, url, server } = await echoServer();
    const refused = once<[VaivenError, IncomingMessage]>(server, "refused");
    const answer = await new Raw(port).request(lines, method, "/", version).answer();
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(why);
    expect((await refused)[0]).toMatchObject({ httpStatus: status });
    expect((await openStock(url)).readyState).toBe(StockSocket.OPEN);
  });

  it("that asks for no upgrade is answered 426 with the version", async () => {
    const { port } = await echoServer();
    const answer = await new Raw(port).request(["Host: a"]).answer();
    expect(answer).toMatch(/^HTTP\/1\.1 426 /);
    expect(answer).toMatch(/\r\nUpgrade: websocket\r\n/);
    expect(answer).toMatch(/\r\nSec-WebSocket-Version: 13\r\n/);
  });

  it("that is no HTTP ends that connection only", async () => {
    const { port, url } = await echoServer();
    expect(await new Raw(port).hex("00ff".repeat(500)).answer()).toMatch(/^HTTP\/1\.1 400 /);
    const half = new Raw(port).request(HANDSHAKE_LINES.slice(0, 2));
    half.socket.destroy();
    expect((await openStock(url)).readyState).toBe(StockSocket.OPEN);
  });

  it("for another path is answered 404; absolute targets and queries count by their path", async () => {
    const { port, server } = await echoServer({ path: "/ws" });
    const refused = once<[VaivenError]>(server, "refused");
    expect(await new Raw(port).request(HANDSHAKE_LINES).answer()).toMatch(
      /^HTTP\/1\.1 404 [\s\S]*expected the path \/ws$/,
    );
    expect((await refused)[0].code).toBe("HANDSHAKE_PATH");
    for (const target of ["/ws", "/ws?a=/b", "http://127.0.0.1/ws"]) {
      const raw = new Raw(port).request(HANDSHAKE_LINES, "GET", target);
      await until(() => raw.text.includes("\r\n\r\n"), "the handshake was answered");
      expect(raw.text).toMatch(/^HTTP\/1\.1 101 /);
    }
  });

  it.each([
    ["another site's page", { origin: "https://evil.example" }, 403],
    ["a page that hides its origin", { "sec-fetch-site": "cross-site" }, 403],
    ["a listed origin", { origin: "https://good.example" }, 101],
    ["an origin that matches", { origin: "https://a.good.test" }, 101],
    ["the server's own page", { origin: "SELF" }, 101],
    ["a program", {}, 101],
  ])("of %s", async (_who, headers: Record<string, string>, status) => {
    const { port, url } = await echoServer({ origins: ["https://good.example", /^https:\/\/\w+\.good\.test$/] });
    const given = headers["origin"] === "SELF" ? { origin: `http://127.0.0.1:${port}` } : headers;
    if (status === 101) {
      expect((await open(url, { headers: given })).state).toBe("open");
      return;
    }
    const error = await refusal(connect(url, { headers: given }));
    expect(error).toMatchObject({ code: "HANDSHAKE_STATUS", httpStatus: 403 });
    expect(error.detail?.["body"]).toContain("origins: [");
  });

  it('lets every page in with origins "*"', async () => {
    const { url } = await echoServer({ origins: "*" });
    expect((await open(url, { headers: { origin: "https://evil.example" } })).state).toBe("open");
  });

  it("believes X-Forwarded-Host only with trustProxy", async () => {
    const headers = { origin: "https://public.example", "x-forwarded-host": "public.example" };
    const closed = await echoServer();
    expect(await refusal(connect(closed.url, { headers }))).toMatchObject({ httpStatus: 403 });
    const trusting = await echoServer({ trustProxy: 1 });
    expect((await open(trusting.url, { headers })).state).toBe("open");
  });

  it.each([
    ["false", (): boolean => false, 403, ""],
    [
      "a refusal",
      () => ({ status: 401, message: "who are you?", headers: { "WWW-Authenticate": "Basic" } }),
      401,
      "who are you?",
    ],
    ["a promise of false", () => Promise.resolve(false), 403, ""],
  ])("by verify with %s has its status", async (_what, verify, status, body) => {
    const { url, server } = await echoServer({ verify });
    const refused = once<[VaivenError]>(server, "refused");
    const error = await refusal(connect(url));
    expect(error).toMatchObject({ code: "HANDSHAKE_STATUS", httpStatus: status, detail: { body } });
    expect((await refused)[0]).toMatchObject({ code: "HTTP_FORBIDDEN", httpStatus: status });
  });

  it.each([
    [
      "throws",
      (): boolean => {
        throw new Error("mine");
      },
    ],
    ["rejects", () => Promise.reject(new Error("mine"))],
    ["answers a status that is no refusal", () => ({ status: 200 })],
  ])("by verify that %s is answered 500, and the program is told", async (_what, verify) => {
    const { url, server } = await echoServer({ verify });
    const failed = once<[VaivenError]>(server, "error");
    const error = await refusal(connect(url));
    expect(error).toMatchObject({ httpStatus: 500 });
    expect(error.detail?.["body"]).not.toContain("mine");
    expect((await failed)[0]).toMatchObject({ code: "HANDLER_FAILED" });
  });

  it("by selectProtocol that chooses what was not offered is answered 500, and goes to the console where nobody listens", async () => {
    const spy = vi.spyOn(console, "error").mockImplementation(() => {});
    const { url } = await echoServer({ selectProtocol: () => "z" });
    expect(await refusal(connect(url, { protocols: "a" }))).toMatchObject({ httpStatus: 500 });
    expect(spy).toHaveBeenCalledOnce();
  });

  it("whose verify takes too long is answered 503", async () => {
    const { url, server } = await echoServer({ verify: () => new Promise(() => {}), handshakeTimeout: 100 });
    const refused = once<[VaivenError]>(server, "refused");
    expect(await refusal(connect(url))).toMatchObject({ httpStatus: 503 });
    expect((await refused)[0].code).toBe("HANDSHAKE_TIMEOUT");
  });

  it("that never comes to its end is cut after handshakeTimeout", async () => {
    const { port } = await echoServer({ handshakeTimeout: 200 });
    const raw = new Raw(port);
    raw.socket.write("GET / HTTP/1.1\r\nHost: a\r\n");
    expect(await raw.answer()).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe("a limit", () => {
  it.each([
    ["maxMessageBytes", { maxMessageBytes: 10 }, [masked(0x81, "x".repeat(11))], 1009, "FRAME_MESSAGE_TOO_BIG"],
    [
      "maxMessageBytes over fragments",
      { maxMessageBytes: 10 },
      [masked(0x01, "x".repeat(6)), masked(0x80, "x".repeat(6))],
      1009,
      "FRAME_MESSAGE_TOO_BIG",
    ],
    ["maxFragments", { maxFragments: 2 }, [masked(0x01), masked(0x00), masked(0x80)], 1008, "FRAME_TOO_MANY_FRAGMENTS"],
    [
      "maxTinyFragments",
      { maxTinyFragments: 1 },
      [masked(0x01), masked(0x00), masked(0x80)],
      1008,
      "FRAME_TOO_MANY_FRAGMENTS",
    ],
    ["the mask", {}, ["810161"], 1002, "FRAME_MASK_REQUIRED"],
    ["reserved bits", {}, [masked(0xc1, "a")], 1002, "FRAME_RESERVED_BITS"],
    ["reserved opcodes", {}, [masked(0x83, "a")], 1002, "FRAME_RESERVED_OPCODE"],
    ["UTF-8", {}, [masked(0x81, Buffer.from("ff", "hex"))], 1007, "FRAME_INVALID_UTF8"],
    ["close codes", {}, [masked(0x88, Buffer.from("03ed", "hex"))], 1002, "FRAME_CLOSE_INVALID"],
  ] as const)(
    "%s closes with its code, raises nothing, and leaves the others alone",
    async (_name, options, frames, code, error) => {
      const { port, url, endings } = await echoServer(options);
      const other = await open(url);
      const raw = await new Raw(port).upgraded();
      raw.hex(...frames);
      await inTime(raw.closed, "the end of the connection");
      expect(raw.received[0]).toBe(0x88);
      expect(raw.received.readUInt16BE(2)).toBe(code);
      expect((await endings.reaches(1))[0]).toEqual({ code, reason: "", wasClean: false, error });
      const coming = once(other, "message");
      other.send("alive");
      expect(await coming).toEqual(["alive"]);
    },
  );

  it("holds at the client too, which tells the server", async () => {
    const { url, server, endings } = await echoServer();
    const peers = once<[WebSocketPeer]>(server, "connection");
    const peer = await open(url, { maxMessageBytes: 10 });
    const failed = once<[VaivenError]>(peer, "error");
    const closed = once(peer, "close");
    (await peers)[0].send("x".repeat(11));
    expect((await failed)[0].code).toBe("FRAME_MESSAGE_TOO_BIG");
    expect(await closed).toEqual([1009, "", false]);
    expect((await endings.reaches(1))[0]).toMatchObject({ code: 1009, wasClean: true });
  });

  it("of compressed messages counts what comes out", async () => {
    const { url, endings } = await echoServer({ perMessageDeflate: true, maxMessageBytes: 100_000 });
    const ws = await openStock(url, { perMessageDeflate: true });
    ws.send("x".repeat(100_001));
    expect((await endings.reaches(1))[0]).toMatchObject({ code: 1009, error: "FRAME_MESSAGE_TOO_BIG" });
  });

  it("of 65,536 fragments takes just so many, and one more not", async () => {
    const { port, endings } = await echoServer({ maxFragments: 65_536 });
    const raw = await new Raw(port).upgraded();
    raw.hex(masked(0x01, "a"), masked(0x00, "a").repeat(65_534), masked(0x80, "z"));
    await until(() => raw.received.length === 10 + 65_536, "the echo was whole", 20_000);
    expect(raw.received.subarray(0, 10).toString("hex")).toBe("817f0000000000010000");
    raw.hex(masked(0x01, "a"), masked(0x00, "a").repeat(65_535), masked(0x80, "z"));
    expect((await endings.reaches(1, 20_000))[0]).toMatchObject({ code: 1008, error: "FRAME_TOO_MANY_FRAGMENTS" });
  });

  it("maxBufferedBytes cuts a peer that does not read", async () => {
    const { port, server, endings } = await echoServer({ maxBufferedBytes: 1_000_000 });
    const peers = once<[WebSocketPeer]>(server, "connection");
    const raw = await new Raw(port).upgraded();
    raw.socket.pause();
    const [peer] = await peers;
    const data = Buffer.alloc(500_000);
    let sent = 0;
    while (peer.send(data)) {
      sent++;
      expect(peer.bufferedAmount).toBeLessThan(1_600_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeGreaterThan(1);
    expect((await endings.reaches(1))[0]).toEqual({
      code: 1006,
      reason: "",
      wasClean: false,
      error: "SESSION_BUFFER_FULL",
    });
    expect(peer.bufferedAmount).toBe(0);
  });

  it("pingInterval cuts a peer that has gone silent, not one that answers", async () => {
    const { port, url, endings, server } = await echoServer({ pingInterval: 100 });
    const alive = await open(url, { pingInterval: 0 });
    await new Raw(port).upgraded();
    expect((await endings.reaches(1))[0]).toEqual({
      code: 1006,
      reason: "",
      wasClean: false,
      error: "SESSION_PING_TIMEOUT",
    });
    expect(alive.state).toBe("open");
    expect(server.clients.size).toBe(1);
  });
});

describe("bytes in any pieces", () => {
  it("make the same messages: one by one", async () => {
    const { port } = await echoServer();
    const raw = await new Raw(port).upgraded();
    const bytes = Buffer.from(
      masked(0x01, "vai") + masked(0x89, "?") + masked(0x80, "vén") + masked(0x82, Buffer.alloc(200, 1)) + CLOSE_1000,
      "hex",
    );
    for (const byte of bytes) {
      raw.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await inTime(raw.closed, "the end");
    const binary = `827e00c8${"01".repeat(200)}`;
    expect(raw.received.toString("hex")).toBe(`8a013f8107${Buffer.from("vaivén").toString("hex")}${binary}880203e8`);
  });

  it("make the same messages: with the handshake in one piece", async () => {
    const { port } = await echoServer();
    const raw = new Raw(port);
    const head = Buffer.from(`GET / HTTP/1.1\r\n${HANDSHAKE_LINES.join("\r\n")}\r\n\r\n`);
    raw.socket.write(Buffer.concat([head, Buffer.from(masked(0x81, "a") + masked(0x81, "b") + CLOSE_1000, "hex")]));
    await inTime(raw.closed, "the end");
    expect(raw.text.slice(raw.text.indexOf("\r\n\r\n") + 4)).toBe("\x81\x01a\x81\x01b\x88\x02\x03\xe8");
  });

  it("leave in one write for all that was sent in one turn", async () => {
    const { server, url } = await echoServer();
    const peers = once<[WebSocketPeer, IncomingMessage]>(server, "connection");
    const peer = await open(url);
    const [other, request] = await peers;
    const write = vi.spyOn(request.socket, "_writev" as never);
    const coming = collect(peer, "message", 100);
    for (let index = 0; index < 100; index++) other.send(`n${index}`);
    await coming;
    expect(write).toHaveBeenCalledOnce();
  });
});

describe("the end", () => {
  it("comes after closeTimeout if the peer does not answer", async () => {
    const { port, server, endings } = await echoServer({ closeTimeout: 100 });
    const peers = once<[WebSocketPeer]>(server, "connection");
    const raw = await new Raw(port).upgraded();
    const [peer] = await peers;
    peer.close(1000);
    expect(peer.state).toBe("closing");
    expect(peer.send("x")).toBe(false);
    await inTime(raw.closed, "the cut");
    expect(raw.received.toString("hex")).toBe("880203e8");
    expect((await endings.reaches(1))[0]).toEqual({ code: 1006, reason: "", wasClean: false, error: undefined });
  });

  it("is 1006 where the peer leaves without a word, and 1005 where its Close has no code", async () => {
    const { port, endings } = await echoServer();
    (await new Raw(port).upgraded()).socket.end();
    expect((await endings.reaches(1))[0]).toMatchObject({ code: 1006, wasClean: false });
    (await new Raw(port).upgraded()).hex(masked(0x88));
    expect((await endings.reaches(2))[1]).toMatchObject({ code: 1005, wasClean: true });
  });

  it("by terminate is at once, and told", async () => {
    const { url, server, endings } = await echoServer();
    const peers = once<[WebSocketPeer]>(server, "connection");
    const peer = await open(url);
    const closed = once(peer, "close");
    (await peers)[0].terminate();
    expect(await closed).toEqual([1006, "", false]);
    expect((await endings.reaches(1))[0]).toMatchObject({ code: 1006 });
  });

  it("of the server closes everyone with 1001, refuses who comes, and frees the port", async () => {
    const { server, url, port } = await echoServer();
    const peers = await Promise.all([open(url), open(url)]);
    const endings = peers.map((peer) => once(peer, "close"));
    const closed = once(server, "close");
    const first = server.close();
    expect(server.close()).toBe(first);
    await first;
    await closed;
    expect(await Promise.all(endings)).toEqual([
      [1001, "", true],
      [1001, "", true],
    ]);
    expect(await refusal(connect(url))).toMatchObject({ code: "SESSION_TRANSPORT_ERROR" });
    const again = createServer();
    closeLater(again);
    expect(await listening(again, port)).toBe(port);
  });

  it("of the server does not wait for a peer that does not answer", async () => {
    const { server, port } = await echoServer({ closeTimeout: 100 });
    await new Raw(port).upgraded();
    await inTime(server.close(1012, "back soon"), "close()");
    expect(server.clients.size).toBe(0);
  });

  it("never throws for a listener that does: the WebSocket goes on", async () => {
    const { server, url } = await echoServer();
    const caught: unknown[] = [];
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => caught.push(error));
    onTestFinished(() => {
      process.removeAllListeners("uncaughtException");
      for (const listener of listeners) process.on("uncaughtException", listener);
    });
    server.on("connection", (peer) =>
      peer.on("message", () => {
        throw new Error("mine");
      }),
    );
    const peer = await open(url);
    const coming = collect(peer, "message", 2);
    peer.send("a");
    peer.send("b");
    expect(await coming).toEqual([["a"], ["b"]]);
    expect(caught.map(String)).toContain("Error: mine");
  });
});

describe("the client's handshake", () => {
  /** A server that answers every request with these bytes. */
  async function answering(text: string | ((request: string) => string)): Promise<string> {
    const server = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", (chunk) => {
        const answer = typeof text === "string" ? text : text(chunk.toString("latin1"));
        if (answer !== "") socket.end(answer);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    return `ws://127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  it.each([
    ["another status", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno!", "HANDSHAKE_STATUS"],
    ["a page", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>", "HANDSHAKE_STATUS"],
    ["101 without Upgrade", "HTTP/1.1 101 X\r\nConnection: close\r\n\r\n", "HANDSHAKE_UPGRADE"],
    ["another upgrade", "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "HANDSHAKE_UPGRADE"],
    [
      "another key's answer",
      "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
      "HANDSHAKE_ACCEPT",
    ],
    ["no HTTP", "SSH-2.0\r\n\r\n", "SESSION_TRANSPORT_ERROR"],
  ])("rejects %s", async (_what, answer, code) => {
    expect(await refusal(connect(await answering(answer)))).toMatchObject({ name: "VaivenError", code });
  });

  it("says what the server said", async () => {
    const url = await answering("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno!");
    expect(await refusal(connect(url))).toMatchObject({ httpStatus: 502, detail: { body: "no!" } });
  });

  it("gives up after handshakeTimeout, and where nobody listens", async () => {
    const url = await answering("");
    expect(await refusal(connect(url, { handshakeTimeout: 50 }))).toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
    const closed = await answering("");
    const server = createServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    expect(closed).not.toBe("");
    expect(await refusal(connect(`ws://127.0.0.1:${port}`))).toMatchObject({ code: "SESSION_TRANSPORT_ERROR" });
  });

  it("follows redirects only when told so, and keeps credentials from other origins", async () => {
    const { url, server } = await echoServer();
    const requests = collect<[unknown, IncomingMessage]>(server, "connection", 1);
    const from = await answering(`HTTP/1.1 302 Found\r\nLocation: ${url}there\r\nContent-Length: 0\r\n\r\n`);
    const headers = { Authorization: "Bearer x", "X-Other": "y" };
    expect(await refusal(connect(from, { headers }))).toMatchObject({
      httpStatus: 302,
      detail: { location: `${url}there` },
    });
    const peer = await open(from, { headers, maxRedirects: 1 });
    const [[, request] = []] = await requests;
    expect(peer.state).toBe("open");
    expect(request?.url).toBe("/there");
    expect(request?.headers["authorization"]).toBeUndefined();
    expect(request?.headers["x-other"]).toBe("y");
  });

  it("ends a loop of redirects", async () => {
    let asked = 0;
    const url = await answering(() => `HTTP/1.1 307 X\r\nLocation: /${asked++}\r\nContent-Length: 0\r\n\r\n`);
    expect(await refusal(connect(url, { maxRedirects: 3 }))).toMatchObject({ httpStatus: 307 });
    expect(asked).toBe(4);
  });

  it.each([
    ["ftp://a", {}, "API_INVALID_ARGUMENT"],
    ["nowhere", {}, "API_INVALID_ARGUMENT"],
    ["ws://a/#b", {}, "API_INVALID_ARGUMENT"],
    ["ws://a", { protocols: ["a b"] }, "API_INVALID_ARGUMENT"],
    ["ws://a", { maxRedirects: -1 }, "API_INVALID_OPTION"],
    ["ws://a", { maxMessageBytes: "1" as never }, "API_INVALID_OPTION"],
    ["ws://a", { headers: { "a b": "c" } }, "API_INVALID_OPTION"],
    ["ws://a", { nothing: 1 } as object, "API_INVALID_OPTION"],
  ])("rejects %s with %j", async (url, options, code) => {
    expect(await refusal(connect(url, options))).toMatchObject({ name: "VaivenError", code });
  });
});

describe("on a server that is shared", () => {
  it("takes the upgrades of its path and leaves the rest", async () => {
    const httpServer = createServer((_request, response) => response.end("a page"));
    closeLater(httpServer);
    const one = new WebSocketServer({ server: httpServer, path: "/one" });
    const two = new WebSocketServer({ server: httpServer, path: "/two" });
    one.on("connection", (peer) => peer.send("one"));
    two.on("connection", (peer) => peer.send("two"));
    const port = await listening(httpServer);
    const page = await fetch(`http://127.0.0.1:${port}/one`);
    expect(await page.text()).toBe("a page");
    expect(await once(await open(`ws://127.0.0.1:${port}/one`), "message")).toEqual(["one"]);
    expect(await once(await open(`ws://127.0.0.1:${port}/two`), "message")).toEqual(["two"]);
    await one.close();
    expect(await once(await open(`ws://127.0.0.1:${port}/two`), "message")).toEqual(["two"]);
    expect(httpServer.listening).toBe(true);
  });

  it("takes upgrades that the program hands over", async () => {
    const sockets = new WebSocketServer({ verify: ({ url }) => url !== "/no" });
    const httpServer = createServer();
    closeLater(httpServer);
    onTestFinished(() => sockets.close());
    const greet = (peer: WebSocketPeer, { url }: IncomingMessage): void => void peer.send(`you asked for ${url}`);
    httpServer.on("upgrade", (request, socket, head) => sockets.handleUpgrade(request, socket, head, greet));
    const port = await listening(httpServer);
    expect(await once(await open(`ws://127.0.0.1:${port}/yes`), "message")).toEqual(["you asked for /yes"]);
    expect(await refusal(connect(`ws://127.0.0.1:${port}/no`))).toMatchObject({ httpStatus: 403 });
    expect(sockets.clients.size).toBe(1);
  });

  it.each([
    [{ server: createServer(), port: 0 }, "both"],
    [{ path: "/a" }, "path"],
    [{ port: 0, path: "a" }, "path"],
    [{ host: "a" }, "host"],
    [{ protocols: ["a"], selectProtocol: () => "a" }, "selectProtocol"],
    [{ origins: "https://a.example" as never }, "origins"],
    [{ verify: true as never }, "verify"],
    [{ perMessageDeflate: { level: 10 } }, "level"],
    [{ closeTimeout: 0 }, "closeTimeout"],
    [{ nothing: 1 } as object, "nothing"],
  ])("refuses options that make no sense: %#", (options: WebSocketServerOptions, named) => {
    expect(() => new WebSocketServer(options)).toThrow(
      expect.objectContaining({ code: "API_INVALID_OPTION", message: expect.stringContaining(named) }),
    );
  });
});

describe("back-pressure", () => {
  it("lets a sender wait: drain() resolves when the peer has read", async () => {
    const { server, port } = await echoServer({ maxBufferedBytes: 64 * 2 ** 20 });
    const peers = once<[WebSocketPeer]>(server, "connection");
    const raw = await new Raw(port).upgraded();
    const [peer] = await peers;
    expect(await peer.drain()).toBe(true);
    raw.socket.pause();
    for (let index = 0; index < 16; index++) peer.send(Buffer.alloc(1_000_000));
    let isDrained = false;
    const drained = peer.drain().then((isOpen) => {
      isDrained = true;
      return isOpen;
    });
    const event = once(peer, "drain", 20_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(isDrained).toBe(false);
    expect(peer.bufferedAmount).toBeGreaterThan(1_000_000);
    raw.socket.resume();
    expect(await drained).toBe(true);
    await event;
    expect(peer.bufferedAmount).toBe(0);
  });

  it("resolves drain() with false where the peer leaves instead", async () => {
    const { server, port } = await echoServer({ maxBufferedBytes: 64 * 2 ** 20 });
    const peers = once<[WebSocketPeer]>(server, "connection");
    const raw = await new Raw(port).upgraded();
    const [peer] = await peers;
    raw.socket.pause();
    for (let index = 0; index < 16; index++) peer.send(Buffer.alloc(1_000_000));
    const drained = peer.drain();
    raw.socket.destroy();
    expect(await drained).toBe(false);
  });

  it("reaches the sender through a loop over messages", async () => {
    const { server, port } = await echoServer();
    const seen: number[] = [];
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const finished = new Promise<void>((resolve) => {
      server.removeAllListeners("connection");
      server.on("connection", async (peer) => {
        for await (const message of peer) {
          await held;
          seen.push(message.length);
        }
        resolve();
      });
    });
    const raw = await new Raw(port).upgraded();
    const frame = Buffer.from(masked(0x82, Buffer.alloc(60_000)), "hex");
    for (let index = 0; index < 500; index++) raw.socket.write(frame);
    await until(() => raw.socket.writableLength > 10_000_000, "the sender had to wait");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(raw.socket.writableLength).toBeGreaterThan(1_000_000);
    raw.hex(CLOSE_1000);
    release();
    await inTime(finished, "the loop to end", 20_000);
    expect(seen).toEqual(new Array(500).fill(60_000));
  });

  it("gives a loop every message in order, and ends it with the connection", async () => {
    const { url, server } = await echoServer();
    const peers = once<[WebSocketPeer]>(server, "connection");
    const peer = await open(url);
    const [other] = await peers;
    for (let index = 0; index < 200; index++) other.send(String(index));
    other.close(4000, "done");
    const seen: (string | Buffer)[] = [];
    for await (const message of peer) seen.push(message);
    expect(seen).toEqual(Array.from({ length: 200 }, (_, index) => String(index)));
    expect(peer.ending).toEqual({ code: 4000, reason: "done", wasClean: true, error: undefined });
    for await (const message of peer) throw new Error(`nothing comes after the end, came ${String(message)}`);
  });

  it("lets a loop be left without closing, and pauses on request", async () => {
    const { url, server } = await echoServer();
    const peer = await open(url);
    peer.send("a");
    for await (const message of peer) {
      expect(message).toBe("a");
      break;
    }
    expect(peer.state).toBe("open");
    peer.pause();
    const heard = new Ledger<string | Buffer>();
    peer.on("message", (data) => heard.add(data));
    peer.send("b");
    await until(() => [...server.clients][0]?.bufferedAmount === 0, "the echo has left");
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(heard.entries).toEqual([]);
    peer.resume();
    expect(await heard.reaches(1)).toEqual(["b"]);
  });

  it("tells the caller's own mistakes", async () => {
    const peer = await open((await echoServer()).url);
    const mistake = expect.objectContaining({ code: "API_INVALID_ARGUMENT" });
    expect(() => peer.send(7 as never)).toThrow(mistake);
    expect(() => peer.close(1005)).toThrow(mistake);
    expect(() => peer.ping("x".repeat(126))).toThrow(mistake);
    expect(peer.state).toBe("open");
    expect(peer).toBeInstanceOf(WebSocketPeer);
  });
});
