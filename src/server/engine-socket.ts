// server/ `socket.conn`, and what `io.engine.on("connection")` gives: a session as Engine.IO's own sockets look (Engine.IO documentation, "Socket").
import type { IncomingMessage } from "node:http";
import type { VaivenError } from "../errors.js";
import type { RequestSnapshot } from "../http/request-snapshot.js";
import { asBytes } from "../packet/attachments.js";
import { Outgoing, type WirePacket } from "../packet/outgoing.js";
import type { CloseReason, SessionObserver } from "../session/session-sink.js";
import type { Transport } from "../session/transport.js";
import type { Engine } from "./engine.js";
import type { EngineConnection } from "./engine-connection.js";
import { EngineTransport } from "./engine-transport.js";
import { GuardedEmitter } from "./guarded-emitter.js";

/** A packet as `packet` and `packetCreate` listeners see it. */
export interface EnginePacket {
  /** `open`, `close`, `ping`, `pong`, `message`, `upgrade` or `noop`. */
  type: string;
  /** Absent where there is none. */
  data?: string | Uint8Array;
  /** Only on outgoing packets. */
  options?: { compress: boolean };
}

/**
 * The low-level connection below a socket. Events: `packet` and `packetCreate` ({ type, data }), `data` and `message` (the data of a message),
 * `heartbeat`, `flush` (the packets that leave), `drain`, `upgrading` and `upgrade` (the transport), `error`, `close` (reason, description).
 */
export class EngineSocket extends GuardedEmitter implements SessionObserver {
  private readonly connection: EngineConnection;
  /** Undefined until a program has asked for it. */
  private carriedBy: EngineTransport | undefined = undefined;

  constructor(connection: EngineConnection) {
    super();
    this.connection = connection;
  }

  /** The engine: `io.engine`. */
  get server(): Engine {
    return this.connection.engine;
  }

  /** The session id. It is secret: whoever knows it can speak in the client's name over polling. */
  get id(): string {
    return this.connection.session.id;
  }

  /** Engine.IO protocol. */
  get protocol(): 3 | 4 {
    return this.connection.session.protocol;
  }

  /** The client's address, as far as `trustProxy` believes what proxies say. */
  get remoteAddress(): string | undefined {
    return this.connection.remoteAddress;
  }

  /**
   * The request of the handshake. Set to null it is let go, and what is kept of it is small: method, URL, headers and address. That is also all
   * there is of it from the beginning, unless the program has had a look at requests (`io.engine.use`, `allowRequest`, listeners of `io.engine`).
   */
  get request(): IncomingMessage | RequestSnapshot {
    return this.connection.request;
  }

  set request(request: IncomingMessage | RequestSnapshot | null | undefined) {
    if (request === null || request === undefined) this.connection.releaseRequest();
  }

  /** What carries the session now: its `name` is `polling`, `websocket` or `webtransport`. The same object until an upgrade. */
  get transport(): EngineTransport {
    const { transport } = this.connection.session;
    if (this.carriedBy?.carrier !== transport) this.carriedBy = new EngineTransport(transport, this.connection);
    return this.carriedBy;
  }

  /** `open` until `close` is called or the connection ends; `closing` while what waits is being sent. */
  get readyState(): "opening" | "open" | "closing" | "closed" {
    return this.connection.session.state;
  }

  /** Whether an upgrade is under way. */
  get upgrading(): boolean {
    return this.connection.session.upgrading;
  }

  /** Whether the session began with polling and polls no longer. */
  get upgraded(): boolean {
    return this.request.url?.includes("transport=polling") === true && this.transport.name !== "polling";
  }

  /** The packets that wait to be sent. */
  get writeBuffer(): readonly EnginePacket[] {
    return describeAll(this.connection.session.queued);
  }

