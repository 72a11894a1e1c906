// node/ `vaiven/websocket`: a WebSocket of either role on its socket (RFC 6455 sections 5 to 7): bytes, turns, time and the end.
//
//   'data' ─▶ connection.receive ─▶ onText ─▶ emit("message") ─▶ send ─▶ write: the socket is corked with the first frame of a turn …
//   … and let go by the flush queue when the read or the turn ends: everything that was sent meanwhile leaves in one write.
import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { VaivenError } from "../errors.js";
import { CLOSE_ABNORMAL } from "../frame/close.js";
import { WebSocketConnection } from "../frame/connection.js";
import type { ConnectionOutput, ConnectionSink } from "../frame/contract.js";
import type { DeflateAgreement } from "../frame/deflate.js";
import { Deadline, type DeadlineOwner } from "../session/deadlines.js";
import type { Flushable } from "../session/flush-queue.js";
import { asBuffer } from "./byte-primitives.js";
import { processHost } from "./process-host.js";
import type { WebSocketSettings } from "./websocket-options.js";

/** How a WebSocket ended. */
export interface WebSocketEnding {
  /** The peer's close code (1005 if it gave none), ours if we closed because of an error, 1006 if the connection ended without a Close frame. */
  readonly code: number;
  /** The peer's reason. */
  readonly reason: string;
  /** Whether both Close frames were exchanged. */
  readonly wasClean: boolean;
  /** The broken rule, limit or network, where that was the cause. */
  readonly error: VaivenError | undefined;
}

/** The events of a `WebSocketPeer`. */
export interface WebSocketPeerEvents {
  /** A whole message: text as a string, bytes as a Buffer that belongs to the receiver. */
  message: [data: string | Buffer];
  /** A Ping came; it has been answered. */
  ping: [payload: Buffer];
  pong: [payload: Buffer];
  /** What waited for a slow peer has left. */
  drain: [];
  /** The peer broke a rule or a limit, or the network failed. `close` follows. Without a listener it is not raised. */
  error: [error: VaivenError];
  /** The end: once, and last. */
  close: [code: number, reason: string, wasClean: boolean];
}

/** Where a socket keeps its link, so that all sockets share their listeners; no symbol: see websocket-server-transport.ts. */
type LinkSocket = Duplex & { vaivenLink?: WebSocketLink };

/** One per connection, without closures. */
export class WebSocketLink implements ConnectionSink, ConnectionOutput, Flushable, DeadlineOwner {
  readonly connection: WebSocketConnection;
  ending: WebSocketEnding | undefined = undefined;
  private readonly socket: Duplex;
  private readonly settings: WebSocketSettings;
  private readonly emitter: EventEmitter<WebSocketPeerEvents>;
  private isCollecting = false;
  private congested = false;
  private isPaused = false;
  private isHeard = true;
  private failure: VaivenError | undefined = undefined;
  private heartbeat: Deadline | undefined = undefined;
  private closing: Deadline | undefined = undefined;
  private drainWaiters: ((isOpen: boolean) => void)[] | undefined = undefined;

  constructor(
    socket: Duplex,
    settings: WebSocketSettings,
    agreement: DeflateAgreement | undefined,
    emitter: EventEmitter<WebSocketPeerEvents>,
  ) {
    this.socket = socket;
    this.settings = settings;
    this.emitter = emitter;
    this.connection = new WebSocketConnection(settings.profile, this, this, agreement);
    (socket as LinkSocket).vaivenLink = this;
    socket.on("error", onError).on("close", onClose).on("end", onEnd).on("drain", onDrain);
  }

  /** Begins to read; `head` is what was read already. */
  start(head: Uint8Array): void {
    const { socket, settings } = this;
    if (settings.pingInterval > 0 && this.ending === undefined) {
      this.heartbeat = new Deadline(this);
      processHost.deadlines.set(this.heartbeat, settings.pingInterval);
    }
    if (head.length > 0) this.receive(head);
    socket.on("data", onData);
    // It may have ended while the handshake waited for the program.
    if (socket.destroyed) this.gone();
  }

  get bufferedAmount(): number {
    return this.socket.writableLength + this.connection.waitingOutputBytes;
  }

  send(data: string | Uint8Array, compress: boolean): boolean {
    const { connection, settings } = this;
    if (connection.state !== "open") return false;
    const waiting = this.bufferedAmount;
    if (waiting > settings.maxBufferedBytes) {
      this.cut(
        new VaivenError(
          "SESSION_BUFFER_FULL",
          `expected at most ${settings.maxBufferedBytes} bytes to wait for the peer, ${waiting} do: await drain() between sends, or raise maxBufferedBytes`,
          { detail: { limit: settings.maxBufferedBytes, waiting } },
        ),
      );
      return false;
    }
    return typeof data === "string" ? connection.sendText(data, compress) : connection.sendBinary(data, compress);
  }

  close(code: number | undefined, reason: string): void {
    const { connection } = this;
    const wasOpen = connection.state === "open";
    connection.close(code, reason);
    if (!wasOpen) return;
    this.flush();
    // The peer's Close frame has to be read.
    this.resume();
    this.limitClosing();
  }

  /** Ends at once; `close` follows when the socket is gone. */
  cut(error?: VaivenError): void {
    if (this.connection.state !== "closed") {
      this.failure ??= error;
      this.connection.terminate();
    }
    this.socket.destroy();
  }

