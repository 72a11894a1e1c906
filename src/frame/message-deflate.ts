// frame/ Compression of whole messages under an agreement (RFC 7692 sections 7.2.1 and 7.2.2), and its limits.
import { VaivenError } from "../errors.js";
import { CLOSE_POLICY } from "./close.js";
import type { DeflateAgreement, DeflateSettings } from "./deflate.js";
import type { FrameEncoder } from "./encoder.js";
import { FIN, RSV1 } from "./header.js";
import type { CompressionDone, CompressionPrimitives, Deflater, Inflater } from "./primitives.js";

/** The two directions of one connection. Each is made when its first compressed message comes. */
export class MessageDeflate {
  /** Messages of fewer bytes are sent as they are. */
  readonly threshold: number;
  /** Whether the peer's inflater keeps our window, so that a message which was compressed must be sent so. */
  readonly keepsOutgoingContext: boolean;
  /**
   * Connections with an equal form can be sent the same compressed frame (ARCHITECTURE.md, "Encode once"). Undefined where the compressor keeps
   * its context, since the frame then depends on what this connection was sent before.
   */
  readonly sharedForm: string | undefined;
  private readonly agreement: DeflateAgreement;
  private readonly settings: DeflateSettings;
  private readonly isServer: boolean;
  private readonly compression: CompressionPrimitives;
  private readonly maxMessageBytes: number;
  private inflater: Inflater | undefined = undefined;
  private deflater: Deflater | undefined = undefined;

  constructor(
    agreement: DeflateAgreement,
    settings: DeflateSettings,
    isServer: boolean,
    compression: CompressionPrimitives,
    maxMessageBytes: number,
  ) {
    this.agreement = agreement;
    this.settings = settings;
    this.isServer = isServer;
    this.compression = compression;
    this.maxMessageBytes = maxMessageBytes;
    this.threshold = settings.threshold;
    this.keepsOutgoingContext = !(isServer ? agreement.serverNoContextTakeover : agreement.clientNoContextTakeover);
    this.sharedForm = this.keepsOutgoingContext
      ? undefined
      : `deflate-${this.outgoingBits}-${settings.level}-${settings.memoryLevel}`;
  }

  /**
   * See {@link Inflater.inflate}.
   * @throws VaivenError `FRAME_INFLATE_FAILED`, `FRAME_MESSAGE_TOO_BIG` or `FRAME_INFLATE_RATIO`
   */
  inflate(input: Uint8Array, done: CompressionDone): Uint8Array | undefined {
    if (input.length === 0) {
      // Compressors end even an empty message with a byte; a peer that leaves it out can mean nothing else.
      return input;
    }
    this.inflater ??= this.compression.createInflater({
      windowBits: this.isServer ? this.agreement.clientMaxWindowBits : this.agreement.serverMaxWindowBits,
      keepContext: !(this.isServer ? this.agreement.clientNoContextTakeover : this.agreement.serverNoContextTakeover),
    });
    const byRatio = Math.max(this.settings.inflateRatioFloor, Math.floor(input.length * this.settings.maxInflateRatio));
    if (byRatio >= this.maxMessageBytes) return this.inflater.inflate(input, this.maxMessageBytes, done);
    try {
      return this.inflater.inflate(input, byRatio, (error, output) => {
        done(error === undefined ? undefined : this.asRatioError(error, input.length), output);
      });
    } catch (error) {
      throw this.asRatioError(error, input.length);
    }
  }

  /** See {@link Deflater.deflate}. */
  deflate(input: Uint8Array, done: CompressionDone): Uint8Array | undefined {
    this.deflater ??= this.compression.createDeflater({
      windowBits: this.outgoingBits,
      keepContext: this.keepsOutgoingContext,
      level: this.settings.level,
      memoryLevel: this.settings.memoryLevel,
    });
    return this.deflater.deflate(input, done);
  }

  /**
   * The frame of a message: compressed, unless that is no gain and the peer's window does not depend on it.
   */
  frameOf(encoder: FrameEncoder, opcode: number, bytes: Uint8Array, compressed: Uint8Array): Uint8Array {
    return this.keepsOutgoingContext || compressed.length < bytes.length
      ? encoder.frameOf(FIN | RSV1 | opcode, compressed)
      : encoder.frameOf(FIN | opcode, bytes);
  }

  /** Whether {@link deflate} answers at once for so many bytes. */
  isSynchronous(length: number): boolean {
    return length <= this.compression.synchronousBytes;
  }

  close(): void {
    this.inflater?.close();
    this.deflater?.close();
    this.inflater = undefined;
    this.deflater = undefined;
  }

  private get outgoingBits(): number {
    return this.isServer ? this.agreement.serverMaxWindowBits : this.agreement.clientMaxWindowBits;
  }

  private asRatioError(error: unknown, compressed: number): Error {
    if (!(error instanceof VaivenError) || error.code !== "FRAME_MESSAGE_TOO_BIG") {
      return error instanceof Error ? error : new Error(String(error));
    }
    const limit = this.settings.maxInflateRatio;
    return new VaivenError(
      "FRAME_INFLATE_RATIO",
      `expected a message to inflate to at most ${limit} times its ${compressed} bytes, got more`,
      { closeCode: CLOSE_POLICY, cause: error, detail: { limit, compressed } },
    );
  }
}
