// frame/ UTF-8 across the pieces of a message (RFC 6455 section 8.1, RFC 3629 section 4).
import type { BytePrimitives } from "./primitives.js";

/**
 * Where a text stands between two pieces: how many continuation bytes are missing (bits 0 to 7) and between which values the
 * next of them must lie (bits 8 to 15 and 16 to 23). {@link UTF8_COMPLETE} between characters, {@link UTF8_INVALID} after a mistake.
 */
export type Utf8State = number;

export const UTF8_COMPLETE: Utf8State = 0;
export const UTF8_INVALID: Utf8State = -1;

/** Pieces from this size on are worth a call of the host's own check. */
const BULK_FROM = 128;

/**
 * Goes on with `bytes[start, end)`. A sequence that no continuation could make valid is refused at its first wrong byte,
 * not when the message is complete.
 */
export function advanceUtf8(
  state: Utf8State,
  bytes: Uint8Array,
  start: number,
  end: number,
  primitives: BytePrimitives,
): Utf8State {
  if (end - start < BULK_FROM) return advanceByBytes(state, bytes, start, end);
  // At most three bytes finish the sequence that an earlier piece began.
  const bulkStart = start + (state & 255);
  const before = advanceByBytes(state, bytes, start, bulkStart);
  if (before !== UTF8_COMPLETE) return before === UTF8_INVALID ? before : UTF8_INVALID;
  const bulkEnd = lastBoundary(bytes, end);
  if (!primitives.isUtf8(bytes, bulkStart, bulkEnd)) return UTF8_INVALID;
  return advanceByBytes(UTF8_COMPLETE, bytes, bulkEnd, end);
}

/** The position, at most three bytes before `end`, where a sequence begins that `end` may cut. */
function lastBoundary(bytes: Uint8Array, end: number): number {
  for (let at = end - 1; at >= end - 3; at--) {
    const byte = bytes[at]!;
    if (byte < 0x80) return at + 1;
    if (byte >= 0xc0) return at;
  }
  return end;
}

function advanceByBytes(state: Utf8State, bytes: Uint8Array, start: number, end: number): Utf8State {
  if (state === UTF8_INVALID) return UTF8_INVALID;
  let missing = state & 255;
  let lowest = (state >>> 8) & 255;
  let highest = state >>> 16;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (missing !== 0) {
      if (byte < lowest || byte > highest) return UTF8_INVALID;
      missing--;
      lowest = 0x80;
      highest = 0xbf;
    } else if (byte >= 0x80) {
      // C0, C1: overlong. F5 and up: beyond U+10FFFF. 80 to BF: a continuation of nothing.
      if (byte < 0xc2 || byte > 0xf4) return UTF8_INVALID;
      missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
      // E0 and F0: no overlong forms. ED: no surrogates. F4: nothing beyond U+10FFFF.
      lowest = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
      highest = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
    }
  }
  return missing === 0 ? UTF8_COMPLETE : missing | (lowest << 8) | (highest << 16);
}
