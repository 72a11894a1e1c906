// http/ Requests that get no session: Engine.IO's error codes 0 to 5, their messages and HTTP statuses (Engine.IO documentation, "connection_error").
import type { VaivenError } from "../errors.js";
import type { AnswerHeaders } from "./exchange.js";

/** Engine.IO's codes, as clients and `connection_error` listeners see them. */
export const RefusalCode = {
  UNKNOWN_TRANSPORT: 0,
  UNKNOWN_SID: 1,
  BAD_HANDSHAKE_METHOD: 2,
  BAD_REQUEST: 3,
  FORBIDDEN: 4,
  UNSUPPORTED_PROTOCOL_VERSION: 5,
} as const;
export type RefusalCode = (typeof RefusalCode)[keyof typeof RefusalCode];

/** The message of each code, by its number. */
export const REFUSAL_MESSAGES: readonly string[] = [
  "Transport unknown",
  "Session ID unknown",
  "Bad handshake method",
  "Bad request",
  "Forbidden",
  "Unsupported protocol version",
];

/** Why a request is refused. */
export interface Refusal {
  readonly code: RefusalCode;
  /** What goes with the code in `connection_error`. */
  readonly context: Readonly<Record<string, unknown>>;
  /** What the client is told, where that is more than the message of the code. */
  readonly message?: string;
  /** The HTTP status, where it is not the one of the code. */
  readonly status?: 429 | 431 | 503;
  /** In how many seconds the client may try again, where that is known. */
  readonly retryAfter?: number;
}

/** A refusal of `code`; `message` is for the client. */
export function refusal(code: RefusalCode, context: Readonly<Record<string, unknown>> = {}, message?: string): Refusal {
  return message === undefined ? { code, context } : { code, context, message };
}

/** A refusal because of a limit: `error` says which, and with what status. */
export function limitRefusal(code: RefusalCode, error: VaivenError, status: 429 | 431 | 503): Refusal {
  return { code, context: { name: error.code, ...error.detail }, message: error.message, status };
}

/** A refusal because the server is leaving: another one takes its place within `retryAfter` seconds. */
export function leavingRefusal(retryAfter: number): Refusal {
  const message = "the server is leaving: come back in a moment";
  return { code: RefusalCode.FORBIDDEN, context: { name: "HTTP_SERVER_LEAVING" }, message, status: 503, retryAfter };
}

/** The headers that go with a refusal. */
export function headersOfRefusal({ retryAfter }: Refusal): AnswerHeaders {
  return retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) };
}

/** The HTTP status that goes with a refusal. */
export function statusOf({ code, status }: Refusal): 400 | 403 | 429 | 431 | 503 {
  if (status !== undefined) return status;
  return code === RefusalCode.FORBIDDEN ? 403 : 400;
}

/** What the client is told. */
export function messageOf({ code, message }: Refusal): string {
  return message ?? REFUSAL_MESSAGES[code]!;
}

/** The body of a refused HTTP request. */
export function refusalBody(refused: Refusal): string {
  return JSON.stringify({ code: refused.code, message: messageOf(refused) });
}
