// session/ The client's end of a session: open, heartbeat, upgrade, buffer, close (Engine.IO protocol v4).
//
//               open()                  open packet                close()
//    idle ───────────────▶ opening ───────────────▶ open ───────────────────▶ closing ──▶ closed
//                          │     ▲                  │  ▲                                    ▲
//       transport failed,  └─────┘    probe opened  ▼  │ switched, or probe failed          │
//       another one is left                        probing                                  └── heartbeat missed, transport ended
//
import { VaivenError } from "../errors.js";
import { enginePacketType } from "../packet/engine-packet.js";
import { controlPacket, type Outgoing } from "../packet/outgoing.js";
import { PacketBuffer } from "./buffer.js";
import { ClientUpgrade } from "./client-upgrade.js";
import type { FlushQueue } from "./flush-queue.js";
import { type OpenData, readOpenData } from "./open-data.js";
import type { Cancel, Platform } from "./platform.js";
import { type CloseReason, reasonOf, type SessionObserver, type SessionSink } from "./session-sink.js";
import type { ClientTransport, TransportName, TransportSink } from "./transport.js";

/** How a client session connects. Frozen. */
export interface ClientSessionOptions {
  /** The transports to use, in the order in which they are tried. Not empty. */
  readonly transports: readonly TransportName[];
  /** Whether a session that polls goes over to WebSocket when the server offers it. */
  readonly upgrade: boolean;
  /** Whether the next transport is tried when one cannot open. */
  readonly tryAllTransports: boolean;
  /** Makes a transport. `sid` is undefined for a first one, and the session's id for an upgrade. */
  readonly createTransport: (name: TransportName, sid: string | undefined) => ClientTransport;
}

/** What of the platform a client session uses. */
export type SessionPlatform = Pick<Platform, "now" | "after" | "soon" | "textByteLength">;

/** Who owns a client session. */
export interface ClientSessionSink extends SessionSink {
  /** The session is open. */
  onOpen(data: OpenData): void;
  /** No transport could be opened. The end: nothing is called after it. */
  onError(error: VaivenError): void;
}

const PONG = controlPacket("pong");

/** RFC 6455 section 7.4.1: the server sent what the protocol does not know. */
const CLOSE_PROTOCOL_ERROR = 1002;

const CODE_OPEN = 48;
const CODE_CLOSE = 49;
const CODE_PING = 50;
const CODE_MESSAGE = 52;
const CODE_NOOP = 54;

/** One Engine.IO session at the client. Used for one connection: the Manager makes a new one to reconnect. */
export class ClientSession implements TransportSink {
  state: "idle" | "opening" | "open" | "closing" | "closed" = "idle";
  /** Watches for `socket.io.engine`. */
  observer: SessionObserver<ClientTransport> | undefined = undefined;
  private current: ClientTransport | undefined = undefined;
  private data: OpenData | undefined = undefined;
  private readonly options: ClientSessionOptions;
  private readonly platform: SessionPlatform;
  private readonly flushQueue: FlushQueue;
  private readonly sink: ClientSessionSink;
  private readonly buffer = new PacketBuffer();
  private tried = 0;
  private candidates: TransportName[] = [];
  private upgrade: ClientUpgrade | undefined = undefined;
  private flushQueued = false;
  private expiresAt = 0;
  private cancelHeartbeat: Cancel | undefined = undefined;

  constructor(
    options: ClientSessionOptions,
    platform: SessionPlatform,
    flushQueue: FlushQueue,
    sink: ClientSessionSink,
  ) {
    this.options = options;
    this.platform = platform;
    this.flushQueue = flushQueue;
    this.sink = sink;
  }

  /** The session's id, once it is open. */
  get id(): string | undefined {
    return this.data?.sid;
  }

  /** The transport that carries the session now; undefined before {@link open}. */
  get transport(): ClientTransport | undefined {
    return this.current;
  }

  /** Bytes that the server takes in one payload or message; undefined until the session is open. */
  get maxPayload(): number | undefined {
    return this.data?.maxPayload;
  }

  get writable(): boolean {
    return this.state === "open" && this.buffer.packets.length === 0 && this.ready();
  }

  get bufferedAmount(): number {
    return this.buffer.byteLength(this.platform.textByteLength) + (this.current?.bufferedAmount ?? 0);
  }

  /** Connects. Ends in `onOpen`, or in `onError`. Once. */
  open(): void {
    if (this.state !== "idle") return;
    this.state = "opening";
    this.tryNext();
  }

  send(packet: Outgoing): void {
    if (this.state !== "open") return;
    const { observer } = this;
    if (observer?.onPacketCreate !== undefined) announce(packet, observer);
    this.buffer.packets.push(packet);
    if (this.ready()) this.queueFlush();
  }

