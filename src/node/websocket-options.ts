// node/ `vaiven/websocket`: the options that both ends have, checked and complete (RFC 6455 section 10.4: every limit can be set).
import { VaivenError } from "../errors.js";
import type { DeflateOptions } from "../frame/deflate.js";
import {
  DEFAULT_MAX_FRAGMENTS,
  DEFAULT_MAX_MESSAGE_BYTES,
  DEFAULT_MAX_TINY_FRAGMENTS,
  type FrameLimits,
} from "../frame/limits.js";
import { type ConnectionProfile, type ConnectionRole, connectionProfile } from "../frame/profile.js";
import { LONGEST_DELAY_MS } from "../session/platform.js";
import { nodePlatform } from "./platform.js";

const DEFAULT_MAX_BUFFERED_BYTES = 16 * 1024 * 1024;
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000;
const DEFAULT_CLOSE_TIMEOUT_MS = 10_000;
const DEFAULT_PING_INTERVAL_MS = 30_000;

/** What both ends of a WebSocket can be told. */
export interface WebSocketOptions {
  /** Largest message that is received, in bytes, after inflation. Beyond it the connection fails with 1009. Default: 1,000,000. */
  readonly maxMessageBytes?: number;
  /** Most fragments that one received message may have. Beyond it the connection fails with 1008. Default: 65,536. */
  readonly maxFragments?: number;
  /** Most fragments of less than 16 bytes in one message. Beyond it 1008. Default: 8,192, or `maxFragments` where that is set. */
  readonly maxTinyFragments?: number;
  /** Bytes that may wait for a peer that takes them slowly. `send` beyond it cuts the connection. Default: 16 MiB. */
  readonly maxBufferedBytes?: number;
  /** Milliseconds for the opening handshake; see the server's and the client's. Default: 10,000. */
  readonly handshakeTimeout?: number;
  /** Milliseconds that the peer has for its Close frame, and for the end of the connection after it. Default: 10,000. */
  readonly closeTimeout?: number;
  /** Milliseconds between Pings. A peer from which nothing came in two of them is cut. 0: none. Default: 30,000. */
  readonly pingInterval?: number;
  /** permessage-deflate (RFC 7692): `true`, or its settings. Default: false. */
  readonly perMessageDeflate?: boolean | DeflateOptions;
}

/** A complete, frozen snapshot of {@link WebSocketOptions}. */
export interface WebSocketSettings {
  readonly profile: ConnectionProfile;
  readonly maxBufferedBytes: number;
  readonly handshakeTimeout: number;
  readonly closeTimeout: number;
  readonly pingInterval: number;
}

const COMMON: readonly string[] = [
  "maxMessageBytes",
  "maxFragments",
  "maxTinyFragments",
  "maxBufferedBytes",
  "handshakeTimeout",
  "closeTimeout",
  "pingInterval",
  "perMessageDeflate",
] satisfies readonly (keyof WebSocketOptions)[];

/**
 * Checks `options`, which may also have those named in `others`.
 * @throws VaivenError `API_INVALID_OPTION` for an unknown option, and for a value of the wrong type or out of its range.
 */
export function webSocketSettings(
  role: ConnectionRole,
  options: WebSocketOptions,
  others: readonly string[],
): WebSocketSettings {
  for (const name of Object.keys(options)) {
    if (!COMMON.includes(name) && !others.includes(name)) throw invalid(`expected known options, got "${name}"`);
  }
  const { perMessageDeflate = false } = options;
  if (typeof perMessageDeflate !== "boolean" && (typeof perMessageDeflate !== "object" || perMessageDeflate === null)) {
    throw invalid(`expected perMessageDeflate to be true, false or settings, got ${String(perMessageDeflate)}`);
  }
  return Object.freeze({
    profile: connectionProfile({
      role,
      primitives: nodePlatform,
      compression: nodePlatform.compression,
      limits: limitsOf(options),
      deflate: perMessageDeflate,
    }),
    maxBufferedBytes: whole("maxBufferedBytes", options.maxBufferedBytes, DEFAULT_MAX_BUFFERED_BYTES, 0),
    handshakeTimeout: whole(
      "handshakeTimeout",
      options.handshakeTimeout,
      DEFAULT_HANDSHAKE_TIMEOUT_MS,
      1,
      LONGEST_DELAY_MS,
    ),
    closeTimeout: whole("closeTimeout", options.closeTimeout, DEFAULT_CLOSE_TIMEOUT_MS, 1, LONGEST_DELAY_MS),
    pingInterval: whole("pingInterval", options.pingInterval, DEFAULT_PING_INTERVAL_MS, 0, LONGEST_DELAY_MS),
  });
}

function limitsOf(options: WebSocketOptions): FrameLimits {
  const { maxFragments, maxTinyFragments } = options;
  return {
    maxMessageBytes: whole("maxMessageBytes", options.maxMessageBytes, DEFAULT_MAX_MESSAGE_BYTES, 0),
    maxFragments: whole("maxFragments", maxFragments, DEFAULT_MAX_FRAGMENTS, 1),
    maxTinyFragments: whole("maxTinyFragments", maxTinyFragments, maxFragments ?? DEFAULT_MAX_TINY_FRAGMENTS, 0),
  };
}

function whole(
  name: keyof WebSocketOptions,
  value: number | undefined,
  preset: number,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (value === undefined) return preset;
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw invalid(`expected ${name} to be a whole number from ${least} to ${most}, got ${String(value)}`);
}

/** The caller's mistake. */
export function invalid(message: string): VaivenError {
  return new VaivenError("API_INVALID_OPTION", message);
}
