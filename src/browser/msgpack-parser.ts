// browser/ Socket.IO packets as MessagePack, in the shape of the `parser` option: what `socket.io-msgpack-parser` speaks. One binary message a packet, a map of
// `type`, `nsp`, `data`, `id`; bytes stand in it as they are.
import { decode, encode } from "notepack.io";
import { VaivenError } from "../errors.js";
import { PacketType, RESERVED_EVENTS, type SocketPacket } from "../packet/socket-packet.js";

/** Writes packets. */
export class Encoder {
  /** Throws `PACKET_INVALID_PAYLOAD` for data that MessagePack cannot hold. */
  encode({ type, nsp, data, id }: SocketPacket): ArrayBuffer[] {
    // Keys that are absent must not travel: a stock end reads `undefined` as a value.
    const packet: SocketPacket = { type, nsp };
    if (data !== undefined) packet.data = data;
    if (id !== undefined) packet.id = id;
    try {
      return [encode(packet) as unknown as ArrayBuffer];
    } catch (cause) {
      throw invalid(cause);
    }
  }
}

/** Reads packets: calls its one listener with each. Throws `PACKET_INVALID_PAYLOAD` at what is none. */
export class Decoder {
  private whenDecoded!: (packet: SocketPacket) => void;

  on(_decoded: "decoded", listener: (packet: SocketPacket) => void): void {
    this.whenDecoded = listener;
  }

  add(message: unknown): void {
    let packet: SocketPacket;
    try {
      packet = decode(message as Parameters<typeof decode>[0]) as SocketPacket;
    } catch (cause) {
      throw invalid(cause);
    }
    if (!isPacket(packet)) throw invalid();
    this.whenDecoded(packet);
  }

  destroy(): void {}
}

function isPacket(value: SocketPacket | null): boolean {
  if (typeof value !== "object" || value === null || typeof value.nsp !== "string") return false;
  const { type, data, id } = value;
  if (type === PacketType.EVENT) return Array.isArray(data) && !RESERVED_EVENTS.has(data[0]) && isId(id);
  if (type === PacketType.ACK) return Array.isArray(data) && id !== undefined && isId(id);
  return type >= PacketType.CONNECT && type <= PacketType.CONNECT_ERROR;
}

function isId(id: unknown): boolean {
  return id === undefined || typeof id === "number";
}

function invalid(cause?: unknown): VaivenError {
  return new VaivenError("PACKET_INVALID_PAYLOAD", "expected a Socket.IO packet in MessagePack", { cause });
}
