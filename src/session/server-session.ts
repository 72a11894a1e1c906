// session/ One client at the server over its whole life: open, heartbeat, upgrade, buffer, close (Engine.IO protocol v4).
//
//                 open()              close()                  transport ended
//    opening ───────────────▶ open ───────────▶ closing ───────────────────────▶ closed
//                             │  ▲                  ▲                               ▲
//         offerUpgrade()      ▼  │ switched         │ the queue is flushed first    │
//                           probing                 └── heartbeat missed, transport failed, limit passed: at once
//
import { VaivenError } from "../errors.js";
import { enginePacketType } from "../packet/engine-packet.js";
import { controlPacket, type Outgoing } from "../packet/outgoing.js";
import type { DeadlineEntry, Deadlines } from "./deadlines.js";
import type { FlushQueue } from "./flush-queue.js";
import { openJson } from "./open-json.js";
import type { Platform } from "./platform.js";
import { QueueMeter } from "./queue-meter.js";
import { ServerUpgrade } from "./server-upgrade.js";
import { type CloseReason, reasonOf, type SessionObserver, type SessionSink } from "./session-sink.js";
import type { Transport, TransportName, TransportSink } from "./transport.js";

/** What all sessions of a server share. Frozen; times in milliseconds. */
export interface SessionOptions {
  /** From one answered ping to the next ping. */
  readonly pingInterval: number;
  /** How long the answer may take. */
  readonly pingTimeout: number;
  /** How long an upgrade may take from the first probe. */
  readonly upgradeTimeout: number;
  /** Bytes of one payload or message, told to the client. */
  readonly maxPayload: number;
  /** Bytes that may wait for a slow client; one more packet and it is closed with `SESSION_BUFFER_FULL`. */
  readonly maxBufferedBytes: number;
  /** What the open packet offers to a client that polls. */
  readonly upgrades: readonly TransportName[];
}

/** What a session is given by its process. */
export interface SessionHost {
  readonly platform: Platform;
  readonly flushQueue: FlushQueue;
  readonly deadlines: Deadlines;
}

const PING = controlPacket("ping");
PING.shared = true;
const NOOP = controlPacket("noop");
NOOP.shared = true;

/** Bytes of memory that a waiting packet takes beside its content. */
const PACKET_COST = 64;

const CODE_CLOSE = 49;
const CODE_PING = 50;
const CODE_PONG = 51;
const CODE_MESSAGE = 52;
const CODE_NOOP = 54;

const NOTHING: readonly Outgoing[] = Object.freeze([]);

/** One Engine.IO session at the server. Satisfies the `Connection` contract of server/. There is one for each client, so it is its own deadline, that of the heartbeat. */
export class ServerSession implements TransportSink, DeadlineEntry {
  readonly id: string;
  readonly protocol: 3 | 4;
  state: "opening" | "open" | "closing" | "closed" = "opening";
  sink: SessionSink;
  /** Watches for `socket.conn` and `io.engine`. */
  observer: SessionObserver | undefined = undefined;
  private current: Transport;
  private readonly options: SessionOptions;
  protected readonly host: SessionHost;
  /** What waits for the transport; undefined where nothing does, as mostly. */
  private waiting: Outgoing[] | undefined = undefined;
  private meter: QueueMeter | undefined = undefined;
  bucket: DeadlineEntry["bucket"] = undefined;
  previous: DeadlineEntry | undefined = undefined;
  next: DeadlineEntry | undefined = undefined;
  private upgrade: ServerUpgrade | undefined = undefined;
  private flushQueued = false;
  /** While the observer is told of a flush. */
  private isTelling = false;
  private awaitsPong = false;
  /** Whether anything arrived since the last ping: a peer that is busy sending is alive although its pong is late. */
  private heard = false;
  private overflowed = false;

  constructor(
    id: string,
    protocol: 3 | 4,
    transport: Transport,
    sink: SessionSink,
    options: SessionOptions,
    host: SessionHost,
  ) {
    this.id = id;
    this.protocol = protocol;
    this.current = transport;
    this.sink = sink;
    this.options = options;
    this.host = host;
    transport.sink = this;
  }

