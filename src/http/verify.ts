// http/ Whether a request may have what it asks for: the checks of a handshake and of every later request (Engine.IO v4, "Handshake").
import type { HttpRequest } from "./exchange.js";
import { type Refusal, RefusalCode, refusal } from "./refusal.js";
import type { EngineQuery } from "./target.js";

/** What the server offers. */
export interface Offer {
  readonly transports: readonly string[];
  /** Whether Engine.IO 3 is spoken too. */
  readonly protocol3: boolean;
  /** Whether JSONP requests are answered. */
  readonly jsonp: boolean;
}

/** Control characters in an Origin would reach headers and logs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/;

/** The checks that need no session. `upgrade`: the request came as a WebSocket handshake. */
export function verifyRequest(
  request: HttpRequest,
  query: EngineQuery,
  upgrade: boolean,
  offer: Offer,
): Refusal | undefined {
  const { transport } = query;
  if (query.ambiguous) return refusal(RefusalCode.BAD_REQUEST, { name: "QUERY_AMBIGUOUS" });
  if (transport === undefined) return refusal(RefusalCode.UNKNOWN_TRANSPORT);
  if (!offer.transports.includes(transport)) return refusal(RefusalCode.UNKNOWN_TRANSPORT, { transport });
  const { origin } = request.headers;
  if (typeof origin === "string" && CONTROL_CHARACTERS.test(origin)) {
    return refusal(RefusalCode.BAD_REQUEST, { name: "INVALID_ORIGIN", origin });
  }
  if (query.jsonp !== undefined && !upgrade && !offer.jsonp)
    return refusal(RefusalCode.BAD_REQUEST, { name: "JSONP_DISABLED" });
  if (upgrade && transport !== "websocket")
    return refusal(RefusalCode.BAD_REQUEST, { name: "TRANSPORT_MISMATCH", transport });
  if (query.sid !== undefined) return undefined;
  if (request.method !== "GET") return refusal(RefusalCode.BAD_HANDSHAKE_METHOD, { method: request.method });
  if (transport === "websocket" && !upgrade)
    return refusal(RefusalCode.BAD_REQUEST, { name: "TRANSPORT_HANDSHAKE_ERROR" });
  return undefined;
}

/** The protocol of a handshake, or its refusal. */
export function verifyProtocol(query: EngineQuery, offer: Offer): 3 | 4 | Refusal {
  if (query.protocol === "4") return 4;
  if (offer.protocol3) return 3;
  return refusal(RefusalCode.UNSUPPORTED_PROTOCOL_VERSION, { protocol: 3 });
}

/** The checks of a request that names a session, which was found or not. `current` is the name of the session's transport. */
export function verifyTransport(query: EngineQuery, current: string): Refusal | undefined {
  const { transport } = query;
  if (transport === current) return undefined;
  return refusal(RefusalCode.BAD_REQUEST, { name: "TRANSPORT_MISMATCH", transport, previousTransport: current });
}
