// server/ The options of the engine, as users write them and as the engine holds them (Socket.IO's "Server options", low-level part).
import type { IncomingMessage } from "node:http";
import type { ZlibOptions } from "node:zlib";
import type { Unchecked } from "../event/event-map.js";
import type { DeflateOptions } from "../frame/deflate.js";
import type { TrustProxy } from "../http/trusted-proxy.js";
import type { Offer } from "../http/verify.js";
import { Outgoing } from "../packet/outgoing.js";
import type { RateLimits } from "../session/metered-session.js";
import type { SessionOptions } from "../session/server-session.js";
import type { TransportName } from "../session/transport.js";
import type { ConnectionLimitSettings } from "./connection-limits.js";
import type { ForeignWebSocketSettings } from "./host.js";
import { checkedOptions } from "./option-checks.js";

/** What these options are where they are left out: Socket.IO's values, and our own limit. Others than the engine need them too. */
export const ENGINE_DEFAULTS: Readonly<
  Record<"pingInterval" | "pingTimeout" | "upgradeTimeout" | "maxHttpBufferSize" | "maxBufferedBytes", number>
> = Object.freeze({
  pingInterval: 25_000,
  pingTimeout: 20_000,
  upgradeTimeout: 10_000,
  maxHttpBufferSize: 1e6,
  maxBufferedBytes: 16 * 1024 * 1024,
});

/** The `perMessageDeflate` option: our own names, or those of npm's `ws`. */
export interface PerMessageDeflateOptions extends DeflateOptions {
  /** zlib's options, of which `level`, `memLevel` and `windowBits` count. */
  readonly zlibDeflateOptions?: ZlibOptions;
  /** Accepted for compatibility: what inflating needs was agreed in the handshake. */
  readonly zlibInflateOptions?: ZlibOptions;
  /** Accepted for compatibility: small messages are compressed in the turn that sends them, so there is nothing to limit. */
  readonly concurrencyLimit?: number;
}

/** Options of `cookie`: those of npm's `cookie`, and the name. */
export interface EngineCookieOptions {
  /** Default: `io`. */
  name?: string;
  /** Default: `/`. */
  path?: string;
  domain?: string;
  expires?: Date;
  /** In seconds. */
  maxAge?: number;
  /** Default: true. */
  httpOnly?: boolean;
  secure?: boolean;
  /** Default: `lax`. */
  sameSite?: boolean | "lax" | "strict" | "none";
  partitioned?: boolean;
  priority?: "low" | "medium" | "high";
  encode?: (value: string) => string;
}

/** Which origins `cors` allows: all (`"*"` or true), one, some, those that match, or what a function says. */
export type CorsOrigin =
  | boolean
  | string
  | RegExp
  | (boolean | string | RegExp)[]
  | ((
      origin: string | undefined,
      callback: (error: Error | null, origin?: boolean | string | RegExp | (boolean | string | RegExp)[]) => void,
    ) => void);

/** Options of npm's `cors`. */
export interface EngineCorsOptions {
  origin?: CorsOrigin;
  methods?: string | string[];
  allowedHeaders?: string | string[];
  exposedHeaders?: string | string[];
  credentials?: boolean;
  /** In seconds. */
  maxAge?: number;
  preflightContinue?: boolean;
  optionsSuccessStatus?: number;
}

/** Chooses the options of `cors` for each request. */
export type CorsOptionsDelegate = (
  req: IncomingMessage,
  callback: (error: Error | null, options?: EngineCorsOptions) => void,
) => void;

