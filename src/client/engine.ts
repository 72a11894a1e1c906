// client/ `socket.io.engine`: the client's end of one Engine.IO session (Engine.IO protocol v4), as programs see it. The Manager makes one for each connection.
//
//               open packet                close()
//    opening ───────────────▶ open ───────────────────▶ closing ──▶ closed
//     │   ▲                   │  ▲                                    ▲
//     └───┘ transport failed, ▼  │ switched, or no candidate is left  └── heartbeat missed, transport ended
//           another one     probing (session/client-upgrade.ts)
//           is left
import { VaivenError } from "../errors.js";
import type { Unchecked } from "../event/event-map.js";
import { transportError } from "../http/client-request.js";
import { enginePacketType } from "../packet/engine-packet.js";
import { Outgoing, type OutgoingOptions, type WirePacket } from "../packet/outgoing.js";
import type { ClientHost, ClientPlatform, ClientTransportOptions } from "../session/client-host.js";
import type { UpgradingClient } from "../session/client-upgrade.js";
import type { Flushable } from "../session/flush-queue.js";
import { type OpenData, readOpenData } from "../session/open-data.js";
import type { Cancel } from "../session/platform.js";
import { type CloseReason, reasonOf } from "../session/session-sink.js";
import type { ClientTransport, TransportName, TransportSink } from "../session/transport.js";
import { GuardedEmitter } from "./guarded-emitter.js";
import type { EngineSettings } from "./options.js";
import type { DisconnectDescription } from "./socket-options.js";

/** An Engine.IO packet, as the events `packet` and `packetCreate` show it. */
export interface EnginePacket {
  type: string;
  /** Text, or bytes. */
  data?: Unchecked;
  /** Of packets that are sent. */
  options?: { compress: boolean } | undefined;
}

/** The events of `socket.io.engine`. */
export interface EngineEvents {
  open: () => void;
  handshake: (data: OpenData) => void;
  packet: (packet: EnginePacket) => void;
  packetCreate: (packet: EnginePacket) => void;
  /** Text, or bytes. */
  data: (data: Unchecked) => void;
  message: (data: Unchecked) => void;
  drain: () => void;
  flush: () => void;
  /** Something came: whatever it was, the connection lives. */
  heartbeat: () => void;
  ping: () => void;
  pong: () => void;
  error: (error: Error) => void;
  upgrading: (transport: ClientTransport) => void;
  upgrade: (transport: ClientTransport) => void;
  upgradeError: (error: Error) => void;
  close: (reason: string, description?: DisconnectDescription) => void;
}

/** Who owns an engine: the Manager. @internal */
export interface EngineOwner {
  _onOpen(data: OpenData): void;
  /** One text message. `packet` is the whole Engine.IO packet; the message begins at `start`. */
  _onMessage(packet: string, start: number): void;
  _onBinary(message: Uint8Array): void;
  _onPing(): void;
  /** The end; nothing is called after it. */
  _onEnd(reason: CloseReason, description: unknown): void;
}

const PONG = new Outgoing("3");

/** RFC 6455 section 7.4.1: the server sent what the protocol does not know. */
const CLOSE_PROTOCOL_ERROR = 1002;

let upgradedBefore = false;

