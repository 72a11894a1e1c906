// packet/ Packets on a stream of bytes (Engine.IO protocol v4, "WebTransport"). Big endian; text packets are UTF-8 with their type, binary ones the message alone.
//
//   header    1 bit: binary · 7 bits: length, or 126: the length is in the next 2 bytes, or 127: in the next 8
import { VaivenError } from "../errors.js";

const BINARY = 0x80;
const TWO_BYTES = 126;
const EIGHT_BYTES = 127;
const NONE = new Uint8Array(0);

/** The header of a packet of `length` bytes. */
export function streamHeader(length: number, isBinary: boolean): Uint8Array {
  const mark = isBinary ? BINARY : 0;
  if (length < TWO_BYTES) return Uint8Array.of(mark | length);
  if (length < 0x10000) return Uint8Array.of(mark | TWO_BYTES, length >> 8, length);
  const header = new Uint8Array(9);
  const view = new DataView(header.buffer);
  header[0] = mark | EIGHT_BYTES;
  view.setUint32(1, length / 2 ** 32);
  view.setUint32(5, length);
  return header;
}

/** Takes the packets of a stream, in order. The bytes belong to the receiver. */
export type StreamReceiver = (packet: Uint8Array, isBinary: boolean) => void;

/** Reads the packets of one stream, however its bytes are cut. */
export class StreamDecoder {
  private readonly limit: number;
  /** Bytes of a packet that is not complete, in memory that grows by doubling: whoever sends byte by byte costs no more than that. */
  private held: Uint8Array = NONE;
  private size = 0;

  /** `limit`: bytes of one packet. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Reads what came. Returns `PACKET_TOO_BIG` for a longer packet than allowed: the stream is of no use after that. */
  push(chunk: Uint8Array, receiver: StreamReceiver): VaivenError | undefined {
    const bytes = this.size > 0 ? this.append(chunk) : chunk;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (at < bytes.length) {
      const first = bytes[at]!;
      const short = first & ~BINARY;
      const start = at + (short < TWO_BYTES ? 1 : short === TWO_BYTES ? 3 : 9);
      if (start > bytes.length) break;
      let length = short;
      if (short === TWO_BYTES) length = view.getUint16(at + 1);
      else if (short === EIGHT_BYTES) length = view.getUint32(at + 1) * 2 ** 32 + view.getUint32(at + 5);
      if (length > this.limit) return tooBig(this.limit, length);
      if (start + length > bytes.length) break;
      at = start + length;
      receiver(bytes.subarray(start, at), first >= BINARY);
    }
    if (at > 0 || this.size === 0) {
      // A copy: what was delivered must not be written over, and `chunk` is not ours.
      this.held = bytes.slice(at);
      this.size = this.held.length;
    }
    return undefined;
  }

  private append(chunk: Uint8Array): Uint8Array {
    const size = this.size + chunk.length;
    if (size > this.held.length) {
      const larger = new Uint8Array(Math.max(size, 2 * this.held.length));
      larger.set(this.held.subarray(0, this.size));
      this.held = larger;
    }
    this.held.set(chunk, this.size);
    this.size = size;
    return this.held.subarray(0, size);
  }
}

function tooBig(limit: number, got: number): VaivenError {
  return new VaivenError("PACKET_TOO_BIG", `expected a packet of at most ${limit} bytes, got one of ${got}`, {
    closeCode: 1009,
    detail: { limit, got },
  });
}