  /** The transport that carries the session now. */
  get transport(): Transport {
    return this.current;
  }

  /** Whether an upgrade is under way, from the arrival of its transport to the switch. */
  get upgrading(): boolean {
    return this.upgrade !== undefined;
  }

  get writable(): boolean {
    return this.state === "open" && this.waiting === undefined && this.current.writable;
  }

  /** The packets that wait for the transport: `socket.conn.writeBuffer`. Not to be changed. */
  get queued(): readonly Outgoing[] {
    return this.waiting ?? NOTHING;
  }

  get bufferedAmount(): number {
    return this.queuedBytes() + this.current.bufferedAmount;
  }

  /** Sends the open packet, with `extra` fields in it and `initial` right behind it, and starts the heartbeat. Once. */
  open(extra?: Readonly<Record<string, unknown>>, initial?: Outgoing): void {
    if (this.state !== "opening") return;
    this.state = "open";
    const { pingInterval, pingTimeout } = this.options;
    this.send(controlPacket("open", openJson(this.id, this.options, this.current.name === "polling", extra)));
    if (initial !== undefined) this.send(initial);
    // Protocol 3: the client pings, and each of its pings may come a whole timeout late.
    this.host.deadlines.set(this, this.protocol === 4 ? pingInterval : pingInterval + pingTimeout);
  }

  send(packet: Outgoing): void {
    if (this.state !== "open" || this.overflowed) return;
    const { observer } = this;
    if (this.waiting === undefined) this.waiting = [packet];
    else this.waiting.push(packet);
    // What a listener sends comes behind the packet of which it is told.
    if (observer?.onPacketCreate !== undefined) announce(packet, observer);
    if (this.current.writable) this.queueFlush();
    else if (this.isOverfull()) this.overflow();
  }

  flush(): void {
    this.flushQueued = false;
    const { waiting, observer } = this;
    if (waiting === undefined || this.isTelling || !this.isWritable()) return;
    if (observer?.onFlush !== undefined) {
      // A listener may send, which goes along, and close, which waits for what is being flushed.
      this.isTelling = true;
      observer.onFlush(waiting);
      this.isTelling = false;
      if (!this.isWritable()) return;
    }
    this.current.send(waiting);
    this.forgetWaiting();
    if (this.state === "closing") this.closeTransport();
    else if (this.current.writable) this.drained();
    else if (this.current.name === "polling") this.observer?.onDrain?.();
  }

  /**
   * Takes `candidate`, a second transport of this client, for the probe of an upgrade. False if the session is not open, has no lesser transport,
   * or is upgrading already: the caller then refuses the candidate.
   */
  offerUpgrade(candidate: Transport): boolean {
    if (this.state !== "open" || this.upgrade !== undefined || this.current.name !== "polling") return false;
    this.upgrade = new ServerUpgrade(candidate, this, this.host.deadlines, this.options.upgradeTimeout);
    return true;
  }

  /** With `error` the peer is told why, where the transport can and nothing waits for it. */
  close(discard = false, error?: VaivenError): void {
    if (this.state === "closed") return;
    if (discard || this.state === "opening") {
      this.current.discard();
      this.finish("forced close", undefined);
      return;
    }
    if (this.state === "closing") return;
    if (error !== undefined) this.observer?.onRefusal?.(error);
    this.flush();
    this.state = "closing";
    // A client that is going over comes for the rest, or for the end, on its new transport.
    // What a slow client has not taken must still arrive, but not for ever.
    this.awaitsPong = true;
    this.host.deadlines.set(this, this.options.pingTimeout);
    if (this.waiting === undefined) this.closeTransport(error);
  }

  /** Closes when no poll can reach this server any more: a client that polls and is not asking now cannot be told. */
  closeUnreachable(): void {
    this.close();
    if (this.current.name === "polling" && this.upgrade === undefined) this.close(true);
  }

  // ── the transport ──

