// packet/ Socket.IO packets, protocol v5: `<type>[<attachments>-][<namespace>,][<id>][<JSON>]` ("Packet encoding"). Types and writing.
import { VaivenError } from "../errors.js";
import { detach } from "./attachments.js";
import { FlatArrayWriter } from "./flat-json.js";
import { Outgoing, type OutgoingOptions } from "./outgoing.js";

/** Socket.IO packet types by their digit. */
export const PacketType = {
  CONNECT: 0,
  DISCONNECT: 1,
  EVENT: 2,
  ACK: 3,
  CONNECT_ERROR: 4,
  BINARY_EVENT: 5,
  BINARY_ACK: 6,
  /** Not the protocol's: between our own two ends, where both said so. See control-packet.ts. */
  CONTROL: 7,
} as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** A Socket.IO packet as adapters, parsers and events see it. Field names are those of Socket.IO's `Packet`, which npm's adapters read and write. */
export interface SocketPacket {
  /** EVENT or ACK also for packets that travel as BINARY_EVENT or BINARY_ACK, once decoded or before encoding. */
  type: PacketType;
  /** Namespace, always with its leading slash; `/` is the main one. */
  nsp: string;
  /** CONNECT: auth or `{ sid }`; EVENT: `[name, ...args]`; ACK: `[...args]`; CONNECT_ERROR: `{ message, data? }`; DISCONNECT: absent; CONTROL: `[kind, ...args]`. */
  data?: unknown;
  /** Acknowledgement id, a whole number from 0. */
  id?: number;
  /** Only between a BINARY header and its last attachment. */
  attachments?: number;
}

/** The names that the library itself emits: neither end may send an event of such a name, and a packet that carries one is refused. */
export const RESERVED_EVENTS: ReadonlySet<string> = new Set([
  "connect",
  "connect_error",
  "disconnect",
  "disconnecting",
  "newListener",
  "removeListener",
]);

/**
 * Writes an EVENT with its arguments (`[name, ...args]`), or a BINARY_EVENT where they hold bytes. On the path of every emit.
 *
 * @throws VaivenError `PACKET_CYCLIC`, `PACKET_TOO_DEEP`, `PACKET_INVALID_JSON` (a BigInt, a `toJSON` that throws)
 */
export function encodeEvent(
  nsp: string,
  id: number | undefined,
  args: readonly unknown[],
  options?: OutgoingOptions,
): Outgoing {
  return encodeArguments("42", "45", nsp, id, args, options);
}

/** Writes an ACK, or a BINARY_ACK. Throws as {@link encodeEvent} does. */
export function encodeAck(nsp: string, id: number, args: readonly unknown[], options?: OutgoingOptions): Outgoing {
  return encodeArguments("43", "46", nsp, id, args, options);
}

/** Writes a packet of any type. Throws as {@link encodeEvent} does. */
export function encodePacket(packet: SocketPacket, options?: OutgoingOptions): Outgoing {
  const { type, nsp, id, data } = packet;
  if (type === PacketType.EVENT || type === PacketType.BINARY_EVENT) {
    return encodeEvent(nsp, id, data as readonly unknown[], options);
  }
  if (type === PacketType.ACK || type === PacketType.BINARY_ACK) {
    return encodeAck(nsp, id as number, data as readonly unknown[], options);
  }
  return new Outgoing(
    `4${type}${nsp === "/" ? "" : `${nsp},`}${data === undefined ? "" : toJson(data)}`,
    undefined,
    options,
  );
}

/** Marked, so that bundlers leave it out of files that have a codec of their own. */
const flatArrays = /* @__PURE__ */ new FlatArrayWriter();

function encodeArguments(
  prefix: string,
  binaryPrefix: string,
  nsp: string,
  id: number | undefined,
  args: readonly unknown[],
  options: OutgoingOptions | undefined,
): Outgoing {
  const tail = nsp === "/" ? (id === undefined ? "" : String(id)) : `${nsp},${id === undefined ? "" : id}`;
  const flat = flatArrays.write(tail === "" ? prefix : prefix + tail, args);
  if (flat !== undefined) {
    const packet = new Outgoing(flat, undefined, options);
    packet.isAscii = flatArrays.isAscii && nsp === "/";
    return packet;
  }
  const attachments: Uint8Array[] = [];
  const json = toJson(detach(args, attachments));
  if (attachments.length === 0) return new Outgoing(prefix + tail + json, undefined, options);
  return new Outgoing(`${binaryPrefix}${attachments.length}-${tail}${json}`, attachments, options);
}

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new VaivenError("PACKET_INVALID_JSON", `expected a value that can be written as JSON: ${String(cause)}`, {
      cause,
    });
  }
}
