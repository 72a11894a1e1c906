// packet/ Reading Socket.IO packets of one connection, protocol v5, with the attachments that follow a binary header. One reader per connection.
import { VaivenError } from "../errors.js";
import { attach } from "./attachments.js";
import { readControl } from "./control-packet.js";
import { readFlatArray } from "./flat-json.js";
import { PacketType, RESERVED_EVENTS, type SocketPacket } from "./socket-packet.js";

/** What one packet may ask for. */
export interface PacketLimits {
  /** Attachments of one packet. */
  readonly maxAttachments: number;
  /** Bytes of all attachments of one packet together. */
  readonly maxAttachmentBytes: number;
}

const ZERO = 48;
const NINE = 57;
const SLASH = 47;
const DASH = 45;
/** An id of more digits would not be a safe integer. */
const MAX_ID_DIGITS = 15;
const MAX_COUNT_DIGITS = 9;

/** An attachment as the host's programs expect it: Buffer on Node, ArrayBuffer in browsers. */
type Bytes = Uint8Array | ArrayBuffer;

/** What is kept between a binary header and its last attachment. */
interface Unfinished {
  readonly packet: SocketPacket;
  readonly expected: number;
  readonly attachments: Bytes[];
  bytes: number;
}

/**
 * Reads the packets of one connection, in order. Throws a VaivenError `PACKET_*` at what the protocol forbids; the reader must not be used after that.
 */
export class PacketReader {
  /** Whether control packets are taken: the other end is one of ours, and has said so. Otherwise their type is unknown, as the protocol has it. */
  control = false;
  private unfinished: Unfinished | undefined = undefined;
  private readonly limits: PacketLimits;

  constructor(limits: PacketLimits) {
    this.limits = limits;
  }

  /**
   * Reads one text message that begins at `start` of `text` (what stands before it is Engine.IO's type digit).
   * Returns undefined when attachments must follow first.
   */
  readText(text: string, start: number): SocketPacket | undefined {
    if (this.unfinished !== undefined) {
      throw new VaivenError(
        "PACKET_ATTACHMENT_MISSING",
        `expected ${this.unfinished.expected} attachments, got ${this.unfinished.attachments.length} and then a text`,
      );
    }
    let at = start;
    const type = text.charCodeAt(at++) - ZERO;
    // The comparison is false for NaN, which is what an empty text gives.
    if (!(type >= PacketType.CONNECT && type <= PacketType.BINARY_ACK)) {
      if (type === PacketType.CONTROL && this.control) return readControl(text, at);
      throw new VaivenError("PACKET_UNKNOWN_TYPE", "expected a Socket.IO packet type from 0 to 6");
    }
    let expected = 0;
    if (type >= PacketType.BINARY_EVENT) {
      const from = at;
      while (isDigit(text.charCodeAt(at))) at++;
      if (at === from || at - from > MAX_COUNT_DIGITS || text.charCodeAt(at) !== DASH) {
        throw new VaivenError("PACKET_INVALID_PAYLOAD", "expected the number of attachments and a dash");
      }
      expected = Number(text.slice(from, at++));
      if (expected > this.limits.maxAttachments) {
        throw new VaivenError(
          "PACKET_TOO_MANY_ATTACHMENTS",
          `expected at most ${this.limits.maxAttachments} attachments, got ${expected}; raise maxAttachments if this is wanted`,
          { detail: { limit: this.limits.maxAttachments, got: expected } },
        );
      }
    }
    let nsp = "/";
    if (text.charCodeAt(at) === SLASH) {
      const comma = text.indexOf(",", at);
      const end = comma < 0 ? text.length : comma;
      nsp = text.slice(at, end);
      at = comma < 0 ? end : end + 1;
    }
    const packet: SocketPacket = { type: type as PacketType, nsp };
    if (isDigit(text.charCodeAt(at))) {
      const from = at;
      while (isDigit(text.charCodeAt(at))) at++;
      if (at - from > MAX_ID_DIGITS) {
        throw new VaivenError("PACKET_INVALID_ID", `expected an acknowledgement id of at most ${MAX_ID_DIGITS} digits`);
      }
      packet.id = Number(text.slice(from, at));
    }
    if (at < text.length) packet.data = parse(text, at);
    check(packet);
    if (type < PacketType.BINARY_EVENT) return packet;
    packet.type = type === PacketType.BINARY_EVENT ? PacketType.EVENT : PacketType.ACK;
    if (expected === 0) return packet;
    packet.attachments = expected;
    this.unfinished = { packet, expected, attachments: [], bytes: 0 };
    return undefined;
  }

