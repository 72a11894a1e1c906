// packet/ contract of the parser: how Socket.IO packets become Engine.IO messages and back. The default one, and the shape that npm's parsers have.
import type { SocketPacket } from "./socket-packet.js";

/** What a parser makes of one packet: texts and bytes, each the body of one Engine.IO message (no type digit), in this order. */
export type EncodedPacket = readonly (string | Uint8Array)[];

/** The encoder of the `parser` option (`socket.io-msgpack-parser` and the like). */
export interface PacketEncoder {
  encode(packet: SocketPacket): EncodedPacket;
}

/** The decoder of the `parser` option: an emitter of `decoded`, as Socket.IO's parsers are. One per connection. */
export interface PacketDecoder {
  add(message: string | Uint8Array): void;
  destroy(): void;
  on(event: "decoded", listener: (packet: SocketPacket) => void): unknown;
}

/** The `parser` option of both ends. */
export interface PacketParser {
  readonly Encoder: new () => PacketEncoder;
  readonly Decoder: new () => PacketDecoder;
}
