// node/ The WebSocket transport of a client (RFC 6455): node:http makes the handshake, so that agents, proxies and TLS options work as everywhere; frames are ours.
import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Duplex } from "node:stream";
import { VaivenError } from "../errors.js";
import { WebSocketConnection } from "../frame/connection.js";
import type { ConnectionOutput, ConnectionSink } from "../frame/contract.js";
import type { DeflateOptions } from "../frame/deflate.js";
import { type HandshakeOffer, offerHandshake, verifyHandshake } from "../frame/handshake-client.js";
import { type ConnectionProfile, connectionProfile } from "../frame/profile.js";
import { requestUrl, transportClosed, transportError } from "../http/client-request.js";
import { readBase64 } from "../packet/base64.js";
import type { Outgoing, WirePacket } from "../packet/outgoing.js";
import type { ClientTransportContext } from "../session/client-host.js";
import { NO_SINK } from "../session/no-sink.js";
import type { Cancel } from "../session/platform.js";
import type { ClientTransport, TransportSink } from "../session/transport.js";
import { cookieJarOf, requestOptions } from "./client-request-options.js";
import { nodePlatform } from "./platform.js";
import { retryAfter } from "./retry-after.js";

/** How long the server may take for its Close frame and the end of the connection. */
const CLOSE_TIMEOUT_MS = 10_000;
/** A client trusts its server further than a server its clients, but not with all of its memory. */
export const MAX_MESSAGE_BYTES: number = 100 * 1024 * 1024;
const MAX_FRAGMENTS = 1_000_000;

/** WebSocket on Node. */
export class NodeWebSocket implements ClientTransport, ConnectionSink, ConnectionOutput {
  sink: TransportSink = NO_SINK;
  private readonly context: ClientTransportContext;
  private request: ClientRequest | undefined = undefined;
  private socket: Duplex | undefined = undefined;
  private connection: WebSocketConnection | undefined = undefined;
  private congested = false;
  private failure: VaivenError | undefined = undefined;
  private cancelClosing: Cancel | undefined = undefined;

  constructor(context: ClientTransportContext) {
    this.context = context;
  }

  get name(): "websocket" {
    return "websocket";
  }

  get writable(): boolean {
    return !this.congested && this.connection?.state === "open";
  }

  get bufferedAmount(): number {
    return (this.socket?.writableLength ?? 0) + (this.connection?.waitingOutputBytes ?? 0);
  }

  open(): void {
    const { context } = this;
    const { secure, protocols = [], perMessageDeflate, autoUnref } = context.options;
    try {
      const profile = profileOf(perMessageDeflate);
      const offer = offerHandshake(nodePlatform, {
        protocols: typeof protocols === "string" ? [protocols] : protocols,
        deflate: profile.deflate,
      });
      const url = requestUrl("websocket", "http", context);
      const headers: Record<string, string> = {};
      for (const [name, value] of offer.headers) headers[name] = value;
      const request = (secure ? requestHttps : requestHttp)(url, requestOptions(context, headers));
      this.request = request;
      request.on("error", (error: NodeJS.ErrnoException) => {
        // The agent gave it a connection that the server was closing just then; the next is another, or new.
        const isStale = request.reusedSocket && error.code === "ECONNRESET" && this.sink !== NO_SINK;
        if (isStale) this.open();
        else this.refused(error);
      });
      request.on("response", (response) => {
        this.refused(
          new VaivenError("HANDSHAKE_STATUS", `expected the status 101, got ${response.statusCode}`, {
            httpStatus: response.statusCode ?? 0,
          }),
          retryAfter(response, context.platform.random()),
        );
      });
      request.on("upgrade", (response, socket, head) => this.upgraded(profile, offer, response, socket, head));
      if (autoUnref === true) request.on("socket", (socket) => socket.unref());
      request.end();
    } catch (error) {
      // A header, an option or a URL that Node refuses.
      context.platform.soon(() => this.refused(error));
    }
  }

  send(batch: readonly Outgoing[]): void {
    const { socket, connection } = this;
    if (socket === undefined || connection === undefined) return;
    socket.cork();
    for (const packet of batch) {
      this.sendPart(connection, packet.head, packet.compress);
      if (packet.rest !== undefined) for (const part of packet.rest) this.sendPart(connection, part, packet.compress);
    }
    socket.uncork();
    if (socket.writableNeedDrain) this.congested = true;
  }

  close(code = 1000, reason = ""): void {
    if (this.connection?.state !== "open") return;
    this.connection.close(code, reason);
    this.limitClosing();
  }

