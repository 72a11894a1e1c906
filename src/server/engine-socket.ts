// server/ `socket.conn`, and what `io.engine.on("connection")` gives: a session as Engine.IO's own sockets look (Engine.IO documentation, "Socket").
import type { IncomingMessage } from "node:http";
import type { VaivenError } from "../errors.js";
import type { RequestSnapshot } from "../http/request-snapshot.js";
import { Outgoing, type WirePacket } from "../packet/outgoing.js";
import type { CloseReason, SessionObserver } from "../session/session-sink.js";
import type { Transport } from "../session/transport.js";
import type { EngineConnection } from "./engine-connection.js";
import { GuardedEmitter } from "./guarded-emitter.js";

/** A packet as `packet` and `packetCreate` listeners see it. */
export interface EnginePacket {
  type: string;
  data?: string | Uint8Array;
}

/**
 * The low-level connection below a socket. Events: `packet` and `packetCreate` ({ type, data }), `data` and `message` (the data of a message),
 * `heartbeat`, `flush` (the packets that leave), `drain`, `upgrading` and `upgrade` (the transport), `error`, `close` (reason, description).
 */
export class EngineSocket extends GuardedEmitter implements SessionObserver {
  private readonly connection: EngineConnection;

  constructor(connection: EngineConnection) {
    super();
    this.connection = connection;
  }

  /** The session id. */
  get id(): string {
    return this.connection.session.id;
  }

  /** Engine.IO protocol. */
  get protocol(): 3 | 4 {
    return this.connection.session.protocol;
  }

  get remoteAddress(): string | undefined {
    return this.connection.remoteAddress;
  }

  /** The request of the handshake. Setting it, a way to save memory with Socket.IO, does nothing: what is kept of it is small already. */
  get request(): IncomingMessage | RequestSnapshot {
    return this.connection.request;
  }

  set request(_released: IncomingMessage | RequestSnapshot | null | undefined) {}

  /** What carries the session now: its `name` is `polling` or `websocket`. */
  get transport(): Transport {
    return this.connection.session.transport;
  }

  get readyState(): "opening" | "open" | "closing" | "closed" {
    return this.connection.session.state;
  }

  get upgrading(): boolean {
    return this.connection.session.upgrading;
  }

  get upgraded(): boolean {
    return this.request.url?.includes("transport=polling") === true && this.transport.name !== "polling";
  }

  /** The packets that wait to be sent. */
  get writeBuffer(): readonly EnginePacket[] {
    return describeAll(this.connection.session.queued);
  }

  /** Sends one message. `callback` is called when it has left the queue. */
  send(data: string | Uint8Array, options?: { compress?: boolean }, callback?: () => void): this {
    const head = typeof data === "string" ? `4${data}` : data;
    this.connection.session.send(new Outgoing(head, undefined, options));
    if (callback !== undefined) this.once("flush", () => callback());
    return this;
  }

  /** The same as {@link send}. */
  write(data: string | Uint8Array, options?: { compress?: boolean }, callback?: () => void): this {
    return this.send(data, options, callback);
  }

  /** Closes the session: what waits is sent first, unless `discard` is true. */
  close(discard?: boolean): void {
    this.connection.session.close(discard);
  }

  /** @internal */
  override listenerFailed(cause: unknown, event: string | symbol): void {
    this.connection.listenerFailed(cause, event);
  }

  onPacket(type: string, data: string | Uint8Array | undefined): void {
    this.emit("packet", packetOf(type, data));
    if (type === "message") {
      this.emit("data", data ?? "");
      this.emit("message", data ?? "");
    }
  }

  onPacketCreate(type: string, data: string | Uint8Array | undefined): void {
    this.emit("packetCreate", packetOf(type, data));
  }

  onHeartbeat(): void {
    this.emit("heartbeat");
  }

  onUpgrading(transport: Transport): void {
    this.emit("upgrading", transport);
  }

  onUpgrade(transport: Transport): void {
    this.connection.onUpgrade();
    this.emit("upgrade", transport);
  }

  onFlush(batch: readonly Outgoing[]): void {
    const packets = describeAll(batch);
    this.emit("flush", packets);
    this.connection.relay("flush", packets);
  }

  onDrain(): void {
    this.emit("drain");
    this.connection.relay("drain");
  }

  /** An `error` that nobody listens to is no reason to end the process: the close that follows tells the same. */
  onError(error: VaivenError): void {
    if (this.listenerCount("error") > 0) this.emit("error", error);
  }

  onClose(reason: CloseReason, description: unknown): void {
    this.connection.onClose();
    this.emit("close", reason, description);
  }
}

function packetOf(type: string, data: string | Uint8Array | undefined): EnginePacket {
  return data === undefined ? { type } : { type, data };
}

const TYPES = ["open", "close", "ping", "pong", "message", "upgrade", "noop"] as const;

/** Engine.IO's packets: those of an event with attachments are several. */
function describeAll(batch: readonly Outgoing[]): EnginePacket[] {
  return batch.flatMap(({ head, rest = [] }) => [head, ...rest].map(describe));
}

function describe(packet: WirePacket): EnginePacket {
  if (typeof packet !== "string") return { type: "message", data: packet };
  const type = TYPES[packet.charCodeAt(0) - 48] ?? "message";
  return packetOf(type, packet.length > 1 ? packet.slice(1) : undefined);
}
