// frame/ What a peer may ask of one connection's memory and time (RFC 6455 section 10.4).
import { VaivenError } from "../errors.js";
import { CLOSE_POLICY, CLOSE_TOO_BIG } from "./close.js";

/** Limits on what is received. */
export interface FrameLimits {
  /** Largest message in bytes, after inflation. Beyond it the connection fails with 1009. Default: 1,000,000; at most 512 MiB. */
  readonly maxMessageBytes: number;
  /** Most frames that one message may be made of, empty ones included. Beyond it the connection fails with 1008. Default: 65,536. */
  readonly maxFragments: number;
  /** Most fragments of one message, its last one aside, that may carry less than {@link TINY_FRAGMENT_BYTES}. Beyond it 1008. Default: 8,192, or `maxFragments` if that is set. */
  readonly maxTinyFragments: number;
}

/** A fragment below this size costs more in its header and handling than it carries. */
export const TINY_FRAGMENT_BYTES = 16;

export const DEFAULT_MAX_MESSAGE_BYTES = 1_000_000;
export const DEFAULT_MAX_FRAGMENTS = 65_536;
export const DEFAULT_MAX_TINY_FRAGMENTS = 8_192;

/** The longest string that V8 can make. A text message beyond it could not be delivered, whatever limit a program sets. */
const MOST_MESSAGE_BYTES = 2 ** 29 - 24;

/** Fills in the defaults. Who sets `maxFragments` means it: the limit on tiny fragments follows it unless it is set too. */
export function frameLimits(limits: Partial<FrameLimits> = {}): FrameLimits {
  return Object.freeze({
    maxMessageBytes: Math.min(limits.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES, MOST_MESSAGE_BYTES),
    maxFragments: limits.maxFragments ?? DEFAULT_MAX_FRAGMENTS,
    maxTinyFragments: limits.maxTinyFragments ?? limits.maxFragments ?? DEFAULT_MAX_TINY_FRAGMENTS,
  });
}

/**
 * What a compressed message of `maxMessageBytes` may take on the wire: incompressible bytes grow by five per stored block,
 * and compressors make blocks as small as a few kilobytes.
 */
export function maxCompressedBytes(maxMessageBytes: number): number {
  return maxMessageBytes + Math.ceil(maxMessageBytes / 128) + 64;
}

export function messageTooBig(limit: number, got: string): VaivenError {
  return new VaivenError("FRAME_MESSAGE_TOO_BIG", `expected a message of at most ${limit} bytes, got ${got}`, {
    closeCode: CLOSE_TOO_BIG,
    detail: { limit },
  });
}

export function tooManyFragments(limit: number, tiny: boolean): VaivenError {
  const kind = tiny ? `fragments of less than ${TINY_FRAGMENT_BYTES} bytes` : "fragments";
  return new VaivenError("FRAME_TOO_MANY_FRAGMENTS", `expected at most ${limit} ${kind} in a message, got more`, {
    closeCode: CLOSE_POLICY,
    detail: { limit, tiny, name: tiny ? "maxTinyFragments" : "maxFragments" },
  });
}
