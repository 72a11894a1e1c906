// node/ A WebSocket at the server over the socket of its upgrade request: the incoming half of the hot path (RFC 6455; session/transport.ts).
//
//   'data' ─▶ connection.receive ─▶ onText ─▶ session ─▶ handlers ─┐          all in one turn; what the handlers send
//   socket.write ◀─ frameWriter ◀─ send(batch) ◀─ flushQueue.leave ◀┘         leaves in one write when the last has returned
import type { Duplex } from "node:stream";
import { VaivenError } from "../errors.js";
import { WebSocketConnection } from "../frame/connection.js";
import type { ConnectionOutput, ConnectionSink } from "../frame/contract.js";
import type { DeflateAgreement } from "../frame/deflate.js";
import type { ConnectionProfile } from "../frame/profile.js";
import { type Outgoing, type WireForm, type WirePacket, wireForm } from "../packet/outgoing.js";
import { Deadline, type DeadlineOwner } from "../session/deadlines.js";
import { NO_SINK } from "../session/no-sink.js";
import type { Transport, TransportSink } from "../session/transport.js";
import { frameWriter } from "./frame-writer.js";
import { processHost } from "./process-host.js";
import { WebSocketView } from "./websocket-view.js";

/** How long a peer may take for its Close frame, and then for the end of its side of the connection. */
const CLOSE_TIMEOUT_MS = 10_000;

/**
 * Where a socket keeps its transport, so that all sockets share their listeners. Not a symbol: V8 turns an object with as many properties as a
 * socket into a hash table when a computed key is added.
 */
type TransportSocket = Duplex & { vaivenTransport?: WebSocketServerTransport };

/** One per client, so it has few fields and no closures. */
export class WebSocketServerTransport implements Transport, ConnectionSink, ConnectionOutput, DeadlineOwner {
  sink: TransportSink = NO_SINK;
  private readonly socket: Duplex;
  private readonly connection: WebSocketConnection;
  /** The handshake's, as long as it has not been written: it leaves in one piece with the first packets. */
  private unsent: string | undefined = undefined;
  private congested = false;
  private failure: VaivenError | undefined = undefined;
  private closing: Deadline | undefined = undefined;

  constructor(socket: Duplex, profile: ConnectionProfile, agreement: DeflateAgreement | undefined) {
    this.socket = socket;
    this.connection = new WebSocketConnection(profile, this, this, agreement);
    (socket as TransportSocket).vaivenTransport = this;
  }

  get name(): "websocket" {
    return "websocket";
  }

  /**
   * Writes the answer to the handshake, and behind it what `begin` sends.
   * @throws what `begin` throws
   */
  answer(text: string, begin: (transport: Transport) => void): void {
    this.unsent = text;
    try {
      begin(this);
    } finally {
      this.sendAnswer();
    }
  }

  /** Begins to read; `head` is what was read already. The transport has its sink. */
  start(head: Uint8Array): void {
    const { socket } = this;
    socket.on("error", onError).on("close", onClose).on("end", onEnd).on("drain", onDrain);
    if (head.length > 0) this.receive(head);
    socket.on("data", onData);
    // It may have ended while the handshake waited for the user's functions.
    if (socket.destroyed) onClose.call(socket);
  }

  get writable(): boolean {
    return !this.congested && this.connection.state === "open";
  }

  get bufferedAmount(): number {
    return this.socket.writableLength + this.connection.waitingOutputBytes;
  }

  get webSocket(): WebSocketView {
    const { socket, connection } = this;
    const transport = this;
    return new WebSocketView({
      socket,
      compresses: connection.compresses,
      get phase() {
        return connection.state;
      },
      get bufferedAmount() {
        return transport.bufferedAmount;
      },
      close: (code, reason) => this.close(code, reason),
    });
  }

  send(batch: readonly Outgoing[]): void {
    if (batch.length === 0 || this.connection.state !== "open") return;
    if (this.connection.compresses) this.sendCompressed(batch);
    else frameWriter.write(this.socket, batch, this.takeAnswer());
    if (this.socket.writableNeedDrain) this.congested = true;
  }

  close(code = 1000, reason = ""): void {
    if (this.connection.state !== "open") return;
    this.connection.close(code, reason);
    // A peer that broke the rules is not waited for (RFC 6455 section 7.1.7): this side ends behind the Close frame.
    if (code >= 1002 && this.connection.waitingOutputBytes === 0) this.socket.end();
    this.limitClosing();
  }

  discard(): void {
    this.sink = NO_SINK;
    this.connection.terminate();
    this.stopClock();
    this.socket.destroy();
  }

  // ── the socket ──