/** See `socket.io.engine`. */
export class Engine
  extends GuardedEmitter<Record<never, never>, Record<never, never>, EngineEvents>
  implements TransportSink, Flushable, UpgradingClient
{
  /** The options of this connection, with `hostname`, `port` and `secure` as the URL says. Changes have no effect: see `socket.io.opts`. */
  readonly opts: ClientTransportOptions;
  /** The session's id; the server knows the connection by it. Undefined until the engine is open, and as with {@link transport} the type does not say so. */
  id!: string;
  /**
   * The transport that carries the connection now; its `name` is `polling` or `websocket`. Undefined before the first attempt:
   * Socket.IO's types do not say so, and a program typed for them could not compile if ours did.
   */
  transport!: ClientTransport;
  readyState: "opening" | "open" | "closing" | "closed" = "opening";
  /** Bytes that the server takes in one message; 0 where it did not say. */
  maxPayload = 0;
  /** Vue's `reactive` leaves alone what carries this mark; it would wrap the engine, and every socket of Node below it. */
  readonly __v_skip = true;
  /** The session goes over from one transport to another, and nothing is sent meanwhile. @internal */
  isSwitching = false;
  private readonly host: ClientHost;
  private readonly platform: ClientPlatform;
  private readonly settings: EngineSettings;
  /** Undefined once nobody needs to hear the rest. @internal */
  owner: EngineOwner | undefined;
  /** The transports that were not tried yet. */
  private readonly untried: TransportName[];
  private packets: Outgoing[] = [];
  private isFlushQueued = false;
  private pingTimeout = 0;
  private patience = 0;
  private expiresAt = 0;
  private cancelTimer: Cancel = nothing;
  private cancelUpgrade: Cancel = nothing;

  /** Begins to connect with {@link open}. */
  constructor(host: ClientHost, platform: ClientPlatform, settings: EngineSettings, owner: EngineOwner) {
    super(platform.soon);
    this.host = host;
    this.platform = platform;
    this.settings = settings;
    this.owner = owner;
    this.opts = settings.optionsFor("");
    this.untried = Object.keys(settings.transports) as TransportName[];
    if (settings.rememberUpgrade && upgradedBefore)
      this.untried.sort((a, b) => Number(b === "websocket") - Number(a === "websocket"));
    upgradedBefore = false;
  }

  /** Whether a packet sent now leaves with the next flush. */
  get writable(): boolean {
    return this.readyState === "open" && !this.packets.length && this.isReady();
  }

  /** Bytes that wait here and in the transport. */
  get bufferedAmount(): number {
    const { transport, platform } = this;
    return this.packets.reduce(
      (size, packet) => size + packet.byteLength(platform.textByteLength),
      transport ? transport.bufferedAmount : 0,
    );
  }

  /** The packets that have not been handed to the transport: a copy. */
  get writeBuffer(): EnginePacket[] {
    const shown: EnginePacket[] = [];
    for (const packet of this.packets) for (const part of partsOf(packet)) shown.push(show(part, packet));
    return shown;
  }

  /** The server's name or address, without brackets. */
  get hostname(): string {
    return this.opts.hostname;
  }

  /** The server's port: that of the scheme where the URL names none. */
  get port(): string {
    return this.opts.port || (this.secure ? "443" : "80");
  }

  /** Whether the connection is made over TLS. */
  get secure(): boolean {
    return this.opts.secure;
  }

  /** Connects. Once. */
  open(): this {
    if (this.transport) return this;
    if (this.untried.length) this.tryNext();
    else
      this.platform.soon(() =>
        this.finish("transport error", new VaivenError("API_INVALID_OPTION", "No transports available")),
      );
    return this;
  }

  /** Sends one message of the Engine.IO layer, below Socket.IO; `fn` is called when it leaves. Before the opening and after the close nothing is sent. */
  write(data: string | Uint8Array | ArrayBuffer, options?: OutgoingOptions, fn?: () => void): this {
    const packet = typeof data === "string" ? `4${data}` : data instanceof ArrayBuffer ? new Uint8Array(data) : data;
    this.sendPacket(new Outgoing(packet, undefined, options));
    if (fn && this.packets.length) this.once("flush", fn);
    return this;
  }

  /** As {@link write}. */
  send(data: string | Uint8Array | ArrayBuffer, options?: OutgoingOptions, fn?: () => void): this {
    return this.write(data, options, fn);
  }

  /** Sends what was encoded. @internal */
  sendPacket(packet: Outgoing): void {
    if (this.readyState !== "open") return;
    // Before listeners are told: what they send comes behind it.
    this.packets.push(packet);
    this.queueFlush();
    // Watching costs an object for each packet: only where somebody listens.
    if (this.hasListeners("packetCreate"))
      for (const part of partsOf(packet)) this.emitReserved("packetCreate", show(part, packet));
  }

  /** See {@link Flushable}. @internal */
  flush(): void {
    const { packets, transport } = this;
    this.isFlushQueued = false;
    if (this.readyState === "closed" || !packets.length || !this.isReady()) return;
    this.emitReserved("flush");
    transport.send(packets);
    packets.length = 0;
    if (transport.writable) this.emitReserved("drain");
  }

  /**
   * Flushes what waits, also through an upgrade that is under way, then closes as "forced close". While opening it closes at once.
   * The Manager reconnects, unless it closed the engine itself.
   */
  close(): this {
    if (this.readyState === "opening") this.abandon("forced close", undefined);
    else if (this.readyState === "open") {
      this.flush();
      this.readyState = "closing";
      if (!this.isSwitching) this.cancelUpgrade();
      // A server that takes nothing any more must not keep us here.
      this.setTimer(this.pingTimeout, () => this.abandon("forced close", undefined));
      this.closeWhenFlushed();
    }
    return this;
  }

  /** Cuts at once: the host knows before the connection does that the network is gone, or what the server sent makes no sense. @internal */
  abandon(reason: CloseReason, description: unknown): void {
    const { readyState, transport } = this;
    if (readyState === "closed") return;
    const isUnreadable = reason === "parse error";
    if (transport && !isUnreadable) transport.discard();
    this.finish(reason, description);
    // The server is told.
    if (isUnreadable) transport.close(CLOSE_PROTOCOL_ERROR);
  }

  /** Whether the server's ping is overdue, which timers that were throttled or that slept have not noticed. Then the session is abandoned at the end of the turn. @internal */
  hasPingExpired(): boolean {
    const hasExpired = this.readyState === "open" && this.platform.now() > this.expiresAt;
    if (hasExpired) this.platform.soon(() => this.onPingMissed());
    return hasExpired;
  }

  // ── the transport ──

  /** @internal */
  onText(packet: string): void {
    const { readyState, owner } = this;
    if (readyState === "closed") return;
    this.showReceived(packet);
    const type = packet[0];
    if (readyState === "opening" && type === "0") this.onOpenPacket(packet.slice(1));
    else if (readyState === "opening") this.onClose(unexpected());
    else if (type === "4") {
      if (readyState !== "open") return;
      if (owner) owner._onMessage(packet, 1);
      this.tell(packet);
    } else if (type === "2") {
      // To a server that asks and does not read one answer waits, not all of them.
      const { packets } = this;
      if (packets[packets.length - 1] !== PONG) this.sendPacket(PONG);
      this.beat();
      if (owner) owner._onPing();
      this.emitReserved("ping");
      this.emitReserved("pong");
    } else if (type === "1") this.abandon("transport close", undefined);
    else if (type !== "6") {
      this.onClose(unexpected());
      this.transport.close(CLOSE_PROTOCOL_ERROR);
    }
  }

  /** @internal */
  onBinary(message: Uint8Array): void {
    if (this.readyState !== "open") return;
    this.showReceived(message);
    if (this.owner) this.owner._onBinary(message);
    this.tell(message);
  }

  /** @internal */
  onWritable(): void {
    if (this.packets.length) this.queueFlush();
    else this.emitReserved("drain");
    this.closeWhenFlushed();
  }

  /** @internal */
  onClose(error: VaivenError | undefined): void {
    if (this.readyState !== "opening") this.finish(reasonOf(error), error);
    else {
      this.transport.discard();
      if (this.settings.tryAllTransports && this.untried.length) this.tryNext();
      else
        this.finish(
          "transport error",
          error || new VaivenError("SESSION_TRANSPORT_CLOSED", "the server closed before the session was open"),
        );
    }
  }

  // ── the upgrade (session/client-upgrade.ts) ──

  /** @internal */
  createTransport(name: TransportName): ClientTransport {
    const { platform, settings, id } = this;
    const { flushQueue } = this.host;
    const options = settings.optionsFor(name);
    return new settings.transports[name]!({ options, sid: id, platform, flushQueue, session: this });
  }

  /** @internal */
  onUpgrading(candidate: ClientTransport): void {
    this.emitReserved("upgrading", candidate);
  }

  /** @internal */
  onUpgrade(transport: ClientTransport): void {
    this.transport.discard();
    this.isSwitching = false;
    this.use(transport);
    upgradedBefore = transport.name === "websocket";
    this.emitReserved("upgrade", transport);
    if (this.packets.length) this.queueFlush();
    this.closeWhenFlushed();
  }

  /** @internal */
  onUpgradeError(error: VaivenError): void {
    this.emitReserved("upgradeError", error);
  }

  /** @internal */
  onSwitchFailed(error: VaivenError): void {
    this.transport.discard();
    this.onClose(transportError("the new transport failed while the session went over to it", error));
  }

  // ── the rest ──

  private use(transport: ClientTransport): void {
    this.transport = transport;
    transport.sink = this;
  }

  private tryNext(): void {
    this.use(this.createTransport(this.untried.shift() as TransportName));
    this.transport.open();
  }

  private onOpenPacket(json: string): void {
    const data = readOpenData(json);
    if (data instanceof VaivenError) {
      this.onClose(data);
      return;
    }
    const { settings, host, transport, owner } = this;
    this.id = data.sid;
    this.maxPayload = data.maxPayload;
    this.pingTimeout = data.pingTimeout;
    this.patience = data.pingInterval + data.pingTimeout;
    this.readyState = "open";
    this.beat();
    upgradedBefore = transport.name === "websocket";
    if (owner) owner._onOpen(data);
    this.emitReserved("handshake", data);
    this.emitReserved("open");
    // A listener may have closed it.
    if ((this.readyState as string) !== "open" || !settings.upgrade || transport.name !== "polling" || !host.upgrade)
      return;
    const names = Object.keys(settings.transports) as TransportName[];
    this.cancelUpgrade = host.upgrade(
      this,
      names.filter((name) => name !== "polling" && data.upgrades.includes(name)),
    );
    if ((this.readyState as string) !== "open") this.cancelUpgrade();
  }

  private isReady(): boolean {
    return this.transport.writable && !this.isSwitching;
  }

  private queueFlush(): void {
    if (this.isFlushQueued || !this.isReady()) return;
    this.isFlushQueued = true;
    this.host.flushQueue.add(this);
  }

  private closeWhenFlushed(): void {
    if (this.readyState !== "closing") return;
    this.flush();
    if (this.packets.length || this.isSwitching) return;
    // Everything is with the transport, which closes behind it in its own time: for the owner this is the end.
    this.transport.close(1000);
    this.finish("forced close", undefined);
  }

  private setTimer(ms: number, fn: () => void): void {
    this.cancelTimer();
    this.cancelTimer = this.platform.after(ms, fn, true);
  }

  private beat(): void {
    if (this.readyState !== "open") return;
    this.expiresAt = this.platform.now() + this.patience;
    this.setTimer(this.patience, () => this.onPingMissed());
  }

  private onPingMissed(): void {
    if (this.readyState === "open")
      this.abandon("ping timeout", new VaivenError("SESSION_PING_TIMEOUT", "expected a ping of the server"));
  }

  private finish(cause: CloseReason, description: unknown): void {
    const { readyState } = this;
    if (readyState === "closed") return;
    // Whatever cuts a session that we are closing: it is we who ended it.
    const reason = readyState === "closing" ? "forced close" : cause;
    this.readyState = "closed";
    this.cancelTimer();
    this.cancelUpgrade();
    this.packets.length = 0;
    if (this.owner) this.owner._onEnd(reason, description);
    if (reason === "transport error") this.emitReserved("error", description as VaivenError);
    this.emitReserved("close", reason, description as DisconnectDescription);
  }

  private showReceived(packet: WirePacket): void {
    // Here and below: a dispatch costs more than to look whether there is somebody.
    if (this.hasListeners("packet")) this.emitReserved("packet", show(packet));
    if (this.hasListeners("heartbeat")) this.emitReserved("heartbeat");
  }

  private tell(packet: WirePacket): void {
    if (!this.hasListeners("message") && !this.hasListeners("data")) return;
    const message = typeof packet === "string" ? packet.slice(1) : this.host.userBytes(packet);
    this.emitReserved("data", message);
    this.emitReserved("message", message);
  }
}

function nothing(): void {}

/** What one packet is in the wire's terms: its text, and its attachments. */
function partsOf({ head, rest }: Outgoing): WirePacket[] {
  return [head].concat(rest || []);
}

/** As the events and {@link Engine.writeBuffer} show it; `sent` is the packet of which it is a part. */
function show(packet: WirePacket, sent?: Outgoing): EnginePacket {
  const text = typeof packet === "string" ? packet : "";
  const type = enginePacketType(text) || "message";
  const data = text ? text.slice(1) || undefined : packet;
  return { type, data, options: sent && { compress: sent.compress } };
}

function unexpected(): VaivenError {
  return new VaivenError("SESSION_UNEXPECTED_PACKET", "expected another packet type", {
    closeCode: CLOSE_PROTOCOL_ERROR,
  });
}
