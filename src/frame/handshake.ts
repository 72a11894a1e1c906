// frame/ What both sides of the opening handshake share (RFC 6455 sections 1.3 and 4).
import { parseTokens } from "./extension.js";
import type { BytePrimitives } from "./primitives.js";

export const WEBSOCKET_VERSION = "13";
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A header by its lower-case name; several fields of one name are joined with ", ". Undefined if absent. */
export type HeaderLookup = (name: string) => string | undefined;

/** Headers in the order in which they are sent. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** `Sec-WebSocket-Accept` for a key. */
export function acceptFor(key: string, primitives: BytePrimitives): string {
  return primitives.sha1Base64(key + ACCEPT_GUID);
}

/** Whether a comma-separated header holds `token` (in lower case), in any place and case. */
export function hasToken(header: string | undefined, token: string): boolean {
  if (header === undefined) return false;
  // Alone, as almost always, it needs no list.
  return header.toLowerCase() === token || (parseTokens(header)?.some((each) => each.toLowerCase() === token) ?? false);
}

/** Lines of a message head, the empty one at the end included. `startLine` is the request or status line. */
export function formatHead(startLine: string, headers: HeaderList): string {
  let head = `${startLine}\r\n`;
  for (const [name, value] of headers) head += `${name}: ${value}\r\n`;
  return `${head}\r\n`;
}
