// client/ What one socket sends: at once while it is connected, in order behind Blobs that are being read, and from the send buffer once it connects.
//
//   emit ──▶ RetryQueue, with `retries` ──▶ accepted or refused ──▶ sendBuffer, while not connected ──▶ Blobs become bytes ──▶ encoded ──▶ engine
import { VaivenError } from "../errors.js";
import type { TimedAckCallback } from "../event/acks.js";
import type { Outgoing, OutgoingOptions } from "../packet/outgoing.js";
import { PacketType, type SocketPacket } from "../packet/socket-packet.js";
import { AwaitedAcks } from "./awaited-acks.js";
import { readBlobs } from "./blobs.js";
import { guard } from "./guarded-emitter.js";
import { RetryQueue } from "./retry-queue.js";
import type { Socket } from "./socket.js";
import type { EmitFlags, SocketOptions } from "./socket-options.js";

const TOO_BIG = "PACKET_TOO_BIG";

/** A packet that waits for a connection. */
export interface BufferedPacket extends SocketPacket {
  options: {
    compress?: boolean;
    volatile?: boolean;
    /** The queue of `retries` has it, and sends it again where that is needed. */
    repeats?: boolean | undefined;
    /** Its bytes, where it waits. */
    size?: number;
  };
}

/** The way out of one socket. @internal */
export class Sender {
  /** The acknowledgements that its events wait for. */
  readonly acks: AwaitedAcks;
  private readonly socket: Socket;
  private readonly opts: Partial<SocketOptions>;
  private readonly notify: (event: readonly unknown[]) => void;
  private readonly queue: RetryQueue | undefined;
  /** Bytes of what waits: an upper bound, which is counted anew where it matters. Programs and time take out of the send buffer what they like. */
  private bytes = 0;
  /** The end of the Blobs that are being read: what is emitted meanwhile waits for it. */
  private reading: Promise<void> | undefined;

  /** `notify` tells the listeners of outgoing events. */
  constructor(socket: Socket, opts: Partial<SocketOptions>, notify: (event: readonly unknown[]) => void) {
    this.socket = socket;
    this.opts = opts;
    this.notify = notify;
    this.acks = new AwaitedAcks(socket);
    if (opts.retries) this.queue = new RetryQueue(socket, this, opts);
  }

  /** Takes an event: its name, its arguments, and its callback if it has one. Throws what {@link Socket.emit} throws. */
  emit(data: unknown[], flags: EmitFlags): void {
    const { queue } = this;
    const callback = typeof data[data.length - 1] === "function" ? (data.pop() as TimedAckCallback) : undefined;
    if (queue && !flags.volatile) queue.add(data, flags, callback);
    else this.emitOnce(data, flags, callback);
  }

  /** As {@link emit}, without the queue of `retries`. */
  emitOnce(data: unknown[], flags: EmitFlags, callback: TimedAckCallback | undefined): void {
    const { socket, opts, acks } = this;
    const { io, nsp, connected, _delivery } = socket;
    const { maxPendingAcks = 100_000, ackTimeout } = opts;
    const { timeout = ackTimeout, settles } = flags;
    const isVolatile = flags.volatile === true;
    const options: BufferedPacket["options"] = {
      compress: flags.compress !== false,
      volatile: isVolatile,
      repeats: flags.fromQueue,
    };
    const packet: BufferedPacket = { type: PacketType.EVENT, nsp, data, options };
    const isReady = connected && !io.engine.hasPingExpired() && !(_delivery && _delivery.isFull);
    try {
      // What comes from the queue of `retries` has been weighed.
      if (!isReady && !isVolatile && !flags.fromQueue) options.size = this.weigh(data, socket.sendBuffer);
      if (callback && acks.size >= maxPendingAcks)
        throw new VaivenError(
          "ACK_TOO_MANY",
          `the limit is ${maxPendingAcks} answers that are waited for (maxPendingAcks)`,
        );
    } catch (error) {
      // As in `write`: who is told of errors is told of this one; otherwise it is the caller's.
      if (!callback || (timeout === undefined && !settles)) throw error;
      io.platform().soon(() => callback(error as VaivenError));
      return;
    }
    if (callback) {
      packet.id = socket._ids++;
      acks.expect(packet.id, callback, timeout, settles);
    }
    if (isVolatile && !(isReady && io.engine.writable)) return;
    if (isReady) this.transmit(packet);
    else this.hold(packet);
  }

