// server/ What our own two ends say to each other in places that stock ends do not look at (design, "Between our own two ends").

import { CAPABILITIES, Capability } from "../packet/control-packet.js";

/** What this version of the server can do beyond Socket.IO, as bits of `Capability`. */
const SERVER_CAPABILITIES = Capability.ACK_ERRORS | Capability.DRAIN;

/** What a server can do beyond Socket.IO, as bits of `Capability`. Control packets have no place among the messages of a program's own parser. */
export function serverCapabilities(hasOwnParser: boolean): number {
  return hasOwnParser ? 0 : SERVER_CAPABILITIES;
}

/** What the open packet says of a server that can do `capabilities`, which are bits of `Capability`. */
export function serverEnvelope(capabilities: number): ClientEnvelope {
  const known = [...CAPABILITIES].filter(([, bit]) => (capabilities & bit) !== 0);
  return { v: 1, caps: known.map(([name]) => name) };
}

/** What our client answers in its CONNECT payload. */
export interface ClientEnvelope {
  readonly v: number;
  readonly caps: readonly string[];
}

/**
 * Takes the envelope out of the payload of a CONNECT packet, so that `handshake.auth` holds what the program gave.
 * A `vaiven` key of any other shape is the program's own and stays.
 */
export function takeEnvelope(payload: Record<string, unknown>): ClientEnvelope | undefined {
  const { vaiven } = payload;
  if (typeof vaiven !== "object" || vaiven === null) return undefined;
  const { v, caps } = vaiven as { v?: unknown; caps?: unknown };
  if (typeof v !== "number" || !Array.isArray(caps) || !caps.every((cap) => typeof cap === "string")) return undefined;
  delete payload.vaiven;
  return { v, caps };
}