  flush(): void {
    this.flushQueued = false;
    const { current, buffer } = this;
    if (current === undefined || this.state === "closed" || buffer.packets.length === 0 || !this.ready()) return;
    const limit = this.data?.maxPayload ?? 0;
    if (current.name === "polling" && limit > 0 && buffer.packets.length > 1) {
      const batch = buffer.takeUpTo(limit, (packet) => this.polledSize(packet));
      this.observer?.onFlush?.(batch);
      current.send(batch);
    } else {
      this.observer?.onFlush?.(buffer.packets);
      current.send(buffer.packets);
      buffer.clear();
    }
    if (current.writable) {
      if (buffer.packets.length > 0) this.queueFlush();
      else this.drained();
    }
  }

  /** Flushes what waits, also through an upgrade that is under way, then closes as "forced close". While opening it closes at once. */
  close(): void {
    if (this.state === "closed" || this.state === "closing") return;
    if (this.state !== "open") {
      this.cut("forced close", undefined);
      return;
    }
    this.flush();
    this.state = "closing";
    if (this.upgrade?.switching !== true) this.abandonUpgrade();
    // A server that takes nothing any more must not keep us here.
    this.cancelHeartbeat?.();
    this.cancelHeartbeat = this.platform.after(
      this.data?.pingTimeout ?? 0,
      () => this.cut("forced close", undefined),
      true,
    );
    this.closeWhenFlushed();
  }

  /** Cuts at once because the host knows better than the connection: the network is gone, or the machine has slept. */
  abandon(reason: "transport close" | "ping timeout" | "parse error", description?: unknown): void {
    if (this.state === "closed" || this.state === "idle") return;
    if (reason === "parse error") {
      this.finish(reason, description);
      this.current?.close(CLOSE_PROTOCOL_ERROR);
    } else this.cut(reason, description);
  }

  /** Whether the server's ping is overdue, which timers that were throttled or that slept have not noticed. Then the session is abandoned at the end of the turn. */
  hasPingExpired(): boolean {
    if (this.state !== "open" || this.platform.now() <= this.expiresAt) return false;
    this.platform.soon(() => this.onHeartbeatMissed());
    return true;
  }

  // ── the transport ──

  onOpen(): void {}

  onText(packet: string): void {
    if (this.state === "closed") return;
    const { observer } = this;
    if (observer?.onPacket !== undefined) {
      const type = enginePacketType(packet);
      if (type !== undefined) observer.onPacket(type, packet.length > 1 ? packet.slice(1) : undefined);
    }
    const code = packet.charCodeAt(0);
    if (this.state === "opening") {
      if (code === CODE_OPEN) this.onOpenPacket(packet);
      else this.onClose(unexpected());
      return;
    }
    switch (code) {
      case CODE_MESSAGE:
        if (this.state === "open") this.sink.onMessage(packet, 1);
        return;
      case CODE_PING:
        this.send(PONG);
        this.beat();
        observer?.onHeartbeat?.();
        return;
      case CODE_CLOSE:
        this.cut("transport close", undefined);
        return;
      case CODE_NOOP:
        return;
      default:
        this.onClose(unexpected());
        this.current?.close(CLOSE_PROTOCOL_ERROR);
    }
  }

  onBinary(message: Uint8Array): void {
    if (this.state !== "open") return;
    this.observer?.onPacket?.("message", message);
    this.sink.onBinary(message);
  }

  onWritable(): void {
    if (this.state === "closing") {
      this.flush();
      this.closeWhenFlushed();
    } else if (this.buffer.packets.length > 0) this.queueFlush();
    else this.drained();
  }

  onClose(error: VaivenError | undefined): void {
    if (this.state === "closed") return;
    if (this.state === "opening") {
      this.current?.discard();
      if (this.options.tryAllTransports && this.tried < this.options.transports.length) {
        this.tryNext();
        return;
      }
      this.end();
      this.sink.onError(
        error ?? new VaivenError("SESSION_TRANSPORT_CLOSED", "the server closed before the session was open"),
      );
      return;
    }
    this.finish(reasonOf(error), error);
  }

  // ── the upgrade (client-upgrade.ts) ──

  /** The old transport has gone quiet; everything from now on goes over `candidate`. */
  switchTo(candidate: ClientTransport): void {
    this.upgrade = undefined;
    this.current?.discard();
    this.current = candidate;
    candidate.sink = this;
    this.observer?.onUpgrade?.(candidate);
    if (this.state === "closing") {
      this.flush();
      this.closeWhenFlushed();
    } else if (this.buffer.packets.length > 0) this.queueFlush();
  }