  /** Reads one binary message: an attachment. Returns the packet with the last one. */
  readBinary(bytes: Bytes): SocketPacket | undefined {
    const unfinished = this.unfinished;
    if (unfinished === undefined) {
      throw new VaivenError("PACKET_ATTACHMENT_UNEXPECTED", "expected a text, got bytes that no packet announced");
    }
    unfinished.bytes += bytes.byteLength;
    if (unfinished.bytes > this.limits.maxAttachmentBytes) {
      throw new VaivenError(
        "PACKET_ATTACHMENTS_TOO_BIG",
        `expected at most ${this.limits.maxAttachmentBytes} bytes of attachments in one packet; raise maxAttachmentBytes if this is wanted`,
        { detail: { limit: this.limits.maxAttachmentBytes } },
      );
    }
    unfinished.attachments.push(bytes);
    if (unfinished.attachments.length < unfinished.expected) return undefined;
    this.unfinished = undefined;
    const { packet } = unfinished;
    delete packet.attachments;
    packet.data = attach(packet.data, unfinished.attachments);
    return packet;
  }
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function parse(text: string, at: number): unknown {
  const flat = readFlatArray(text, at);
  if (flat !== undefined) return flat;
  try {
    return JSON.parse(text.slice(at));
  } catch (cause) {
    throw new VaivenError("PACKET_INVALID_JSON", "expected JSON after the packet's header", { cause });
  }
}

/**
 * A packet that a foreign decoder read, after its form was looked at.
 * @throws VaivenError `PACKET_*`
 */
export function checkPacket(packet: SocketPacket): SocketPacket {
  if (!isPlainObject(packet) || typeof packet.nsp !== "string") throw invalid("a type and a namespace");
  if (!(packet.type >= PacketType.CONNECT && packet.type <= PacketType.BINARY_ACK)) {
    throw new VaivenError("PACKET_UNKNOWN_TYPE", "expected a Socket.IO packet type from 0 to 6");
  }
  check(packet);
  return packet;
}

/** The name of the last event that was no reserved one. */
let lastName: string | undefined;

/** The form of the data by type. A peer that sends another one is not speaking the protocol. */
function check(packet: SocketPacket): void {
  const { type, data } = packet;
  switch (type) {
    case PacketType.EVENT:
    case PacketType.BINARY_EVENT: {
      if (!Array.isArray(data)) throw invalid("an array with the event's name");
      const name: unknown = data[0];
      if (typeof name === "string") {
        if (name === lastName) return;
        if (RESERVED_EVENTS.has(name)) {
          throw new VaivenError(
            "PACKET_RESERVED_EVENT",
            `expected an event of the application, got the reserved name "${name}"`,
          );
        }
        lastName = name;
      } else if (typeof name !== "number") throw invalid("an event name");
      return;
    }
    case PacketType.ACK:
    case PacketType.BINARY_ACK:
      if (!Array.isArray(data)) throw invalid("an array of arguments");
      if (packet.id === undefined) throw new VaivenError("PACKET_INVALID_ID", "expected the id that is acknowledged");
      return;
    case PacketType.CONNECT:
      if (data !== undefined && !isPlainObject(data)) throw invalid("an object or nothing");
      return;
    case PacketType.CONNECT_ERROR:
      if (typeof data !== "string" && !isPlainObject(data)) throw invalid("an object or a string");
      return;
    default:
      if (data !== undefined) throw invalid("nothing");
  }
}

function isPlainObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(wanted: string): VaivenError {
  return new VaivenError("PACKET_INVALID_PAYLOAD", `expected ${wanted} as data of the packet`);
}
