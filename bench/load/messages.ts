// Load generator: the bytes of each load, made once before anything is measured (RFC 6455 5.2; Engine.IO 4; Socket.IO 5).
import type { Load, Subject } from "../loads.js";

export const BODY = "0123456789abcdef0123456789abcdef";
const BINARY_BYTES = 100 * 1024;
/** JSON as a dashboard sends it: 2 KB, which deflate makes a quarter of. */
const ROWS = JSON.stringify(
  Array.from({ length: 29 }, (_, row) => {
    const symbol = `${String.fromCharCode(65 + (row % 26), 66 + ((row * 7) % 25))}X`;
    return {
      id: 1000 + row,
      symbol,
      price: ((row * 7919) % 10_007) / 100,
      volume: (row * 104_729) % 99_991,
      isOpen: row % 3 > 0,
    };
  }),
);
const FIRST_ACK = 10;
const ROOMS = 100;
const MASK = [0x37, 0xfa, 0x21, 0x3d];

/** A client's frame: masked, with one key for all, since the server's work does not depend on which key it is. */
export function clientFrame(opcode: 1 | 2, payload: Buffer): Buffer {
  const length = payload.length;
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const frame = Buffer.alloc(2 + lengthBytes + 4 + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) frame.writeUInt16BE(length, 2);
  if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  const start = 2 + lengthBytes;
  for (let i = 0; i < 4; i++) frame[start + i] = MASK[i] ?? 0;
  for (let i = 0; i < length; i++) frame[start + 4 + i] = (payload[i] ?? 0) ^ (MASK[i & 3] ?? 0);
  return frame;
}

export function textFrame(text: string): Buffer {
  return clientFrame(1, Buffer.from(text));
}

export function serverFrameBytes(payloadBytes: number): number {
  return payloadBytes + (payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10);
}

/** What a subject's clients send, message after message, and what comes back for each. */
export interface Exchange {
  /** Consecutive messages, all of one length; after the last the first comes again. */
  readonly requests: readonly Buffer[];
  /** Infinity where they differ in length. */
  readonly replyBytes: number;
  readonly replyFrames: number;
  /** Payload of the first frame of the reply to the first request, as text; undefined for the control. */
  readonly firstReply: string | undefined;
}

function texts(pairs: readonly (readonly [string, string])[]): Exchange {
  const reply = pairs[0]?.[1] ?? "";
  return {
    requests: pairs.map(([request]) => textFrame(request)),
    replyBytes: serverFrameBytes(reply.length),
    replyFrames: 1,
    firstReply: reply,
  };
}

function range<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function webSocketExchange(load: Load, events: boolean): Exchange {
  switch (load.message) {
    case "ack":
      return texts(
        range(load.inFlight, (i) => {
          const request = `42${FIRST_ACK + i}["ask","${BODY}"]`;
          return [request, events ? `43${FIRST_ACK + i}["${BODY}"]` : request];
        }),
      );
    case "publish":
      return texts(
        range(ROOMS, (room) => {
          const name = `room-${String(room).padStart(2, "0")}`;
          const delivered = `42["publish","${BODY}"]`;
          return [events ? `42["publish","${name}","${BODY}"]` : `${name}${delivered}`, delivered];
        }),
      );
    case "binary":
      return binaryExchange(events);
    default: {
      const body = load.isCompressed === true ? ROWS : JSON.stringify(BODY);
      const text = `42["${load.message === "cast" ? "cast" : "echo"}",${body}]`;
      const exchange = texts([[text, text]]);
      return load.isCompressed === true ? { ...exchange, replyBytes: Number.POSITIVE_INFINITY } : exchange;
    }
  }
}

function binaryExchange(events: boolean): Exchange {
  const data = Buffer.alloc(BINARY_BYTES, BODY);
  const frame = clientFrame(2, data);
  const placeholder = '451-["bin",{"_placeholder":true,"num":0}]';
  if (!events) {
    return { requests: [frame], replyBytes: serverFrameBytes(data.length), replyFrames: 1, firstReply: undefined };
  }
  return {
    requests: [Buffer.concat([textFrame(placeholder), frame])],
    replyBytes: serverFrameBytes(placeholder.length) + serverFrameBytes(data.length),
    replyFrames: 2,
    firstReply: placeholder,
  };
}

/** The control gets the bytes that a bare WebSocket would get, and gives the same number back. */
export function exchangeFor(load: Load, subject: Subject): Exchange {
  const exchange = webSocketExchange(load, subject.speaks === "socket.io");
  if (subject.speaks !== "bytes") return exchange;
  return { ...exchange, replyBytes: exchange.requests[0]?.length ?? 0, firstReply: undefined };
}

/** Any number of consecutive messages, up to `most`, as one slice of a buffer that was filled beforehand. */
export class Batches {
  readonly bytes: number;
  #joined: Buffer;
  #period: number;

  constructor(exchange: Exchange, most: number) {
    this.bytes = exchange.requests[0]?.length ?? 0;
    this.#period = exchange.requests.length;
    const all = range(this.#period + most, (i) => exchange.requests[i % this.#period] ?? Buffer.alloc(0));
    if (all.some((request) => request.length !== this.bytes)) throw new Error("prepared messages differ in length");
    this.#joined = Buffer.concat(all);
  }

  /** The messages number `first` to `first + count - 1`. */
  take(first: number, count: number): Buffer {
    const start = (first % this.#period) * this.bytes;
    return this.#joined.subarray(start, start + count * this.bytes);
  }
}
