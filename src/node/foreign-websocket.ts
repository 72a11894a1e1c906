// node/ WebSockets of another implementation, by the `wsEngine` option: a server class with the API of npm's `ws`, used at message level.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { VaivenError } from "../errors.js";
import type { AnswerHeaders } from "../http/exchange.js";
import type { Outgoing, WirePacket } from "../packet/outgoing.js";
import { NO_SINK } from "../session/no-sink.js";
import type { Transport, TransportSink } from "../session/transport.js";
import { processHost } from "./process-host.js";

/** What is used of such a server. */
export interface ForeignWebSocketServer {
  on(event: "headers", listener: (lines: string[], request: IncomingMessage) => void): unknown;
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer, done: (socket: ForeignWebSocket) => void): void;
}

/** What is used of its sockets. `isBinary` is missing where text comes as a string (`ws` before 8). */
export interface ForeignWebSocket {
  on(event: "message", listener: (data: string | Uint8Array | ArrayBuffer, isBinary?: boolean) => void): unknown;
  on(event: "close", listener: (code?: number) => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  send(data: WirePacket, options: { compress: boolean; binary: boolean }, done?: () => void): void;
  close(code?: number, reason?: string): void;
  terminate?(): void;
}

/** The class that `wsEngine` is. */
export type ForeignWebSocketEngine = new (options: {
  noServer: true;
  clientTracking: false;
  perMessageDeflate: unknown;
  maxPayload: number;
}) => ForeignWebSocketServer;

/** This many bytes may wait in the other implementation before the client counts as slow: as much as Node's streams take. */
const HIGH_WATER_MARK = 16 * 1024;
/** What a peer closes with that said nothing (RFC 6455 section 7.1.5). */
const ABNORMAL_CLOSURE = 1006;

/** Accepts handshakes with another implementation. */
export class ForeignWebSockets {
  private readonly server: ForeignWebSocketServer;
  private readonly answerHeaders = new WeakMap<IncomingMessage, AnswerHeaders>();

  /** @throws VaivenError `API_INVALID_OPTION` for what is no such class; what its constructor throws */
  constructor(engine: ForeignWebSocketEngine, maxPayload: number, perMessageDeflate: unknown) {
    this.server = new engine({ noServer: true, clientTracking: false, perMessageDeflate, maxPayload });
    if (typeof this.server.handleUpgrade !== "function" || typeof this.server.on !== "function") {
      throw new VaivenError("API_INVALID_OPTION", "expected wsEngine to be a class with the API of ws.WebSocketServer");
    }
    this.server.on("headers", (lines, request) => {
      for (const [name, value] of Object.entries(this.answerHeaders.get(request) ?? {})) {
        for (const each of typeof value === "string" ? [value] : value) lines.push(`${name}: ${each}`);
      }
    });
  }

  /** `begin` gets the transport of a handshake that is accepted; the other implementation refuses those that are not. */
  accept(
    req: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    headers: AnswerHeaders,
    begin: (transport: Transport) => void,
  ): void {
    this.answerHeaders.set(req, headers);
    this.server.handleUpgrade(req, socket, head, (webSocket) => begin(new ForeignWebSocketTransport(webSocket)));
  }
}

/** See session/transport.ts. */
class ForeignWebSocketTransport implements Transport {
  readonly name = "websocket";
  sink: TransportSink = NO_SINK;
  private readonly socket: ForeignWebSocket;
  private state: "open" | "closing" | "closed" = "open";
  private waiting = 0;
  private congested = false;
  private failure: VaivenError | undefined = undefined;

  constructor(socket: ForeignWebSocket) {
    this.socket = socket;
    socket.on("message", (data, isBinary) => this.receive(data, isBinary));
    socket.on("close", (code) => this.ended(code));
    socket.on("error", (cause) => {
      this.failure = new VaivenError("SESSION_TRANSPORT_ERROR", "the WebSocket failed", { cause });
    });
  }

  get writable(): boolean {
    return this.state === "open" && !this.congested;
  }

  get bufferedAmount(): number {
    return this.waiting;
  }

  get webSocket(): ForeignWebSocket {
    return this.socket;
  }

  send(batch: readonly Outgoing[]): void {
    if (this.state !== "open" || batch.length === 0) return;
    const size = batch.reduce((sum, packet) => sum + packet.byteLength(processHost.platform.textByteLength), 0);
    this.waiting += size;
    const done = (): void => this.sent(size);
    batch.forEach((packet, index) => {
      const last = index === batch.length - 1 ? done : undefined;
      const { rest = [] } = packet;
      this.write(packet.head, packet.compress, rest.length === 0 ? last : undefined);
      rest.forEach((part, at) => void this.write(part, packet.compress, at === rest.length - 1 ? last : undefined));
    });
    if (this.waiting > HIGH_WATER_MARK) this.congested = true;
  }

  close(code?: number, reason?: string): void {
    if (this.state !== "open") return;
    this.state = "closing";
    this.socket.close(code, reason);
  }

  discard(): void {
    this.state = "closed";
    this.sink = NO_SINK;
    if (this.socket.terminate === undefined) this.socket.close();
    else this.socket.terminate();
  }

  private write(part: WirePacket, compress: boolean, done: (() => void) | undefined): void {
    try {
      this.socket.send(part, { compress, binary: typeof part !== "string" }, done);
    } catch (cause) {
      // It is closing and will say so.
      this.failure ??= new VaivenError("SESSION_TRANSPORT_ERROR", "the WebSocket could not be written to", { cause });
    }
  }

  private sent(size: number): void {
    this.waiting -= size;
    if (!this.congested || this.waiting > 0) return;
    this.congested = false;
    if (this.state === "open") this.sink.onWritable();
  }

  private receive(data: string | Uint8Array | ArrayBuffer, isBinary: boolean | undefined): void {
    const { flushQueue, platform } = processHost;
    flushQueue.enter();
    try {
      const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
      if (typeof bytes === "string") this.sink.onText(bytes);
      else if (isBinary === false) this.sink.onText(platform.readText(bytes, 0, bytes.length, false));
      else this.sink.onBinary(bytes);
    } finally {
      flushQueue.leave();
    }
  }

  private ended(code: number | undefined): void {
    if (this.state === "closed") return;
    const { sink } = this;
    const lost = code === ABNORMAL_CLOSURE;
    this.state = "closed";
    this.sink = NO_SINK;
    const closed = lost
      ? new VaivenError("SESSION_TRANSPORT_CLOSED", "the connection ended without a Close frame")
      : undefined;
    sink.onClose(this.failure ?? closed);
  }
}
