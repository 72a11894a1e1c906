// frame/ One WebSocket connection without its socket (RFC 6455 sections 5 to 7, RFC 7692). Bytes in, messages out, and the way back.
//
//            close()   ┌─────────┐ peer's Close
//            ┌────────▶│ closing │──────────────────┐
//   ┌──────┐ │         └─────────┘                  ▼
//   │ open │─┤ peer's Close: echoed ────────▶ ┌──────────┐
//   └──────┘ │ a broken rule: Close sent ───▶ │  closed  │  sink.onClose was called, except by terminate()
//            └ transportClosed(), terminate() └──────────┘
//
// Time belongs to the host: it limits how long "closing" may last, and how long the transport of a closed connection may stay.
import { VaivenError } from "../errors.js";
import { CLOSE_ABNORMAL, CLOSE_INTERNAL_ERROR, CLOSE_NO_STATUS, readClosePayload, writeClosePayload } from "./close.js";
import { CompressedOutput, type CompressedOutputHost } from "./compressed-output.js";
import type { ConnectionOutput, ConnectionSink } from "./contract.js";
import { type DecoderSink, MessageDecoder } from "./decoder.js";
import type { DeflateAgreement } from "./deflate.js";
import {
  FIN,
  MAX_CONTROL_PAYLOAD,
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
} from "./header.js";
import type { MessageDeflate } from "./message-deflate.js";
import { readWholeText } from "./message-text.js";
import { type ConnectionProfile, messageDeflate } from "./profile.js";
import { sharedFrameOf, textBytes } from "./shared-frame.js";

export type ConnectionState = "open" | "closing" | "closed";

/** Pings beyond this many in one chunk are a flood: of those only the last is answered, which section 5.5.3 allows. */
const MAX_PONGS_PER_CHUNK = 1024;
const NO_PAYLOAD = new Uint8Array(0);

/** See the figure above. One per client: its fields are few, and what is rarely needed is made when it is. */
export class WebSocketConnection implements DecoderSink, CompressedOutputHost {
  private readonly profile: ConnectionProfile;
  private readonly sink: ConnectionSink;
  private readonly output: ConnectionOutput;
  private readonly decoder: MessageDecoder;
  private readonly deflate: MessageDeflate | undefined;
  private readonly compressed: CompressedOutput | undefined;
  private phase: ConnectionState = "open";
  private isReceiving = false;
  private isInflating = false;
  private isTransportClosed = false;
  private pongsInChunk = 0;
  private pendingPong: Uint8Array | undefined = undefined;
  private waitingInput: Uint8Array[] | undefined = undefined;
  private thrown: { readonly error: unknown } | undefined = undefined;

  /** `agreement` is what the handshake came to about permessage-deflate. */
  constructor(
    profile: ConnectionProfile,
    sink: ConnectionSink,
    output: ConnectionOutput,
    agreement?: DeflateAgreement,
  ) {
    this.profile = profile;
    this.sink = sink;
    this.output = output;
    this.deflate = messageDeflate(profile, agreement);
    this.decoder = new MessageDecoder(profile, this, this.deflate !== undefined);
    this.compressed =
      this.deflate === undefined ? undefined : new CompressedOutput(this.deflate, profile.encoder, this);
  }

  get state(): ConnectionState {
    return this.phase;
  }

  /** Whether a message is being inflated. What is received meanwhile waits in memory: the host should stop reading until `output.resumed()`. */
  get isPaused(): boolean {
    return this.isInflating;
  }

  /** Whether permessage-deflate was agreed on. */
  get compresses(): boolean {
    return this.compressed !== undefined;
  }

  /** Bytes given to `send…` that wait for a compression under way and have not reached `output`. */
  get waitingOutputBytes(): number {
    return this.compressed?.waitingBytes ?? 0;
  }

  /**
   * Connections with an equal form may be sent the same {@link sharedFrameOf}. Undefined for clients, whose frames are masked one by one,
   * and where the compressor keeps its context.
   */
  get sharedForm(): string | undefined {
    if (this.profile.role === "client") return undefined;
    return this.deflate === undefined ? "plain" : this.deflate.sharedForm;
  }

  /**
   * Takes bytes of the peer; they belong to the connection from now on and are changed in place.
   *
   * If the sink throws, the rest of the chunk is still decoded and delivered, and the first error is thrown when that is done: the
   * connection stays sound. Bytes after the end of the connection are dropped.
   */
  receive(chunk: Uint8Array): void {
    if (this.phase === "closed") return;
    if (this.isInflating || this.isReceiving) {
      this.waitingInput ??= [];
      this.waitingInput.push(chunk);
      return;
    }
    this.decode(chunk);
    if (this.waitingInput !== undefined) this.decodeWaiting();
    this.rethrow();
  }

  /** Sends a text message; lone surrogates become U+FFFD. False, and nothing sent, unless the connection is open. */
  sendText(text: string, compress = true): boolean {
    if (this.phase !== "open") return false;
    if (this.compressed === undefined) {
      this.output.write(this.profile.encoder.textFrameOf(text));
      return true;
    }
    this.compressed.sendMessage(OPCODE_TEXT, textBytes(text, this.profile.primitives), compress);
    return true;
  }