  discard(): void {
    this.sink = NO_SINK;
    this.cancelClosing?.();
    this.connection?.terminate();
    this.request?.destroy();
    this.socket?.destroy();
  }

  private sendPart(connection: WebSocketConnection, part: WirePacket, compress: boolean): void {
    if (typeof part === "string") connection.sendText(part, compress);
    else if (this.context.options.forceBase64) connection.sendText(`b${nodePlatform.toBase64(part)}`, compress);
    else connection.sendBinary(part, compress);
  }

  /** There is no WebSocket: the request failed, or what answered it is none. */
  private refused(error: unknown, retryAfter?: number): void {
    const { sink } = this;
    this.discard();
    const failure = transportError("websocket error", error);
    sink.onClose(retryAfter === undefined ? failure : Object.assign(failure, { retryAfter }));
  }

  private upgraded(
    profile: ConnectionProfile,
    offer: HandshakeOffer,
    response: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void {
    this.socket = socket;
    cookieJarOf(this.context)?.store(response.headers["set-cookie"]);
    try {
      const agreement = verifyHandshake(offer, {
        status: response.statusCode ?? 0,
        header: (name) => {
          const value = response.headers[name];
          return Array.isArray(value) ? value.join(", ") : value;
        },
      });
      this.connection = new WebSocketConnection(profile, this, this, agreement.deflate);
    } catch (error) {
      this.refused(error);
      return;
    }
    // The reason of an error is in the end that follows it.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.gone());
    socket.on("end", () => this.ended());
    socket.on("drain", () => this.drained());
    this.sink.onOpen?.();
    if (head.length > 0) this.receive(head);
    socket.on("data", (chunk: Buffer) => this.receive(chunk));
  }

  private receive(chunk: Uint8Array): void {
    const { flushQueue } = this.context;
    flushQueue.enter();
    try {
      this.connection?.receive(chunk);
    } finally {
      flushQueue.leave();
      if (this.connection?.isPaused) this.socket?.pause();
    }
  }

  private drained(): void {
    if (this.socket?.writableNeedDrain) return;
    this.connection?.drained();
    if (!this.congested) return;
    this.congested = false;
    if (this.writable) this.sink.onWritable();
  }

  private ended(): void {
    this.connection?.transportClosed();
    this.socket?.end();
    this.limitClosing();
  }

  private gone(): void {
    this.cancelClosing?.();
    this.connection?.transportClosed();
  }

  private limitClosing(): void {
    this.cancelClosing ??= this.context.platform.after(CLOSE_TIMEOUT_MS, () => this.socket?.destroy(), true);
  }

  // ── the connection's output ──

  write(frame: Uint8Array): void {
    this.socket?.write(frame);
    if (this.socket?.writableNeedDrain) this.congested = true;
  }

  end(): void {
    // The server ends first (RFC 6455 section 7.1.1); if it does not, we do.
    this.limitClosing();
  }

  get isCongested(): boolean {
    return this.congested;
  }

  resumed(): void {
    this.socket?.resume();
  }

  // ── the connection's sink ──

  onText(text: string): void {
    if (!text.startsWith("b")) {
      this.sink.onText(text);
      return;
    }
    // What `forceBase64` asked for.
    const bytes = readBase64(text, 1, text.length, nodePlatform.allocate);
    if (bytes !== undefined) this.sink.onBinary(bytes);
    else {
      this.failure = new VaivenError("PACKET_INVALID_BASE64", `expected Base64 behind the "b" of a message`);
      this.connection?.close(1002);
    }
  }

  onBinary(bytes: Uint8Array): void {
    this.sink.onBinary(bytes);
  }

  onError(error: VaivenError): void {
    this.failure = error;
  }

  onClose(code: number, reason: string): void {
    const { sink } = this;
    this.sink = NO_SINK;
    sink.onClose(this.failure ?? transportClosed("websocket connection closed", { code, reason }));
  }
}

const profiles: Map<string, ConnectionProfile> = new Map();

/** Connections with equal options share a profile. `perMessageDeflate` is offered unless it is false. */
function profileOf(perMessageDeflate: unknown): ConnectionProfile {
  const deflate = perMessageDeflate !== false && (perMessageDeflate ?? true);
  const key = JSON.stringify(deflate);
  let profile = profiles.get(key);
  if (profile === undefined) {
    profile = connectionProfile({
      role: "client",
      primitives: nodePlatform,
      limits: { maxMessageBytes: MAX_MESSAGE_BYTES, maxFragments: MAX_FRAGMENTS },
      compression: nodePlatform.compression,
      deflate: deflate as DeflateOptions | boolean,
    });
    profiles.set(key, profile);
  }
  return profile;
}
