// node/ The byte work of the pure stages by Buffer and node:crypto (frame/primitives.ts is the contract).
import { isUtf8 } from "node:buffer";
import { hash, randomFillSync } from "node:crypto";
import type { BytePrimitives } from "../frame/primitives.js";

/** Up to this many characters a loop over ASCII is as fast as the call into C++. Measured on Node 20. */
const LOOP_UNTIL = 16;

/** {@link BytePrimitives} of Node. Every byte array that it makes is a Buffer. */
export const nodeBytePrimitives: BytePrimitives = {
  readText(bytes: Uint8Array, start: number, end: number, ascii: boolean): string {
    return asBuffer(bytes).toString(ascii ? "latin1" : "utf8", start, end);
  },
  isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
    return isUtf8(bytes.subarray(start, end));
  },
  textByteLength(text: string): number {
    return Buffer.byteLength(text, "utf8");
  },
  writeText(text: string, target: Uint8Array, at: number): number {
    const length = text.length;
    if (length <= LOOP_UNTIL) {
      let index = 0;
      for (; index < length; index++) {
        const unit = text.charCodeAt(index);
        if (unit > 0x7f) break;
        target[at + index] = unit;
      }
      if (index === length) return length;
    }
    return asBuffer(target).write(text, at, "utf8");
  },
  allocate(size: number): Uint8Array {
    return Buffer.allocUnsafe(size);
  },
  randomFill(target: Uint8Array): void {
    randomFillSync(target);
  },
  sha1Base64(ascii: string): string {
    return hash("sha1", ascii, "base64");
  },
  toBase64(bytes: Uint8Array): string {
    return asBuffer(bytes).toString("base64");
  },
};

/** Chunks of Node's sockets are Buffers already; only foreign arrays get a view. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