  /** Sends a binary message, which must not change until it has left. False, and nothing sent, unless the connection is open. */
  sendBinary(bytes: Uint8Array, compress = true): boolean {
    if (this.phase !== "open") return false;
    if (this.compressed === undefined) {
      this.output.write(this.profile.encoder.frameOf(FIN | OPCODE_BINARY, bytes));
      return true;
    }
    this.compressed.sendMessage(OPCODE_BINARY, bytes, compress);
    return true;
  }

  /** Sends a message's finished frame, such as {@link sharedFrameOf}'s, in its place. False, and nothing sent, unless the connection is open. */
  sendFrame(frame: Uint8Array): boolean {
    if (this.phase !== "open") return false;
    this.writeInOrder(frame);
    return true;
  }

  /**
   * The frame of a message for every connection with this {@link sharedForm}, compressed if they compress. Undefined if it cannot be shared,
   * or is so large that it is compressed on the thread pool: then use {@link sendText} or {@link sendBinary} on each.
   */
  sharedFrameOf(message: string | Uint8Array, compress = true): Uint8Array | undefined {
    return this.sharedForm === undefined
      ? undefined
      : sharedFrameOf(message, this.profile, compress ? this.deflate : undefined);
  }

  /**
   * Sends a Ping.
   * @throws VaivenError `API_INVALID_ARGUMENT` for a payload of more than 125 bytes
   */
  ping(payload: Uint8Array = NO_PAYLOAD): void {
    this.sendControl(OPCODE_PING, payload);
  }

  /**
   * Sends an unsolicited Pong (section 5.5.3).
   * @throws VaivenError `API_INVALID_ARGUMENT` for a payload of more than 125 bytes
   */
  pong(payload: Uint8Array = NO_PAYLOAD): void {
    this.sendControl(OPCODE_PONG, payload);
  }

  /**
   * Begins the closing handshake, behind everything that was sent. No message is delivered or sent afterwards; `sink.onClose` follows when the
   * peer answers or the transport ends. Without effect unless the connection is open.
   * @throws VaivenError `API_INVALID_ARGUMENT` for a code that must not be sent.
   */
  close(code?: number, reason = ""): void {
    const payload = writeClosePayload(code, reason, this.profile.primitives);
    if (this.phase === "open") {
      this.phase = "closing";
      this.writeInOrder(this.profile.encoder.frameOf(FIN | OPCODE_CLOSE, payload));
    }
  }

  /** Ends the connection at once. Nothing is sent or delivered any more, not even `sink.onClose`; the host cuts the transport. */
  terminate(): void {
    this.release();
  }

  /** Host: the transport can carry bytes again (`output.isCongested` is false). */
  drained(): void {
    if (this.pendingPong !== undefined && !this.output.isCongested && this.phase !== "closed") {
      const payload = this.pendingPong;
      this.pendingPong = undefined;
      this.writeInOrder(this.profile.encoder.frameOf(FIN | OPCODE_PONG, payload));
    }
  }

  /** Host: the peer will send no more, or the transport broke. Messages still being inflated are delivered first. */
  transportClosed(): void {
    if (this.phase === "closed") return;
    this.isTransportClosed = true;
    if (!this.isInflating && !this.isReceiving) this.finish(CLOSE_ABNORMAL, "", false);
  }

  /** @internal MessageDecoder */
  onText(text: string): void {
    if (this.phase === "open") this.sink.onText(text);
  }

  /** @internal MessageDecoder */
  onBinary(bytes: Uint8Array): void {
    if (this.phase === "open") this.sink.onBinary(bytes);
  }

  /** @internal MessageDecoder */
  onCompressed(isText: boolean, bytes: Uint8Array): void {
    // After close() nothing is delivered, so that the window of what follows does not matter either.
    if (this.phase !== "open" || this.deflate === undefined) return;
    let inflated: Uint8Array | undefined;
    try {
      inflated = this.deflate.inflate(bytes, (error, output) => this.onInflated(isText, error, output));
    } catch (error) {
      this.fail(asVaivenError(error));
      return;
    }
    if (inflated === undefined) {
      this.isInflating = true;
      this.decoder.halted = true;
      return;
    }
    this.deliverInflated(isText, inflated);
  }

  /** @internal MessageDecoder */
  onControl(opcode: number, payload: Uint8Array): void {
    if (opcode === OPCODE_PONG) {
      this.sink.onPong?.(payload);
    } else if (opcode === OPCODE_PING) {
      this.answerPing(payload);
      this.sink.onPing?.(payload);
    } else {
      this.onCloseFrame(payload);
    }
  }

  /** @internal MessageDecoder */
  onViolation(error: VaivenError): void {
    this.fail(error);
  }

  /** @internal CompressedOutput */
  writeFrame(frame: Uint8Array): void {
    this.output.write(frame);
  }

  /** @internal CompressedOutput */
  compressionFailed(error: Error): void {
    this.fail(
      new VaivenError("FRAME_DEFLATE_FAILED", "a message could not be compressed", {
        closeCode: CLOSE_INTERNAL_ERROR,
        cause: error,
      }),
    );
  }

