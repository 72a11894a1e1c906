// server/ The options of `new Server`: those of the engine, and those of namespaces and events (Socket.IO documentation, "Server options").
import type { Unchecked } from "../event/event-map.js";
import type { PacketLimits } from "../packet/packet-reader.js";
import type { PacketParser } from "../packet/parser.js";
import { ENGINE_DEFAULTS, type EngineOptions } from "./engine-options.js";
import { invalidOption } from "./option-checks.js";

/** A class of adapters (also a subclass of npm's `socket.io-adapter`), or an arrow function that makes one for a namespace. */
export type AdapterConstructor = (new (nsp: Unchecked) => Unchecked) | ((nsp: Unchecked) => Unchecked);

/** What `connectionStateRecovery` may hold. */
export interface ConnectionStateRecoveryOptions {
  /** Milliseconds that a client may be gone. Default: 120000. */
  maxDisconnectionDuration?: number;
  /** Whether the namespace's middlewares are skipped for a client that comes back in time. Default: true. */
  skipMiddlewares?: boolean;
  /**
   * Bytes of events that the adapter in memory keeps for those who may come back, for each namespace. When there are more, the oldest are let go,
   * and a client that may have missed one of them is not recovered. Default: 16 MiB.
   */
  maxLogBytes?: number;
  /**
   * Bytes that are kept for each client of ours until it has confirmed them (characters of text and bytes of attachments). When there are more,
   * the oldest are let go, and the client cannot resume if it lacks one of them. Default: 4 MiB.
   */
  maxUnconfirmedBytes?: number;
  /** Packets that are kept for each client of ours until it has confirmed them. Default: 10000. */
  maxUnconfirmedPackets?: number;
  /**
   * Bytes that are kept for all of our clients that are away, together; what several of them shall get counts for each. When there are more, those who left first
   * are lost, as `overflow`. Default: 256 MiB.
   */
  maxAbsentBytes?: number;
  /**
   * Clients that are away whose sessions are kept: those of ours together, those of Socket.IO for each namespace. Who left first is let go, and is not
   * recovered. Default: 100000.
   */
  maxAbsentSessions?: number;
  /** Outboxes of clients of ours of which the server remembers what it has taken. Beyond it the one that was seen longest ago is let go: `possible_repeat`. Default: 100000. */
  maxOutboxes?: number;
}

/** All options of a server. */
export interface ServerOptions extends EngineOptions {
  /** Who receives broadcasts. Default: in memory, one process. */
  adapter: AdapterConstructor;
  /** How packets are written and read, instead of as Socket.IO protocol v5: `{ Encoder, Decoder }`. */
  parser: PacketParser;
  /**
   * Whether a client that lost its connection may go on where it was: same id, rooms and data, and the events that it missed.
   * Default: off.
   */
  connectionStateRecovery: ConnectionStateRecoveryOptions;
  /** Milliseconds after which a connection that joined no namespace is closed. Default: 45000. */
  connectTimeout: number;
  /** Whether a dynamic namespace is let go when its last socket has left. Default: false. */
  cleanupEmptyChildNamespaces: boolean;
  /**
   * Dynamic namespaces that clients made and have left, and that are kept all the same: beyond it the one that was left first is let go.
   * Default: 10000.
   */
  maxEmptyNamespaces: number;
  /** Namespaces that one connection may join. Default: 1000. */
  maxNamespacesPerConnection: number;
  /** Binary attachments of one packet. Default: 1000. */
  maxAttachments: number;
  /** Bytes of all attachments of one packet. Default: 16 MiB, or twice `maxHttpBufferSize` where that is more. */
  maxAttachmentBytes: number;
  /**
   * Whether errors of handlers are thrown out of the turn, which ends the process, as Socket.IO does.
   * Default: false: they go to `io.onError`.
   */
  rethrowHandlerErrors: boolean;
}

const DEFAULT_ATTACHMENT_BYTES = 16 * 1024 * 1024;

/** The limits of the packets that clients send. */
export function packetLimits(options: Partial<ServerOptions>): PacketLimits {
  const messageBytes = options.maxHttpBufferSize ?? ENGINE_DEFAULTS.maxHttpBufferSize;
  return Object.freeze({
    maxAttachments: options.maxAttachments ?? 1000,
    maxAttachmentBytes: options.maxAttachmentBytes ?? Math.max(DEFAULT_ATTACHMENT_BYTES, 2 * messageBytes),
  });
}

/**
 * A whole number that a limit may be.
 * @throws VaivenError `API_INVALID_OPTION`
 */
export function count(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value >= 0) return value;
  throw invalidOption(name, "a number from 0 up", value);
}
