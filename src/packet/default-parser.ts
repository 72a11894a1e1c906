// packet/ The default encoder in the shape of the `parser` option: what plugins find as `nsp.server.encoder`. And the way from any encoder to an Outgoing.
// The path of a message does not pass here: it uses encodeEvent directly.
import { Outgoing, type OutgoingOptions, type WirePacket } from "./outgoing.js";
import type { EncodedPacket, PacketEncoder } from "./parser.js";
import { encodePacket, type SocketPacket } from "./socket-packet.js";

/** Encodes packets as Socket.IO protocol v5. */
export class Encoder implements PacketEncoder {
  encode(packet: SocketPacket): EncodedPacket {
    const { head, rest } = encodePacket(packet);
    const first = typeof head === "string" ? head.slice(1) : head;
    return rest === undefined ? [first] : [first, ...rest];
  }
}

/** Makes one outgoing packet of what a parser encoded. */
export function outgoingOf(encoded: EncodedPacket, options?: OutgoingOptions): Outgoing {
  const wire: WirePacket[] = encoded.map((message) => (typeof message === "string" ? `4${message}` : message));
  return new Outgoing(wire[0] || "4", wire.length > 1 ? wire.slice(1) : undefined, options);
}
