// frame/ The text of a message that lies in one piece (RFC 6455 section 8.1).
import type { VaivenError } from "../errors.js";
import { invalidUtf8 } from "./assembler.js";
import { isAscii } from "./mask.js";
import type { BytePrimitives } from "./primitives.js";

const REPLACEMENT_CHARACTER = "\ufffd";

/** Reads all of `bytes`, or tells that they are not UTF-8. */
export function readWholeText(bytes: Uint8Array, primitives: BytePrimitives): string | VaivenError {
  const text = primitives.readText(bytes, 0, bytes.length, isAscii(bytes, 0, bytes.length));
  return isMalformed(text, bytes, 0, bytes.length, primitives) ? invalidUtf8() : text;
}

/** Whether `text`, which was read from `bytes[start, end)`, came out of malformed UTF-8. Every mistake reads as U+FFFD: only a text that holds one needs the check. */
export function isMalformed(
  text: string,
  bytes: Uint8Array,
  start: number,
  end: number,
  primitives: BytePrimitives,
): boolean {
  return text.includes(REPLACEMENT_CHARACTER) && !primitives.isUtf8(bytes, start, end);
}
