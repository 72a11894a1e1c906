// node/ The host of clients on Node (session/client-host.ts is the contract).
import { PayloadCodec } from "../packet/payload.js";
import type { ClientHost, ClientPlatform } from "../session/client-host.js";
import { NodePolling } from "./client-polling-transport.js";
import { NodeWebSocket } from "./client-websocket-transport.js";
import { nodePlatform } from "./platform.js";
import { processHost } from "./process-host.js";

const platform: ClientPlatform = { ...nodePlatform, random: () => Math.random() };
/** For `autoUnref`: no timer keeps the process. */
const backgroundPlatform: ClientPlatform = { ...platform, after: (ms, fn) => nodePlatform.after(ms, fn, true) };

/** See {@link ClientHost}. */
export const nodeHost: ClientHost = {
  flushQueue: processHost.flushQueue,
  payload: new PayloadCodec(nodePlatform),
  location: undefined,
  platform: (background) => (background ? backgroundPlatform : platform),
  transports: { polling: NodePolling, websocket: NodeWebSocket },
  userBytes: (bytes) =>
    bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  blobBytes: (value) => (value instanceof Blob ? value.arrayBuffer() : undefined),
  // A process neither sleeps in a cache nor is told of its network.
  watch: () => () => {},
};
