// frame/ Bytes to messages (RFC 6455 section 5). The hottest loop of the product: read ARCHITECTURE.md's "received byte" beside it.
//
//            ┌────────── whole unfragmented data frame inside the chunk: unmasked in place, delivered, nothing allocated ──────────┐
//   chunk ──▶ header ──▶ the two first bytes keep the rules? ──▶ limits ──▶ payload ── complete ──▶ sink.onText · onBinary · onCompressed · onControl
//      cut inside: carried (≤ 13 bytes)                                       └── cut, or a fragment: MessageAssembler
import type { VaivenError } from "../errors.js";
import { copyBytes, invalidUtf8, MessageAssembler } from "./assembler.js";
import {
  FIN,
  headerBytes,
  headerViolation,
  LENGTH_BITS,
  MASK,
  MAX_SHORT_PAYLOAD,
  OPCODE_BINARY,
  OPCODE_BITS,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_TEXT,
  RSV1,
  violation,
} from "./header.js";
import { type FrameLimits, maxCompressedBytes, messageTooBig } from "./limits.js";
import { applyMask, isAscii, type MaskingKey, readMaskingKey, rotateMaskingKey } from "./mask.js";
import { isMalformed } from "./message-text.js";
import type { BytePrimitives } from "./primitives.js";

const FINAL_TEXT = FIN | OPCODE_TEXT;
const FINAL_BINARY = FIN | OPCODE_BINARY;

/** Who takes what the decoder finds. It may set {@link MessageDecoder.halted} at any time; the decoder then stops behind the current frame. */
export interface DecoderSink {
  /** A whole text message, checked. */
  onText(text: string): void;
  /** A whole binary message. The bytes belong to the receiver (see {@link MessageDecoder}). */
  onBinary(bytes: Uint8Array): void;
  /** A whole message with the "per-message compressed" bit. `bytes` may be a view of the chunk: to be read before the next chunk's turn. */
  onCompressed(isText: boolean, bytes: Uint8Array): void;
  /** A control frame. The payload belongs to the receiver. */
  onControl(opcode: number, payload: Uint8Array): void;
  /** The peer broke a rule. Nothing follows. */
  onViolation(error: VaivenError): void;
}

/** What all connections of one kind share. */
export interface DecoderProfile {
  readonly primitives: BytePrimitives;
  readonly limits: FrameLimits;
  /** Whether the peer must mask (we are the server) or must not (we are the client). */
  readonly expectsMask: boolean;
}

/**
 * Finds messages in the bytes of one direction of one connection, however they are chopped.
 *
 * Chunks belong to the decoder: it unmasks in place. A binary message is a view of its chunk if it is at least half of the memory
 * behind the chunk, otherwise a copy, so that a small message that is kept does not keep 64 KB.
 *
 * An exception thrown by the sink leaves the decoder sound: {@link consumed} stands behind the frame that was being delivered,
 * and {@link decode} may be called again from there.
 */
export class MessageDecoder {
  /** Set by the sink to stop behind the current frame: paused, or closed for good. */
  halted = false;
  /** How far the last call of {@link decode} came. */
  consumed = 0;
  private readonly profile: DecoderProfile;
  private readonly sink: DecoderSink;
  private readonly compression: boolean;
  /** Beginning of a header that the last chunk cut. */
  private head: Uint8Array | undefined = undefined;
  /** The data message whose first frame has come and whose last byte has not. */
  private message: MessageAssembler | undefined = undefined;
  /** The frame whose payload the last chunk cut. */
  private open: OpenFrame | undefined = undefined;

  constructor(profile: DecoderProfile, sink: DecoderSink, compression: boolean) {
    this.profile = profile;
    this.sink = sink;
    this.compression = compression;
  }

