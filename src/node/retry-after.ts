// node/ When a server that cannot serve us now wishes to be asked again (RFC 9110 section 10.2.3).
import type { IncomingMessage } from "node:http";

/** A server that is to be left alone for longer says so again when we come. */
const LONGEST_MS = 3_600_000;
/** It tells everybody the same time: they come up to so much of it later, and not all at once. */
const SPREAD = 0.5;

/**
 * Milliseconds to wait, as the `Retry-After` of a 503 or 429 says: in seconds, or as a date. Never less; more by up to a half. Undefined where it says
 * nothing, or that it is now.
 */
export function retryAfter(response: IncomingMessage, random: number, now: number = Date.now()): number | undefined {
  const { statusCode, headers } = response;
  const told = headers["retry-after"];
  if (told === undefined || (statusCode !== 503 && statusCode !== 429)) return undefined;
  const ms = /^\d+$/.test(told) ? Number(told) * 1000 : Date.parse(told) - now;
  return ms > 0 ? Math.min(ms, LONGEST_MS) * (1 + random * SPREAD) : undefined;
}
