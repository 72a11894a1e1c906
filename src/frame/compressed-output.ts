// frame/ Outgoing messages of a connection with permessage-deflate (RFC 7692 section 6.1), in order although compression may take its time.
import type { FrameEncoder } from "./encoder.js";
import { FIN } from "./header.js";
import type { MessageDeflate } from "./message-deflate.js";

/** A message that waits for the one before it, or a whole frame (`opcode` undefined). */
interface Waiting {
  readonly opcode: number | undefined;
  readonly bytes: Uint8Array;
  readonly compress: boolean;
}

/** What it needs of its connection. */
export interface CompressedOutputHost {
  /** The frame goes out now. */
  writeFrame(frame: Uint8Array): void;
  /** Compression failed: out of memory, as a rule. */
  compressionFailed(error: Error): void;
}

/** Compresses messages one after the other and lets frames wait for the messages before them. */
export class CompressedOutput {
  /** Bytes (before compression) of what waits. */
  waitingBytes = 0;
  private readonly deflate: MessageDeflate;
  private readonly encoder: FrameEncoder;
  private readonly host: CompressedOutputHost;
  private waiting: Waiting[] = [];
  private isBusy = false;
  private whenDone: (() => void) | undefined = undefined;

  constructor(deflate: MessageDeflate, encoder: FrameEncoder, host: CompressedOutputHost) {
    this.deflate = deflate;
    this.encoder = encoder;
    this.host = host;
  }

  /** Sends a message. `bytes` must not change until it has left. */
  sendMessage(opcode: number, bytes: Uint8Array, compress: boolean): void {
    if (this.isBusy) this.wait(opcode, bytes, compress);
    else this.start(opcode, bytes, compress);
  }

  /** Sends a finished frame. */
  sendFrame(frame: Uint8Array): void {
    if (this.isBusy) this.wait(undefined, frame, false);
    else this.host.writeFrame(frame);
  }

  /** Calls `fn` when everything sent so far has left: at once if nothing waits. For one caller: the closing connection. */
  afterAll(fn: () => void): void {
    if (this.isBusy) this.whenDone = fn;
    else fn();
  }

  /** Drops what waits and lets go of both contexts. */
  discard(): void {
    this.deflate.close();
    this.waiting = [];
    this.waitingBytes = 0;
    this.whenDone = undefined;
    this.isBusy = false;
  }

  private wait(opcode: number | undefined, bytes: Uint8Array, compress: boolean): void {
    this.waiting.push({ opcode, bytes, compress });
    this.waitingBytes += bytes.length;
  }

  private start(opcode: number, bytes: Uint8Array, compress: boolean): void {
    if (!compress || bytes.length < this.deflate.threshold) {
      this.host.writeFrame(this.encoder.frameOf(FIN | opcode, bytes));
      return;
    }
    const compressed = this.deflate.deflate(bytes, (error, output) => this.finish(opcode, bytes, error, output));
    if (compressed === undefined) {
      this.isBusy = true;
      this.waitingBytes += bytes.length;
    } else {
      this.host.writeFrame(this.deflate.frameOf(this.encoder, opcode, bytes, compressed));
    }
  }

  private finish(
    opcode: number,
    bytes: Uint8Array,
    error: Error | undefined,
    compressed: Uint8Array | undefined,
  ): void {
    this.isBusy = false;
    this.waitingBytes -= bytes.length;
    if (compressed === undefined) {
      this.host.compressionFailed(error ?? new Error("no output"));
      return;
    }
    this.host.writeFrame(this.deflate.frameOf(this.encoder, opcode, bytes, compressed));
    this.drain();
  }

  private drain(): void {
    while (!this.isBusy) {
      const next = this.waiting.shift();
      if (next === undefined) break;
      this.waitingBytes -= next.bytes.length;
      if (next.opcode === undefined) this.host.writeFrame(next.bytes);
      else this.start(next.opcode, next.bytes, next.compress);
    }
    if (!this.isBusy && this.whenDone !== undefined) {
      const done = this.whenDone;
      this.whenDone = undefined;
      done();
    }
  }
}