  /** Decodes `chunk` from `from` to its end, or until {@link halted}; see {@link consumed}. */
  decode(chunk: Uint8Array, from: number): void {
    this.consumed = from;
    if (this.open !== undefined) this.continueFrame(this.open, chunk, from);
    else if (this.head !== undefined) this.continueHeader(this.head, chunk, from);
    const expectsMask = this.profile.expectsMask;
    const maskBit = expectsMask ? MASK : 0;
    const maxMessageBytes = this.profile.limits.maxMessageBytes;
    const end = chunk.length;
    while (!this.halted && this.consumed < end) {
      const at = this.consumed;
      if (at + 2 > end) {
        this.carryHeader(chunk, at);
        return;
      }
      const byte0 = chunk[at]!;
      const byte1 = chunk[at + 1]!;
      const isPlain = (byte0 === FINAL_TEXT || byte0 === FINAL_BINARY) && this.message === undefined;
      if (!isPlain || (byte1 & MASK) !== maskBit) {
        const error = headerViolation(byte0, byte1, maskBit, this.compression) ?? this.sequenceViolation(byte0);
        if (error !== undefined) {
          this.fail(error);
          return;
        }
      }
      let length = byte1 & LENGTH_BITS;
      let payload = at + 2;
      if (length >= 126) {
        if (at + headerBytes(byte1) > end) {
          this.carryHeader(chunk, at);
          return;
        }
        length = this.extendedLength(chunk, payload, length);
        if (length < 0) return;
        payload = at + headerBytes(byte1) - (expectsMask ? 4 : 0);
      }
      let key: MaskingKey = 0;
      if (expectsMask) {
        if (payload + 4 > end) {
          this.carryHeader(chunk, at);
          return;
        }
        key = readMaskingKey(chunk, payload);
        payload += 4;
      }
      const next = payload + length;
      if (!isPlain || next > end || length > maxMessageBytes) {
        this.consumed = payload;
        this.openFrame(byte0, length, key, chunk, payload);
        continue;
      }
      this.consumed = next;
      if (byte0 === FINAL_TEXT) {
        const ascii = expectsMask ? applyMask(chunk, payload, next, key) : isAscii(chunk, payload, next);
        const text = this.profile.primitives.readText(chunk, payload, next, ascii);
        if (!ascii && isMalformed(text, chunk, payload, next, this.profile.primitives)) {
          this.fail(invalidUtf8());
          return;
        }
        this.sink.onText(text);
      } else {
        if (expectsMask) applyMask(chunk, payload, next, key);
        this.sink.onBinary(this.ownBytes(chunk, payload, next));
      }
    }
  }

  /** Forgets everything that is unfinished: the connection is over. */
  discard(): void {
    this.halted = true;
    this.head = undefined;
    this.message = undefined;
    this.open = undefined;
  }

  /** Section 5.4: fragments of one message come one after another, with nothing but control frames between them. */
  private sequenceViolation(byte0: number): VaivenError | undefined {
    const opcode = byte0 & OPCODE_BITS;
    if (opcode === OPCODE_CONTINUATION) {
      return this.message !== undefined
        ? undefined
        : violation("FRAME_UNEXPECTED_CONTINUATION", "expected the first frame of a message, got a continuation");
    }
    if (opcode < OPCODE_CLOSE && this.message !== undefined) {
      return violation("FRAME_UNFINISHED_MESSAGE", "expected a continuation, got the first frame of another message");
    }
    return undefined;
  }

