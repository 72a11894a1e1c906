// Any bytes, in either role, with and without compression, whole and chopped: accepted, or refused with one documented error and its close code
// (RFC 6455 section 10.7, "Incoming data MUST always be validated").
import type { VaivenError } from "../../src/errors.js";
import { WebSocketConnection } from "../../src/frame/connection.js";
import type { ConnectionOutput, ConnectionSink } from "../../src/frame/contract.js";
import { connectionProfile } from "../../src/frame/profile.js";
import { nodeBytePrimitives } from "../../src/node/byte-primitives.js";
import { nodeCompression } from "../../src/node/zlib.js";
import type { FuzzTarget } from "./fuzz-target.js";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const AGREEMENT = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};
const MAX_MESSAGE_BYTES = 3_000;

const PROFILES = (["server", "client"] as const).map((role) =>
  connectionProfile({
    role,
    primitives: nodeBytePrimitives,
    compression: nodeCompression,
    deflate: { threshold: 0 },
    limits: { maxMessageBytes: MAX_MESSAGE_BYTES, maxFragments: 40, maxTinyFragments: 20 },
  }),
);

/** What one connection made of the input, as text. Checks the contract on the way. */
class Observed implements ConnectionSink, ConnectionOutput {
  readonly isCongested = false;
  readonly events: string[] = [];
  private isClosed = false;
  private errors = 0;

  onText(text: string): void {
    this.record(`text ${text}`);
    if (/[\ud800-\udfff]/.test(text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ""))) {
      throw new Error("a text with a lone surrogate");
    }
    this.checkSize(Buffer.byteLength(text));
  }

  onBinary(bytes: Uint8Array): void {
    this.record(`binary ${Buffer.from(bytes).toString("hex")}`);
    this.checkSize(bytes.length);
  }

  onPing(payload: Uint8Array): void {
    this.record(`ping ${Buffer.from(payload).toString("hex")}`);
  }

  onPong(payload: Uint8Array): void {
    this.record(`pong ${Buffer.from(payload).toString("hex")}`);
  }

  onError(error: VaivenError): void {
    this.record(`error ${error.code}`);
    if (!/^FRAME_/.test(error.code) || ![1002, 1007, 1008, 1009].includes(error.closeCode ?? 0)) {
      throw new Error(`not a documented refusal: ${error.code} ${error.closeCode}`, { cause: error });
    }
    if (++this.errors > 1) throw new Error("a second error");
  }

  onClose(code: number, reason: string, wasClean: boolean): void {
    this.record(`close ${code} ${reason} ${wasClean}`);
    this.isClosed = true;
  }

  write(): void {}

  end(): void {}

  resumed(): void {
    throw new Error("resumed without having paused");
  }

  private record(event: string): void {
    if (this.isClosed) throw new Error(`after the close: ${event}`);
    this.events.push(event);
  }

  private checkSize(size: number): void {
    if (size > MAX_MESSAGE_BYTES) throw new Error(`a message of ${size} bytes`);
  }
}

function observe(profile: (typeof PROFILES)[number], compress: boolean, input: Uint8Array, chunkBytes: number): string {
  const observed = new Observed();
  const connection = new WebSocketConnection(profile, observed, observed, compress ? AGREEMENT : undefined);
  for (let at = 0; at < input.length; at += chunkBytes) connection.receive(input.slice(at, at + chunkBytes));
  if (connection.isPaused) throw new Error("a small input is inflated at once");
  return observed.events.join("\n");
}

export const target: FuzzTarget = {
  name: "frame",
  seeds: [
    "818537fa213d7f9f4d5158",
    "810548656c6c6f",
    "010348656c890161 80026c6f",
    "018300000000e282ac808300000000f09f98",
    "c107f248cdc9c90700c105f200110000",
    "c18700000000f248cdc9c90700c18500000000f200110000",
    "c10af348cdc9c90700000000",
    "880203e8",
    "8882000000000bb8",
    `827e0100${"ab".repeat(256)}`,
    `82fe010000000000${"ab".repeat(256)}`,
    "827f0000000000010000",
    "8980000000008a8000000000",
    `${"0200".repeat(12)}8000`,
  ].map((text) => hex(text.replace(/\s/g, ""))),
  run(input) {
    for (const profile of PROFILES) {
      for (const compress of [false, true]) {
        const whole = observe(profile, compress, input, Math.max(1, input.length));
        for (const chunkBytes of [1, 3, 17]) {
          if (observe(profile, compress, input, chunkBytes) !== whole) {
            throw new Error(`${profile.role} reads it differently in chunks of ${chunkBytes}`);
          }
        }
      }
    }
  },
};