  receive(chunk: Uint8Array): void {
    const { flushQueue } = processHost;
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
    this.connection.drained();
    if (!this.congested) return;
    this.congested = false;
    if (this.connection.state === "open") this.sink.onWritable();
  }

  ended(): void {
    this.connection.transportClosed();
    this.socket.end();
    this.limitClosing();
  }

  gone(): void {
    this.stopClock();
    this.connection.transportClosed();
  }

  // ── the connection's output ──

  write(frame: Uint8Array): void {
    this.sendAnswer();
    this.socket.write(frame);
    if (this.socket.writableNeedDrain) this.congested = true;
  }

  end(): void {
    this.sendAnswer();
    this.socket.end();
    this.limitClosing();
  }

  get isCongested(): boolean {
    return this.congested;
  }

  resumed(): void {
    this.socket.resume();
  }

  // ── the connection's sink ──

  onPing(payload: Uint8Array): void {
    this.sink.onControlFrame?.(payload.length);
  }

  onPong(payload: Uint8Array): void {
    this.sink.onControlFrame?.(payload.length);
  }

  onText(text: string): void {
    this.sink.onText(text);
  }

  onBinary(bytes: Uint8Array): void {
    this.sink.onBinary(bytes);
  }

  onError(error: VaivenError): void {
    this.failure = error;
  }

  onClose(code: number, reason: string, wasClean: boolean): void {
    const { sink } = this;
    this.sink = NO_SINK;
    const error =
      this.failure ??
      (wasClean
        ? undefined
        : new VaivenError("SESSION_TRANSPORT_CLOSED", "the connection ended without a Close frame", {
            detail: { closeCode: code, closeReason: reason },
          }));
    sink.onClose(error);
  }

  // ── time ──

  onDeadline(): void {
    this.socket.destroy();
  }

  private limitClosing(): void {
    if (this.socket.destroyed) return;
    this.closing ??= new Deadline(this);
    if (!this.closing.pending) processHost.deadlines.set(this.closing, CLOSE_TIMEOUT_MS);
  }

  private stopClock(): void {
    if (this.closing !== undefined) processHost.deadlines.clear(this.closing);
  }

  private takeAnswer(): string | undefined {
    const { unsent } = this;
    if (unsent !== undefined) this.unsent = undefined;
    return unsent;
  }

  private sendAnswer(): void {
    const answer = this.takeAnswer();
    if (answer !== undefined) this.socket.write(answer, "latin1");
  }

  // ── compression ──

  private sendCompressed(batch: readonly Outgoing[]): void {
    const { socket } = this;
    socket.cork();
    this.sendAnswer();
    for (const packet of batch) {
      this.sendPart(packet, packet.head);
      // Attachments are rarely shared one by one, and their compressed form is not worth a place in every packet.
      if (packet.rest !== undefined) for (const part of packet.rest) this.sendAlone(part, packet.compress);
    }
    socket.uncork();
  }

  private sendPart(packet: Outgoing, part: WirePacket): void {
    const shared = packet.shared ? this.connection.sharedForm : undefined;
    const frame = shared === undefined ? undefined : packet.form(compressedForm(shared, this.connection));
    if (frame === undefined || frame.length === 0) this.sendAlone(part, packet.compress);
    else this.connection.sendFrame(frame);
  }

  private sendAlone(part: WirePacket, compress: boolean): void {
    if (typeof part === "string") this.connection.sendText(part, compress);
    else this.connection.sendBinary(part, compress);
  }
}

const NOT_SHARED = new Uint8Array(0);
const forms = new Map<string, WireForm<Uint8Array>>();
/** Encodes for all connections of its form; any of them can. */
let encodingConnection: WebSocketConnection | undefined;

/** The head of a packet as the frame that all connections with the form `shared` can be sent; empty if each must make its own. */
function compressedForm(shared: string, connection: WebSocketConnection): WireForm<Uint8Array> {
  encodingConnection = connection;
  let form = forms.get(shared);
  if (form === undefined) {
    form = wireForm((packet) => encodingConnection?.sharedFrameOf(packet.head, packet.compress) ?? NOT_SHARED);
    forms.set(shared, form);
  }
  return form;
}

function onData(this: Duplex, chunk: Uint8Array): void {
  (this as TransportSocket).vaivenTransport?.receive(chunk);
}

function onDrain(this: Duplex): void {
  (this as TransportSocket).vaivenTransport?.drained();
}

function onEnd(this: Duplex): void {
  (this as TransportSocket).vaivenTransport?.ended();
}

/** The end that follows an error tells everything that is of use. */
function onError(this: Duplex): void {
  this.destroy();
}

function onClose(this: Duplex): void {
  (this as TransportSocket).vaivenTransport?.gone();
}