  private decode(chunk: Uint8Array): void {
    this.isReceiving = true;
    let at = 0;
    do {
      try {
        this.decoder.decode(chunk, at);
        break;
      } catch (error) {
        this.thrown ??= { error };
        if (this.decoder.consumed === at) {
          // Not the sink's error: no memory for the message, say.
          this.fail(asVaivenError(error));
        }
        at = this.decoder.consumed;
      }
    } while (!this.decoder.halted);
    this.isReceiving = false;
    if (this.isInflating && this.decoder.consumed < chunk.length) {
      this.waitingInput ??= [];
      this.waitingInput.unshift(chunk.subarray(this.decoder.consumed));
    }
    this.pongsInChunk = 0;
    if (this.pendingPong !== undefined) this.drained();
    if (this.isTransportClosed) this.transportClosed();
  }

  /** Goes on with what came while a message was inflated, or while the sink was being called. */
  private decodeWaiting(): void {
    while (this.waitingInput !== undefined && !this.isInflating && this.phase !== "closed") {
      const chunk = this.waitingInput.shift();
      if (chunk === undefined) this.waitingInput = undefined;
      else this.decode(chunk);
    }
  }

  private rethrow(): void {
    if (this.thrown !== undefined) {
      const { error } = this.thrown;
      this.thrown = undefined;
      throw error;
    }
  }

  private onInflated(isText: boolean, error: Error | undefined, output: Uint8Array | undefined): void {
    if (this.phase === "closed") return;
    this.isInflating = false;
    this.decoder.halted = false;
    if (output === undefined) {
      this.fail(asVaivenError(error));
      return;
    }
    try {
      this.deliverInflated(isText, output);
    } catch (failure) {
      this.thrown ??= { error: failure };
    }
    this.decodeWaiting();
    if (!this.isInflating) {
      if (this.isTransportClosed) this.transportClosed();
      else if (this.state !== "closed") this.output.resumed();
    }
    this.rethrow();
  }

  private deliverInflated(isText: boolean, bytes: Uint8Array): void {
    if (!isText) {
      this.onBinary(bytes);
      return;
    }
    const text = readWholeText(bytes, this.profile.primitives);
    if (text instanceof VaivenError) this.fail(text);
    else this.onText(text);
  }

  private answerPing(payload: Uint8Array): void {
    this.pendingPong = payload;
    if (++this.pongsInChunk <= MAX_PONGS_PER_CHUNK) this.drained();
  }

  private onCloseFrame(payload: Uint8Array): void {
    const close = readClosePayload(payload, this.profile.primitives);
    if (close instanceof VaivenError) {
      this.fail(close);
      return;
    }
    this.decoder.discard();
    this.pendingPong = undefined;
    if (this.phase === "open") {
      this.phase = "closing";
      const code = close.code === CLOSE_NO_STATUS ? undefined : close.code;
      const echo = writeClosePayload(code, "", this.profile.primitives);
      this.writeInOrder(this.profile.encoder.frameOf(FIN | OPCODE_CLOSE, echo));
    }
    if (this.compressed === undefined) this.finish(close.code, close.reason, true);
    else this.compressed.afterAll(() => this.finish(close.code, close.reason, true));
  }

  /** Section 7.1.7, _Fail the WebSocket Connection_. */
  private fail(error: VaivenError): void {
    if (this.phase === "closed") return;
    const code = error.closeCode ?? CLOSE_INTERNAL_ERROR;
    const tellsPeer = this.phase === "open";
    this.release();
    if (tellsPeer) {
      const payload = writeClosePayload(code, error.message, this.profile.primitives);
      this.output.write(this.profile.encoder.frameOf(FIN | OPCODE_CLOSE, payload));
    }
    this.output.end();
    try {
      this.sink.onError(error);
    } finally {
      this.sink.onClose(code, "", false);
    }
  }

  private finish(code: number, reason: string, wasClean: boolean): void {
    this.release();
    this.output.end();
    this.sink.onClose(code, reason, wasClean);
  }

  private release(): void {
    this.phase = "closed";
    this.isInflating = false;
    this.decoder.discard();
    this.compressed?.discard();
    this.waitingInput = undefined;
    this.pendingPong = undefined;
  }

  private sendControl(opcode: number, payload: Uint8Array): void {
    if (payload.length > MAX_CONTROL_PAYLOAD) {
      throw new VaivenError("API_INVALID_ARGUMENT", `expected a payload of at most 125 bytes, got ${payload.length}`);
    }
    if (this.phase === "open") this.writeInOrder(this.profile.encoder.frameOf(FIN | opcode, payload));
  }

  private writeInOrder(frame: Uint8Array): void {
    if (this.compressed === undefined) this.output.write(frame);
    else this.compressed.sendFrame(frame);
  }
}

function asVaivenError(error: unknown): VaivenError {
  return error instanceof VaivenError
    ? error
    : new VaivenError("FRAME_INFLATE_FAILED", "a message could not be taken in", {
        closeCode: CLOSE_INTERNAL_ERROR,
        cause: error,
      });
}
