// session/ contract: what a client is given by its host (ARCHITECTURE.md, "Platform"). browser/ and node/ implement it, client/ uses it, entry/ brings them together.
import type { Outgoing, OutgoingOptions } from "../packet/outgoing.js";
import type { SocketPacket } from "../packet/socket-packet.js";
import type { upgradeClient } from "./client-upgrade.js";
import type { FlushScheduler } from "./flush-queue.js";
import type { Cancel, Platform } from "./platform.js";
import type { ClientTransport } from "./transport.js";

/** What a client's pure code needs of its host: browsers have neither SHA-1 nor zlib at hand, and a client needs neither. @internal */
export interface ClientPlatform extends Pick<Platform, "now" | "after" | "soon" | "textByteLength"> {
  /** A number from 0 up to 1: for jitter and for URLs that no cache knows. It need not be hard to guess. */
  random(): number;
}

/** The options that transports read: a snapshot, taken when a connection is begun (ARCHITECTURE.md, "Options"). */
export interface ClientTransportOptions {
  readonly secure: boolean;
  /** Without brackets for IPv6. */
  readonly hostname: string;
  /** Empty for the scheme's own port. */
  readonly port: string;
  /** With its trailing slash, where there is to be one. */
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
  /** Name of the parameter that makes each polling URL unique. */
  readonly timestampParam: string;
  /** Whether to add it: undefined means to polling requests only. */
  readonly timestampRequests?: boolean;
  /** Bytes travel as base64 text on every transport. */
  readonly forceBase64?: boolean;
  readonly withCredentials?: boolean;
  readonly extraHeaders?: Readonly<Record<string, string>>;
  /** Milliseconds that one polling request may take; 0 for no limit. */
  readonly requestTimeout: number;
  /** WebSocket subprotocols. */
  readonly protocols?: string | string[];
  /** Whatever else the user gave: the host's own options (`agent`, `ca` …). */
  readonly [option: string]: unknown;
}

/** What a transport of a client is made of. @internal */
export interface ClientTransportContext {
  readonly options: ClientTransportOptions;
  /** The session that it shall join; undefined for the first transport of a session. */
  readonly sid: string | undefined;
  readonly platform: ClientPlatform;
  readonly flushQueue: FlushScheduler;
  /** The same object for all transports of one session: what they share, such as a cookie jar, is kept under it. */
  readonly session: object;
}

/** A transport by class, as the `transports` option takes it too. Its prototype carries the name. */
export interface ClientTransportClass {
  new (context: ClientTransportContext): ClientTransport;
  readonly prototype: { readonly name: string };
}

/** What the host tells a client about its surroundings. @internal */
export interface SurroundingsListener {
  /** The network is gone, or the page goes into the back/forward cache: open connections are to be given up at once. */
  onLost(description: string): void;
  /** Something may have changed while nobody looked. `restored`: the network or the page came back, which is worth an attempt now. */
  onWake(restored: boolean): void;
  /** The page is being left. It may stay all the same, if its user says so. */
  onLeave(): void;
  /** The page has been left: for good, or into the back/forward cache. */
  onHide(): void;
}

/** Reads the packets of one connection. Throws a VaivenError `PACKET_*` at what is none. @internal */
export interface PacketSource {
  /** Set where the server is one of ours: whether control packets are taken. */
  control?: boolean;
  /** One text, which begins at `start`. Undefined when attachments must follow first. */
  readText(text: string, start: number): SocketPacket | undefined;
  /** One attachment, as {@link ClientHost.userBytes} made it. Returns the packet with the last one. */
  readBinary(bytes: Uint8Array | ArrayBuffer): SocketPacket | undefined;
  /** The connection has ended: a program's own decoder may have something to let go. */
  destroy?(): void;
}

/** One host of clients: a browser, or Node. @internal */
export interface ClientHost {
  readonly flushQueue: FlushScheduler;
  /** Where the page comes from: the server that is meant when no URL is given. */
  readonly location: { readonly protocol: string; readonly host: string } | undefined;
  /** Time for a connection. With `background` its timers do not keep the process alive (`autoUnref`). */
  platform(background: boolean): ClientPlatform;
  /** The transports by name; undefined for those that the platform lacks. */
  readonly transports: Readonly<Record<string, ClientTransportClass | undefined>>;
  /** Goes over from polling to another transport (client-upgrade.ts). Undefined where there is no polling. */
  readonly upgrade: typeof upgradeClient | undefined;
  /** Encodes one packet. Throws a VaivenError `PACKET_*` for data that cannot be written. */
  encode(packet: SocketPacket, options?: OutgoingOptions): Outgoing;
  /** Makes the reader of one connection. */
  createReader(): PacketSource;
  /** Received bytes as this host's programs expect them: Buffer on Node, ArrayBuffer in browsers. */
  userBytes(bytes: Uint8Array): Uint8Array | ArrayBuffer;
  /** The bytes of a Blob or File, which are read later; undefined for every other value. Absent where there are no Blobs to send. */
  readonly blobBytes: ((value: object) => Promise<Uint8Array | ArrayBuffer> | undefined) | undefined;
  /** Tells `listener` until the returned function is called. */
  watch(listener: SurroundingsListener): Cancel;
}
