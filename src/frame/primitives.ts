// frame/ contract: what the pure frame stage is given by its host (ARCHITECTURE.md, "Platform"). session/platform.ts extends it.

/**
 * Byte work that a host does faster than portable code could. Every function is synchronous and never keeps its arguments.
 * The host (node/, browser/, a test) implements it once per process.
 *
 * @internal
 */
export interface BytePrimitives {
  /**
   * Decodes `bytes[start, end)`, which the caller knows to be ASCII when `ascii` is true and takes for UTF-8 otherwise. A byte order mark is
   * kept. Every malformed sequence becomes at least one U+FFFD, so that a text without U+FFFD needs no check of its own.
   */
  readText(bytes: Uint8Array, start: number, end: number, ascii: boolean): string;
  /** Whether `bytes[start, end)` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). */
  isUtf8(bytes: Uint8Array, start: number, end: number): boolean;
  /** Number of bytes that `text` takes in UTF-8; a lone surrogate counts as U+FFFD (3 bytes). */
  textByteLength(text: string): number;
  /** Writes `text` as UTF-8 into `target` at `at`, which must have room for it; returns the number of bytes written. */
  writeText(text: string, target: Uint8Array, at: number): number;
  /** A new zero-filled or uninitialised byte array that the caller fills completely. */
  allocate(size: number): Uint8Array;
  /** Fills `target` with cryptographically strong random bytes (masking keys, nonces). */
  randomFill(target: Uint8Array): void;
  /** Base64 (RFC 4648, padded) of the SHA-1 of an ASCII text: `Sec-WebSocket-Accept`. */
  sha1Base64(ascii: string): string;
  /** Base64 (RFC 4648, padded) of `bytes`. */
  toBase64(bytes: Uint8Array): string;
}

/** One direction of permessage-deflate (RFC 7692). A host without zlib (browsers) has none and never negotiates it. */
export interface CompressionPrimitives {
  /** A deflater answers synchronously when its input has at most this many bytes. */
  readonly synchronousBytes: number;
  createInflater(options: InflaterOptions): Inflater;
  createDeflater(options: DeflaterOptions): Deflater;
}

export interface InflaterOptions {
  /** LZ77 window of the peer's compressor, 8 to 15. */
  readonly windowBits: number;
  /** Whether the window is kept from message to message. */
  readonly keepContext: boolean;
}

export interface DeflaterOptions {
  readonly windowBits: number;
  readonly keepContext: boolean;
  /** zlib compression level, 0 to 9. */
  readonly level: number;
  /** zlib memory level, 1 to 9. */
  readonly memoryLevel: number;
}

/** The end of an asynchronous call: exactly one of the two is there. */
export type CompressionDone = (error: Error | undefined, output: Uint8Array | undefined) => void;

export interface Inflater {
  /**
   * Inflates one whole message, without the `00 00 ff ff` tail that the peer removed (section 7.2.2).
   * Small input: returns the bytes (or throws a VaivenError) and does not call `done`. Large input: returns undefined and calls `done` once, later;
   * the caller pauses its connection until then. Output beyond `maxOutput` bytes stops inflation with `FRAME_MESSAGE_TOO_BIG`, and what is no
   * complete DEFLATE data ends in `FRAME_INFLATE_FAILED`. `input` is read before the call returns, or copied.
   */
  inflate(input: Uint8Array, maxOutput: number, done: CompressionDone): Uint8Array | undefined;
  /** Lets go of the native context. Safe to call twice; a pending `done` is not called afterwards. */
  close(): void;
}

export interface Deflater {
  /** Deflates one whole message and removes the `00 00 ff ff` tail (section 7.2.1). Same synchronous/asynchronous rule as {@link Inflater.inflate}. */
  deflate(input: Uint8Array, done: CompressionDone): Uint8Array | undefined;
  close(): void;
}
