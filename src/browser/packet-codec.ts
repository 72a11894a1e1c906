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

/** The bytes of a binary value, as they are and not copied; undefined for anything else. ArrayBuffer by name, because frames bring classes of their own. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value))
    return value instanceof Uint8Array ? value : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return Object.prototype.toString.call(value) === "[object ArrayBuffer]"
    ? new Uint8Array(value as ArrayBuffer)
    : undefined;
}

/** BINARY_EVENT and BINARY_ACK follow EVENT and ACK at this distance. */
const BINARY = PacketType.BINARY_EVENT - PacketType.EVENT;

//              type   attachments  namespace      id   JSON
const PACKET = /^([0-7])(?:(\d+)-)?(\/[^,]*)?,?(\d*)([\s\S]*)/;

/** Reads the packets of one connection, in order. Throws a VaivenError `PACKET_*` at what is none; the reader must not be used after that. @internal */
export class PacketReader {
  /** Whether control packets (control-packet.ts) are taken: the server is one of ours, and has said so. */
  control = false;
  private parts: RegExpExecArray | null = null;
  private attachments: unknown[] = [];

  /** Reads the text that begins at `start`. Returns undefined when attachments must follow first. */
  readText(text: string, start: number): SocketPacket | undefined {
    if (this.parts) throw invalid();
    this.parts = PACKET.exec(text.slice(start));
    this.attachments = [];
    return this.finish();
  }

  /** Reads one binary message: an attachment, which goes into the data as it is. Returns the packet with the last one. */
  readBinary(bytes: unknown): SocketPacket | undefined {
    this.attachments.push(bytes);
    return this.finish();
  }

  private finish(): SocketPacket | undefined {
    const { parts, attachments } = this;
    if (!parts) throw invalid();
    const [, digit, count = 0, nsp = "/", id, json] = parts;
    if (attachments.length < Number(count)) return undefined;
    this.parts = null;
    let type = Number(digit) as PacketType;
    if (type === PacketType.CONTROL) {
      if (!this.control) throw invalid();
    } else if (type >= PacketType.BINARY_EVENT) type = (type - BINARY) as PacketType;
    const packet: SocketPacket = { type, nsp };
    if (id) packet.id = Number(id);
    try {
      if (json) {
        packet.data = JSON.parse(json, (_, value: { _placeholder?: boolean; num?: unknown } | null) =>
          value && value._placeholder === true ? attachmentOf(attachments, value.num) : value,
        );
      }
    } catch (cause) {
      throw invalid(cause);
    }
    const { data } = packet;
    if (type === PacketType.EVENT || type === PacketType.ACK) {
      if (!Array.isArray(data) || (type === PacketType.EVENT && RESERVED_EVENTS.has(data[0]))) throw invalid();
    }
    return packet;
  }
}

function attachmentOf(attachments: readonly unknown[], num: unknown): unknown {
  const bytes = attachments[num as number];
  if (bytes === undefined) throw invalid();
  return bytes;
}

function invalid(cause?: unknown): VaivenError {
  return new VaivenError("PACKET_INVALID_PAYLOAD", "expected a Socket.IO packet", { cause });
}
