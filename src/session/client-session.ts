// session/ The client's end of a session: open, heartbeat, upgrade, buffer, close (Engine.IO protocol v4). Signature; body follows.
import type { VaivenError } from "../errors.js";
import type { Outgoing } from "../packet/outgoing.js";
import type { FlushQueue } from "./flush-queue.js";
import type { Platform } from "./platform.js";
import type { ClientTransport, TransportName } from "./transport.js";

/** The JSON of the open packet. */
export interface OpenData {
  readonly sid: string;
  readonly upgrades: readonly string[];
  readonly pingInterval: number;
  readonly pingTimeout: number;
  readonly maxPayload: number;
  /** Present when the server is ours (design: "Between our own two ends"). */
  readonly vaiven?: { readonly v: number; readonly caps: readonly string[] };
}

export interface ClientSessionOptions {
  /** In the order in which they are tried. */
  readonly transports: readonly TransportName[];
  /** Whether a polling session probes for websocket. */
  readonly upgrade: boolean;
  /** Whether the next transport is tried when the first cannot open. Our default: true for websocket-first lists (design: falls back, by option). */
  readonly tryAllTransports: boolean;
  /** Whether websocket is tried first because the last upgrade succeeded. */
  readonly rememberUpgrade: boolean;
  /** Makes a transport; `sid` is undefined for the first one, the session's id for an upgrade. */
  readonly createTransport: (name: TransportName, sid: string | undefined) => ClientTransport;
}

export interface ClientSessionSink {
  onOpen(data: OpenData): void;
  onMessage(packet: string, start: number): void;
  onBinary(message: Uint8Array): void;
  onDrain?(): void;
  onClose(reason: string, description?: unknown): void;
  /** Before `onOpen`: no transport could be opened. */
  onError(error: VaivenError): void;
}

export interface ClientSessionObserver {
  onPacket?(type: string, data: string | Uint8Array | undefined): void;
  onPacketCreate?(type: string, data: string | Uint8Array | undefined): void;
  onUpgrading?(transport: ClientTransport): void;
  onUpgrade?(transport: ClientTransport): void;
  onUpgradeError?(error: VaivenError): void;
  onFlush?(): void;
  onDrain?(): void;
  onHeartbeat?(): void;
}

export declare class ClientSession {
  constructor(options: ClientSessionOptions, platform: Platform, flushQueue: FlushQueue, sink: ClientSessionSink);
  readonly state: "opening" | "open" | "closing" | "closed";
  readonly id: string | undefined;
  readonly transport: ClientTransport | undefined;
  readonly writable: boolean;
  readonly bufferedAmount: number;
  /** From the open packet; how large one message may be. */
  readonly maxPayload: number | undefined;
  observer: ClientSessionObserver | undefined;
  open(): void;
  send(packet: Outgoing): void;
  /** Flushes, waits for an upgrade under way, then closes with reason "forced close". */
  close(): void;
  /** The platform says that the network went away or the machine slept: closes at once as "transport close" / "ping timeout". */
  abandon(reason: "transport close" | "ping timeout", description?: unknown): void;
  flush(): void;
  /** Checks whether the heartbeat is overdue (throttled timers, sleep). Call before sending after a pause. */
  hasPingExpired(): boolean;
}
