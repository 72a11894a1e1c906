// session/ Who listens to a session, and in which words it is told of the end. Contract of both ends.
import type { VaivenError } from "../errors.js";
import type { Outgoing } from "../packet/outgoing.js";
import type { Transport } from "./transport.js";

/** Why a session ended, in Socket.IO's words. The detail is in the description. */
export type CloseReason = "transport error" | "transport close" | "forced close" | "ping timeout" | "parse error";

/** Who owns a session. Called synchronously, in order. @internal */
export interface SessionSink {
  /** One text message. `packet` is the whole Engine.IO packet; the message begins at `start`. */
  onMessage(packet: string, start: number): void;
  /** One binary message, which belongs to the receiver. */
  onBinary(message: Uint8Array): void;
  /** Nothing waits any more. */
  onDrain?(): void;
  /** The end. Once; nothing is called after it. `description` is a VaivenError or undefined. */
  onClose(reason: CloseReason, description: unknown): void;
}

/** Who watches a session from outside: the events of `socket.conn`, `io.engine` and `socket.io.engine`. Costs nothing while there is none. @internal */
export interface SessionObserver<T extends Transport = Transport> {
  onPacket?(type: string, data: string | Uint8Array | undefined): void;
  onPacketCreate?(type: string, data: string | Uint8Array | undefined, compress?: boolean): void;
  onHeartbeat?(): void;
  onUpgrading?(transport: T): void;
  onUpgrade?(transport: T): void;
  onUpgradeError?(error: VaivenError): void;
  onFlush?(batch: readonly Outgoing[]): void;
  /** The transport has taken what was flushed. */
  onDrain?(): void;
  onError?(error: VaivenError): void;
  /** The owner closes the session because of this. */
  onRefusal?(error: VaivenError): void;
  /** The end, before the owner is told. */
  onClose?(reason: CloseReason, description: unknown): void;
  /** The end, after the owner was told. */
  onClosed?(reason: CloseReason, description: unknown): void;
}

/** The reason for an end that came from a transport: no error is an orderly end. */
export function reasonOf(error: VaivenError | undefined): CloseReason {
  if (error === undefined || error.code === "SESSION_TRANSPORT_CLOSED") return "transport close";
  return error.code.startsWith("PACKET_") ? "parse error" : "transport error";
}
