// Test support: `vaiven/websocket` on real sockets: a server that echoes, clients of both libraries, and a peer whose bytes are the test's.
import { createHash } from "node:crypto";
import { connect as connectTcp, createServer as createTcpServer, type Socket } from "node:net";
import {
  connect,
  type WebSocketClientOptions,
  type WebSocketPeer,
  WebSocketServer,
  type WebSocketServerOptions,
} from "vaiven/websocket";
import { expect, onTestFinished } from "vitest";
import { WebSocket as StockSocket } from "ws";
import type { VaivenError } from "../../src/errors.js";
import { inTime, Ledger, once, until } from "../support/waiting.js";

/** A complete handshake request, without its first line. */
export const HANDSHAKE_LINES: readonly string[] = [
  "Host: 127.0.0.1",
  "Upgrade: websocket",
  "Connection: keep-alive, Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
];

export interface Stage {
  readonly server: WebSocketServer;
  readonly port: number;
  readonly url: string;
  /** What each peer ended with, in order. */
  readonly endings: Ledger<{ code: number; reason: string; wasClean: boolean; error: string | undefined }>;
}

/** A server that echoes, on a port of its own. */
export async function echoServer(options: WebSocketServerOptions = {}): Promise<Stage> {
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

/** A client of ours. */
export async function open(url: string, options?: WebSocketClientOptions): Promise<WebSocketPeer> {
  const peer = await connect(url, options);
  onTestFinished(() => peer.terminate());
  return peer;
}

/** A client of npm's. */
export async function openStock(url: string, options: object = {}, protocols: string[] = []): Promise<StockSocket> {
  const ws = new StockSocket(url, protocols, { perMessageDeflate: false, maxPayload: 1e9, ...options });
  onTestFinished(() => ws.terminate());
  ws.on("error", () => {});
  await once(ws, "open");
  return ws;
}

/** A server of bytes on a port of its own. `onRequest` is given what each connection sends first, as text. */
export async function byteServer(
  onRequest: (request: string, socket: Socket) => void,
): Promise<{ readonly url: string; readonly port: number; readonly sockets: readonly Socket[] }> {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.once("data", (chunk) => onRequest(chunk.toString("latin1"), socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { url: `ws://127.0.0.1:${port}`, port, sockets };
}

/** The answer that accepts a handshake, with more lines in it. Worked out here, so that the code under test does not check itself. */
export function acceptance(request: string, more = ""): string {
  const key = /^sec-websocket-key: *(.*?)\r$/im.exec(request)?.[1] ?? "";
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${more}\r\n`;
}

/** The error that a promise rejects with. */
export async function refusal(attempt: Promise<unknown>): Promise<VaivenError> {
  try {
    await attempt;
  } catch (error) {
    return error as VaivenError;
  }
  throw new Error("expected a refusal");
}

/** A TCP connection whose bytes are the test's. */
export class Raw {
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
export function masked(first: number, payload: Buffer | string = ""): string {
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

/** A masked Close frame with 1000. */
export const CLOSE_1000: string = masked(0x88, Buffer.from("03e8", "hex"));