  onText(packet: string): void {
    const code = packet.charCodeAt(0);
    if (this.state !== "open") {
      if (this.state === "closing" && code === CODE_CLOSE) this.onClosedByBoth();
      return;
    }
    this.heard = true;
    const { observer } = this;
    if (observer?.onPacket !== undefined) {
      const type = enginePacketType(packet);
      if (type !== undefined) observer.onPacket(type, packet.length > 1 ? packet.slice(1) : undefined);
    }
    switch (code) {
      case CODE_MESSAGE:
        this.sink.onMessage(packet, 1);
        return;
      case CODE_PONG:
        if (this.protocol === 4) {
          this.beat(observer);
          return;
        }
        break;
      case CODE_PING:
        if (this.protocol === 3) {
          this.send(controlPacket("pong", packet.slice(1)));
          this.beat(observer);
          return;
        }
        break;
      case CODE_CLOSE: {
        const { current } = this;
        this.finish("transport close", undefined);
        // A poll that is held is let go; what has a closing handshake of its own goes through it, so that the client sees an orderly end.
        if (current.name === "polling") {
          if (current.writable) current.send([NOOP]);
          current.discard();
        } else current.close(1000);
        return;
      }
      case CODE_NOOP:
        return;
      default:
    }
    this.refuse(packet);
  }

  onBinary(message: Uint8Array): void {
    if (this.state !== "open") return;
    this.heard = true;
    this.observer?.onPacket?.("message", message);
    this.sink.onBinary(message);
  }

  onWritable(): void {
    if (this.waiting !== undefined) {
      if (this.state === "closing") this.flush();
      else this.queueFlush();
    } else if (this.state === "closing") {
      this.closeTransport();
    } else {
      this.upgrade?.onPoll();
      // A poll that finds nothing to carry drains nothing: what was flushed went with the one before.
      if (this.current.name === "polling") this.sink.onDrain?.();
      else this.drained();
    }
  }

  onClose(error: VaivenError | undefined): void {
    if (this.state === "closed") return;
    if (this.state === "closing") this.finish("forced close", error);
    else this.finish(reasonOf(error), error);
  }

  // ── the upgrade (server-upgrade.ts) ──

  /** The client has paused its polling and speaks on `candidate` from now on. */
  switchTo(candidate: Transport): void {
    this.upgrade = undefined;
    const old = this.current;
    if (old.writable) old.send([NOOP]);
    old.discard();
    this.current = candidate;
    candidate.sink = this;
    this.observer?.onUpgrade?.(candidate);
    if (this.state === "closing") this.onWritable();
    else if (this.waiting !== undefined) this.queueFlush();
  }

  probed(candidate: Transport): void {
    this.observer?.onUpgrading?.(candidate);
  }

  /** Answers a held poll with nothing, so that the client can go over; a poll that already has something to carry does that. */
  releasePoll(): void {
    if (this.waiting === undefined && this.current.writable) this.current.send([NOOP]);
  }

  /** The probe came to nothing: the session stays where it is. */
  upgradeFailed(error: VaivenError): void {
    this.upgrade = undefined;
    this.observer?.onUpgradeError?.(error);
  }

  // ── time ──

  onDeadline(): void {
    const { deadlines } = this.host;
    if (this.state === "closing" || this.protocol === 3 || (this.awaitsPong && !this.heard)) {
      const error = new VaivenError(
        "SESSION_PING_TIMEOUT",
        `expected an answer to a ping within ${this.options.pingTimeout} ms`,
      );
      const reason = this.state === "closing" ? "forced close" : "ping timeout";
      this.current.discard();
      this.finish(reason, error);
      return;
    }
    if (this.awaitsPong) {
      this.awaitsPong = false;
      deadlines.set(this, this.options.pingInterval);
      return;
    }
    this.awaitsPong = true;
    this.heard = false;
    this.send(PING);
    deadlines.set(this, this.options.pingTimeout);
  }

