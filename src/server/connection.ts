// server/ contract: a connection is what namespaces need of Engine.IO, and no more (ARCHITECTURE.md, "Connections"). ServerSession satisfies it;
// a foreign Engine.IO server's socket does through foreign-connection.ts.
import type { VaivenError } from "../errors.js";
import type { Outgoing } from "../packet/outgoing.js";

/** Why a connection ended: Socket.IO's union. Detail goes into the description. */
export type CloseReason =
  | "transport error"
  | "transport close"
  | "forced close"
  | "ping timeout"
  | "parse error"
  | "server shutting down"
  | "forced server close";

/** One Engine.IO session as the Socket.IO layer sees it. */
export interface Connection {
  /** The session id. Not the id of a socket: it must not become known to others. */
  readonly id: string;
  /** Engine.IO protocol: 4, or 3 for Socket.IO 2 clients. */
  readonly protocol: 3 | 4;
  /** Whether a packet sent now leaves with the next flush, with nothing before it in the queue: the rule of volatile packets (ARCHITECTURE.md, "Volatile"). */
  readonly writable: boolean;
  /** Bytes that wait here and in the transport for the peer to take them. */
  readonly bufferedAmount: number;
  /** Receives what arrives. Set in the same turn in which the connection is announced. */
  sink: ConnectionSink;
  /** Queues one packet; it leaves at the next flush. A no-op once the connection is closing. Never throws. */
  send(packet: Outgoing): void;
  /** Flushes what waits, then closes. With `discard` what waits is dropped; with `error` the peer is told why. Twice is a no-op. */
  close(discard?: boolean, error?: VaivenError): void;
}

/** Who listens to a connection. Called synchronously, in order (ARCHITECTURE.md, "Dispatch"). */
export interface ConnectionSink {
  /** One text message. `packet` is the whole Engine.IO packet as it came; the message begins at `start`. */
  onMessage(packet: string, start: number): void;
  /** One binary message, which belongs to the receiver. */
  onBinary(message: Uint8Array): void;
  /** Everything that waited has been handed to the operating system. */
  onDrain?(): void;
  /** The end. Once; nothing is called after it. `description` is a VaivenError, or what the platform gave. */
  onClose(reason: CloseReason, description?: unknown): void;
}
