// packet/ Engine.IO protocol v3 (Socket.IO 2 clients): payloads with lengths, and a type byte before binary messages.
//
//   text payload      <length>:<packet> …            length in UTF-16 units; bytes as `b4<base64>`
//   binary payload    <0|1> <digits…> ff <packet> …  0 text in UTF-8, 1 bytes with their type byte; one byte a decimal digit; length in bytes
//   WebSocket         text as in v4; binary frames begin with the type byte 4
import { VaivenError } from "../errors.js";
import type { BytePrimitives } from "../frame/primitives.js";
import { readBase64 } from "./base64.js";
import { enginePacketType } from "./engine-packet.js";
import type { Outgoing, WirePacket } from "./outgoing.js";
import type { PayloadReceiver } from "./payload.js";

const COLON = 58;
const ZERO = 48;
const NINE = 57;
const LETTER_B = 98;
const MESSAGE_DIGIT = 52;
/** The type byte of a binary message: the number, not its digit. */
const MESSAGE_TYPE = 4;
const TEXT_MARK = 0;
const BINARY_MARK = 1;
const END_OF_LENGTH = 255;
/** A length of more digits is larger than any payload. */
const MAX_LENGTH_DIGITS = 10;

/** What of a host's byte work these payloads need. */
export type EngineV3Primitives = Pick<
  BytePrimitives,
  "textByteLength" | "writeText" | "readText" | "isUtf8" | "toBase64" | "allocate"
>;

/** Writes and reads payloads of protocol v3. */
export class EngineV3Codec {
  private readonly primitives: EngineV3Primitives;

  constructor(primitives: EngineV3Primitives) {
    this.primitives = primitives;
  }

  /** A text payload of all packets of `batch`: for clients that asked for base64, and wherever no packet is binary. */
  writeText(batch: readonly Outgoing[]): string {
    let payload = "";
    for (const part of partsOf(batch)) {
      const text = typeof part === "string" ? part : `b4${this.primitives.toBase64(part)}`;
      payload += `${text.length}:${text}`;
    }
    return payload;
  }

  /** A payload of all packets of `batch` for a client that takes bytes: text where no packet is binary, otherwise bytes. */
  write(batch: readonly Outgoing[]): string | Uint8Array {
    const parts = partsOf(batch);
    return parts.every((part) => typeof part === "string") ? this.writeText(batch) : this.writeBytes(parts);
  }

  /**
   * Hands the packets of a text payload to `receiver`, in order, up to the first mistake, which is returned:
   * `PACKET_INVALID_PAYLOAD`, `PACKET_UNKNOWN_TYPE` or `PACKET_INVALID_BASE64`.
   */
  readText(payload: string, receiver: PayloadReceiver): VaivenError | undefined {
    if (payload.length === 0) return invalid("a packet, got an empty payload");
    for (let at = 0; at < payload.length; ) {
      const from = at;
      let length = 0;
      for (; isDigit(payload.charCodeAt(at)); at++) length = length * 10 + payload.charCodeAt(at) - ZERO;
      if (at === from || at - from > MAX_LENGTH_DIGITS || payload.charCodeAt(at) !== COLON) {
        return invalid(`a length and a colon at ${from} of the payload`);
      }
      const start = at + 1;
      const end = start + length;
      if (length === 0 || end > payload.length) return invalid(`${length} characters behind ${start} of the payload`);
      const result = this.readPacket(payload.slice(start, end), receiver);
      if (result !== true) return result;
      at = end;
    }
    return undefined;
  }

