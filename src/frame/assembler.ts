// frame/ A message whose payload arrives in several pieces: fragments (RFC 6455 section 5.4), or one frame across chunks.
import { VaivenError } from "../errors.js";
import { CLOSE_INVALID_DATA } from "./close.js";
import { FIN, OPCODE_BITS, OPCODE_TEXT, RSV1 } from "./header.js";
import { type FrameLimits, TINY_FRAGMENT_BYTES, tooManyFragments } from "./limits.js";
import type { BytePrimitives } from "./primitives.js";
import { advanceUtf8, UTF8_COMPLETE, UTF8_INVALID, type Utf8State } from "./utf8.js";

const SMALLEST_BUFFER = 1024;
/** Below this size the buffer grows fourfold, so that a 100 KB message in two chunks is copied once; above it twofold. */
const GROWS_FOURFOLD_UNTIL = 1 << 20;

/**
 * Collects one message. Its memory follows the bytes that have arrived (at most four times them), never what a header announces,
 * and however small the pieces are there is one buffer and no object a piece. Growing copies each byte a bounded number of times.
 */
export class MessageAssembler {
  readonly isText: boolean;
  readonly isCompressed: boolean;
  /** Bytes collected so far. */
  length = 0;
  /** Whether all of them are ASCII. */
  isAscii = true;
  private buffer: Uint8Array | undefined = undefined;
  private fragments = 0;
  private tinyFragments = 0;
  private utf8: Utf8State = UTF8_COMPLETE;
  private readonly primitives: BytePrimitives;

  /** `byte0` is the first byte of the first frame. */
  constructor(byte0: number, primitives: BytePrimitives) {
    this.isText = (byte0 & OPCODE_BITS) === OPCODE_TEXT;
    this.isCompressed = (byte0 & RSV1) !== 0;
    this.primitives = primitives;
  }

  /** Counts a frame of `length` bytes toward the limits, before its payload is looked at. */
  countFragment(byte0: number, length: number, limits: FrameLimits): VaivenError | undefined {
    if (++this.fragments > limits.maxFragments) return tooManyFragments(limits.maxFragments, false);
    if (length < TINY_FRAGMENT_BYTES && (byte0 & FIN) === 0 && ++this.tinyFragments > limits.maxTinyFragments) {
      return tooManyFragments(limits.maxTinyFragments, true);
    }
    return undefined;
  }

  /**
   * Adds `bytes[start, end)`, unmasked. `remaining` is how many bytes the current frame still owes after them: what the buffer may be
   * sized for if it is near. Text that cannot become UTF-8 any more is refused here, in the middle of its frame.
   */
  append(bytes: Uint8Array, start: number, end: number, ascii: boolean, remaining: number): VaivenError | undefined {
    if (start === end) return undefined;
    if (!ascii) this.isAscii = false;
    if (this.isText && !this.isCompressed && !(ascii && this.utf8 === UTF8_COMPLETE)) {
      this.utf8 = advanceUtf8(this.utf8, bytes, start, end, this.primitives);
      if (this.utf8 === UTF8_INVALID) return invalidUtf8();
    }
    const size = this.length + (end - start);
    const buffer = this.room(size, size + remaining);
    copyBytes(bytes, start, end, buffer, this.length);
    this.length = size;
    return undefined;
  }

  /** The error of a text that ends inside a character. */
  finish(): VaivenError | undefined {
    return this.utf8 === UTF8_COMPLETE ? undefined : invalidUtf8();
  }

  /** The message. Its memory belongs to nobody else. */
  bytes(): Uint8Array {
    const buffer = this.buffer;
    if (buffer === undefined) return this.primitives.allocate(0);
    if (buffer.length === this.length) return buffer;
    // A receiver may keep the message: it keeps at most twice the memory that it needs.
    if (this.length * 2 >= buffer.length) return buffer.subarray(0, this.length);
    const exact = this.primitives.allocate(this.length);
    exact.set(buffer.subarray(0, this.length));
    return exact;
  }

  /** The message as text; not for compressed ones. */
  text(): string {
    const buffer = this.buffer;
    return buffer === undefined ? "" : this.primitives.readText(buffer, 0, this.length, this.isAscii);
  }

  private room(size: number, expected: number): Uint8Array {
    const old = this.buffer;
    if (old !== undefined && old.length >= size) return old;
    const grown = Math.max(SMALLEST_BUFFER, size * (size < GROWS_FOURFOLD_UNTIL ? 4 : 2));
    // `expected` ends with the frame, and more frames may follow: half as much again at least, or each small fragment would copy all before it.
    const least = old === undefined ? 0 : old.length + (old.length >> 1);
    const buffer = this.primitives.allocate(Math.max(least, Math.min(expected, grown)));
    if (old !== undefined) copyBytes(old, 0, this.length, buffer, 0);
    this.buffer = buffer;
    return buffer;
  }
}

/** A view costs about as much as copying a hundred bytes one by one. */
const COPY_BY_BYTES_UNTIL = 64;

export function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start > COPY_BY_BYTES_UNTIL) {
    target.set(start === 0 && end === source.length ? source : source.subarray(start, end), at);
    return;
  }
  for (let from = start, to = at; from < end; from++, to++) target[to] = source[from]!;
}

export function invalidUtf8(): VaivenError {
  return new VaivenError("FRAME_INVALID_UTF8", "expected a text message in UTF-8", { closeCode: CLOSE_INVALID_DATA });
}
