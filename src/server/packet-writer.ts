// server/ How the packets of a server are written and read: by our own packet stage, or by the program's `parser`.
import { VaivenError } from "../errors.js";
import { Encoder, outgoingOf } from "../packet/default-parser.js";
import type { Outgoing, OutgoingOptions } from "../packet/outgoing.js";
import { checkPacket, type PacketLimits, PacketReader } from "../packet/packet-reader.js";
import type { PacketEncoder, PacketParser } from "../packet/parser.js";
import { encodeAck, encodeEvent, encodePacket, PacketType, type SocketPacket } from "../packet/socket-packet.js";

/** Writes packets. What cannot be encoded is thrown at the caller who handed it over. */
export interface PacketWriter {
  event(nsp: string, id: number | undefined, args: readonly unknown[], options?: OutgoingOptions): Outgoing;
  ack(nsp: string, id: number, args: readonly unknown[], options?: OutgoingOptions): Outgoing;
  packet(packet: SocketPacket, options?: OutgoingOptions): Outgoing;
}

/** Reads the packets of one connection. Methods throw what the peer did wrong. */
export interface MessageReader {
  /** Set once the client has said that it is one of ours: whether control packets are taken. */
  control?: boolean;
  readText(packet: string, start: number): SocketPacket | undefined;
  readBinary(bytes: Uint8Array): SocketPacket | undefined;
  /** The connection has ended: the program's decoder may let go of what it holds. Absent where there is nothing to let go of. */
  end?(): void;
}

/** Both directions of a server's packets. */
export interface PacketCodec {
  readonly writer: PacketWriter;
  /** What plugins find as `io.encoder`. */
  readonly encoder: PacketEncoder;
  /** A reader for one connection. A custom parser may hand over several packets for one message: all but the returned one go to `more`. */
  reader(more: (packet: SocketPacket) => void): MessageReader;
}

/** Our own packet stage. */
export function defaultCodec(limits: PacketLimits): PacketCodec {
  return {
    writer: { event: encodeEvent, ack: encodeAck, packet: encodePacket },
    encoder: new Encoder(),
    reader: () => new PacketReader(limits),
  };
}

/** The program's parser, in the shape of npm's (`socket.io-msgpack-parser`). */
export function parserCodec(parser: PacketParser): PacketCodec {
  const encoder = new parser.Encoder();
  const packet = (value: SocketPacket, options?: OutgoingOptions): Outgoing =>
    outgoingOf(encoder.encode(value), options);
  return {
    encoder,
    writer: {
      packet,
      event: (nsp, id, data, options) =>
        packet({ type: PacketType.EVENT, nsp, data, ...(id === undefined ? undefined : { id }) }, options),
      ack: (nsp, id, data, options) => packet({ type: PacketType.ACK, nsp, id, data }, options),
    },
    reader: (more) => new ParserReader(parser, more),
  };
}

/** Turns a decoder that emits into a reader that returns. */
class ParserReader implements MessageReader {
  private readonly decoder: InstanceType<PacketParser["Decoder"]>;
  private decoded: SocketPacket | undefined;

  constructor(parser: PacketParser, more: (packet: SocketPacket) => void) {
    this.decoder = new parser.Decoder();
    this.decoder.on("decoded", (packet) => {
      if (this.decoded !== undefined) more(this.decoded);
      this.decoded = checkPacket(normal(packet));
    });
  }

  readText(packet: string, start: number): SocketPacket | undefined {
    return this.read(packet.slice(start));
  }

  readBinary(bytes: Uint8Array): SocketPacket | undefined {
    return this.read(bytes);
  }

  end(): void {
    this.decoder.destroy();
  }

  private read(message: string | Uint8Array): SocketPacket | undefined {
    try {
      this.decoder.add(message);
    } catch (cause) {
      throw cause instanceof VaivenError
        ? cause
        : new VaivenError("PACKET_INVALID_PAYLOAD", "the parser refused a message", { cause });
    }
    const { decoded } = this;
    this.decoded = undefined;
    return decoded;
  }
}

/** Foreign decoders leave BINARY types as they came. */
function normal(packet: SocketPacket): SocketPacket {
  if (packet.type === PacketType.BINARY_EVENT) packet.type = PacketType.EVENT;
  else if (packet.type === PacketType.BINARY_ACK) packet.type = PacketType.ACK;
  return packet;
}
