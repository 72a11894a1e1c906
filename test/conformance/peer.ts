// Conformance: the other end of a WebSocket whose every byte is the test's. It knows frames, not the code under test.
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { inTime, turn } from "../support/waiting.js";

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;
export const FIN = 0x80;

/** A frame as it came. */
export interface ReceivedFrame {
  /** FIN, reserved bits and opcode. */
  readonly first: number;
  readonly masked: boolean;
  readonly payload: Buffer;
}

/** How a payload's length is written; the shortest unless a test wants another. */
export type LengthForm = 7 | 16 | 64;

/** The bytes of a frame, masked with a random key or not at all. */
export function frame(first: number, payload: Uint8Array | string, masks: boolean, form?: LengthForm): Buffer {
  const bytes = Buffer.from(payload as Uint8Array);
  const shortest: LengthForm = bytes.length < 126 ? 7 : bytes.length < 65_536 ? 16 : 64;
  const head = header(first, bytes.length, masks, form ?? shortest);
  if (!masks) return Buffer.concat([head, bytes]);
  const key = randomBytes(4);
  const body = Buffer.allocUnsafe(bytes.length);
  for (let at = 0; at < bytes.length; at++) body[at] = (bytes[at] as number) ^ (key[at & 3] as number);
  return Buffer.concat([head, key, body]);
}

/** The header of a frame without its key, which may lie. */
export function header(first: number, length: number | bigint, masks: boolean, form: LengthForm): Buffer {
  const bit = masks ? 0x80 : 0;
  if (form === 7) return Buffer.from([first, bit | Number(length)]);
  const head = Buffer.alloc(form === 16 ? 4 : 10);
  head[0] = first;
  head[1] = bit | (form === 16 ? 126 : 127);
  if (form === 16) head.writeUInt16BE(Number(length), 2);
  else head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

export function closePayload(code: number, reason: Uint8Array | string = ""): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason as Uint8Array)]);
}

/** One connection, behind its handshake. */
export class TestPeer {
  /** Whether we are the client, and mask. */
  readonly masks: boolean;
  readonly socket: Socket;
  /** What both ends agreed on in the handshake. */
  readonly extensions: string;
  readonly frames: ReceivedFrame[] = [];
  private held: Buffer;
  private pieces: Buffer[] = [];
  private heldBytes = 0;
  private wanted = 2;
  private isOver = false;
  private wake: () => void = () => {};

  constructor(socket: Socket, masks: boolean, head: Uint8Array, extensions: string) {
    this.socket = socket;
    this.masks = masks;
    this.extensions = extensions;
    this.held = Buffer.alloc(0);
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.receive(chunk));
    socket.on("error", () => {});
    for (const event of ["end", "close"])
      socket.on(event, () => {
        this.isOver = true;
        this.wake();
      });
    if (head.length > 0) this.receive(Buffer.from(head));
    socket.resume();
  }

  /** Sends bytes; `chop` is the size of the pieces, each a write of its own turn. */
  async send(bytes: Buffer, chop?: number): Promise<void> {
    if (chop === undefined) {
      this.socket.write(bytes);
      return;
    }
    for (let at = 0; at < bytes.length && !this.socket.destroyed; at += chop) {
      const isTaken = this.socket.write(bytes.subarray(at, at + chop));
      await turn();
      if (!isTaken) await inTime(new Promise<void>((resolve) => this.socket.once("drain", resolve)), "a drain", 30_000);
    }
  }

  frame(first: number, payload: Uint8Array | string = "", form?: LengthForm): Buffer {
    return frame(first, payload, this.masks, form);
  }

  /** Every frame until the other end closes its side, or until `isEnough`. */
  async collect(isEnough: (frames: readonly ReceivedFrame[]) => boolean, within = 30_000): Promise<void> {
    const done = (async () => {
      while (!this.isOver && !isEnough(this.frames))
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
    })();
    await inTime(done, () => `frames, after ${this.frames.map(({ first }) => first.toString(16)).join(" ")}`, within);
  }

  get ended(): boolean {
    return this.isOver;
  }

  private receive(chunk: Buffer): void {
    this.pieces.push(chunk);
    this.heldBytes += chunk.length;
    if (this.heldBytes < this.wanted) return;
    this.held = Buffer.concat([this.held, ...this.pieces]);
    this.pieces = [];
    while (this.take());
    this.heldBytes = this.held.length;
    this.wake();
  }

  /** One frame off the front. */
  private take(): boolean {
    const { held } = this;
    this.wanted = 2;
    if (held.length < 2) return false;
    const masked = ((held[1] as number) & 0x80) !== 0;
    const short = (held[1] as number) & 0x7f;
    const lengthEnd = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (held.length < lengthEnd) return false;
    const length = short < 126 ? short : short === 126 ? held.readUInt16BE(2) : Number(held.readBigUInt64BE(2));
    const start = lengthEnd + (masked ? 4 : 0);
    this.wanted = start + length;
    if (held.length < start + length) return false;
    const payload = Buffer.from(held.subarray(start, start + length));
    if (masked) for (let at = 0; at < length; at++) payload[at]! ^= held[lengthEnd + (at & 3)] as number;
    this.frames.push({ first: held[0] as number, masked, payload });
    this.held = held.subarray(start + length);
    this.wanted = 2;
    return true;
  }
}
