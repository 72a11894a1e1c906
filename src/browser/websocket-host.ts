// browser/ The host of clients in a browser that need no polling: WebSocket from the first packet.
import type { ClientHost } from "../session/client-host.js";
import { encodePacket, PacketReader } from "./packet-codec.js";
import { surroundings } from "./surroundings.js";
import { WebSocket } from "./websocket-transport.js";

/** See {@link ClientHost}. */
export const websocketHost: ClientHost = Object.assign({}, surroundings, {
  transports: { websocket: WebSocket },
  upgrade: undefined,
  encode: encodePacket,
  createReader: () => new PacketReader(),
});
