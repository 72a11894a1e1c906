// browser/ The host of clients in a browser whose packets are MessagePack.
import type { ClientHost } from "../session/client-host.js";
import { upgradeClient } from "../session/client-upgrade.js";
import { encodePacket, PacketReader } from "./msgpack-codec.js";
import { XHR } from "./polling-transport.js";
import { surroundings } from "./surroundings.js";
import { WebSocket } from "./websocket-transport.js";

/** See {@link ClientHost}. @internal */
export const msgpackHost: ClientHost = Object.assign({}, surroundings, {
  transports: { polling: typeof XMLHttpRequest === "undefined" ? undefined : XHR, websocket: WebSocket },
  upgrade: upgradeClient,
  encode: encodePacket,
  createReader: () => new PacketReader(),
});
