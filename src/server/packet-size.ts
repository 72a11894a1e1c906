// server/ A packet that is larger than what may wait for a client would cost it the connection: it is the event that fails (`maxBufferedBytes`).
import { VaivenError } from "../errors.js";
import type { Outgoing } from "../packet/outgoing.js";

/** Whether `error` is that of a packet that is too large. */
export function isTooBig(error: unknown): error is VaivenError {
  return error instanceof VaivenError && error.code === "PACKET_TOO_BIG";
}

/** The error of a packet with more than `limit` bytes; undefined for one that fits. */
export function refuseTooBig(packet: Outgoing, limit: number, event: unknown): VaivenError | undefined {
  // A character takes three bytes at most: for almost every packet this is all that is looked at.
  if (packet.rest === undefined && packet.head.length * 3 <= limit) return undefined;
  const got = packet.byteLength((text) => Buffer.byteLength(text));
  if (got <= limit) return undefined;
  return new VaivenError(
    "PACKET_TOO_BIG",
    `"${event}" has ${got} bytes, expected at most ${limit} (maxBufferedBytes)`,
    { detail: { event, limit, got } },
  );
}
