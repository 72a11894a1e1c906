// session/ One client at the server over its whole life: open, heartbeat, upgrade, buffer, close (Engine.IO protocol v4). Signature; body follows.
import type { VaivenError } from "../errors.js";
import type { Outgoing } from "../packet/outgoing.js";
import type { FlushQueue } from "./flush-queue.js";
import type { Platform } from "./platform.js";
import type { Transport, TransportName } from "./transport.js";

export interface SessionOptions {
  readonly pingInterval: number; // ms
  readonly pingTimeout: number; // ms
  readonly upgradeTimeout: number; // ms
  readonly maxPayload: number; // bytes, told to the client
  readonly maxBufferedBytes: number; // bytes waiting for a slow client
  readonly upgrades: readonly TransportName[]; // what the open packet offers to a polling client
}

/** What the owner of a session is told. Same calls as server/connection.ts `ConnectionSink` (structurally), reasons are Socket.IO's. */
export interface SessionSink {
  onMessage(packet: string, start: number): void;
  onBinary(message: Uint8Array): void;
  onDrain?(): void;
  onClose(reason: string, description?: unknown): void;
}

/** What `socket.conn` and `io.engine` may want to watch. Costs nothing while undefined. */
export interface SessionObserver {
  onPacket?(type: string, data: string | Uint8Array | undefined): void;
  onPacketCreate?(type: string, data: string | Uint8Array | undefined): void;
  onHeartbeat?(): void;
  onUpgrading?(transport: Transport): void;
  onUpgrade?(transport: Transport): void;
  onFlush?(batch: readonly Outgoing[]): void;
  onDrain?(): void;
  onError?(error: VaivenError): void;
  onClose?(reason: string, description: unknown): void;
}

export declare class ServerSession {
  constructor(id: string, protocol: 3 | 4, transport: Transport, options: SessionOptions, platform: Platform, flushQueue: FlushQueue);
  readonly id: string;
  readonly protocol: 3 | 4;
  readonly transport: Transport;
  readonly state: "opening" | "open" | "closing" | "closed";
  readonly writable: boolean;
  readonly bufferedAmount: number;
  sink: SessionSink;
  observer: SessionObserver | undefined;
  /** Sends the open packet (with `vaiven` when `envelope` is given) plus `initialPacket`, starts the heartbeat. */
  open(envelope?: object, initialPacket?: Outgoing): void;
  send(packet: Outgoing): void;
  /** Offers a second transport for the probe of an upgrade. Returns false (caller refuses it) if one is under way or the session is not open. */
  offerUpgrade(candidate: Transport): boolean;
  close(discard?: boolean): void;
  flush(): void;
}
