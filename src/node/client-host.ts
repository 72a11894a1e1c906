// node/ The host of clients on Node (session/client-host.ts is the contract).
import { PacketReader } from "../packet/packet-reader.js";
import { encodePacket } from "../packet/socket-packet.js";
import type { ClientHost, ClientPlatform } from "../session/client-host.js";
import { upgradeClient } from "../session/client-upgrade.js";
import { asBuffer } from "./byte-primitives.js";
import { NodePolling } from "./client-polling-transport.js";
import { NodeWebSocket } from "./client-websocket-transport.js";
import { NodeWebTransport } from "./client-webtransport-transport.js";
import { nodePlatform } from "./platform.js";
import { processHost } from "./process-host.js";

const platform: ClientPlatform = { ...nodePlatform, random: () => Math.random() };
/** For `autoUnref`: no timer keeps the process. */
const backgroundPlatform: ClientPlatform = { ...platform, after: (ms, fn) => nodePlatform.after(ms, fn, true) };

/** What one packet may ask for: a client trusts the server that it chose further than a server its clients. */
const LIMITS = { maxAttachments: 100_000, maxAttachmentBytes: Number.POSITIVE_INFINITY };

/** See {@link ClientHost}. */
export const nodeHost: ClientHost = {
  flushQueue: processHost.flushQueue,
  location: undefined,
  platform: (background) => (background ? backgroundPlatform : platform),
  transports: {
    polling: NodePolling,
    websocket: NodeWebSocket,
    get webtransport() {
      return "WebTransport" in globalThis ? NodeWebTransport : undefined;
    },
  },
  upgrade: upgradeClient,
  encode: encodePacket,
  createReader: () => new PacketReader(LIMITS),
  userBytes: asBuffer,
  blobBytes: (value) => (value instanceof Blob ? value.arrayBuffer() : undefined),
  // A process neither sleeps in a cache nor is told of its network.
  watch: () => () => {},
};
