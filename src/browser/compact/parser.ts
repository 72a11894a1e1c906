// browser/compact/ Socket.IO packets (protocol v5) in the shape of the `parser` option. Bytes and Blobs are attachments as they are: a WebSocket takes them all.
import { PacketType, type SocketPacket } from "../../packet/socket-packet.js";
import { bytesOf, PacketReader } from "../packet-codec.js";

/** One message that came, without Engine.IO's type. */
export type Message = string | ArrayBuffer;

/** What a WebSocket takes as a binary message. */
export type BinaryMessage = ArrayBuffer | ArrayBufferView<ArrayBuffer>;

/** BINARY_EVENT and BINARY_ACK follow EVENT and ACK at this distance. */
const BINARY = PacketType.BINARY_EVENT - PacketType.EVENT;

/** Writes packets. */
export class Encoder {
  encode({ type, nsp, id, data }: SocketPacket): (string | BinaryMessage)[] {
    const attachments: BinaryMessage[] = [];
    // `this` is the object that holds the value: `value` has been through toJSON already, which the Buffer of bundlers has.
    const json = JSON.stringify(data, function (this: Record<string, unknown>, key, value: unknown) {
      const held = this[key] as BinaryMessage;
      return bytesOf(held) || (held as unknown) instanceof Blob
        ? { _placeholder: true, num: attachments.push(held) - 1 }
        : value;
    });
    const { length } = attachments;
    return [
      `${length ? `${type + BINARY}${length}-` : type}${nsp === "/" ? "" : `${nsp},`}${id === undefined ? "" : id}${json || ""}`,
      ...attachments,
    ];
  }
}

/** Reads packets: calls its one listener with each, and throws `PACKET_INVALID_PAYLOAD` at what is none. */
export class Decoder extends PacketReader {
  private whenDecoded!: (packet: SocketPacket) => void;

  on(_decoded: "decoded", listener: (packet: SocketPacket) => void): void {
    this.whenDecoded = listener;
  }

  add(message: Message): void {
    const packet = this.readMessage(message);
    if (packet) this.whenDecoded(packet);
  }

  destroy(): void {}
}