  /** Reads an extended length and checks its form; -1 if the connection failed over it. */
  private extendedLength(bytes: Uint8Array, at: number, kind: number): number {
    if (kind === 126) {
      const length = (bytes[at]! << 8) | bytes[at + 1]!;
      return length >= 126 ? length : this.notMinimal(length);
    }
    const high = bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
    const low = bytes[at + 4]! * 0x1000000 + ((bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!);
    if (high > 0x7fffffff) {
      this.fail(violation("FRAME_LENGTH_INVALID", "expected a 64-bit length whose most significant bit is 0"));
      return -1;
    }
    if (high > 0x1fffff) {
      this.fail(messageTooBig(this.profile.limits.maxMessageBytes, "a length beyond 2^53"));
      return -1;
    }
    const length = high * 0x1_0000_0000 + low;
    return length > MAX_SHORT_PAYLOAD ? length : this.notMinimal(length);
  }

  private notMinimal(length: number): number {
    this.fail(
      violation(
        "FRAME_LENGTH_INVALID",
        `expected the shortest form of the payload length, got ${length} in a longer one`,
      ),
    );
    return -1;
  }

  private carryHeader(chunk: Uint8Array, at: number): void {
    // A header that breaks the rules is refused as soon as its first two bytes say so: `decode` has looked at them if they were there.
    this.head = this.profile.primitives.allocate(chunk.length - at);
    copyBytes(chunk, at, chunk.length, this.head, 0);
    this.consumed = chunk.length;
  }

  /** Joins the carried beginning of a header with what follows and decodes that by itself, its payload excepted. */
  private continueHeader(head: Uint8Array, chunk: Uint8Array, from: number): void {
    const wanted = head.length < 2 ? 2 : headerBytes(head[1]!);
    const taken = Math.min(wanted - head.length, chunk.length - from);
    const joined = this.profile.primitives.allocate(head.length + taken);
    joined.set(head);
    copyBytes(chunk, from, from + taken, joined, head.length);
    this.head = undefined;
    // Either the header is still incomplete (carried again), or it is complete and its frame is open, or, without a payload, delivered.
    try {
      this.decode(joined, 0);
    } finally {
      this.consumed = from + taken;
    }
    if (!this.halted && this.consumed < chunk.length) {
      if (this.head !== undefined) this.continueHeader(this.head, chunk, this.consumed);
      else if (this.open !== undefined) this.continueFrame(this.open, chunk, this.consumed);
    }
  }

  /** Begins a frame off the fast path: a control frame, a fragment, a compressed one, one that the chunk cuts, one too big. */
  private openFrame(byte0: number, length: number, key: MaskingKey, chunk: Uint8Array, payload: number): void {
    const opcode = byte0 & OPCODE_BITS;
    if (opcode >= OPCODE_CLOSE) {
      const frame = new OpenFrame(byte0, length, key, this.profile.primitives.allocate(length));
      this.continueFrame(frame, chunk, payload);
      return;
    }
    const limits = this.profile.limits;
    const message = this.message;
    const isCompressed = message === undefined ? (byte0 & RSV1) !== 0 : message.isCompressed;
    const limit = isCompressed ? maxCompressedBytes(limits.maxMessageBytes) : limits.maxMessageBytes;
    const size = length + (message === undefined ? 0 : message.length);
    if (size > limit) {
      this.fail(messageTooBig(limits.maxMessageBytes, `${size}${isCompressed ? " of compressed data" : ""}`));
      return;
    }
    if (message === undefined && isCompressed && (byte0 & FIN) !== 0 && payload + length <= chunk.length) {
      this.consumed = payload + length;
      if (this.profile.expectsMask) applyMask(chunk, payload, this.consumed, key);
      this.sink.onCompressed(opcode === OPCODE_TEXT, chunk.subarray(payload, this.consumed));
      return;
    }
    const assembler = message ?? new MessageAssembler(byte0, this.profile.primitives);
    this.message = assembler;
    const error = assembler.countFragment(byte0, length, limits);
    if (error !== undefined) {
      this.fail(error);
      return;
    }
    this.continueFrame(new OpenFrame(byte0, length, key, undefined), chunk, payload);
  }

  /** Takes what `chunk` has of the payload of `frame`. */
  private continueFrame(frame: OpenFrame, chunk: Uint8Array, from: number): void {
    const end = Math.min(chunk.length, from + frame.length - frame.received);
    const ascii = this.profile.expectsMask
      ? applyMask(chunk, from, end, rotateMaskingKey(frame.key, frame.received))
      : isAscii(chunk, from, end);
    const before = frame.received;
    frame.received += end - from;
    this.consumed = end;
    if (frame.control !== undefined) {
      copyBytes(chunk, from, end, frame.control, before);
    } else {
      const error = this.message!.append(chunk, from, end, ascii, frame.length - frame.received);
      if (error !== undefined) {
        this.fail(error);
        return;
      }
    }
    if (frame.received < frame.length) {
      this.open = frame;
      return;
    }
    this.open = undefined;
    if (frame.control !== undefined) this.sink.onControl(frame.byte0 & OPCODE_BITS, frame.control);
    else if ((frame.byte0 & FIN) !== 0) this.finishMessage(this.message!);
  }

  private finishMessage(message: MessageAssembler): void {
    this.message = undefined;
    if (message.isCompressed) {
      this.sink.onCompressed(message.isText, message.bytes());
      return;
    }
    if (!message.isText) {
      this.sink.onBinary(message.bytes());
      return;
    }
    const error = message.finish();
    if (error !== undefined) {
      this.fail(error);
      return;
    }
    this.sink.onText(message.text());
  }

  private ownBytes(chunk: Uint8Array, start: number, end: number): Uint8Array {
    if ((end - start) * 2 >= chunk.buffer.byteLength) return chunk.subarray(start, end);
    const copy = this.profile.primitives.allocate(end - start);
    copyBytes(chunk, start, end, copy, 0);
    return copy;
  }

  private fail(error: VaivenError): void {
    this.discard();
    this.sink.onViolation(error);
  }
}

/** A frame of which the header has arrived and the payload has not, or one that is not delivered from its chunk. */
class OpenFrame {
  readonly byte0: number;
  readonly length: number;
  readonly key: MaskingKey;
  /** Where the payload of a control frame is collected. Data goes to the message's assembler. */
  readonly control: Uint8Array | undefined;
  received = 0;

  constructor(byte0: number, length: number, key: MaskingKey, control: Uint8Array | undefined) {
    this.byte0 = byte0;
    this.length = length;
    this.key = key;
    this.control = control;
  }
}
