// server/ What our own two ends say to each other in places that stock ends do not look at (design, "Between our own two ends").

/** The version of the envelope, and what this server can do beyond Socket.IO: nothing yet. */
export const SERVER_ENVELOPE: Readonly<{ v: number; caps: readonly string[] }> = { v: 1, caps: [] };

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
