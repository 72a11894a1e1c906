// browser/compact/ Socket.IO packets (protocol v5) in the shape of the `parser` option. Bytes and Blobs are attachments as they are: a WebSocket takes them all.
import { Emitter } from "../../event/emitter.js";
import type { DefaultEventsMap } from "../../event/event-map.js";
import { PacketType, type SocketPacket } from "../../packet/socket-packet.js";
import { bytesOf, PacketReader } from "../packet-codec.js";

/** One message that came, without Engine.IO's type. */
export type Message = string | ArrayBuffer;

/** What a WebSocket takes as a binary message. */
export type BinaryMessage = ArrayBuffer | ArrayBufferView<ArrayBuffer>;

/** BINARY_EVENT and BINARY_ACK follow EVENT and ACK at this distance. */
const BINARY = PacketType.BINARY_EVENT - PacketType.EVENT;

function isBinary(value: unknown): value is BinaryMessage {
  return !!bytesOf(value) || value instanceof Blob;
}

/** Writes packets. */
export class Encoder {
  encode({ type, nsp, id, data }: SocketPacket): (string | BinaryMessage)[] {
    const attachments: BinaryMessage[] = [];
    // `this` is the object that holds the value: `value` has been through toJSON already, which the Buffer of bundlers has.
    const json = JSON.stringify(data, function (this: Record<string, unknown>, key, value: unknown) {
      const held = this[key];
      return isBinary(held) ? { _placeholder: true, num: attachments.push(held) - 1 } : value;
    });
    const { length } = attachments;
    return [
      `${length ? `${type + BINARY}${length}-` : type}${nsp === "/" ? "" : `${nsp},`}${id === undefined ? "" : id}${json || ""}`,
      ...attachments,
    ];
  }
}

/** Reads packets: emits `decoded` with each, and throws `PACKET_INVALID_PAYLOAD` at what is none. */
export class Decoder extends Emitter<DefaultEventsMap> {
  private readonly reader = new PacketReader();

  add(message: Message): void {
    const packet = typeof message === "string" ? this.reader.readText(message, 0) : this.reader.readBinary(message);
    if (packet) this.emit("decoded", packet);
  }

  destroy(): void {}
}