/** Engine options, all optional. */
export interface EngineOptions {
  /** The path below which clients connect. Default: `/socket.io`. */
  path?: string;
  /** Whether `path` gets a slash at its end. Default: true. */
  addTrailingSlash?: boolean;
  /** Whether the client's files are served below `path`. Default: true. */
  serveClient?: boolean;
  /** From one answered ping to the next, in ms. Default: 25000. */
  pingInterval?: number;
  /** How long the answer to a ping may take, in ms. Default: 20000. */
  pingTimeout?: number;
  /** How long an upgrade may take, in ms. Default: 10000. */
  upgradeTimeout?: number;
  /** Largest body of a request and largest WebSocket message, in bytes. Default: 1000000. */
  maxHttpBufferSize?: number;
  /** Bytes that may wait for a client that takes them too slowly; then it is closed. Default: 16 MiB. */
  maxBufferedBytes?: number;
  /** Most fragments of one WebSocket message. Default: 65536. */
  maxFragments?: number;
  /** Most fragments with fewer than 16 bytes in one message, its last one aside. Default: 8192, or `maxFragments` where that is set. */
  maxTinyFragments?: number;
  /** Most headers of one request. Their bytes are the HTTP server's `maxHeaderSize`. Default: 200. */
  maxHeaders?: number;
  /** Most connections of the whole server. Default: no limit. */
  maxConnections?: number;
  /** Most connections that poll. Default: no limit. */
  maxPollingConnections?: number;
  /** Most connections from one address, which for IPv6 is its /64 network. Behind a proxy set `trustProxy`. Default: no limit. */
  maxConnectionsPerAddress?: number;
  /** Packets that one connection may send a second, on average; a packet with attachments counts one more for each. Default: no limit. */
  maxMessagesPerSecond?: number;
  /** Bytes of packets that one connection may send a second, on average. Default: no limit. */
  maxBytesPerSecond?: number;
  /** For how many seconds' worth of the two a connection may save up. Default: 2. */
  rateBurst?: number;
  /** Decides about every handshake, over every transport: `callback(error, success)`. Default: everyone may. */
  allowRequest?: (req: IncomingMessage, callback: (error: string | null | undefined, success: boolean) => void) => void;
  /** Which transports clients may use; their order means nothing. WebTransport needs an HTTP/3 server: see `io.engine.onWebTransportSession`. Default: polling and websocket. */
  transports?: readonly TransportName[];
  /** Whether a client that polls may go over to WebSocket. Default: true. */
  allowUpgrades?: boolean;
  /** Compression of WebSocket messages. Default: false. */
  perMessageDeflate?: boolean | PerMessageDeflateOptions;
  /** Compression of answers to polling, and of the client's files. Default: from 1024 bytes on. */
  httpCompression?: boolean | { readonly threshold?: number };
  /** A message that every client is sent right after the handshake. Default: none. */
  initialPacket?: string | Uint8Array;
  /** A cookie with the session's id, for load balancers. Default: false. */
  cookie?: boolean | EngineCookieOptions;
  /** Options of npm's `cors`: which pages of other origins may connect, over every transport. Default: none. */
  cors?: EngineCorsOptions | CorsOptionsDelegate;
  /** Whether upgrade requests that nobody answers are cut off. Default: true. */
  destroyUpgrade?: boolean;
  /** How long they may wait, in ms. Default: 1000. */
  destroyUpgradeTimeout?: number;
  /** Which proxies are believed in `X-Forwarded-For`, `-Host` and `-Proto`. Default: none. */
  trustProxy?: TrustProxy;
  /** Whether JSONP requests are answered. Script tags are not subject to CORS, so leave it off. Default: what `allowEIO3` is. */
  jsonp?: boolean;
  /** Whether clients of Engine.IO 3 are served too: socket.io-client 2. Default: false. */
  allowEIO3?: boolean;
  /**
   * Another implementation of WebSocket, at message level: a server class with the API of npm's `ws` (`require("ws").Server`).
   * It gets `maxHttpBufferSize` and `perMessageDeflate` as its own options. Default: ours, which is faster.
   */
  wsEngine?: new (
    options: Unchecked,
  ) => Unchecked;
}

/** Complete and frozen: what the engine reads. */
export interface EngineSettings {
  /** With its slash where one is to be added. */
  readonly path: string;
  readonly serveClient: boolean;
  readonly session: SessionOptions;
  readonly maxFragments: number | undefined;
  readonly maxTinyFragments: number | undefined;
  readonly maxHeaders: number;
  /** Undefined where connections are not limited. */
  readonly connections: ConnectionLimitSettings | undefined;
  /** Undefined where rates are not limited. */
  readonly rates: RateLimits | undefined;
  readonly allowRequest: EngineOptions["allowRequest"];
  readonly allowUpgrades: boolean;
  readonly deflate: DeflateOptions | undefined;
  /** Undefined for our own WebSockets. */
  readonly foreignWebSockets: ForeignWebSocketSettings | undefined;
  /** Infinity where nothing is compressed. */
  readonly compressFrom: number;
  readonly initialPacket: Outgoing | undefined;
  readonly cookie: EngineCookieOptions | undefined;
  readonly cors: EngineOptions["cors"];
  readonly destroyUpgradeAfter: number | undefined;
  readonly trustProxy: TrustProxy;
  /** What requests are verified against. */
  readonly offer: Offer;
}

const UPGRADES = ["websocket", "webtransport"] as const;

/**
 * Fills in the defaults.
 * @throws VaivenError `API_INVALID_OPTION` for a value that an option cannot have
 */