  pause(): void {
    if (this.connection.state !== "open") return;
    this.isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.isHeard = true;
    if (!this.connection.isPaused) this.socket.resume();
  }

  /** Calls `fn` when nothing holds output back: at once if nothing does; with `false` if the connection is no longer open. */
  whenDrained(fn: (isOpen: boolean) => void): void {
    if (this.connection.state !== "open") fn(false);
    else if (!this.congested && this.connection.waitingOutputBytes === 0) fn(true);
    else (this.drainWaiters ??= []).push(fn);
  }

  flush(): void {
    if (!this.isCollecting) return;
    this.isCollecting = false;
    this.socket.uncork();
  }

  // ── the socket ──

  receive(chunk: Uint8Array): void {
    const { flushQueue } = processHost;
    this.isHeard = true;
    flushQueue.enter();
    try {
      this.connection.receive(chunk);
    } finally {
      flushQueue.leave();
      if (this.connection.isPaused) this.socket.pause();
    }
  }

  drained(): void {
    if (this.socket.writableNeedDrain) return;
    this.congested = false;
    this.connection.drained();
    this.settleDrain();
    if (this.connection.state === "open") this.emitter.emit("drain");
  }

  ended(): void {
    this.connection.transportClosed();
    this.socket.end();
    this.limitClosing();
  }

  broke(cause: Error): void {
    this.failure ??= new VaivenError("SESSION_TRANSPORT_ERROR", `the connection failed: ${cause.message}`, { cause });
    this.socket.destroy();
  }

  gone(): void {
    if (this.closing !== undefined) processHost.deadlines.clear(this.closing);
    this.connection.transportClosed();
    // A message may still be inflated: it is delivered before the end.
    if (this.connection.state === "closed") this.onClose(CLOSE_ABNORMAL, "", false);
  }

  // ── the connection's output ──

  write(frame: Uint8Array): void {
    if (!this.isCollecting) {
      this.isCollecting = true;
      this.socket.cork();
      processHost.flushQueue.add(this);
    }
    this.socket.write(frame);
    if (this.socket.writableNeedDrain) this.congested = true;
    else if (this.drainWaiters !== undefined) this.settleDrain();
  }

  end(): void {
    // A server ends first (RFC 6455 section 7.1.1); a client waits for that, though not for ever.
    if (this.settings.profile.role === "server") this.socket.end();
    else this.flush();
    this.limitClosing();
  }

  get isCongested(): boolean {
    return this.congested;
  }

  resumed(): void {
    if (!this.isPaused) this.socket.resume();
  }

  // ── the connection's sink ──

  onText(text: string): void {
    this.emitter.emit("message", text);
  }

  onBinary(bytes: Uint8Array): void {
    this.emitter.emit("message", asBuffer(bytes));
  }

  onPing(payload: Uint8Array): void {
    this.emitter.emit("ping", asBuffer(payload));
  }

  onPong(payload: Uint8Array): void {
    this.emitter.emit("pong", asBuffer(payload));
  }

  onError(error: VaivenError): void {
    this.failure = error;
  }

  onClose(code: number, reason: string, wasClean: boolean): void {
    if (this.ending !== undefined) return;
    this.ending = { code, reason, wasClean, error: this.failure };
    if (this.heartbeat !== undefined) processHost.deadlines.clear(this.heartbeat);
    this.settleDrain();
    const { emitter, failure } = this;
    try {
      // A peer's mistake must not end the process of a program that does not ask for it.
      if (failure !== undefined && emitter.listenerCount("error") > 0) emitter.emit("error", failure);
    } finally {
      emitter.emit("close", code, reason, wasClean);
    }
  }

  // ── time ──

  onDeadline(deadline: Deadline): void {
    if (deadline === this.closing) {
      this.socket.destroy();
      return;
    }
    // Who does not read cannot hear a Pong, and a Ping behind a large message may not have come to the peer yet.
    if (this.isHeard || this.isPaused || this.connection.isPaused || this.congested) {
      this.isHeard = false;
      this.connection.ping();
      processHost.deadlines.set(deadline, this.settings.pingInterval);
      return;
    }
    const limit = this.settings.pingInterval;
    this.cut(
      new VaivenError("SESSION_PING_TIMEOUT", `expected an answer to a Ping within ${limit} ms, got none`, {
        detail: { limit },
      }),
    );
  }

  private limitClosing(): void {
    if (this.socket.destroyed) return;
    this.closing ??= new Deadline(this);
    if (!this.closing.pending) processHost.deadlines.set(this.closing, this.settings.closeTimeout);
  }

  private settleDrain(): void {
    const isOpen = this.connection.state === "open";
    if (isOpen && (this.congested || this.connection.waitingOutputBytes > 0)) return;
    const waiters = this.drainWaiters;
    this.drainWaiters = undefined;
    if (waiters !== undefined) for (const settle of waiters) settle(isOpen);
  }
}

function onData(this: Duplex, chunk: Uint8Array): void {
  (this as LinkSocket).vaivenLink?.receive(chunk);
}

function onDrain(this: Duplex): void {
  (this as LinkSocket).vaivenLink?.drained();
}

function onEnd(this: Duplex): void {
  (this as LinkSocket).vaivenLink?.ended();
}

function onError(this: Duplex, error: Error): void {
  (this as LinkSocket).vaivenLink?.broke(error);
}

function onClose(this: Duplex): void {
  (this as LinkSocket).vaivenLink?.gone();
}
