// client/ What one socket sends: at once while it is connected, in order behind Blobs that are being read, and from the send buffer once it connects.
//
//   emit ──▶ RetryQueue, with `retries` ──▶ accepted or refused ──▶ sendBuffer, while not connected ──▶ Blobs become bytes ──▶ encoded ──▶ engine
import { VaivenError } from "../errors.js";
import { wireErrorOf } from "../event/ack-errors.js";
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

/** The way out of one socket. */
export class Sender {
  /** The acknowledgements that its events wait for. */
  readonly acks: AwaitedAcks;
  private readonly socket: Socket;
  private readonly opts: Partial<SocketOptions>;
  private readonly notify: (event: readonly unknown[]) => void;
  private queue: RetryQueue | undefined = undefined;
  /** Bytes of what waits in the send buffer, and which buffer that was: programs replace and empty it. */
  private waiting: { buffer: unknown; length: number; bytes: number } = { buffer: undefined, length: 0, bytes: 0 };
  /** The end of the Blobs that are being read: what is emitted meanwhile waits for it. */
  private reading: Promise<void> | undefined = undefined;

  /** `notify` tells the listeners of outgoing events. */
  constructor(socket: Socket, opts: Partial<SocketOptions>, notify: (event: readonly unknown[]) => void) {
    this.socket = socket;
    this.opts = opts;
    this.notify = notify;
    this.acks = new AwaitedAcks(socket, opts);
  }

  /** Takes an event: its name, its arguments, and its callback if it has one. Throws what {@link Socket.emit} throws. */
  emit(data: unknown[], flags: EmitFlags): void {
    const { socket, opts } = this;
    if (!opts.retries || flags.volatile) {
      this.emitOnce(data, flags);
      return;
    }
    const { queue } = this;
    const { fault, size } = this.weigh(data, queue?.length ?? 0, queue?.bytes ?? 0);
    if (fault) {
      this.refuse(fault, data[data.length - 1], true);
      return;
    }
    // Without a callback nobody else would tell.
    if (typeof data[data.length - 1] !== "function")
      data.push((error: VaivenError | null) => {
        if (error && /^(PACKET|SESSION)/.test(error.code)) socket.io._report(error);
      });
    this.queue ??= new RetryQueue(
      opts.retries,
      () => socket._delivery?.isActive === true,
      (again, callback) => this.emitAgain(again, callback),
    );
    const event = data.slice(0, -1);
    const drop = this.queue.add(data, flags, size, socket.connected);
    this.whenTooOld(event, drop);
  }

  /** The socket is connected. Its queue of `retries` goes on; `again` as in {@link RetryQueue.send}. */
  resume(again: boolean): void {
    this.queue?.send(again);
  }

  /** Sends a packet of a connected socket, behind the Blobs that are being read. */
  transmit(packet: BufferedPacket): void {
    const { socket } = this;
    const blobs = readBlobs(packet.data, socket.io._host.blobBytes);
    if (blobs === undefined && this.reading === undefined) {
      this.write(packet);
      return;
    }
    const { id, _delivery: delivery } = socket;
    const pid = delivery?.pid;
    const reading = Promise.all([blobs, this.reading]).then(([data]) => {
      if (this.reading === reading) this.reading = undefined;
      if (data) packet.data = data;
      if (socket.connected && socket.id === id) this.late(() => this.write(packet));
      else if (packet.type === PacketType.EVENT || (pid && delivery?.pid === pid)) socket.sendBuffer.push(packet);
    });
    this.reading = reading;
  }

  /** Sends what waits. */
  drain(): void {
    const { socket } = this;
    const buffered = socket.sendBuffer;
    socket.sendBuffer = [];
    for (const packet of buffered) {
      if (socket.connected && !socket._delivery?.isFull) this.late(() => this.transmit(packet));
      else socket.sendBuffer.push(packet);
    }
  }

  /** Encodes what the server takes. Throws `PACKET_*` for what it does not. */
  encode(packet: SocketPacket, options?: OutgoingOptions): Outgoing {
    const { io } = this.socket;
    const { type, data } = packet;
    const outgoing = io._encode(packet, options);
    const { maxPayload } = io.engine;
    const size = maxPayload ? outgoing.byteLength(io.platform().textByteLength) : 0;
    if (size > (maxPayload as number)) {
      const name = type === PacketType.EVENT ? `"${(data as unknown[])[0]}"` : "a packet";
      throw new VaivenError(TOO_BIG, `${name} has ${size} bytes, the server takes ${maxPayload} (maxHttpBufferSize)`);
    }
    return outgoing;
  }

  /** From the queue of `retries`. What does not come from there once more waits as long as all its attempts might have taken. */
  private emitAgain(
    { data, flags, isCounted: once }: { data: unknown[]; flags: EmitFlags; isCounted: boolean },
    callback: TimedAckCallback,
  ): void {
    const { retries, ackTimeout } = this.opts;
    const timeout = flags.timeout ?? ackTimeout;
    this.emitOnce(
      [...data, callback],
      Object.assign({}, flags, once && timeout && { timeout: timeout * (retries! + 1) }),
    );
  }

