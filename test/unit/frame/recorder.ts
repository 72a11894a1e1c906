// What the tests of frame/ share: a connection whose events and output are recorded as plain data.
import { WebSocketConnection } from "../../../src/frame/connection.js";
import type { ConnectionOutput, ConnectionSink } from "../../../src/frame/contract.js";
import type { DeflateAgreement, DeflateOptions } from "../../../src/frame/deflate.js";
import type { FrameLimits } from "../../../src/frame/limits.js";
import type { BytePrimitives, CompressionPrimitives } from "../../../src/frame/primitives.js";
import { type ConnectionRole, connectionProfile } from "../../../src/frame/profile.js";
import { nodeBytePrimitives } from "../../../src/node/byte-primitives.js";
import { nodeCompression } from "../../../src/node/zlib.js";

export interface RecordedOptions {
  readonly role?: ConnectionRole;
  readonly limits?: Partial<FrameLimits>;
  readonly agreement?: DeflateAgreement;
  readonly deflate?: DeflateOptions;
  readonly compression?: CompressionPrimitives;
  readonly primitives?: BytePrimitives;
  /** Called with each event, after it was recorded. */
  readonly onEvent?: (event: string) => void;
}

/** A connection, what its sink was told (one line each), and what it wrote (hex, one frame each). */
export class Recorded implements ConnectionSink, ConnectionOutput {
  readonly connection: WebSocketConnection;
  readonly events: string[] = [];
  readonly binaries: Uint8Array[] = [];
  readonly frames: string[] = [];
  isCongested = false;
  ended = 0;
  resumes = 0;
  private readonly onEvent: ((event: string) => void) | undefined;

  constructor(options: RecordedOptions = {}) {
    const profile = connectionProfile({
      role: options.role ?? "server",
      primitives: options.primitives ?? nodeBytePrimitives,
      limits: options.limits,
      compression: options.compression ?? nodeCompression,
      deflate: options.deflate ?? true,
    });
    this.onEvent = options.onEvent;
    this.connection = new WebSocketConnection(profile, this, this, options.agreement);
  }

  /** Receives hex (blanks allowed) in one chunk. */
  receive(...hex: string[]): this {
    this.connection.receive(fromHex(hex.join("")));
    return this;
  }

  onText(text: string): void {
    this.record(`text ${text}`);
  }

  onBinary(bytes: Uint8Array): void {
    this.binaries.push(bytes);
    this.record(`binary ${toHex(bytes)}`);
  }

  onPing(payload: Uint8Array): void {
    this.record(`ping ${toHex(payload)}`);
  }

  onPong(payload: Uint8Array): void {
    this.record(`pong ${toHex(payload)}`);
  }

  onError(error: { code: string }): void {
    this.record(`error ${error.code}`);
  }

  onClose(code: number, reason: string, wasClean: boolean): void {
    this.record(`close ${code} ${JSON.stringify(reason)} ${wasClean ? "clean" : "unclean"}`);
  }

  write(frame: Uint8Array): void {
    this.frames.push(toHex(frame));
  }

  end(): void {
    this.ended++;
  }

  resumed(): void {
    this.resumes++;
  }

  private record(event: string): void {
    this.events.push(event);
    this.onEvent?.(event);
  }
}

export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replace(/\s/g, ""), "hex"));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** A frame as hex: unmasked, or masked with the key of RFC 6455's examples. */
export function frameHex(byte0: number, payload: Uint8Array | string, masked: boolean): string {
  const bytes = typeof payload === "string" ? Buffer.from(payload, "utf8") : Buffer.from(payload);
  const bit = masked ? 0x80 : 0;
  let head: Buffer;
  if (bytes.length < 126) {
    head = Buffer.from([byte0, bit | bytes.length]);
  } else if (bytes.length < 65_536) {
    head = Buffer.from([byte0, bit | 126, bytes.length >>> 8, bytes.length & 255]);
  } else {
    head = Buffer.alloc(10);
    head[0] = byte0;
    head[1] = bit | 127;
    head.writeBigUInt64BE(BigInt(bytes.length), 2);
  }
  if (!masked) return head.toString("hex") + bytes.toString("hex");
  const key = Buffer.from("37fa213d", "hex");
  return (
    head.toString("hex") +
    key.toString("hex") +
    Buffer.from(bytes.map((byte, at) => byte ^ key[at & 3]!)).toString("hex")
  );
}

/** The reason and code of a Close frame that was written unmasked. */
export function closeOf(hex: string): { code: number; reason: string } {
  const bytes = Buffer.from(hex, "hex");
  return { code: bytes.readUInt16BE(2), reason: bytes.subarray(4).toString("utf8") };
}
