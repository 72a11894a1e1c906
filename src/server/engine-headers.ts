// server/ Headers that are the user's: the cookie with the session's id, and what `headers` and `initial_headers` listeners add.
import type { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { serialize } from "cookie";
import type { AnswerHeaders } from "../http/exchange.js";
import type { EngineCookieOptions } from "./engine-options.js";

/** The value of `Set-Cookie` for a session. */
export function cookieFor(id: string, { name = "io", ...options }: EngineCookieOptions): string {
  return serialize(name, id, options);
}

/** Lets the listeners of `event` change `headers`. */
export function emitHeaders(
  engine: EventEmitter,
  event: "headers" | "initial_headers",
  headers: AnswerHeaders,
  req: IncomingMessage,
): void {
  if (engine.listenerCount(event) > 0) engine.emit(event, headers, req);
}

/** The headers that middlewares set. */
export function headersFrom(res: ServerResponse): AnswerHeaders {
  const headers: AnswerHeaders = {};
  for (const [name, value] of Object.entries(res.getHeaders())) {
    if (value !== undefined) headers[name] = typeof value === "number" ? String(value) : value;
  }
  return headers;
}
