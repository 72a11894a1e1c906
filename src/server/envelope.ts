// server/ What our own two ends say to each other in places that stock ends do not look at (ARCHITECTURE.md, "Between our own two ends").
import { CAPABILITIES, Capability, isCount } from "../packet/control-packet.js";

/** Nobody has more: the last of them is kept with the session. */
const MOST_PAGES = 64;
const MOST_PAGE_CHARACTERS = 64;

/** What this version of the server can do beyond Socket.IO, as bits of `Capability`. */
const SERVER_CAPABILITIES = Capability.ACK_ERRORS | Capability.DRAIN | Capability.REFRESH;

/** What a server can do beyond Socket.IO, as bits of `Capability`. `recovers`: connection state recovery is on. */
export function serverCapabilities(recovers: boolean): number {
  return recovers ? SERVER_CAPABILITIES | Capability.DELIVERY : SERVER_CAPABILITIES;
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
  /** Where it can do acknowledged delivery. */
  readonly session?: SessionClaim;
}

/** What a client says of the delivery session of one namespace. */
export interface SessionClaim {
  /** The session that it wants to resume. */
  readonly pid?: string;
  /**
   * The page that asks, and before it those whose session it goes on with, newest first; of one that saves its session. A session that was resumed by a page is only
   * that page's, and of those that come from it.
   */
  readonly pages?: readonly string[];
  /** The session that it has given up since: what may still arrive of it must not arrive after what is said in the next one. */
  readonly over?: string;
  /** How many events and acknowledgements it has received in it. */
  readonly received: number;
  /** The number of the last packet that it cannot send again. */
  readonly from: number;
  /** The number of the last packet that it has sent. */
  readonly sent: number;
}

/**
 * Takes the envelope out of the payload of a CONNECT packet, so that `handshake.auth` holds what the program gave.
 * A `vaiven` key of any other shape is the program's own and stays.
 */
export function takeEnvelope(payload: Record<string, unknown>): ClientEnvelope | undefined {
  const { vaiven } = payload;
  if (typeof vaiven !== "object" || vaiven === null) return undefined;
  const { v, caps, session } = vaiven as { v?: unknown; caps?: unknown; session?: unknown };
  if (typeof v !== "number" || !Array.isArray(caps) || !caps.every((cap) => typeof cap === "string")) return undefined;
  delete payload.vaiven;
  return isClaim(session) ? { v, caps, session } : { v, caps };
}

function isClaim(value: unknown): value is SessionClaim {
  if (typeof value !== "object" || value === null) return false;
  const { pid, pages, over, received, from, sent } = value as { [K in keyof SessionClaim]?: unknown };
  const isNamed = [pid, over].every((name) => name === undefined || typeof name === "string");
  return isNamed && arePages(pages) && isCount(received) && isCount(from) && isCount(sent);
}

function arePages(value: unknown): boolean {
  const isPage = (page: unknown): boolean => typeof page === "string" && page.length <= MOST_PAGE_CHARACTERS;
  return value === undefined || (Array.isArray(value) && value.length <= MOST_PAGES && value.every(isPage));
}
