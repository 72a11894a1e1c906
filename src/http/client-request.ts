// http/ What a client asks for: the URL of a transport (Engine.IO protocol v4, "Handshake"), and how its failures look.
import { VaivenError } from "../errors.js";
import type { ClientTransportContext } from "../session/client-host.js";
import type { TransportName } from "../session/transport.js";

let requests = 0;

/** The URL of a transport, by name; `scheme` is `ws` where the platform wants that of a WebSocket. A polling URL is never the same twice, so that no cache answers it. */
export function requestUrl(
  transport: TransportName,
  scheme: "http" | "ws",
  context: ClientTransportContext,
  sid: string | undefined = context.sid,
): string {
  const { options, platform } = context;
  const { secure, hostname, port, path, query, timestampParam } = options;
  const { timestampRequests = transport === "polling" } = options;
  const parameters: Record<string, unknown> = Object.assign({}, query, { EIO: 4, transport });
  if (sid !== undefined) parameters["sid"] = sid;
  // The server ends a session that repeats a `t`: the count keeps them apart here, the random part between pages.
  if (timestampRequests) {
    parameters[timestampParam] = platform.random().toString(36).slice(2, 8) + (requests++).toString(36);
  }
  if (options.forceBase64) parameters["b64"] = 1;
  const text = Object.keys(parameters)
    .map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(String(parameters[name]))}`)
    .join("&");
  const host = hostname.indexOf(":") < 0 ? hostname : `[${hostname}]`;
  return `${scheme}${secure ? "s" : ""}://${host}${port && `:${port}`}${path}?${text}`;
}

/** The failure of a transport, with the fields of Socket.IO's TransportError beside our code. */
export interface TransportError extends VaivenError {
  readonly type: "TransportError";
  /** HTTP status, 0 where there was none; or what the platform says. */
  readonly description: unknown;
  /** The request that failed, or what Node knows of it: `status`, `statusText`, `responseText`. Undefined for a WebSocket. */
  readonly context: unknown;
  /** Milliseconds after which the server wishes to be asked again, where it said so and the host can read it: on Node. */
  readonly retryAfter?: number | undefined;
}

/** A transport failed: `message` is one of Socket.IO's (`xhr poll error`, `websocket error` …). */
export function transportError(message: string, description?: unknown, context?: unknown): TransportError {
  const fields = { cause: description, type: "TransportError", description, context };
  return new VaivenError("SESSION_TRANSPORT_ERROR", message, fields) as TransportError;
}

/** A transport was closed by its other end or on the way: `description` and `context` as in Socket.IO's `disconnect` event. */
export function transportClosed(description: string, context: unknown): VaivenError {
  return Object.assign(new VaivenError("SESSION_TRANSPORT_CLOSED", description), { description, context });
}
