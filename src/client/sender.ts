// client/ What one socket sends: at once while it is connected, in order behind Blobs that are being read, and from the send buffer once it connects.
//
//   emit ──▶ RetryQueue, with `retries` ──▶ accepted or refused ──▶ sendBuffer, while not connected ──▶ Blobs become bytes ──▶ encoded ──▶ engine
import { VaivenError } from "../errors.js";
import type { TimedAckCallback } from "../event/acks.js";
import type { Unchecked } from "../event/event-map.js";
import type { Outgoing, OutgoingOptions } from "../packet/outgoing.js";
import { PacketType, type SocketPacket } from "../packet/socket-packet.js";
import { type AwaitedAcks, awaitedAcks } from "./awaited-acks.js";
import { readBlobs } from "./blobs.js";
import type { Delivery } from "./delivery.js";
import { guard } from "./guarded-emitter.js";
import { asItTravels } from "./own-ends.js";
import { type EmitsOnce, type RetryQueue, retryQueue } from "./retry-queue.js";
import type { Socket } from "./socket.js";
import type { EmitFlags, SocketOptions } from "./socket-options.js";

const TOO_BIG = "PACKET_TOO_BIG";

/** A packet that waits for a connection. */
export interface BufferedPacket extends SocketPacket {
  data?: Unchecked;
  options: {
    compress?: boolean;
    volatile?: boolean;
    /** The queue of `retries` has it, and sends it again where that is needed. */
    repeats?: boolean | undefined;
    /** Its bytes, where it waits. */
    size?: number;
    /** The connection was lost while its Blobs were read: what else waits was emitted later. */
    wasRead?: boolean;
  };
}

/** The way out of one socket. @internal */
export interface Sender {
  /** The acknowledgements that its events wait for. */
  readonly acks: AwaitedAcks;
  /** With `retries`. */
  readonly queue: RetryQueue | undefined;
  /** Takes an event: its name, its arguments, and its callback if it has one. Throws what {@link Socket.emit} throws. */
  emit(data: unknown[], flags: EmitFlags): void;
  /** The socket is connected: its queue of `retries` goes on. */
  resume(): void;
  /** Sends a packet of a connected socket, behind the Blobs that are being read. */
  transmit(packet: BufferedPacket): void;
  /** Sends what waits. */
  drain(): void;
  /** Encodes what the server takes. Throws `PACKET_*` for what it does not. */
  encode(packet: SocketPacket, options?: OutgoingOptions): Outgoing;
}

