// browser/ The host of clients in a browser: polling and WebSocket, packets as the protocol writes them.
import type { ClientHost, PacketSource } from "../session/client-host.js";
import { upgradeClient } from "../session/client-upgrade.js";
import { encodePacket, PacketReader } from "./packet-codec.js";
import { XHR } from "./polling-transport.js";
import { surroundings } from "./surroundings.js";
import { WebSocket } from "./websocket-transport.js";

/** See {@link ClientHost}. @internal */
export const browserHost: ClientHost = Object.assign({}, surroundings, {
  transports: { polling: typeof XMLHttpRequest === "undefined" ? undefined : XHR, websocket: WebSocket },
  upgrade: upgradeClient,
  encode: encodePacket,
  createReader: readerOfHost,
});

/** A reader of packets as clients of any host have it. */
function readerOfHost(): PacketSource {
  const reader = new PacketReader();
  return {
    set control(takes: boolean) {
      reader.takesControl = takes;
    },
    readText: (text, start) => reader.readMessage(text.slice(start)),
    readBinary: (bytes) => reader.readMessage(bytes),
  };
}
