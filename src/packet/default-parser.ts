// packet/ The default parser in the shape of the `parser` option: what plugins find as `nsp.server.encoder`, and what a custom parser replaces.
// The path of a message does not pass here: it uses encodeEvent and PacketReader directly.

import { Outgoing, type OutgoingOptions, type WirePacket } from "./outgoing.js";
import { PacketReader } from "./packet-reader.js";
import type { EncodedPacket, PacketDecoder, PacketEncoder } from "./parser.js";
import { encodePacket, type SocketPacket } from "./socket-packet.js";

/** What an application may set on the default parser's limits when it constructs one itself. */
const DEFAULT_LIMITS = { maxAttachments: 1000, maxAttachmentBytes: 100_000_000 } as const;

/** Encodes packets as Socket.IO protocol v5. */
export class Encoder implements PacketEncoder {
  encode(packet: SocketPacket): EncodedPacket {
    const { head, rest } = encodePacket(packet);
    const first = typeof head === "string" ? head.slice(1) : head;
    return rest === undefined ? [first] : [first, ...rest];
  }
}

/** Decodes packets of Socket.IO protocol v5. Throws a VaivenError `PACKET_*` out of {@link Decoder.add}. */
export class Decoder implements PacketDecoder {
  private readonly reader: PacketReader = new PacketReader(DEFAULT_LIMITS);
  private readonly listeners: ((packet: SocketPacket) => void)[] = [];

  add(message: string | Uint8Array): void {
    const packet = typeof message === "string" ? this.reader.readText(message, 0) : this.reader.readBinary(message);
    if (packet !== undefined) for (const listener of this.listeners) listener(packet);
  }

  destroy(): void {
    this.reader.reset();
  }

  on(event: "decoded", listener: (packet: SocketPacket) => void): this {
    if (event === "decoded") this.listeners.push(listener);
    return this;
  }
}

/** Makes one outgoing packet of what a parser encoded. */
export function outgoingOf(encoded: EncodedPacket, options?: OutgoingOptions): Outgoing {
  const wire: WirePacket[] = encoded.map((message) => (typeof message === "string" ? `4${message}` : message));
  return new Outgoing(wire[0] ?? "4", wire.length > 1 ? wire.slice(1) : undefined, options);
}
