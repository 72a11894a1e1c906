// frame/ Messages to frames (RFC 6455 sections 5.2, 5.3 and 5.6). Messages are never fragmented here: nothing between the ends needs it.
import { copyBytes } from "./assembler.js";
import { FIN, headerBytesFor, MASK, MAX_HEADER_BYTES, OPCODE_TEXT, writeHeader } from "./header.js";
import { applyMask, readMaskingKey } from "./mask.js";
import type { BytePrimitives } from "./primitives.js";

/** UTF-8 needs at most three bytes for a UTF-16 unit (a surrogate pair takes four for two). */
const MOST_BYTES_PER_UNIT = 3;
/** Keys are drawn from a block, since one call of the random source costs as much as a hundred frames. */
const RANDOM_BLOCK_BYTES = 4096;

/**
 * Writes frames for one role. It has no state of any connection: one per process and role serves them all.
 * A server's encoder does not mask; a client's draws a new key for every frame.
 */
export class FrameEncoder {
  /** Whether frames are masked: the client's role. */
  readonly masks: boolean;
  private readonly primitives: BytePrimitives;
  private readonly maskBit: number;
  private random: Uint8Array | undefined = undefined;
  private randomAt = 0;

  constructor(primitives: BytePrimitives, masks: boolean) {
    this.primitives = primitives;
    this.masks = masks;
    this.maskBit = masks ? MASK : 0;
  }

  /** Room that {@link writeTextFrame} may need for `text`. Cheap, and never too small. */
  textFrameRoom(text: string): number {
    return text.length * MOST_BYTES_PER_UNIT + MAX_HEADER_BYTES;
  }

  /** Exact bytes of the frame around a payload of `length` bytes. */
  frameBytes(length: number): number {
    return headerBytesFor(length) + length + (this.masks ? 4 : 0);
  }

  /**
   * Writes `text` as one frame into `target` at `at`, where {@link textFrameRoom} bytes must be free. Returns the position after it.
   * The text is written once, behind a header of the size that it will probably need; the length is filled in afterwards.
   */
  writeTextFrame(text: string, target: Uint8Array, at: number): number {
    const guess = text.length;
    const keyBytes = this.masks ? 4 : 0;
    let payload = at + headerBytesFor(guess) + keyBytes;
    const length = this.primitives.writeText(text, target, payload);
    if (length !== guess) {
      const actual = at + headerBytesFor(length) + keyBytes;
      if (actual !== payload) {
        target.copyWithin(actual, payload, payload + length);
        payload = actual;
      }
    }
    this.writeFrameHeader(FIN | OPCODE_TEXT, length, target, at);
    const end = payload + length;
    if (keyBytes !== 0) applyMask(target, payload, end, readMaskingKey(target, payload - 4));
    return end;
  }

  /**
   * Writes a frame with a copy of `payload` into `target` at `at`, where {@link frameBytes} must be free. Returns the position after it.
   * `byte0` is FIN, RSV1 and opcode.
   */
  writeFrame(byte0: number, payload: Uint8Array, target: Uint8Array, at: number): number {
    const start = this.writeFrameHeader(byte0, payload.length, target, at);
    const end = start + payload.length;
    copyBytes(payload, 0, payload.length, target, start);
    if (this.masks) applyMask(target, start, end, readMaskingKey(target, start - 4));
    return end;
  }

  /**
   * Writes only the header of an unmasked frame, so that a large payload can follow it in a vectored write without being copied.
   * For a masking encoder the key is written too and the payload must be masked with it. Returns the position of the payload.
   */
  writeFrameHeader(byte0: number, length: number, target: Uint8Array, at: number): number {
    const afterLength = writeHeader(target, at, byte0, this.maskBit, length);
    return this.masks ? this.writeMaskingKey(target, afterLength) : afterLength;
  }

  /** A frame by itself. Unmasked ones may be shared among receivers; nobody may change them. */
  frameOf(byte0: number, payload: Uint8Array): Uint8Array {
    const frame = this.primitives.allocate(this.frameBytes(payload.length));
    this.writeFrame(byte0, payload, frame, 0);
    return frame;
  }

  /** A text frame by itself: see {@link frameOf}. */
  textFrameOf(text: string): Uint8Array {
    const length = this.primitives.textByteLength(text);
    const frame = this.primitives.allocate(this.frameBytes(length));
    const payload = this.writeFrameHeader(FIN | OPCODE_TEXT, length, frame, 0);
    this.primitives.writeText(text, frame, payload);
    if (this.masks) applyMask(frame, payload, frame.length, readMaskingKey(frame, payload - 4));
    return frame;
  }

  /** Section 5.3: the key "MUST be derived from a strong source of entropy" and is new for every frame. */
  private writeMaskingKey(target: Uint8Array, at: number): number {
    if (this.random === undefined || this.randomAt === RANDOM_BLOCK_BYTES) {
      this.random ??= this.primitives.allocate(RANDOM_BLOCK_BYTES);
      this.primitives.randomFill(this.random);
      this.randomAt = 0;
    }
    const from = this.randomAt;
    target[at] = this.random[from]!;
    target[at + 1] = this.random[from + 1]!;
    target[at + 2] = this.random[from + 2]!;
    target[at + 3] = this.random[from + 3]!;
    this.randomAt = from + 4;
    return at + 4;
  }
}
