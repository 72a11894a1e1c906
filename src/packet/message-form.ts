// packet/ How packets travel as single messages where Engine.IO 4's own way is not the one: Engine.IO 3, and clients that take no bytes (`b64=1`).
import { VaivenError } from "../errors.js";
import type { BytePrimitives } from "../frame/primitives.js";
import { readBase64 } from "./base64.js";
import { binaryFrameOf, readBinaryFrame } from "./engine-v3.js";
import { Outgoing, type WirePacket, wireForm } from "./outgoing.js";

/** Another form of the packets of a message transport. Text packets are the same in all of them. */
export interface MessageForm {
  /** What is sent instead of `packet`; the same object where it holds no bytes. */
  write(packet: Outgoing): Outgoing;
  /** The bytes that a text stands for, or why it is none of this form; undefined where it is a text packet. */
  readText(text: string): Uint8Array | VaivenError | undefined;
  /** The message in `bytes`. */
  readBytes(bytes: Uint8Array): Uint8Array | VaivenError;
}

const LETTER_B = 98;
const allocate = (size: number): Uint8Array => new Uint8Array(size);

/** Memoised, so that the frames of a packet that many clients of protocol 3 receive are made once, too. */
const protocol3 = wireForm((packet) => rewritten(packet, (bytes) => binaryFrameOf(bytes, allocate)));

/** Engine.IO 3: bytes behind their type. */
export const PROTOCOL_3_MESSAGES: MessageForm = {
  write: (packet) => (holdsBytes(packet) ? packet.form(protocol3) : packet),
  readText: (text) => base64Of(text, "b4"),
  readBytes: readBinaryFrame,
};

/** Bytes as text, both ways: `b<base64>`, and `b4<base64>` with Engine.IO 3. Bytes that come all the same are taken as what they are. */
export function base64Messages(protocol: 3 | 4, { toBase64 }: Pick<BytePrimitives, "toBase64">): MessageForm {
  const prefix = protocol === 3 ? "b4" : "b";
  return {
    write: (packet) => (holdsBytes(packet) ? rewritten(packet, (bytes) => prefix + toBase64(bytes)) : packet),
    readText: (text) => base64Of(text, prefix),
    readBytes: protocol === 3 ? readBinaryFrame : (bytes) => bytes,
  };
}

function holdsBytes(packet: Outgoing): boolean {
  return packet.rest !== undefined || typeof packet.head !== "string";
}

function rewritten(packet: Outgoing, write: (bytes: Uint8Array) => WirePacket): Outgoing {
  const part = (wire: WirePacket): WirePacket => (typeof wire === "string" ? wire : write(wire));
  const other = new Outgoing(part(packet.head), packet.rest?.map(part), packet);
  other.shared = packet.shared;
  return other;
}

function base64Of(text: string, prefix: string): Uint8Array | VaivenError | undefined {
  if (text.charCodeAt(0) !== LETTER_B) return undefined;
  const bytes = text.startsWith(prefix) ? readBase64(text, prefix.length, text.length, allocate) : undefined;
  return bytes ?? new VaivenError("PACKET_INVALID_BASE64", `expected "${prefix}" and Base64 as a binary packet`);
}
