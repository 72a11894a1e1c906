// node/ permessage-deflate by node:zlib (frame/primitives.ts is the contract; RFC 7692 section 7.2).
//
// Every message is one call of the one-shot functions: they exist in a synchronous form, unlike zlib's streams, and no native memory is
// held between messages. Where the window is kept, it is kept as bytes and handed to the next call as its dictionary, which is the same thing.
import {
  constants,
  deflateRaw,
  deflateRawSync,
  type InputType,
  inflateRaw,
  inflateRawSync,
  type ZlibOptions,
} from "node:zlib";
import { VaivenError } from "../errors.js";
import { CLOSE_INVALID_DATA, CLOSE_TOO_BIG } from "../frame/close.js";
import type {
  CompressionDone,
  CompressionPrimitives,
  Deflater,
  DeflaterOptions,
  Inflater,
  InflaterOptions,
} from "../frame/primitives.js";

/** About 0.2 ms of one core; beyond it the thread pool takes over. */
const SYNCHRONOUS_DEFLATE_BYTES = 16 * 1024;
const SYNCHRONOUS_INFLATE_BYTES = 16 * 1024;
/** Small input may still inflate to much: beyond this the call is given up and made again on the thread pool. */
const SYNCHRONOUS_OUTPUT_BYTES = 256 * 1024;

/** What the compressor took off (section 7.2.1), and an empty final block: data that was cut in the middle of a block does not come to it. */
const INFLATE_TAIL = Buffer.from("0000ffff010000ffff", "hex");
const DEFLATE_TAIL_BYTES = 4;
/** An empty message compressed: an empty stored block without its tail (section 7.2.3.6). */
const EMPTY_DEFLATED = Buffer.from([0]);

/** What the one-shot functions return with `info: true`. */
interface ResultWithInfo {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

export const nodeCompression: CompressionPrimitives = {
  synchronousBytes: SYNCHRONOUS_DEFLATE_BYTES,
  createInflater: (options) => new NodeInflater(options),
  createDeflater: (options) => new NodeDeflater(options),
};

/** The last bytes of a direction, as far as its window reaches. */
class History {
  private bytes: Buffer | undefined = undefined;
  private readonly size: number;

  constructor(windowBits: number) {
    this.size = 2 ** windowBits;
  }

  get dictionary(): Buffer | undefined {
    return this.bytes;
  }

  /** Remembers the end of `latest`, in memory of its own. */
  add(latest: Uint8Array): void {
    if (latest.length >= this.size || this.bytes === undefined) {
      this.bytes = Buffer.from(latest.subarray(Math.max(0, latest.length - this.size)));
    } else if (latest.length > 0) {
      this.bytes = Buffer.concat([
        this.bytes.subarray(Math.max(0, this.bytes.length + latest.length - this.size)),
        latest,
      ]);
    }
    if (this.bytes.length === 0) this.bytes = undefined;
  }
}

class NodeInflater implements Inflater {
  private readonly windowBits: number;
  private readonly history: History | undefined;
  private isClosed = false;

  constructor(options: InflaterOptions) {
    this.windowBits = options.windowBits;
    this.history = options.keepContext ? new History(options.windowBits) : undefined;
  }

  inflate(input: Uint8Array, maxOutput: number, done: CompressionDone): Uint8Array | undefined {
    const whole = Buffer.concat([input, INFLATE_TAIL]);
    if (input.length <= SYNCHRONOUS_INFLATE_BYTES) {
      const limit = Math.min(maxOutput, SYNCHRONOUS_OUTPUT_BYTES);
      const output = this.inflateNow(whole, input.length, limit, maxOutput);
      if (output !== undefined) {
        this.history?.add(output);
        return output;
      }
    }
    this.inflateLater(whole, 0, input.length, maxOutput, [], (error, output) => {
      if (this.isClosed) return;
      if (output !== undefined) this.history?.add(output);
      done(error, output);
    });
    return undefined;
  }

  close(): void {
    this.isClosed = true;
  }