  /** Bytes of an event that has to wait behind `others`. Throws why it cannot: who emits it can be told now, but not when it is sent. */
  weigh(data: readonly unknown[], others: readonly { readonly options: { readonly size?: number } }[]): number {
    const { io, nsp } = this.socket;
    const { maxSendBuffer = 10_000, maxSendBufferBytes = 16 * 1024 * 1024 } = this.opts;
    const size = io._encode({ type: PacketType.EVENT, nsp, data }).byteLength(io.platform().textByteLength);
    this.bytes += size;
    if (this.bytes > maxSendBufferBytes)
      this.bytes = others.reduce((sum, { options }) => sum + (options.size || 0), size);
    if (others.length >= maxSendBuffer || this.bytes > maxSendBufferBytes)
      throw new VaivenError(
        "SESSION_SEND_BUFFER_FULL",
        `the limit is ${maxSendBuffer} events (maxSendBuffer) with ${maxSendBufferBytes} bytes (maxSendBufferBytes), and ${others.length} wait already`,
      );
    return size;
  }

  /** Calls `drop` when an event has waited for too long. */
  whenTooOld(event: readonly unknown[], drop: (error: VaivenError) => void): void {
    const { maxSendBufferAge } = this.opts;
    if (maxSendBufferAge === undefined) return;
    const expire = (): void =>
      drop(
        new VaivenError(
          "SESSION_SEND_BUFFER_EXPIRED",
          `the event "${event[0]}" has waited ${maxSendBufferAge} ms (maxSendBufferAge)`,
          { detail: { event } },
        ),
      );
    this.socket.io.platform().after(maxSendBufferAge, expire, true);
  }

  /** An event waits for a connection. */
  private hold(packet: BufferedPacket): void {
    const { socket } = this;
    socket.sendBuffer.push(packet);
    this.whenTooOld(packet.data as unknown[], (error) => {
      if (!socket.sendBuffer.includes(packet)) return;
      socket.sendBuffer = socket.sendBuffer.filter((other) => other !== packet);
      if (!this.acks.fail(packet.id as number, error)) socket.io._report(error);
    });
  }

  /** The socket is connected. Its queue of `retries` goes on; `again` as in {@link RetryQueue.send}. */
  resume(again: boolean): void {
    const { queue } = this;
    if (queue) queue.send(again);
  }

  /** Sends a packet of a connected socket, behind the Blobs that are being read. */
  transmit(packet: BufferedPacket): void {
    const { socket } = this;
    const blobs = readBlobs(packet.data, socket.io._host.blobBytes);
    if (!blobs && !this.reading) {
      this.write(packet);
      return;
    }
    const { id, _delivery } = socket;
    const pid = _delivery && _delivery.pid;
    const reading = Promise.all([blobs, this.reading]).then(([data]) => {
      if (this.reading === reading) this.reading = undefined;
      if (data) packet.data = data;
      if (socket.connected && socket.id === id) this.late(() => this.write(packet));
      else if (packet.type === PacketType.EVENT || (pid && (_delivery as { pid: unknown }).pid === pid))
        socket.sendBuffer.push(packet);
    });
    this.reading = reading;
  }

  /** Sends what waits. */
  drain(): void {
    const { socket } = this;
    const { _delivery, sendBuffer } = socket;
    socket.sendBuffer = [];
    for (const packet of sendBuffer) {
      if (socket.connected && !(_delivery && _delivery.isFull)) this.late(() => this.transmit(packet));
      else socket.sendBuffer.push(packet);
    }
  }

  /** Encodes what the server takes. Throws `PACKET_*` for what it does not. */
  encode(packet: SocketPacket, options?: OutgoingOptions): Outgoing {
    const { io } = this.socket;
    const { type, data } = packet;
    const outgoing = io._encode(packet, options);
    const { maxPayload } = io.engine;
    const size = maxPayload && outgoing.byteLength(io.platform().textByteLength);
    if (size > maxPayload) {
      const name = (): string => (type === PacketType.EVENT ? `event "${(data as unknown[])[0]}"` : "packet");
      throw new VaivenError(
        TOO_BIG,
        `the ${name()} has ${size} bytes, the server takes ${maxPayload} (maxHttpBufferSize)`,
      );
    }
    return outgoing;
  }

  /** Sends what nobody waits for any more: what cannot be sent is dropped, and the Manager tells. */
  private late(send: () => void): void {
    const { io } = this.socket;
    guard(io.platform().soon, () => {
      try {
        send();
      } catch (error) {
        // Others are those of listeners.
        if (!(error instanceof VaivenError)) throw error;
        io._report(error);
      }
    });
  }

  private write(packet: BufferedPacket): void {
    const { io, _delivery } = this.socket;
    const { type, id, data, options } = packet;
    try {
      const outgoing = this.encode(io._ownEnds ? io._ownEnds.write(io, packet) : packet, options);
      if (type === PacketType.EVENT) this.notify(data as unknown[]);
      if (_delivery) _delivery.sent(outgoing, packet);
      io.engine.sendPacket(outgoing);
    } catch (error) {
      // The id of an ACK is the server's. Who is told of errors is told of this one; otherwise it is the caller's.
      if (type === PacketType.EVENT && this.acks.fail(id as number, error as VaivenError)) return;
      if ((error as VaivenError).code !== TOO_BIG) throw error;
      io._report(error as VaivenError);
    }
  }
}
