// Test support: a whole server without a network. Requests and sockets are objects, so that a conversation of a hundred steps takes microseconds.
import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { AnswerHeaders, Exchange, ExchangeOwner, HttpRequest } from "../../src/http/exchange.js";
import { headersOf } from "../../src/http/request-snapshot.js";
import { NodeHttpHost } from "../../src/node/http-host.js";
import { nodePlatform } from "../../src/node/platform.js";
import { Server, type ServerHost } from "../../src/server/server.js";
import type { ServerOptions } from "../../src/server/server-options.js";
import { Deadlines } from "../../src/session/deadlines.js";
import type { Clock } from "../../src/session/platform.js";

/** The headers of a WebSocket handshake, names and values one behind the other, for {@link MemoryNet.upgrade}. */
export const WEBSOCKET_HEADERS: readonly string[] = [
  ["Host", "a.example"],
  ["Connection", "Upgrade"],
  ["Upgrade", "websocket"],
  ["Sec-WebSocket-Version", "13"],
  ["Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="],
].flat();

/** An HTTP request that the engine answers. */
export class MemoryExchange implements Exchange {
  readonly request: HttpRequest;
  owner: ExchangeOwner | undefined = undefined;
  beforeAnswer: ((headers: AnswerHeaders) => void) | undefined = undefined;
  isAbandoned = false;
  readonly pendingBytes = 0;
  status: number | undefined = undefined;
  body = "";
  private readonly content: Uint8Array;

  constructor(request: HttpRequest, content: Uint8Array) {
    this.request = request;
    this.content = content;
  }

  readBody(limit: number): void {
    if (this.content.length > limit) this.owner?.onBodyTooBig(this);
    else this.owner?.onBody(this, this.content);
  }

  answer(status: number, headers: AnswerHeaders, body: string | Uint8Array): void {
    if (this.status !== undefined || this.isAbandoned) return;
    this.status = status;
    this.beforeAnswer?.(headers);
    this.body = typeof body === "string" ? body : Buffer.from(body).toString("latin1");
  }

  cork(): void {}

  uncork(): void {}

  leave(): void {
    if (this.status !== undefined || this.isAbandoned) return;
    this.isAbandoned = true;
    this.owner?.onAbandoned(this);
  }
}

/** The server's end of a TCP connection: what node/ uses of a socket, at once. Its close comes with {@link MemorySocket.settle}. */
export class MemorySocket extends EventEmitter {
  readonly remoteAddress = "10.0.0.9";
  readonly writableLength = 0;
  readonly writableNeedDrain = false;
  writable = true;
  destroyed = false;
  /** What the server has sent. */
  sent: Buffer[] = [];
  private isEnded = false;
  private isClosed = false;

  write(chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean {
    if (!this.writable) return false;
    this.sent.push(typeof chunk === "string" ? Buffer.from(chunk, "latin1") : Buffer.from(chunk));
    const callback = typeof encoding === "function" ? encoding : done;
    if (typeof callback === "function") callback();
    return true;
  }

  end(chunk?: unknown): this {
    if (typeof chunk === "string" || chunk instanceof Uint8Array) this.write(chunk);
    this.writable = false;
    this.isEnded = true;
    return this;
  }

  destroy(): this {
    this.destroyed = true;
    this.writable = false;
    return this;
  }

  /** Tells the listeners of an end that the server has asked for. */
  settle(): void {
    if (this.isClosed || !(this.destroyed || this.isEnded)) return;
    this.isClosed = true;
    this.destroyed = true;
    this.emit("close");
  }

  /** The client's bytes. */
  receive(bytes: Uint8Array): void {
    if (!this.destroyed) this.emit("data", Buffer.from(bytes));
  }

  /** The client ends its side. */
  finish(): void {
    if (!this.destroyed) this.emit("end");
  }

  cork(): void {}
  uncork(): void {}
  pause(): this {
    return this;
  }
  resume(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
}

/** A server that is asked by function calls. */
export class MemoryNet {
  readonly io: Server;
  private exchange: MemoryExchange | undefined = undefined;

  /** With `clock` the sessions' time is that one. */
  constructor(options: Partial<ServerOptions>, clock?: Clock) {
    const time = clock && {
      platform: { ...nodePlatform, now: clock.now, after: clock.after },
      deadlines: new Deadlines(clock),
    };
    const host = Object.assign(new NodeHttpHost(), {
      ...time,
      warn() {},
      exchange: () => this.exchange,
      attach() {},
      detach() {},
    });
    // An HTTP server that is never asked: the engine is called by hand.
    const httpServer = { listen() {}, close: (done: () => void) => done() };
    this.io = new Server(host as unknown as ServerHost, httpServer, options);
  }

  request(
    method: string,
    url: string,
    rawHeaders: readonly string[] = [],
    content: Uint8Array = NOTHING,
  ): MemoryExchange {
    const req = requestOf(method, url, rawHeaders);
    const request = { method, url, headers: req.headers, remoteAddress: "10.0.0.9", secure: false } as HttpRequest;
    const exchange = new MemoryExchange(request, content);
    this.exchange = exchange;
    this.io.engine.handleRequest(req, {} as ServerResponse);
    return exchange;
  }

  upgrade(url: string, rawHeaders: readonly string[] = []): MemorySocket {
    const socket = new MemorySocket();
    this.io.engine.handleUpgrade(requestOf("GET", url, rawHeaders), socket as unknown as Duplex, Buffer.alloc(0));
    return socket;
  }
}

const NOTHING = new Uint8Array(0);

function requestOf(method: string, url: string, rawHeaders: readonly string[]): IncomingMessage {
  const socket = { remoteAddress: "10.0.0.9" };
  return {
    method,
    url,
    rawHeaders,
    headers: headersOf(rawHeaders),
    httpVersion: "1.1",
    socket,
  } as unknown as IncomingMessage;
}

/** A masked frame with a mask of zeros. */
export function clientFrame(byte0: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const head = length < 126 ? [byte0, 0x80 | length] : [byte0, 0xfe, (length >> 8) & 255, length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
}