export function engineSettings(given: EngineOptions = {}): EngineSettings {
  const options = checkedOptions(given);
  const transports = options.transports ?? ["polling", "websocket"];
  const allowUpgrades = options.allowUpgrades ?? true;
  const upgrades = allowUpgrades ? UPGRADES.filter((name) => transports.includes(name)) : [];
  return Object.freeze({
    path: normalPath(options.path ?? "/socket.io", options.addTrailingSlash !== false),
    serveClient: options.serveClient !== false,
    session: Object.freeze({
      pingInterval: options.pingInterval ?? ENGINE_DEFAULTS.pingInterval,
      pingTimeout: options.pingTimeout ?? ENGINE_DEFAULTS.pingTimeout,
      upgradeTimeout: options.upgradeTimeout ?? ENGINE_DEFAULTS.upgradeTimeout,
      maxPayload: options.maxHttpBufferSize ?? ENGINE_DEFAULTS.maxHttpBufferSize,
      maxBufferedBytes: options.maxBufferedBytes ?? ENGINE_DEFAULTS.maxBufferedBytes,
      upgrades,
    }),
    maxFragments: options.maxFragments,
    maxTinyFragments: options.maxTinyFragments,
    maxHeaders: options.maxHeaders ?? 200,
    connections: connectionLimits(options),
    rates: rateLimits(options),
    allowRequest: options.allowRequest,
    allowUpgrades,
    deflate: deflateOptions(options.perMessageDeflate),
    foreignWebSockets: foreignWebSockets(options),
    compressFrom: compressionThreshold(options.httpCompression),
    initialPacket: initialPacket(options.initialPacket),
    cookie: cookieOptions(options.cookie),
    cors: options.cors,
    destroyUpgradeAfter: options.destroyUpgrade === false ? undefined : (options.destroyUpgradeTimeout ?? 1000),
    trustProxy: options.trustProxy ?? false,
    offer: Object.freeze({
      transports: Object.freeze([...transports]),
      protocol3: options.allowEIO3 === true,
      jsonp: options.jsonp ?? options.allowEIO3 === true,
    }),
  });
}

/** What `io.engine.opts` shows: the options as they were given, the defaults that Socket.IO has for the others. Frozen. */
export function completeOptions(options: EngineOptions = {}): Readonly<EngineOptions> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  const { pingTimeout, pingInterval, upgradeTimeout, maxHttpBufferSize } = ENGINE_DEFAULTS;
  const complete: EngineOptions = {
    pingTimeout,
    pingInterval,
    upgradeTimeout,
    maxHttpBufferSize,
    transports: ["polling", "websocket"],
    allowUpgrades: true,
    httpCompression: { threshold: 1024 },
    allowEIO3: false,
    ...Object.fromEntries(given),
  };
  return Object.freeze({ ...complete, path: normalPath(options.path ?? "/socket.io", false) });
}

function foreignWebSockets({ wsEngine, perMessageDeflate }: EngineOptions): ForeignWebSocketSettings | undefined {
  if (wsEngine === undefined) return undefined;
  return Object.freeze({ engine: wsEngine, perMessageDeflate: perMessageDeflate ?? false });
}

function normalPath(path: string, slash: boolean): string {
  const rooted = path.startsWith("/") ? path : `/${path}`;
  const bare = rooted.replace(/\/+$/, "");
  return slash ? `${bare}/` : bare === "" ? "/" : bare;
}

/** Undefined where every one is left out: then nothing is counted. */
function connectionLimits(options: EngineOptions): ConnectionLimitSettings | undefined {
  const { maxConnections, maxPollingConnections, maxConnectionsPerAddress } = options;
  if (maxConnections === undefined && maxPollingConnections === undefined && maxConnectionsPerAddress === undefined)
    return undefined;
  const none = Number.POSITIVE_INFINITY;
  return Object.freeze({
    maxConnections: maxConnections ?? none,
    maxPollingConnections: maxPollingConnections ?? none,
    maxConnectionsPerAddress: maxConnectionsPerAddress ?? none,
  });
}

function rateLimits(options: EngineOptions): RateLimits | undefined {
  const { maxMessagesPerSecond, maxBytesPerSecond, rateBurst } = options;
  if (maxMessagesPerSecond === undefined && maxBytesPerSecond === undefined) return undefined;
  const none = Number.POSITIVE_INFINITY;
  return Object.freeze({
    messagesPerSecond: maxMessagesPerSecond ?? none,
    bytesPerSecond: maxBytesPerSecond ?? none,
    burstSeconds: rateBurst ?? 2,
  });
}

function deflateOptions(option: EngineOptions["perMessageDeflate"]): DeflateOptions | undefined {
  if (option === undefined || option === false) return undefined;
  if (option === true) return {};
  const { zlibDeflateOptions: zlib, ...own } = option;
  if (zlib === undefined) return own;
  return {
    ...(zlib.level === undefined ? {} : { level: zlib.level }),
    ...(zlib.memLevel === undefined ? {} : { memoryLevel: zlib.memLevel }),
    ...(zlib.windowBits === undefined ? {} : { serverMaxWindowBits: zlib.windowBits }),
    ...own,
  };
}

function compressionThreshold(option: EngineOptions["httpCompression"]): number {
  if (option === false) return Number.POSITIVE_INFINITY;
  if (option === undefined || option === true) return 1024;
  return option.threshold ?? 1024;
}

function initialPacket(data: string | Uint8Array | undefined): Outgoing | undefined {
  if (data === undefined) return undefined;
  const packet = new Outgoing(typeof data === "string" ? `4${data}` : data);
  packet.shared = true;
  return packet;
}

function cookieOptions(option: EngineOptions["cookie"]): EngineCookieOptions | undefined {
  if (option === undefined || option === false) return undefined;
  return { name: "io", path: "/", httpOnly: true, sameSite: "lax", ...(option === true ? {} : option) };
}