  private beat(observer: SessionObserver | undefined): void {
    const { pingInterval, pingTimeout } = this.options;
    this.awaitsPong = false;
    this.host.deadlines.set(this, this.protocol === 4 ? pingInterval : pingInterval + pingTimeout);
    observer?.onHeartbeat?.();
  }

  // ── the rest ──

  /** The client says goodbye while we wait for the poll that would have told it the same: none will come. */
  private onClosedByBoth(): void {
    this.current.discard();
    this.finish("forced close", undefined);
  }

  /** Everything has been handed to the transport. A poll that is still to come must find its session, to be told of the end; every other transport closes by itself. */
  private closeTransport(error?: VaivenError): void {
    if (error === undefined) this.current.close(1000);
    else this.current.close(error.closeCode ?? 1002, error.code);
    if (this.current.name !== "polling") this.finish("forced close", undefined);
  }

  private queuedBytes(): number {
    if (this.waiting === undefined) return 0;
    this.meter ??= new QueueMeter();
    return this.meter.measure(this.waiting, this.host.platform.textByteLength);
  }

  private forgetWaiting(): void {
    this.waiting = undefined;
    this.meter = undefined;
  }

  private isWritable(): boolean {
    return this.state !== "closed" && this.current.writable;
  }

  private queueFlush(): void {
    if (this.flushQueued) return;
    this.flushQueued = true;
    this.host.flushQueue.add(this);
  }

  private drained(): void {
    this.observer?.onDrain?.();
    this.sink.onDrain?.();
  }

  /** Small packets cost more as objects than in bytes: a flood of pongs of one byte has its limit too. */
  private isOverfull(): boolean {
    const { maxBufferedBytes } = this.options;
    return this.queued.length * PACKET_COST > maxBufferedBytes || this.bufferedAmount > maxBufferedBytes;
  }

  /** Not at once: the packet too many may be part of a broadcast, or of a handler that does not expect its socket to close under it. */
  private overflow(): void {
    this.overflowed = true;
    this.host.platform.soon(() => {
      if (this.state === "closed") return;
      const limit = this.options.maxBufferedBytes;
      const error = new VaivenError(
        "SESSION_BUFFER_FULL",
        `expected at most ${limit} bytes waiting for this client, which takes them too slowly; raise maxBufferedBytes if this is wanted`,
        { detail: { limit, transport: this.current.name } },
      );
      this.current.discard();
      this.finish("transport error", error);
    });
  }

  private refuse(packet: string): void {
    const known = enginePacketType(packet);
    const error =
      known === undefined
        ? new VaivenError("PACKET_UNKNOWN_TYPE", "expected an Engine.IO packet type from 0 to 6", { closeCode: 1002 })
        : new VaivenError("SESSION_UNEXPECTED_PACKET", `expected no packet of type ${known} in this state`, {
            closeCode: 1002,
          });
    this.observer?.onError?.(error);
    this.fail(error);
  }

  /** Closes because of what the peer sent; tells it where the transport can. */
  fail(error: VaivenError): void {
    if (this.state === "closed") return;
    const { current } = this;
    this.finish(reasonOf(error), error);
    current.close(error.closeCode, error.code);
  }

  private abandonUpgrade(): void {
    const { upgrade } = this;
    this.upgrade = undefined;
    upgrade?.abandon();
  }

  private finish(reason: CloseReason, description: unknown): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.host.deadlines.clear(this);
    this.abandonUpgrade();
    this.forgetWaiting();
    this.observer?.onClose?.(reason, description);
    this.sink.onClose(reason, description);
    this.observer?.onClosed?.(reason, description);
  }
}

function announce(packet: Outgoing, observer: SessionObserver): void {
  for (const part of packet.rest === undefined ? [packet.head] : [packet.head, ...packet.rest]) {
    const { compress } = packet;
    if (typeof part !== "string") observer.onPacketCreate?.("message", part, compress);
    else
      observer.onPacketCreate?.(
        enginePacketType(part) ?? "message",
        part.length > 1 ? part.slice(1) : undefined,
        compress,
      );
  }
}
