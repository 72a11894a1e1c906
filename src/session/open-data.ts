// session/ The JSON of the open packet, as the client reads it (Engine.IO protocol v4, "Handshake").
import { VaivenError } from "../errors.js";

/** What the server tells when a session opens. */
export interface OpenData {
  readonly sid: string;
  /** Transports that the session may go over to. */
  readonly upgrades: readonly string[];
  /** Milliseconds between two pings of the server. */
  readonly pingInterval: number;
  /** Milliseconds that an answer may take. */
  readonly pingTimeout: number;
  /** Bytes that the server takes in one payload or message. 0 if it did not say. */
  readonly maxPayload: number;
  /** Only from our own server (ARCHITECTURE.md, "Between our own two ends"). */
  readonly vaiven: Envelope | undefined;
}

/** What our own two ends tell each other: a version and the capabilities, each by its name. */
export interface Envelope {
  readonly v: number;
  readonly caps: readonly string[];
}

/** The envelope in a value that a peer sent, or undefined where it has not its form: then the peer is a stock end, or not ours to understand. */
function readEnvelope(value: unknown): Envelope | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { v, caps } = value as { v?: unknown; caps?: unknown };
  if (typeof v !== "number" || !Array.isArray(caps)) return undefined;
  return { v, caps: caps.filter((cap): cap is string => typeof cap === "string") };
}

/** Reads the JSON of an open packet. Returned, not thrown: a server that is none (an HTML page of a proxy) is an ordinary event. */
export function readOpenData(json: string): OpenData | VaivenError {
  let data: Partial<Record<keyof OpenData, unknown>> | null = null;
  try {
    data = JSON.parse(json);
  } catch {}
  const { sid, upgrades, pingInterval, pingTimeout, maxPayload, vaiven } = data || {};
  if (typeof sid !== "string" || !isDuration(pingInterval) || !isDuration(pingTimeout)) {
    return new VaivenError(
      "SESSION_HANDSHAKE_INVALID",
      "expected an open packet with sid, pingInterval and pingTimeout",
    );
  }
  return {
    sid,
    upgrades: Array.isArray(upgrades) ? upgrades : [],
    pingInterval,
    pingTimeout,
    maxPayload: isDuration(maxPayload) ? maxPayload : 0,
    vaiven: readEnvelope(vaiven),
  };
}

function isDuration(value: unknown): value is number {
  return typeof value === "number" && value >= 0;
}
