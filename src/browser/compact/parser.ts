// browser/compact/ Socket.IO packets (protocol v5) in the shape of the `parser` option. Bytes and Blobs are attachments as they are: a WebSocket takes them all.
import { VaivenError } from "../../errors.js";
import { Emitter } from "../../event/emitter.js";
import type { DefaultEventsMap } from "../../event/event-map.js";
import { PacketType, RESERVED_EVENTS, type SocketPacket } from "../../packet/socket-packet.js";

/** One message that came, without Engine.IO's type. */
export type Message = string | ArrayBuffer;

/** What a WebSocket takes as a binary message. */
export type BinaryMessage = ArrayBuffer | ArrayBufferView<ArrayBuffer>;

/** BINARY_EVENT and BINARY_ACK follow EVENT and ACK at this distance. */
const BINARY = PacketType.BINARY_EVENT - PacketType.EVENT;

/** By name, because frames bring classes of their own. */
function isBinary(value: unknown): value is BinaryMessage {
  return ArrayBuffer.isView(value) || /(ArrayBuffer|Blob|File)\]$/.test(Object.prototype.toString.call(value));
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
    const count = attachments.length;
    return [
      `${count ? `${type + BINARY}${count}-` : type}${nsp === "/" ? "" : `${nsp},`}${id === undefined ? "" : id}${json || ""}`,
      ...attachments,
    ];
  }
}

//              type   attachments  namespace      id   JSON
const PACKET = /^([0-6])(?:(\d+)-)?(\/[^,]*)?,?(\d*)([\s\S]*)/;

/** Reads packets: emits `decoded` with each, and throws `PACKET_INVALID_PAYLOAD` at what is none. */
export class Decoder extends Emitter<DefaultEventsMap> {
  private parts: RegExpExecArray | null = null;
  private bytes: Message[] = [];

  add(message: Message): void {
    if (typeof message !== "string") this.bytes.push(message);
    else if (this.parts) throw invalid();
    else {
      this.parts = PACKET.exec(message);
      this.bytes = [];
    }
    const { parts, bytes } = this;
    if (!parts) throw invalid();
    const [, digit, count = 0, nsp = "/", id, json] = parts;
    if (bytes.length < Number(count)) return;
    this.parts = null;
    const type = Number(digit);
    const packet: SocketPacket = { type: (type < PacketType.BINARY_EVENT ? type : type - BINARY) as PacketType, nsp };
    if (id) packet.id = Number(id);
    if (json)
      packet.data = JSON.parse(json, (_, value: { _placeholder?: boolean; num: number } | null) =>
        value && value._placeholder ? attachmentOf(bytes, value.num) : value,
      );
    if ((packet.type === PacketType.EVENT || packet.type === PacketType.ACK) && !isCarried(packet)) throw invalid();
    this.emit("decoded", packet);
  }

  destroy(): void {}
}

function isCarried({ type, data }: SocketPacket): boolean {
  return Array.isArray(data) && !(type === PacketType.EVENT && RESERVED_EVENTS.has(data[0]));
}

function attachmentOf(bytes: readonly Message[], num: number): Message {
  const attachment = bytes[num];
  if (!attachment) throw invalid();
  return attachment;
}

function invalid(): VaivenError {
  return new VaivenError("PACKET_INVALID_PAYLOAD", "expected a Socket.IO packet");
}
