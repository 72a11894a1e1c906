// browser/ Socket.IO packets as MessagePack: what `socket.io-msgpack-parser` speaks. One binary message a packet, a map of `type`, `nsp`, `data`, `id`; bytes stand in it as they are.
import { decode, encode } from "notepack.io";
import { VaivenError } from "../errors.js";
import { asBytes } from "../packet/attachments.js";
import { Outgoing, type OutgoingOptions } from "../packet/outgoing.js";
import { PacketType, RESERVED_EVENTS, type SocketPacket } from "../packet/socket-packet.js";
import type { PacketSource } from "../session/client-host.js";

/**
 * Writes a packet.
 *
 * @throws VaivenError `PACKET_INVALID_PAYLOAD` for data that MessagePack cannot hold
 */
export function encodePacket({ type, nsp, data, id }: SocketPacket, options?: OutgoingOptions): Outgoing {
  // Keys that are absent must not travel: a stock end reads `undefined` as a value.
  const packet: SocketPacket = { type, nsp };
  if (data !== undefined) packet.data = data;
  if (id !== undefined) packet.id = id;
  try {
    return new Outgoing(asBytes(encode(packet)) as Uint8Array, undefined, options);
  } catch (cause) {
    throw invalid(cause);
  }
}

/** Reads the packets of one connection. Throws a VaivenError `PACKET_INVALID_PAYLOAD` at what is none. */
export class PacketReader implements PacketSource {
  /** No packet travels as text. */
  readText(): SocketPacket | undefined {
    throw invalid();
  }

  readBinary(bytes: Uint8Array | ArrayBuffer): SocketPacket | undefined {
    let packet: SocketPacket;
    try {
      packet = decode(bytes as Parameters<typeof decode>[0]) as SocketPacket;
    } catch (cause) {
      throw invalid(cause);
    }
    if (!isPacket(packet)) throw invalid();
    return packet;
  }
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
