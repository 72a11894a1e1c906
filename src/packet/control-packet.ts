// packet/ Control packets: what our own two ends say beyond Socket.IO's protocol (ARCHITECTURE.md, "Between our own two ends").
//
//   7[<namespace>,]["<kind>",<arguments>…]
//
// A Socket.IO packet of a type that the protocol does not have, in JSON without attachments. An end sends a kind only where both ends have named
// the capability that it belongs to; a reader that was not told so refuses the type like every other unknown one.
import { VaivenError } from "../errors.js";
import type { Outgoing } from "./outgoing.js";
import { encodePacket, PacketType, type SocketPacket } from "./socket-packet.js";

/** What an end can do beyond Socket.IO, one bit each. The names travel in `caps`: see {@link CAPABILITIES}. */
export const Capability = {
  /** An acknowledgement may be an error: `ack-error`. */
  ACK_ERRORS: 1,
  /** The server says when to come back before it goes: `return`. */
  DRAIN: 2,
  /** Credentials are renewed without a reconnection: `refresh`, `lapsed`. */
  REFRESH: 4,
  /** Events and acknowledgements are counted and confirmed, and go on over another connection: `received`, `skip`, `confirm`. */
  DELIVERY: 8,
} as const;

/** The capabilities by the names that travel. */
export const CAPABILITIES: ReadonlyMap<string, number> = new Map([
  ["ack-errors", Capability.ACK_ERRORS],
  ["drain", Capability.DRAIN],
  ["refresh", Capability.REFRESH],
  ["delivery", Capability.DELIVERY],
]);

/** An error as it travels: what a program may see of it, which its stack is not. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number | undefined;
  readonly data?: unknown;
}

const ZERO = 48;
const CLOSING = 93;

/** The kinds of control packets with their arguments. */
export type ControlMessage =
  /** Either end, instead of an ACK: the handler of the event with this id failed. */
  | readonly [kind: "ack-error", id: number, error: WireError]
  /** Server: it goes away; the next attempt to connect shall be made this many milliseconds after the connection has closed. */
  | readonly [kind: "return", ms: number]
  /** Server, without argument: the credentials expire soon. Client: its credentials, as in CONNECT. */
  | readonly [kind: "refresh", auth?: unknown]
  /** Server: it disconnects the socket, because of its credentials. The code of the error. */
  | readonly [kind: "lapsed", code: "CREDENTIALS_EXPIRED" | "CREDENTIALS_REFUSED"]
  /** Either end: it has received this many events and acknowledgements of this socket. */
  | readonly [kind: "received", count: number]
  /** Either end, in a replay: this many volatile packets are left out, and count as received. */
  | readonly [kind: "skip", count: number]
  /** Either end: the other one shall say now what it has received. */
  | readonly [kind: "confirm"]
  /**
   * Client: it has the outbox with this id, of which entries up to that number may have been sent before. Server: the number of the last entry that it took, and
   * of the last one that another server may have taken before it.
   */
  | readonly [kind: "outbox", about: string | number, attempted: number]
  /** Client: the event behind it is this entry of its outbox. Counted as an event is, so that it is replayed with it. */
  | readonly [kind: "entry", seq: number];

/** The capabilities among `names` that this version knows, as bits of {@link Capability}. */
export function capabilitiesOf(names: readonly string[]): number {
  let bits = 0;
  for (const name of names) bits |= CAPABILITIES.get(name) ?? 0;
  return bits;
}

/** Writes a control packet. Throws as `encodePacket` does for arguments that JSON cannot hold. */
export function encodeControl(nsp: string, message: ControlMessage): Outgoing {
  const packet = encodePacket({ type: PacketType.CONTROL, nsp, data: message });
  // The counts of delivery travel beside many short events, and leave with them in one piece.
  packet.isAscii = nsp === "/" && typeof message[1] === "number" && message.length === 2;
  return packet;
}