  /** The probe failed. Before the old transport was paused nothing is lost and it goes on; after that only a new session helps. */
  upgradeFailed(error: VaivenError, paused: boolean): void {
    this.upgrade = undefined;
    this.observer?.onUpgradeError?.(error);
    if (!paused) {
      if (this.state === "open") this.probe();
      return;
    }
    this.current?.discard();
    this.onClose(
      new VaivenError("SESSION_TRANSPORT_ERROR", "the new transport failed while the session went over to it", {
        cause: error,
      }),
    );
  }

  // ── the rest ──

  private tryNext(): void {
    const name = this.options.transports[this.tried++];
    if (name === undefined) return;
    const transport = this.options.createTransport(name, undefined);
    this.current = transport;
    transport.sink = this;
    transport.open();
  }

  private onOpenPacket(packet: string): void {
    const data = readOpenData(packet.slice(1));
    if (data instanceof VaivenError) {
      this.onClose(data);
      return;
    }
    this.data = data;
    this.state = "open";
    this.beat();
    const { upgrade, transports } = this.options;
    this.sink.onOpen(data);
    // The owner may have closed it in that call.
    if ((this.state as string) !== "open" || !upgrade || this.current?.name !== "polling") return;
    this.candidates = transports.filter((name) => name !== "polling" && data.upgrades.includes(name));
    this.probe();
  }

  /** Tries the next transport that the session may go over to. */
  private probe(): void {
    const { candidates, current } = this;
    // Where both are possible, WebTransport is the one that was asked for.
    const [name] = candidates.splice(Math.max(candidates.indexOf("webtransport"), 0), 1);
    if (name === undefined || current === undefined) return;
    const candidate = this.options.createTransport(name, this.id);
    this.upgrade = new ClientUpgrade(candidate, current, this);
    this.observer?.onUpgrading?.(candidate);
    candidate.open();
  }

  /** Whether a flush may happen now: not while the session goes over from one transport to another. */
  private ready(): boolean {
    return this.current?.writable === true && this.upgrade?.switching !== true;
  }

  /** Upper bound of what polling makes of a packet: bytes travel as base64 with one character in front, and a separator stands between packets. */
  private polledSize(packet: Outgoing): number {
    const size = packet.byteLength(this.platform.textByteLength);
    return packet.rest === undefined && typeof packet.head === "string"
      ? size + 1
      : Math.ceil(size * (4 / 3)) + 6 * (1 + (packet.rest?.length ?? 0));
  }

  private queueFlush(): void {
    if (this.flushQueued) return;
    this.flushQueued = true;
    this.flushQueue.add(this);
  }

  private closeWhenFlushed(): void {
    if (this.buffer.packets.length > 0 || this.upgrade !== undefined) return;
    // Everything is with the transport, which closes behind it in its own time: for the owner this is the end.
    this.current?.close(1000);
    this.finish("forced close", undefined);
  }

  private beat(): void {
    const { data } = this;
    if (data === undefined || this.state !== "open") return;
    const ms = data.pingInterval + data.pingTimeout;
    this.expiresAt = this.platform.now() + ms;
    this.cancelHeartbeat?.();
    this.cancelHeartbeat = this.platform.after(ms, () => this.onHeartbeatMissed(), true);
  }

  private onHeartbeatMissed(): void {
    if (this.state !== "open") return;
    this.cut("ping timeout", new VaivenError("SESSION_PING_TIMEOUT", "expected a ping of the server"));
  }

  private drained(): void {
    this.observer?.onDrain?.();
    this.sink.onDrain?.();
  }

  private cut(reason: CloseReason, description: unknown): void {
    this.current?.discard();
    this.finish(reason, description);
  }

  private finish(cause: CloseReason, description: unknown): void {
    if (this.state === "closed") return;
    // Whatever cuts a session that we are closing: it is we who ended it.
    const reason = this.state === "closing" ? "forced close" : cause;
    this.end();
    this.observer?.onClose?.(reason, description);
    this.sink.onClose(reason, description);
  }

  private end(): void {
    this.state = "closed";
    this.cancelHeartbeat?.();
    this.abandonUpgrade();
    this.buffer.clear();
  }

  private abandonUpgrade(): void {
    const { upgrade } = this;
    this.upgrade = undefined;
    upgrade?.abandon();
  }
}

function unexpected(): VaivenError {
  return new VaivenError("SESSION_UNEXPECTED_PACKET", "expected another packet type", { closeCode: 1002 });
}

function announce(packet: Outgoing, observer: SessionObserver<ClientTransport>): void {
  for (const part of [packet.head, ...(packet.rest ?? [])]) {
    if (typeof part !== "string") observer.onPacketCreate?.("message", part);
    else observer.onPacketCreate?.(enginePacketType(part) ?? "message", part.length > 1 ? part.slice(1) : undefined);
  }
}