  private emitOnce(data: unknown[], flags: EmitFlags): void {
    const { socket, opts, acks } = this;
    const { io, nsp, sendBuffer } = socket;
    const packet: BufferedPacket = {
      type: PacketType.EVENT,
      nsp,
      data,
      options: { compress: flags.compress !== false, volatile: flags.volatile === true, repeats: flags.fromQueue },
    };
    const ready = socket.connected && !io.engine.hasPingExpired() && !socket._delivery?.isFull;
    const callback = data[data.length - 1];
    const { maxPendingAcks = 100_000 } = opts;
    const waits = !ready && !flags.volatile;
    // What comes from the queue of `retries` has been weighed.
    const [count, bytes] = flags.fromQueue ? [0, 0] : [sendBuffer.length, this.waitingBytes()];
    const weight = waits ? this.weigh(data, count, bytes) : undefined;
    const fault =
      typeof callback === "function" && acks.size >= maxPendingAcks
        ? new VaivenError("ACK_TOO_MANY", `${maxPendingAcks} answers are waited for already (maxPendingAcks)`)
        : weight?.fault;
    if (fault) {
      this.refuse(fault, callback, flags.settles || (flags.timeout ?? opts.ackTimeout) !== undefined);
      return;
    }
    if (typeof callback === "function") {
      data.pop();
      packet.id = socket._ids++;
      acks.expect(packet.id, flags, callback as TimedAckCallback);
    }
    if (flags.volatile && !(ready && io.engine.writable)) return;
    if (ready) this.transmit(packet);
    else this.hold(packet, weight!.size);
  }

  /** An event waits for a connection. */
  private hold(packet: BufferedPacket, size: number): void {
    const { socket, waiting } = this;
    packet.options.size = size;
    this.waitingBytes();
    socket.sendBuffer.push(packet);
    waiting.length++;
    waiting.bytes += size;
    this.whenTooOld(packet.data as unknown[], (error) => {
      if (!socket.sendBuffer.includes(packet)) return;
      socket.sendBuffer = socket.sendBuffer.filter((other) => other !== packet);
      if (!this.acks.fail(packet.id, error)) socket.io._report(error);
    });
  }

  /** Calls `drop` when an event has waited for too long. */
  private whenTooOld(event: unknown[], drop: (error: VaivenError) => void): void {
    const { maxSendBufferAge } = this.opts;
    if (maxSendBufferAge === undefined) return;
    const error = (): VaivenError =>
      new VaivenError(
        "SESSION_SEND_BUFFER_EXPIRED",
        `"${event[0]}" has waited ${maxSendBufferAge} ms (maxSendBufferAge)`,
        {
          detail: { event },
        },
      );
    this.socket.io.platform().after(maxSendBufferAge, () => drop(error()), true);
  }

  /** Bytes of the send buffer: counted as it grows, and anew when somebody else has changed it. */
  private waitingBytes(): number {
    const { waiting } = this;
    const { sendBuffer } = this.socket;
    if (waiting.buffer !== sendBuffer || waiting.length !== sendBuffer.length) {
      waiting.buffer = sendBuffer;
      waiting.length = sendBuffer.length;
      waiting.bytes = sendBuffer.reduce((sum, { options }) => sum + (options.size ?? 0), 0);
    }
    return waiting.bytes;
  }

  /** Bytes of an event that has to wait behind `count` others with `bytes`, or why it cannot: who emits it can be told now, but not when it is sent. */
  private weigh(data: readonly unknown[], count: number, bytes: number): { fault?: unknown; size: number } {
    const { io, nsp } = this.socket;
    const { maxSendBuffer = 10_000, maxSendBufferBytes = 16 * 1024 * 1024 } = this.opts;
    const full = (limit: string): VaivenError => new VaivenError("SESSION_SEND_BUFFER_FULL", `${limit} wait already`);
    if (count >= maxSendBuffer) return { fault: full(`${maxSendBuffer} events (maxSendBuffer)`), size: 0 };
    const args = typeof data[data.length - 1] === "function" ? data.slice(0, -1) : data;
    try {
      const size = io._encode({ type: PacketType.EVENT, nsp, data: args }).byteLength(io.platform().textByteLength);
      return bytes + size > maxSendBufferBytes
        ? { fault: full(`${bytes} bytes (maxSendBufferBytes)`), size }
        : { size };
    } catch (fault) {
      return { fault, size: 0 };
    }
  }

  /** As in `write`: who is told of errors is told of this one; otherwise it is the caller's. */
  private refuse(error: unknown, callback: unknown, settles: boolean): void {
    if (typeof callback !== "function" || !settles) throw error;
    this.socket.io.platform().soon(() => callback(error));
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
    const { socket, acks } = this;
    const { io } = socket;
    const { type, id, data, options } = packet;
    try {
      // An error as acknowledgement: without our own server what JSON makes of it, as with Socket.IO.
      const outgoing = this.encode(
        type === PacketType.ACK && Array.isArray(data) && data[0] instanceof Error && socket._failsAcks
          ? { type: PacketType.CONTROL, nsp: packet.nsp, data: ["ack-error", id, wireErrorOf(data[0])] }
          : packet,
        options,
      );
      if (type === PacketType.EVENT) this.notify(data as unknown[]);
      socket._delivery?.sent(outgoing, packet);
      io.engine.sendPacket(outgoing);
    } catch (error) {
      // The id of an ACK is the server's. Who is told of errors is told of this one; otherwise it is the caller's.
      if (type === PacketType.EVENT && acks.fail(id, error as VaivenError)) return;
      if ((error as VaivenError).code === TOO_BIG) io._report(error as VaivenError);
      else throw error;
    }
  }
}
