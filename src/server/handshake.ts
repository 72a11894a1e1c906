// server/ `socket.handshake`: put together when a program first looks at it, from what was kept of the request.
import type { Unchecked } from "../event/event-map.js";
import type { Client } from "./client.js";
import type { Handshake } from "./socket-types.js";

/** The handshake of a socket that was made at `issued` (milliseconds since 1970). */
export function buildHandshake(
  client: Client,
  auth: { [key: string]: Unchecked } | undefined,
  issued: number,
): Handshake {
  const { request, origin } = client;
  const headers = request.headers as Handshake["headers"];
  return {
    headers,
    time: new Date(issued).toString(),
    address: origin.remoteAddress ?? "",
    xdomain: headers.origin !== undefined,
    secure: origin.secure,
    issued,
    url: request.url ?? "",
    query: origin.query,
    auth: auth ?? {},
  };
}