/** Makes the way out of one socket. `notify` tells the listeners of outgoing events. @internal */
export function makeSender(
  socket: Socket,
  opts: Partial<SocketOptions>,
  notify: (event: readonly unknown[]) => void,
): Sender {
  const { io, nsp } = socket;
  const {
    maxSendBuffer = 10_000,
    maxSendBufferBytes = 16 * 1024 * 1024,
    maxSendBufferAge,
    maxPendingAcks = 100_000,
    ackTimeout,
  } = opts;
  const acks = awaitedAcks(socket);
  /** Bytes of what waits: an upper bound, which is counted anew where it matters, because programs and deadlines take events out of the send buffer. */
  let bytes = 0;
  /** The end of the Blobs that are being read: what is emitted meanwhile waits for it. */
  let reading: Promise<void> | undefined;
  let isDraining = false;

  /** Whether the server has to confirm first what it was sent. */
  const isFull = (): boolean => !!socket._delivery && socket._delivery.isFull;

  const weigh: EmitsOnce["weigh"] = (data, others) => {
    const size = io._encode({ type: PacketType.EVENT, nsp, data }).byteLength(io.platform().textByteLength);
    bytes += size;
    if (bytes > maxSendBufferBytes) bytes = others.reduce((sum, { options }) => sum + (options.size || 0), size);
    if (others.length >= maxSendBuffer || bytes > maxSendBufferBytes)
      throw new VaivenError(
        "SESSION_SEND_BUFFER_FULL",
        `the limit is ${maxSendBuffer} events (maxSendBuffer) with ${maxSendBufferBytes} bytes (maxSendBufferBytes), and ${others.length} wait already`,
      );
    return size;
  };

  const whenTooOld: EmitsOnce["whenTooOld"] = (event, drop) => {
    if (maxSendBufferAge === undefined) return;
    const expire = (): void =>
      drop(
        new VaivenError(
          "SESSION_SEND_BUFFER_EXPIRED",
          `the event "${event[0]}" has waited ${maxSendBufferAge} ms (maxSendBufferAge)`,
          { detail: { event } },
        ),
      );
    io.platform().after(maxSendBufferAge, expire, true);
  };

  const encode: Sender["encode"] = (packet, options) => {
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
  };

  /** Tells who waits for the answer to a packet that cannot be sent. The id of an ACK is the server's. */
  const failAck = ({ type, id }: SocketPacket, error: unknown): boolean =>
    type === PacketType.EVENT && acks.fail(id as number, error as VaivenError);

  const write = (packet: BufferedPacket): void => {
    const delivery = socket._delivery;
    const { type, data, options } = packet;
    try {
      const outgoing = encode(asItTravels(io, packet), options);
      if (type === PacketType.EVENT) notify(data as unknown[]);
      if (delivery) delivery.sent(outgoing, packet);
      io.engine.sendPacket(outgoing);
    } catch (error) {
      // A callback that takes errors gets this one; otherwise it is the caller's.
      if (failAck(packet, error)) return;
      if ((error as VaivenError).code !== TOO_BIG) throw error;
      io._report(error as VaivenError);
    }
  };

  /** Sends what nobody waits for any more: what cannot be sent is dropped, and the Manager tells. */
  const late = (send: (packet: BufferedPacket) => void, packet: BufferedPacket): void =>
    guard(io.platform().soon, () => {
      try {
        send(packet);
      } catch (error) {
        // Others are those of listeners.
        if (!(error instanceof VaivenError)) throw error;
        io._report(error);
      }
    });

  const transmit: Sender["transmit"] = (packet) => {
    const { type, options } = packet;
    const blobs = readBlobs(packet.data, io._host.blobBytes);
    if (!blobs && !reading) {
      write(packet);
      return;
    }
    const { id } = socket;
    const delivery = socket._delivery;
    const pid = delivery && delivery.pid;
    const read = blobs && blobs.catch((error) => void (failAck(packet, error) || io._report(error)));
    const own = Promise.all([read, reading]).then(([data]) => {
      const { connected, sendBuffer } = socket;
      if (reading === own) reading = undefined;
      if (blobs) packet.data = data;
      const isSame = pid ? (delivery as Delivery).pid === pid : connected && socket.id === id;
      // There is no data of what cannot be read. In another session only events mean something, and the queue of `retries` sends its own again.
      if (!packet.data || (!isSame && (type !== PacketType.EVENT || options.repeats))) return;
      if (connected) late(write, packet);
      else {
        sendBuffer.splice(sendBuffer.filter((other) => other.options.wasRead).length, 0, packet);
        options.wasRead = true;
      }
    });
    reading = own;
  };

  const emitOnce: EmitsOnce["emitOnce"] = (data, flags, callback) => {
    const { connected } = socket;
    const { timeout = ackTimeout, settles, fromQueue } = flags;
    const isVolatile = flags.volatile === true;
    const options: BufferedPacket["options"] = {
      compress: flags.compress !== false,
      volatile: isVolatile,
      repeats: fromQueue,
    };
    const packet: BufferedPacket = { type: PacketType.EVENT, nsp, data, options };
    const isReady = connected && !isDraining && !io.engine.hasPingExpired() && !isFull();
    try {
      // What comes from the queue of `retries` has been weighed.
      if (!isReady && !isVolatile && !fromQueue) options.size = weigh(data, socket.sendBuffer);
      if (callback && acks.count() >= maxPendingAcks)
        throw new VaivenError(
          "ACK_TOO_MANY",
          `the limit is ${maxPendingAcks} answers that are waited for (maxPendingAcks)`,
        );
    } catch (error) {
      // As in `write`: a callback that takes errors gets this one; otherwise it is the caller's.
      if (!callback || (timeout === undefined && !settles)) throw error;
      io.platform().soon(() => callback(error as VaivenError));
      return;
    }
    if (callback) {
      packet.id = socket._ids++;
      acks.expect(packet.id, callback, timeout, settles);
    }
    if (isVolatile && !(isReady && io.engine.writable)) return;
    if (isReady) {
      transmit(packet);
      return;
    }
    socket.sendBuffer.push(packet);
    whenTooOld(data, (error) => {
      if (!socket.sendBuffer.includes(packet)) return;
      socket.sendBuffer = socket.sendBuffer.filter((other) => other !== packet);
      if (!acks.fail(packet.id as number, error)) io._report(error);
    });
  };

  const queue = opts.retries ? retryQueue(socket, opts, { emitOnce, weigh, whenTooOld }) : undefined;

  return {
    acks,
    queue,
    emit(data, flags) {
      const callback = typeof data[data.length - 1] === "function" ? (data.pop() as TimedAckCallback) : undefined;
      if (queue && !flags.volatile && !flags.fromQueue) queue.add(data, flags, callback);
      else emitOnce(data, flags, callback);
    },
    resume() {
      if (queue) queue.send();
    },
    drain() {
      // What a listener of outgoing events emits meanwhile comes behind what waits.
      isDraining = true;
      while (socket.connected && !isFull() && socket.sendBuffer[0])
        late(transmit, socket.sendBuffer.shift() as BufferedPacket);
      isDraining = false;
    },
    transmit,
    encode,
  };
}
