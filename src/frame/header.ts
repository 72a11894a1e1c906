// frame/ The frame header (RFC 6455 section 5.2): opcodes, the rules of its first two bytes, its size and its writing.
import { VaivenError } from "../errors.js";

export const OPCODE_CONTINUATION = 0x0;
export const OPCODE_TEXT = 0x1;
export const OPCODE_BINARY = 0x2;
export const OPCODE_CLOSE = 0x8;
export const OPCODE_PING = 0x9;
export const OPCODE_PONG = 0xa;

export const FIN = 0x80;
/** "Per-message compressed" (RFC 7692 section 6). */
export const RSV1 = 0x40;
export const RESERVED_BITS = 0x70;
export const OPCODE_BITS = 0x0f;
export const MASK = 0x80;
export const LENGTH_BITS = 0x7f;

/** Two bytes, eight of extended length, four of masking key. */
export const MAX_HEADER_BYTES = 14;
/** Section 5.5: "All control frames MUST have a payload length of 125 bytes or less". */
export const MAX_CONTROL_PAYLOAD = 125;
/** The longest payload whose length fits into two bytes of extended length. */
export const MAX_SHORT_PAYLOAD = 0xffff;

/** Bytes of the header that begins with `byte1`, its masking key included. */
export function headerBytes(byte1: number): number {
  const length = byte1 & LENGTH_BITS;
  const extended = length < 126 ? 0 : length === 126 ? 2 : 8;
  return 2 + extended + ((byte1 & MASK) !== 0 ? 4 : 0);
}

/** Bytes of an unmasked header for a payload of `length` bytes. */
export function headerBytesFor(length: number): number {
  return length < 126 ? 2 : length <= MAX_SHORT_PAYLOAD ? 4 : 10;
}

/** Headers of the shortest unmasked text messages, as Latin-1 text. */
const SHORT_TEXT_HEADERS: readonly string[] = Array.from({ length: 126 }, (_, length) =>
  String.fromCharCode(FIN | OPCODE_TEXT, length),
);

/**
 * The header of an unmasked text message of `length` bytes, up to {@link MAX_SHORT_PAYLOAD}, as text of one byte a character. With texts that are ASCII
 * behind them, many frames can be joined as one string and be written at once.
 */
export function textHeader(length: number): string {
  return length < 126
    ? (SHORT_TEXT_HEADERS[length] as string)
    : String.fromCharCode(FIN | OPCODE_TEXT, 126, length >>> 8, length & 255);
}

/**
 * Writes the header without a masking key, in the shortest form ("the minimal number of bytes MUST be used").
 * `maskBit` is {@link MASK} or 0. Returns the position after it.
 */
export function writeHeader(target: Uint8Array, at: number, byte0: number, maskBit: number, length: number): number {
  target[at] = byte0;
  if (length < 126) {
    target[at + 1] = maskBit | length;
    return at + 2;
  }
  if (length <= MAX_SHORT_PAYLOAD) {
    target[at + 1] = maskBit | 126;
    target[at + 2] = length >>> 8;
    target[at + 3] = length;
    return at + 4;
  }
  target[at + 1] = maskBit | 127;
  const high = Math.floor(length / 0x1_0000_0000);
  target[at + 2] = 0;
  target[at + 3] = high >>> 16;
  target[at + 4] = high >>> 8;
  target[at + 5] = high;
  target[at + 6] = length >>> 24;
  target[at + 7] = length >>> 16;
  target[at + 8] = length >>> 8;
  target[at + 9] = length;
  return at + 10;
}

/**
 * What is wrong with a frame as far as its first two bytes tell, before any other byte of it was looked at.
 * Whether the frame fits into the message in progress is the decoder's question.
 */
export function headerViolation(
  byte0: number,
  byte1: number,
  maskBit: number,
  compression: boolean,
): VaivenError | undefined {
  const opcode = byte0 & OPCODE_BITS;
  const reserved = byte0 & RESERVED_BITS;
  if (reserved !== 0 && !(reserved === RSV1 && compression && (opcode === OPCODE_TEXT || opcode === OPCODE_BINARY))) {
    return violation(
      "FRAME_RESERVED_BITS",
      `expected clear reserved bits (no negotiated extension defines them here), got 0x${reserved.toString(16)} with opcode ${opcode}`,
    );
  }
  if (opcode > OPCODE_PONG || (opcode > OPCODE_BINARY && opcode < OPCODE_CLOSE)) {
    return violation("FRAME_RESERVED_OPCODE", `expected opcode 0, 1, 2, 8, 9 or 10, got ${opcode}`);
  }
  if ((byte1 & MASK) !== maskBit) {
    return maskBit !== 0
      ? violation("FRAME_MASK_REQUIRED", "expected a masked frame: a client masks everything it sends")
      : violation("FRAME_MASK_FORBIDDEN", "expected an unmasked frame: a server masks nothing it sends");
  }
  if (opcode >= OPCODE_CLOSE) {
    if ((byte0 & FIN) === 0) {
      return violation(
        "FRAME_CONTROL_FRAGMENTED",
        `expected a whole control frame, got a fragment with opcode ${opcode}`,
      );
    }
    if ((byte1 & LENGTH_BITS) > MAX_CONTROL_PAYLOAD) {
      return violation(
        "FRAME_CONTROL_TOO_LONG",
        "expected a control frame of at most 125 bytes, got an extended length",
      );
    }
  }
  return undefined;
}

/** A protocol error: the connection fails with 1002 (section 7.4.1). */
export function violation(code: VaivenError["code"], message: string): VaivenError {
  return new VaivenError(code, message, { closeCode: 1002 });
}