  /** Undefined if the output is beyond `limit` and may be: it is then the thread pool's. */
  private inflateNow(whole: Buffer, payload: number, limit: number, maxOutput: number): Buffer | undefined {
    const parts: Buffer[] = [];
    let consumed = 0;
    let room = limit;
    try {
      do {
        const options = this.options(parts, room, Math.min(16_384, Math.max(256, whole.length * 4)));
        const { buffer, engine } = withInfo(inflateRawSync(consumed === 0 ? whole : whole.subarray(consumed), options));
        parts.push(buffer);
        room -= buffer.length;
        consumed += engine.bytesWritten;
        // A block marked as final ends zlib's stream but not the message (section 7.2.3.4).
      } while (consumed < payload);
    } catch (error) {
      if (isTooLarge(error) && limit < maxOutput) return undefined;
      throw inflateError(error, maxOutput);
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  private inflateLater(
    whole: Buffer,
    consumed: number,
    payload: number,
    maxOutput: number,
    parts: Buffer[],
    done: CompressionDone,
  ): void {
    let room = maxOutput;
    for (const part of parts) room -= part.length;
    inflateRaw(whole.subarray(consumed), this.options(parts, room, 65_536), (error, result) => {
      if (error !== null) {
        done(inflateError(error, maxOutput), undefined);
        return;
      }
      const { buffer, engine } = withInfo(result);
      parts.push(buffer);
      const after = consumed + engine.bytesWritten;
      if (after < payload && !this.isClosed) this.inflateLater(whole, after, payload, maxOutput, parts, done);
      else done(undefined, parts.length === 1 ? buffer : Buffer.concat(parts));
    });
  }

  /** `parts` is what this message has given so far: with a final block in the middle it belongs to the window too. */
  private options(parts: readonly Buffer[], room: number, chunkSize: number): ZlibOptions {
    const options: ZlibOptions = {
      windowBits: this.windowBits,
      // zlib wants a positive limit; a byte too many is found below by the next check of the sum.
      maxOutputLength: Math.max(1, room),
      chunkSize,
      info: true,
    };
    const dictionary = this.dictionary(parts);
    return dictionary === undefined ? options : { ...options, dictionary };
  }

  private dictionary(parts: readonly Buffer[]): Buffer | undefined {
    const kept = this.history?.dictionary;
    if (parts.length === 0) return kept;
    const all = Buffer.concat(kept === undefined ? parts : [kept, ...parts]);
    return all.length === 0 ? undefined : all.subarray(Math.max(0, all.length - 2 ** this.windowBits));
  }
}

class NodeDeflater implements Deflater {
  private readonly options: ZlibOptions;
  private readonly history: History | undefined;
  private isClosed = false;

  constructor(options: DeflaterOptions) {
    this.options = {
      // zlib has no raw window of 8 bits. With 9 its matches reach 250 bytes back, which a window of 256 holds.
      windowBits: Math.max(9, options.windowBits),
      level: options.level,
      memLevel: options.memoryLevel,
      finishFlush: constants.Z_SYNC_FLUSH,
    };
    this.history = options.keepContext ? new History(options.windowBits) : undefined;
  }

  deflate(input: Uint8Array, done: CompressionDone): Uint8Array | undefined {
    const dictionary = this.history?.dictionary;
    const options = dictionary === undefined ? this.options : { ...this.options, dictionary };
    if (input.length <= SYNCHRONOUS_DEFLATE_BYTES) {
      const chunkSize = Math.min(16_384, Math.max(256, input.length));
      const output = withoutTail(deflateRawSync(input as InputType, { ...options, chunkSize }));
      this.history?.add(input);
      return output;
    }
    // The next message waits for this one, so that the history may go on at once.
    this.history?.add(input);
    deflateRaw(input as InputType, { ...options, chunkSize: 65_536 }, (error, output) => {
      if (!this.isClosed) done(error ?? undefined, error === null ? withoutTail(output) : undefined);
    });
    return undefined;
  }

  close(): void {
    this.isClosed = true;
  }
}

function withoutTail(output: Buffer): Buffer {
  return output.length <= DEFLATE_TAIL_BYTES ? EMPTY_DEFLATED : output.subarray(0, output.length - DEFLATE_TAIL_BYTES);
}

/** Node's types do not know what `info: true` does; its documentation does. */
function withInfo(result: Buffer): ResultWithInfo {
  return result as unknown as ResultWithInfo;
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
}

function inflateError(error: unknown, maxOutput: number): VaivenError {
  return isTooLarge(error)
    ? new VaivenError(
        "FRAME_MESSAGE_TOO_BIG",
        `expected a message of at most ${maxOutput} bytes, got more after inflation`,
        {
          closeCode: CLOSE_TOO_BIG,
          cause: error,
          detail: { limit: maxOutput },
        },
      )
    : new VaivenError("FRAME_INFLATE_FAILED", "expected complete DEFLATE data in a compressed message", {
        closeCode: CLOSE_INVALID_DATA,
        cause: error,
      });
}