  /**
   * Sends one message, below the events: a client of Socket.IO does not expect one. After `close` it is dropped. What is neither text nor bytes goes as the
   * text that it is written as.
   *
   * @param options - `compress`: whether it may be compressed. Default: true. May be left out
   * @param callback - called when it has left the queue
   */
  send(
    data: string | Uint8Array | ArrayBuffer | ArrayBufferView,
    options?: { compress?: boolean } | (() => void),
    callback: (() => void) | undefined = typeof options === "function" ? options : undefined,
  ): this {
    const bytes = typeof data === "object" && data !== null ? asBytes(data) : undefined;
    const head = bytes ?? `4${data ?? ""}`;
    this.connection.session.send(new Outgoing(head, undefined, typeof options === "function" ? undefined : options));
    if (callback !== undefined) this.once("flush", () => callback());
    return this;
  }

  /** The same as {@link send}. */
  write(
    data: string | Uint8Array | ArrayBuffer | ArrayBufferView,
    options?: { compress?: boolean } | (() => void),
    callback?: () => void,
  ): this {
    return this.send(data, options, callback);
  }

  /** Closes the connection ("forced close"), with all its sockets: what waits is sent first, unless `discard` is true. Twice is a no-op. */
  close(discard?: boolean): void {
    this.connection.session.close(discard);
  }

  /** @internal */
  override listenerFailed(cause: unknown, event: string | symbol): void {
    this.connection.listenerFailed(cause, event);
  }

  onPacket(type: string, data: string | Uint8Array | undefined): void {
    const packet = packetOf(type, data);
    this.carriedBy?.emit("packet", packet);
    this.emit("packet", packet);
    if (type === "message") {
      this.emit("data", data ?? "");
      this.emit("message", data ?? "");
    }
  }

  onPacketCreate(type: string, data: string | Uint8Array | undefined, compress = true): void {
    this.emit("packetCreate", outgoingPacket(type, data, compress));
  }

  onHeartbeat(): void {
    this.emit("heartbeat");
  }

  onUpgrading(candidate: Transport): void {
    this.emit("upgrading", new EngineTransport(candidate, this.connection));
  }

  onUpgrade(): void {
    const left = this.carriedBy;
    this.connection.onUpgrade();
    left?.left();
    this.emit("upgrade", this.transport);
  }

  onFlush(batch: readonly Outgoing[]): void {
    const packets = describeAll(batch);
    this.emit("flush", packets);
    this.connection.relay("flush", packets);
  }

  onDrain(): void {
    this.carriedBy?.emit("drain");
    this.emit("drain");
    this.connection.relay("drain");
  }

  /** An `error` that nobody listens to is no reason to end the process: the close that follows tells the same. */
  onError(error: VaivenError): void {
    if (this.listenerCount("error") > 0) this.emit("error", error);
  }

  onRefusal(error: VaivenError): void {
    this.connection.onRefusal(error);
  }

  onClose(reason: CloseReason, description: unknown): void {
    this.connection.onClose(reason, description);
  }

  onClosed(reason: CloseReason, description: unknown): void {
    this.emit("close", reason, description);
    this.carriedBy?.left();
  }
}

function packetOf(type: string, data: string | Uint8Array | undefined): EnginePacket {
  return data === undefined ? { type } : { type, data };
}

function outgoingPacket(type: string, data: string | Uint8Array | undefined, compress: boolean): EnginePacket {
  return data === undefined ? { type, options: { compress } } : { type, options: { compress }, data };
}

const TYPES = ["open", "close", "ping", "pong", "message", "upgrade", "noop"] as const;

/** Engine.IO's packets: those of an event with attachments are several. */
function describeAll(batch: readonly Outgoing[]): EnginePacket[] {
  return batch.flatMap(({ head, rest = [], compress }) => [head, ...rest].map((packet) => describe(packet, compress)));
}

function describe(packet: WirePacket, compress: boolean): EnginePacket {
  if (typeof packet !== "string") return outgoingPacket("message", packet, compress);
  const type = TYPES[packet.charCodeAt(0) - 48] ?? "message";
  return outgoingPacket(type, packet.length > 1 ? packet.slice(1) : undefined, compress);
}
