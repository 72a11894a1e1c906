// Conformance: permessage-deflate of the test peer, straight over zlib (RFC 7692 section 7.2). One direction of one connection each.
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from "node:zlib";

const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** What an extension header says, as its two directions. */
export interface Parameters {
  readonly serverNoContext: boolean;
  readonly clientNoContext: boolean;
  readonly serverBits: number;
  readonly clientBits: number;
}

export function parametersOf(header: string): Parameters {
  const bits = (name: string): number => Number(new RegExp(`${name}=(\\d+)`).exec(header)?.[1] ?? 15);
  return {
    serverNoContext: header.includes("server_no_context_takeover"),
    clientNoContext: header.includes("client_no_context_takeover"),
    serverBits: bits("server_max_window_bits"),
    clientBits: bits("client_max_window_bits"),
  };
}

/** Writes a chunk and a flush, and gathers what comes. Fails where the stream fails. */
function through(stream: DeflateRaw | InflateRaw, input: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const onData = (piece: Buffer): void => void pieces.push(piece);
    stream.on("data", onData);
    stream.once("error", reject);
    stream.write(input);
    stream.flush(constants.Z_SYNC_FLUSH, () => {
      stream.off("data", onData);
      stream.off("error", reject);
      resolve(Buffer.concat(pieces));
    });
  });
}

/** zlib refuses raw windows of 8 bits and uses 9 in their place; a window that is larger than what was agreed on would not be noticed when it reads. */
const compressorBits = (bits: number): number => Math.max(bits, 9);

export class Compressor {
  private readonly bits: number;
  private readonly keeps: boolean;
  private stream: DeflateRaw | undefined;

  constructor(bits: number, keeps: boolean) {
    this.bits = bits;
    this.keeps = keeps;
  }

  async compress(message: Buffer): Promise<Buffer> {
    // A window of 256 bytes cannot be asked of zlib: what is stored refers to nothing.
    const level = this.bits === 8 ? 0 : 6;
    this.stream ??= createDeflateRaw({ windowBits: compressorBits(this.bits), level });
    const compressed = await through(this.stream, message);
    if (!this.keeps) this.stream = undefined;
    return compressed.subarray(-4).equals(TAIL) ? compressed.subarray(0, -4) : compressed;
  }
}

/** Inflates with exactly the window that was agreed on: what refers further back fails. */
export class Decompressor {
  private readonly bits: number;
  private readonly keeps: boolean;
  private stream: InflateRaw | undefined;

  constructor(bits: number, keeps: boolean) {
    this.bits = bits;
    this.keeps = keeps;
  }

  async inflate(payload: Buffer): Promise<Buffer> {
    this.stream ??= createInflateRaw({ windowBits: this.bits });
    const message = await through(this.stream, Buffer.concat([payload, TAIL]));
    if (!this.keeps) this.stream = undefined;
    return message;
  }
}
