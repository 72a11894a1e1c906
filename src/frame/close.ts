// frame/ Close codes and the payload of Close frames (RFC 6455 sections 5.5.1 and 7.4).
import { VaivenError } from "../errors.js";
import { MAX_CONTROL_PAYLOAD, violation } from "./header.js";
import type { BytePrimitives } from "./primitives.js";

/** Never sent: the peer's Close frame had no code. */
export const CLOSE_NO_STATUS = 1005;
/** Never sent: the connection ended without a Close frame. */
export const CLOSE_ABNORMAL = 1006;
export const CLOSE_INVALID_DATA = 1007;
export const CLOSE_POLICY = 1008;
export const CLOSE_TOO_BIG = 1009;
export const CLOSE_INTERNAL_ERROR = 1011;

/** A reason may take what is left of a control frame after the code. */
export const MAX_REASON_BYTES: number = MAX_CONTROL_PAYLOAD - 2;

/**
 * Whether a Close frame may carry `code`. 1004 to 1006 and 1015 are reserved, 1016 to 2999 are kept for the protocol's future,
 * 3000 to 3999 are registered, 4000 to 4999 are free for programs.
 */
export function isSendableCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  return (code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006)) || (code >= 3000 && code <= 4999);
}

export interface ClosePayload {
  readonly code: number;
  readonly reason: string;
}

/** Reads a Close frame's payload. An empty one means {@link CLOSE_NO_STATUS}. Returns the error that the peer has to be told otherwise. */
export function readClosePayload(payload: Uint8Array, primitives: BytePrimitives): ClosePayload | VaivenError {
  if (payload.length === 0) return { code: CLOSE_NO_STATUS, reason: "" };
  if (payload.length === 1) return violation("FRAME_CLOSE_INVALID", "expected a close code of two bytes, got one byte");
  const code = (payload[0]! << 8) | payload[1]!;
  if (!isSendableCloseCode(code)) {
    return violation("FRAME_CLOSE_INVALID", `expected a close code that may be sent, got ${code}`);
  }
  if (!primitives.isUtf8(payload, 2, payload.length)) {
    return new VaivenError("FRAME_INVALID_UTF8", "expected a close reason in UTF-8", { closeCode: CLOSE_INVALID_DATA });
  }
  return { code, reason: primitives.readText(payload, 2, payload.length, false) };
}

/**
 * The payload of a Close frame; empty without a code. A reason of more than 123 bytes is cut between two characters.
 * @throws VaivenError `API_INVALID_ARGUMENT` for a code that must not be sent.
 */
export function writeClosePayload(code: number | undefined, reason: string, primitives: BytePrimitives): Uint8Array {
  if (code === undefined) return primitives.allocate(0);
  if (!isSendableCloseCode(code)) {
    throw new VaivenError(
      "API_INVALID_ARGUMENT",
      `expected a close code from 1000 to 1003, 1007 to 1014 or 3000 to 4999, got ${code}`,
    );
  }
  const kept = shortenReason(reason, primitives);
  const payload = primitives.allocate(2 + primitives.textByteLength(kept));
  payload[0] = code >>> 8;
  payload[1] = code;
  primitives.writeText(kept, payload, 2);
  return payload;
}

function shortenReason(reason: string, primitives: BytePrimitives): string {
  if (primitives.textByteLength(reason) <= MAX_REASON_BYTES) return reason;
  let kept = reason.slice(0, MAX_REASON_BYTES);
  while (primitives.textByteLength(kept) > MAX_REASON_BYTES) kept = kept.slice(0, -1);
  // Half of a surrogate pair is no character.
  return /[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept;
}
