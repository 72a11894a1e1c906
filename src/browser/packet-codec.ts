// browser/ Socket.IO packets in few bytes (protocol v5): the codec of packet/ is made for a server, which must refuse everything early, fast, and with
// its reason; a client trusts the server that it chose, and is downloaded. Both are held to the same vectors (test/unit/browser/packet-codec.test.ts).
import { VaivenError } from "../errors.js";
import { Outgoing, type OutgoingOptions } from "../packet/outgoing.js";
import { PacketType, RESERVED_EVENTS, type SocketPacket } from "../packet/socket-packet.js";

/**
 * Writes a packet; where its data hold bytes, as one with attachments.
 *
 * @throws VaivenError `PACKET_INVALID_JSON` for data that JSON cannot hold
 */
export function encodePacket({ type, nsp, id, data }: SocketPacket, options?: OutgoingOptions): Outgoing {
  const attachments: Uint8Array[] = [];
  let json: string | undefined;
  try {
    // `this` is the object that holds the value: `value` has been through toJSON already, which the Buffer of bundlers has.
    json = JSON.stringify(data, function (this: Record<string, unknown>, key, value: unknown) {
      const bytes = bytesOf(this[key]);
      return bytes ? { _placeholder: true, num: attachments.push(bytes) - 1 } : value;
    });
  } catch (cause) {
    throw new VaivenError("PACKET_INVALID_JSON", `expected a value that can be written as JSON: ${cause}`, { cause });
  }
  const count = attachments.length;
  return new Outgoing(
    `4${count ? `${type + BINARY}${count}-` : type}${nsp === "/" ? "" : `${nsp},`}${id === undefined ? "" : id}${json || ""}`,
    count ? attachments : undefined,
    options,
  );
}

/** The bytes of a binary value, not copied; undefined for anything else. ArrayBuffer by name, because frames bring classes of their own. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  const { buffer, byteOffset, byteLength } = Object(value) as Uint8Array;
  return ArrayBuffer.isView(value) || {}.toString.call(value) === "[object ArrayBuffer]"
    ? new Uint8Array(buffer || (value as unknown as ArrayBuffer), byteOffset, byteLength)
    : undefined;
}

/** BINARY_EVENT and BINARY_ACK follow EVENT and ACK at this distance. */
const BINARY = PacketType.BINARY_EVENT - PacketType.EVENT;

//              type   attachments  namespace      id   JSON
const PACKET = /^([0-7])(?:(\d+)-)?(\/[^,]*)?,?(\d*)([\s\S]*)/;

/** Reads the packets of one connection, in order. Throws a VaivenError `PACKET_*` at what is none; the reader must not be used after that. @internal */
export class PacketReader {
  /** Whether control packets (control-packet.ts) are taken: the server is one of ours, and has said so. */
  takesControl = false;
  private parts: RegExpExecArray | null = null;
  private attached: unknown[] = [];

  /** Reads one message: the text of a packet, or an attachment, which goes into the data as it is. Undefined when attachments must follow first. */
  readMessage(message: unknown): SocketPacket | undefined {
    try {
      const { attached } = this;
      if (typeof message !== "string") attached.push(message);
      else {
        check(!this.parts);
        this.parts = PACKET.exec(message);
      }
      // Bytes that nobody has announced find nothing here.
      const [, digit, count = 0, nsp = "/", id, json] = this.parts as RegExpExecArray;
      if (attached.length < +count) return undefined;
      this.parts = null;
      this.attached = [];
      let type = +(digit as string) as PacketType;
      check(type < PacketType.CONTROL || this.takesControl);
      if (type === PacketType.BINARY_EVENT || type === PacketType.BINARY_ACK) type = (type - BINARY) as PacketType;
      const packet: SocketPacket = { type, nsp };
      if (id) packet.id = +id;
      if (json)
        packet.data = JSON.parse(json, (_, value: { _placeholder?: boolean; num?: unknown } | null) => {
          if (!value || value._placeholder !== true) return value;
          const bytes = attached[value.num as number];
          check(bytes);
          return bytes;
        });
      const { data } = packet;
      check(
        (type !== PacketType.EVENT && type !== PacketType.ACK) ||
          (Array.isArray(data) && (type === PacketType.ACK || !RESERVED_EVENTS.has(data[0]))),
      );
      return packet;
    } catch (cause) {
      throw new VaivenError("PACKET_INVALID_PAYLOAD", "expected a Socket.IO packet", { cause });
    }
  }
}

function check(isRight: unknown): void {
  if (!isRight) throw new TypeError();
}