  /** Hands the packets of a binary payload to `receiver`. See {@link readText}. */
  readBytes(payload: Uint8Array, receiver: PayloadReceiver): VaivenError | undefined {
    if (payload.length === 0) return invalid("a packet, got an empty payload");
    for (let at = 0; at < payload.length; ) {
      const mark = payload[at++];
      const from = at;
      let length = 0;
      for (let digit = payload[at]; digit !== undefined && digit <= 9; digit = payload[++at])
        length = length * 10 + digit;
      if (at === from || at - from > MAX_LENGTH_DIGITS || payload[at] !== END_OF_LENGTH) {
        return invalid(`a length and its end at ${from} of the payload`);
      }
      const start = at + 1;
      const end = start + length;
      if (length === 0 || end > payload.length) return invalid(`${length} bytes behind ${start} of the payload`);
      let result: true | VaivenError | undefined;
      if (mark === TEXT_MARK) {
        if (!this.primitives.isUtf8(payload, start, end)) return invalid(`UTF-8 behind ${start} of the payload`);
        result = this.readPacket(this.primitives.readText(payload, start, end, false), receiver);
      } else if (mark === BINARY_MARK) {
        const message = readBinaryFrame(payload.subarray(start, end));
        if (message instanceof VaivenError) return message;
        result = receiver.onBinary(message) ? true : undefined;
      } else {
        return invalid(`0 or 1 at ${from - 1} of the payload`);
      }
      if (result !== true) return result;
      at = end;
    }
    return undefined;
  }

  /** True to go on, undefined where the receiver wants no more. */
  private readPacket(packet: string, receiver: PayloadReceiver): true | VaivenError | undefined {
    if (packet.charCodeAt(0) === LETTER_B) {
      const bytes =
        packet.charCodeAt(1) === MESSAGE_DIGIT
          ? readBase64(packet, 2, packet.length, this.primitives.allocate)
          : undefined;
      if (bytes === undefined)
        return new VaivenError("PACKET_INVALID_BASE64", 'expected "b4" and Base64 as a binary packet');
      return receiver.onBinary(bytes) ? true : undefined;
    }
    if (enginePacketType(packet) === undefined) {
      return new VaivenError("PACKET_UNKNOWN_TYPE", 'expected a packet type from 0 to 6, or "b"');
    }
    return receiver.onText(packet) ? true : undefined;
  }

  private writeBytes(parts: readonly WirePacket[]): Uint8Array {
    const lengths = parts.map((part) =>
      typeof part === "string" ? this.primitives.textByteLength(part) : part.byteLength + 1,
    );
    const size = lengths.reduce((sum, length) => sum + 2 + String(length).length + length, 0);
    const payload = this.primitives.allocate(size);
    let at = 0;
    for (const [index, part] of parts.entries()) {
      payload[at++] = typeof part === "string" ? TEXT_MARK : BINARY_MARK;
      for (const digit of String(lengths[index])) payload[at++] = Number(digit);
      payload[at++] = END_OF_LENGTH;
      if (typeof part === "string") at += this.primitives.writeText(part, payload, at);
      else {
        payload[at++] = MESSAGE_TYPE;
        payload.set(part, at);
        at += part.byteLength;
      }
    }
    return payload;
  }
}

/** The message in a binary WebSocket frame of protocol v3, without its type byte. A view of `frame`. */
export function readBinaryFrame(frame: Uint8Array): Uint8Array | VaivenError {
  if (frame[0] !== MESSAGE_TYPE) {
    return new VaivenError(
      "PACKET_UNKNOWN_TYPE",
      `expected ${MESSAGE_TYPE} as the type byte of a binary message, got ${frame[0]}`,
    );
  }
  return frame.subarray(1);
}

/** What protocol v3 sends as a binary WebSocket frame for `message`. */
export function binaryFrameOf(message: Uint8Array, allocate: (size: number) => Uint8Array): Uint8Array {
  const frame = allocate(message.byteLength + 1);
  frame[0] = MESSAGE_TYPE;
  frame.set(message, 1);
  return frame;
}

function partsOf(batch: readonly Outgoing[]): WirePacket[] {
  const parts: WirePacket[] = [];
  for (const packet of batch) {
    parts.push(packet.head);
    if (packet.rest !== undefined) parts.push(...packet.rest);
  }
  return parts;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function invalid(wanted: string): VaivenError {
  return new VaivenError("PACKET_INVALID_PAYLOAD", `expected ${wanted}`);
}