/**
 * Reads the rest of a control packet, which begins at `start`, behind the type digit. Its `data` is an array that begins with a text, no more is known of it:
 * see {@link controlOf}.
 *
 * @throws VaivenError `PACKET_INVALID_PAYLOAD`, `PACKET_INVALID_JSON`
 */
export function readControl(text: string, start: number): SocketPacket {
  let nsp = "/";
  let at = start;
  if (text.startsWith("/", start)) {
    const comma = text.indexOf(",", start);
    if (comma < 0) throw invalid();
    nsp = text.slice(start, comma);
    at = comma + 1;
  }
  const count = readReceived(text, at);
  if (count !== undefined) return { type: PacketType.CONTROL, nsp, data: ["received", count] };
  if (!text.startsWith("[", at)) throw invalid();
  let data: unknown;
  try {
    data = JSON.parse(text.slice(at));
  } catch (cause) {
    throw new VaivenError("PACKET_INVALID_JSON", "expected JSON after the header of the control packet", { cause });
  }
  if (!Array.isArray(data) || typeof data[0] !== "string") throw invalid();
  return { type: PacketType.CONTROL, nsp, data };
}

const RECEIVED = '["received",';
/** Fewer than would not be a safe integer. */
const MAX_COUNT_DIGITS = 15;

/** The count of `received`, the one control packet that comes again and again. Undefined where it is anything else, which `JSON.parse` then reads or refuses. */
function readReceived(text: string, at: number): number | undefined {
  const from = at + RECEIVED.length;
  const end = text.length - 1;
  if (end <= from || end - from > MAX_COUNT_DIGITS || !text.startsWith(RECEIVED, at)) return undefined;
  if (text.charCodeAt(end) !== CLOSING || text.charCodeAt(from) === ZERO) return undefined;
  let count = 0;
  for (let index = from; index < end; index++) {
    const digit = text.charCodeAt(index) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return undefined;
    count = count * 10 + digit;
  }
  return count;
}

/**
 * The message of a control packet, if it is one that this version knows and `caps` (bits of {@link Capability}) allows; otherwise undefined:
 * the other end has said what it may not say.
 */
export function controlOf({ data }: SocketPacket, caps: number): ControlMessage | undefined {
  const message = data as readonly unknown[];
  const [kind, first, second] = message;
  const isKnown =
    (kind === "ack-error" && (caps & Capability.ACK_ERRORS) !== 0 && isCount(first) && isWireError(second)) ||
    (kind === "return" && (caps & Capability.DRAIN) !== 0 && typeof first === "number" && first >= 0) ||
    (kind === "refresh" && (caps & Capability.REFRESH) !== 0) ||
    (kind === "lapsed" && (caps & Capability.REFRESH) !== 0 && typeof first === "string") ||
    ((kind === "received" || kind === "skip") && (caps & Capability.DELIVERY) !== 0 && isCount(first)) ||
    (kind === "confirm" && (caps & Capability.DELIVERY) !== 0) ||
    (kind === "outbox" &&
      (caps & Capability.DELIVERY) !== 0 &&
      (isOutboxId(first) || isCount(first)) &&
      isCount(second)) ||
    (kind === "entry" && (caps & Capability.DELIVERY) !== 0 && isCount(first));
  return isKnown ? (message as ControlMessage) : undefined;
}

/** Whether `value` may be the number of a packet, or how many there are. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isOutboxId(value: unknown): boolean {
  return typeof value === "string" && value.length > 0 && value.length <= 64;
}

function isWireError(value: unknown): value is WireError {
  if (typeof value !== "object" || value === null) return false;
  const { name, message, code } = value as Partial<Record<keyof WireError, unknown>>;
  const isCode = code === undefined || typeof code === "string" || typeof code === "number";
  return typeof name === "string" && typeof message === "string" && isCode;
}

function invalid(): VaivenError {
  return new VaivenError(
    "PACKET_INVALID_PAYLOAD",
    "expected a control packet: a namespace, then an array that begins with its kind",
  );
}
